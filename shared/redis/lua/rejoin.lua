-- Registers running calls again after Redis lost everything.
-- KEYS  counters, reservations, expiries
-- ARGV  1 head, 2 fields, 3 items, then names of the fields, ids, reservations
local now = clock()
local nF, _, nR, _, m, d, w, mo, window = take('<HHHHddddd', ARGV[1])
if now < m * 1000000 or now >= (m + 60) * 1000000 then
  return pack('<c1d', 'T', now)
end
local starts, L = {m, d, w, mo, 1}, KEYS[1]
local v = call('HMGET', L, 'e', unpack(ARGV, 4, 3 + nF))
local epoch = epochOf(L, v[1], now, window)
local F = counters(L, v, ARGV[2], starts, 4)
for i = 1, nF do
  local f = F[i]
  if not f.b then f.unknown, f.b, f.s, f.r, f.p = true, starts[f.k + 1], 0, 0, 0 end
end
local idAt, pos = 4 + nF, 1
for i = 1, nR do
  local expiry, n
  expiry, n, pos = take('<dB', ARGV[3], pos)
  local set = {}
  for j = 1, n do
    local p
    p, pos = take('<H', ARGV[3], pos)
    set[j] = F[p + 1]
  end
  local id, blob = ARGV[idAt + i - 1], ARGV[idAt + nR + i - 1]
  if call('HEXISTS', KEYS[2], '~' .. id) == 0 and call('HSETNX', KEYS[2], id, blob) == 1 then
    call('ZADD', KEYS[3], expiry, id)
    local kind, at, hq, ht, hm, m1, t1, m0, t0 = take('<c1dddddddd', blob)
    local reserved = {hq, ht, hm, min(hq, 1)}
    for j = 1, n do
      local f = set[j]
      if f.k == 0 and f.metric == 2 then
        move(L, f, m1 * 1000000, 0, t1)
        if t0 > 0 then move(L, f, m0 * 1000000, 0, t0) end
      else
        move(L, f, at, 0, reserved[f.metric])
      end
    end
  end
end
store(L, F)
return pack('<c1dd', 'A', now, epoch)
