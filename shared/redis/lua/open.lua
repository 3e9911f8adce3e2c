-- Opens the books of a tenant that has never had any.
-- KEYS  counters
local T = redis.call('TIME')
local now = T[1] * 1000000 + T[2]
return redis.call('HSETNX', KEYS[1], 'e', struct.pack('<dd', now, 0))
