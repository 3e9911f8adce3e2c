-- Gives unknown generations a value.
-- KEYS  generations
-- ARGV  field of the key
local T = redis.call('TIME')
local now = T[1] * 1000000 + T[2]
local g = redis.call('HMGET', KEYS[1], 'd', 't', ARGV[1])
for i = 2, 3 do
  if not g[i] then
    g[i] = string.format('%.0f', now)
    redis.call('HSET', KEYS[1], i == 2 and 't' or ARGV[1], g[i])
  end
end
return {g[2], g[3], (g[1] and tonumber(g[1]) > now) and 1 or 0}
