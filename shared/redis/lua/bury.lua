-- Removes tombstones whose time is over.
-- KEYS  reservations, expiries
-- ARGV  names of tombstones
local T = redis.call('TIME')
local ms = T[1] * 1000 + math.floor(T[2] / 1000)
local n = 0
for i = 1, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if expiry and tonumber(expiry) <= ms then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    n = n + 1
  end
end
return n
