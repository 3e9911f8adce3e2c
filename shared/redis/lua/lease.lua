-- Leases a tenant more of a limit of the platform: a block where there is plenty,
-- what is needed where little is left, nothing where that does not fit.
-- KEYS  leases of the platform
-- ARGV  1 limit, 2 the period's name, 3 tenant, 4 what the caller believes the tenant has,
--       5 needed on top, 6 most of all, 7 what was used before anything was leased, or ''
local L, name, of = KEYS[1], ARGV[2], ARGV[2] .. '/' .. ARGV[3]
local v = redis.call('HMGET', L, name, of, ARGV[1] .. '>')
local total, has = tonumber(v[1]), tonumber(v[2]) or 0
if not total then
  if ARGV[7] ~= '' then
    total = tonumber(ARGV[7])
  elseif v[3] and v[3] < name then
    total = 0 -- the period before is known, so this one begins
  else
    return {'cold', '0', '0'}
  end
  redis.call('HSET', L, name, string.format('%.0f', total))
  if not v[3] or v[3] < name then redis.call('HSET', L, ARGV[1] .. '>', name) end
end
if has > tonumber(ARGV[4]) then return {'known', string.format('%.0f', has), string.format('%.0f', total)} end
local need, most = tonumber(ARGV[5]), tonumber(ARGV[6])
local free = most - total
if need > free then return {'none', string.format('%.0f', has), string.format('%.0f', total)} end
local grant = math.max(need, math.min(math.floor(most / 64), math.floor(free / 8)))
has, total = has + grant, total + grant
redis.call('HSET', L, name, string.format('%.0f', total), of, string.format('%.0f', has))
return {'more', string.format('%.0f', has), string.format('%.0f', total)}
