-- Claims counters that are unknown, so that one caller seeds each of them. What
-- is settled from now on is counted on top of the seed.
-- KEYS  counters, outbox
-- ARGV  1 head, 2 fields, 3 how long a claim holds (us), then names
local now = clock()
local nF, _, _, _, m, d, w, mo = take('<HHHHdddd', ARGV[1])
if now < m * 1000000 or now >= (m + 60) * 1000000 then
  return {'T', pack('<d', now)}
end
local starts, L = {m, d, w, mo, 1}, KEYS[1]
local v = call('HMGET', L, 'e', unpack(ARGV, 4, 3 + nF))
local F = counters(L, v, ARGV[2], starts, 4)
local codes = {}
for i = 1, nF do
  local f = F[i]
  local claim = tonumber(call('HGET', L, f.name .. '?') or 0)
  if f.b and not f.unknown then
    codes[i] = 'K'
  elseif claim + ARGV[3] > now then
    codes[i] = 'B'
  else
    if not f.b then f.b, f.r = starts[f.k + 1], 0 end
    f.unknown, f.s, f.p = true, 0, f.p or 0
    call('HSET', L, f.name .. '?', string.format('%.0f', now))
    codes[i] = 'M'
  end
end
store(L, F)
local last = call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
return {'A', pack('<d', now), table.concat(codes), last[1] and last[1][1] or ''}
