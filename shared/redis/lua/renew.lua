-- Renews a lease that is still its holder's.
-- KEYS  lease
-- ARGV  1 token, 2 how long (ms)
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
