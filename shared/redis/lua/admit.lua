-- Decides a group of calls of one tenant, after it has ended others that ride
-- along. See layout.go for the packed forms.
-- KEYS  counters, reservations, expiries, generations, outbox
-- ARGV  1 head, 2 fields, 3 asks, 4 riders' sums, 5 riders' rows, then names of
--       the fields, names of the key generations, riders' ids, pairs (expiry,
--       id), pairs (id, reservation)
local now = clock()
local nF, nK, nR, nS, m, d, w, mo, window = take('<HHHHddddd', ARGV[1])
if now < m * 1000000 or now >= (m + 60) * 1000000 then
  return pack('<c1d', 'T', now)
end
local starts = {m, d, w, mo, 1}
local sAt = 6 + nF + nK
local xAt = sAt + nS
local rAt = xAt + 2 * nR
local L = KEYS[1]

local v = call('HMGET', L, 'e', unpack(ARGV, 6, 5 + nF))
local known = v[1]
local epoch, opens = epochOf(L, known, now, window)
local gens, dirty = generations(KEYS[4], now, 6 + nF, nK)

-- Riders were admitted in this minute; if one is not as it was, none rides.
local ride, entry = 0, ''
if nS > 0 then
  ride = 2
  if known and call('ZREM', KEYS[3], unpack(ARGV, sAt, xAt - 1)) == nS then
    ride = 1
    call('HDEL', KEYS[2], unpack(ARGV, sAt, xAt - 1))
    if #ARGV[5] > 2 then entry = call('XADD', KEYS[5], '*', 'd', ARGV[5]) end
  end
end

local function answer(status, states, codes)
  return pack('<c1dddBBB', status, now, epoch, opens, dirty, ride, #entry) .. entry .. gens .. table.concat(states) .. codes
end

-- All at once: the sums fit.
local slow = nF > 0 and now < opens
local out, states, pos, rpos = {}, {}, 1, 1
local sums, ridden, fields = ARGV[4], ride == 1, ARGV[2]
for i = 1, nF do
  local raw = v[i + 1]
  if not raw then slow = true break end
  local b, s, r, p = take('<dddd', raw)
  if b < 0 then slow = true break end
  local wm, ceiling, sum
  wm, ceiling, sum, pos = take('<Bdd', fields, pos)
  local k = wm % 8
  local start = starts[k + 1]
  if b < start then b, s, r, p = roll(L, ARGV[5 + i], k, start, b, s, r, p) end
  if ridden then
    local held, used
    held, used, rpos = take('<dd', sums, rpos)
    s, r = s + used, max(r - held, 0)
  end
  if sum > 0 then
    local total = s + r + sum
    if k == 0 and p > 0 then total = total + carry(now, b, p) end
    if total > ceiling then slow = true break end
    r = r + sum
  end
  local one = pack('<dddd', b, s, r, p)
  states[i] = one
  out[2 * i - 1] = ARGV[5 + i]
  out[2 * i] = one
end
local listed = false
if not slow then
  listed = true
  if call('ZADD', KEYS[3], 'NX', unpack(ARGV, xAt, rAt - 1)) == nR then
    if nF > 0 then call('HSET', L, unpack(out)) end
    call('HSET', KEYS[2], unpack(ARGV, rAt, rAt + 2 * nR - 1))
    return answer('A', states, '')
  end
end

-- One by one, in order.
local F = counters(L, v, fields, starts, 6)
rpos = 1
for i = 1, nF do
  local f = F[i]
  if ridden then
    local held, used
    held, used, rpos = take('<dd', sums, rpos)
    if f.b then f.s, f.r = f.s + used, max(f.r - held, 0) end
  end
  f.carried = 0
  if f.b and f.k == 0 and f.p > 0 then f.carried = carry(now, f.b, f.p) end
end

local ids = {}
for i = 1, nR do ids[i] = ARGV[rAt + 2 * (i - 1)] end
local held = call('HMGET', KEYS[2], unpack(ids))
local codes, zadd, hset, zrem, seen = {}, {}, {}, {}, {}
pos = 1
for i = 1, nR do
  local ask, n = {}, nil
  ask[1], ask[2], ask[3], n, pos = take('<dddB', ARGV[3], pos)
  ask[4] = min(ask[1], 1)
  local set = {}
  for j = 1, n do set[j], pos = take('<H', ARGV[3], pos) end
  local code, at, used, reserved = 1, 0, 0, 0
  if not held[i] and not seen[ids[i]] then
    for j = 1, n do
      local f = F[set[j] + 1]
      if now < opens then code = 3 break end
      if not f.b or f.unknown then code = 2 break end
      local asked = ask[f.metric]
      if asked > 0 and f.s + f.carried + f.r + asked > f.max then
        code, at, used, reserved = 0, set[j], f.s + f.carried, f.r
        break
      end
    end
    if code == 1 then
      for j = 1, n do
        local f = F[set[j] + 1]
        f.r = f.r + ask[f.metric]
      end
      zadd[#zadd + 1] = ARGV[xAt + 2 * (i - 1)]
      zadd[#zadd + 1] = ids[i]
      hset[#hset + 1] = ids[i]
      hset[#hset + 1] = ARGV[rAt + 2 * (i - 1) + 1]
      seen[ids[i]] = true
    elseif listed then
      zrem[#zrem + 1] = ids[i]
    end
  else
    code = 5
  end
  codes[i] = pack('<BHdd', code, at, used, reserved)
end
states = store(L, F)
if #hset > 0 then
  call('ZADD', KEYS[3], 'NX', unpack(zadd))
  call('HSET', KEYS[2], unpack(hset))
end
if #zrem > 0 then call('ZREM', KEYS[3], unpack(zrem)) end
return answer('S', states, table.concat(codes))
