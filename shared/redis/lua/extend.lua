-- Heartbeats of running calls of one tenant, and more room for some of them.
-- KEYS  counters, reservations, expiries, generations
-- ARGV  1 head, 2 fields, 3 asks, 4 and 5 empty, then names of the fields, names
--       of the key generations, ids, heartbeats
local now = clock()
local nF, nK, nR, _, m, d, w, mo, window = take('<HHHHddddd', ARGV[1])
if now < m * 1000000 or now >= (m + 60) * 1000000 then
  return pack('<c1d', 'T', now)
end
local idAt = 6 + nF + nK
local L = KEYS[1]
local v = call('HMGET', L, 'e', unpack(ARGV, 6, 5 + nF))
local epoch, opens = epochOf(L, v[1], now, window)
local gens, dirty = generations(KEYS[4], now, 6 + nF, nK)
local F = counters(L, v, ARGV[2], {m, d, w, mo, 1}, 6)

-- What a counter holds for a call admitted at `at`: used and reserved. A minute
-- takes new room now, a calendar period in the period of admission.
local function holds(f, at)
  if f.k == 0 then
    local carried = 0
    if f.p > 0 then carried = carry(now, f.b, f.p) end
    return f.s + carried, f.r
  end
  if at >= f.b * 1000000 then return f.s, f.r end
  local raw = call('HGET', L, f.name .. '<')
  if not raw then return 0, 0 end
  local _, s, r = take('<ddd', raw)
  return s, r
end

local held = call('HMGET', KEYS[2], unpack(ARGV, idAt, idAt + nR - 1))
local codes, pos = {}, 1
for i = 1, nR do
  local ask, seq, expiry, n = {}, nil, nil, nil
  seq, expiry, ask[1], ask[2], ask[3], n, pos = take('<dddddB', ARGV[3], pos)
  ask[4] = 0
  local set = {}
  for j = 1, n do set[j], pos = take('<H', ARGV[3], pos) end
  local id, h = ARGV[idAt + i - 1], held[i]
  local code, at, used, reserved = 1, 0, 0, 0
  if not h then
    code = 4
  else
    local kind, begun, hq, ht, hm, m1, t1, m0, t0, last, tail = take('<c1ddddddddd', h)
    local beatLen, rest = take('<H', h, tail)
    rest = rest + beatLen
    if ask[1] + ask[2] + ask[3] > 0 and seq > last then
      for j = 1, n do
        local f = F[set[j] + 1]
        local asked = ask[f.metric]
        if asked > 0 then
          if now < opens then code = 3 break end
          if not f.b or f.unknown then code = 2 break end
          local fu, fr = holds(f, begun)
          if fu + fr + asked > f.max then
            code, at, used, reserved = 0, set[j], fu, fr
            break
          end
        end
      end
      if code == 1 then
        for j = 1, n do
          local f = F[set[j] + 1]
          if f.k == 0 then move(L, f, now, 0, ask[f.metric]) else move(L, f, begun, 0, ask[f.metric]) end
        end
        hq, ht, hm, last = hq + ask[1], ht + ask[2], hm + ask[3], seq
        if m1 == m then t1 = t1 + ask[2] else m0, t0, m1, t1 = m1, t1, m, ask[2] end
        kind = 'X'
      end
    end
    local beat = ARGV[idAt + nR + i - 1]
    h = pack('<c1dddddddddH', kind, begun, hq, ht, hm, m1, t1, m0, t0, last, #beat) .. beat .. string.sub(h, rest)
    call('HSET', KEYS[2], id, h)
    call('ZADD', KEYS[3], 'XX', 'GT', expiry, id)
    for j = i + 1, nR do
      if ARGV[idAt + j - 1] == id then held[j] = h end
    end
  end
  codes[i] = pack('<BHdd', code, at, used, reserved)
end
local states = store(L, F)
return pack('<c1dddBBB', 'S', now, epoch, opens, dirty, 0, 0) .. gens .. table.concat(states) .. table.concat(codes)
