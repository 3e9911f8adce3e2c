-- Raises generations and marks the tenant dirty.
-- KEYS  generations
-- ARGV  1 how long dirty (us), then fields
local T = redis.call('TIME')
local now = T[1] * 1000000 + T[2]
local until_ = now + ARGV[1]
local d = redis.call('HGET', KEYS[1], 'd')
if not d or tonumber(d) < until_ then redis.call('HSET', KEYS[1], 'd', string.format('%.0f', until_)) end
for i = 2, #ARGV do
  local cur = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0)
  redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f', math.max(cur + 1, now)))
end
return 1
