-- Declares what carries a label void as of now.
-- KEYS  time of the newest void, times by label
-- ARGV  1 for how long they matter, ms; then labels
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000000 + t[2])
for i = 2, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], now) end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], now, 'PX', ARGV[1])
return now
