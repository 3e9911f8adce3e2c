-- Takes back what a tenant has leased and does not use, by counting it as used:
-- who still believes in the old lease finds no room in it.
-- KEYS  counters
-- ARGV  1 name of the counter, 2 what the tenant has
local raw = call('HGET', KEYS[1], ARGV[1])
if not raw then return '0' end
local b, s, r, p = take('<dddd', raw)
local unused = tonumber(ARGV[2]) - s - r
if b < 0 or unused <= 0 then return '0' end
call('HSET', KEYS[1], ARGV[1], pack('<dddd', b, s + unused, r, p))
return string.format('%.0f', unused)
