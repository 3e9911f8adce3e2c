-- Stores the answer of a claim that is still its holder's.
-- KEYS  claim
-- ARGV  1 token, 2 value, 3 how long (ms)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
