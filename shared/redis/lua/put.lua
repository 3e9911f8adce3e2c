-- Stores a snapshot that is still the newest.
-- KEYS  generations, snapshot
-- ARGV  1 field of the key, 2 and 3 the marks, 4 ttl (ms), 5 ttl while dirty, 6 the snapshot
local T = redis.call('TIME')
local now = T[1] * 1000000 + T[2]
local g = redis.call('HMGET', KEYS[1], 'd', 't', ARGV[1])
if g[2] ~= ARGV[2] or g[3] ~= ARGV[3] then return 0 end
local ttl = tonumber(ARGV[4])
if g[1] and tonumber(g[1]) > now then ttl = math.min(ttl, tonumber(ARGV[5])) end
redis.call('SET', KEYS[2], ARGV[6], 'PX', ttl)
return 1
