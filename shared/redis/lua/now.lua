-- Says the time of the tenant's node.
-- KEYS  any key of the tenant
local T = redis.call('TIME')
return T[1] .. string.format('%06d', T[2])
