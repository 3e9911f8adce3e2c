-- Gives claimed counters what the tenant's rows say.
-- KEYS  counters
-- ARGV  1 the claim, then pairs (name, value); an empty value gives the claim up
local claim, done = take('<d', ARGV[1]), 0
for i = 2, #ARGV, 2 do
  local name, value = ARGV[i], ARGV[i + 1]
  local raw = call('HGET', KEYS[1], name)
  if raw and tonumber(call('HGET', KEYS[1], name .. '?') or 0) == claim then
    local b, s, r, p = take('<dddd', raw)
    if b < 0 and #value > 0 then
      call('HSET', KEYS[1], name, pack('<dddd', -b, max(s + take('<d', value), 0), r, p))
      done = done + 1
    end
    call('HDEL', KEYS[1], name .. '?')
  end
end
return done
