-- Takes a tenant off the list of active ones unless it was listed again.
-- KEYS  active tenants
-- ARGV  1 tenant, 2 the score it had
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score and tonumber(score) == tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
