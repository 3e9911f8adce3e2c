-- Puts what a tenant gave back into the common pot.
-- KEYS  leases of the platform
-- ARGV  1 name, 2 how much
local total = tonumber(redis.call('HGET', KEYS[1], ARGV[1]))
if not total then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', math.max(total - ARGV[2], 0)))
return 1
