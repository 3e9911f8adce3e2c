-- Moves what a counter says was used, where it is still of the same period.
-- KEYS  counters
-- ARGV  1 name, 2 start of the period (s), 3 by how much
local raw = call('HGET', KEYS[1], ARGV[1])
if not raw then return 0 end
local b, s, r, p = take('<dddd', raw)
if b ~= tonumber(ARGV[2]) then return 0 end
call('HSET', KEYS[1], ARGV[1], pack('<dddd', b, max(s + ARGV[3], 0), r, p))
return 1
