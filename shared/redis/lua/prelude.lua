local call, pack, take = redis.call, struct.pack, struct.unpack
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

-- now: Redis' time in microseconds.
local function clock()
  local T = call('TIME')
  return T[1] * 1000000 + T[2]
end

-- What of the minute before still counts.
local function carry(now, b, p)
  local gone = floor((now - b * 1000000) / 1000)
  if gone < 0 then gone = 0 end
  return ceil(p * (60000 - gone) / 60000)
end

-- A counter in the slot that begins at start: of a minute the slot before is
-- merged into one number, of a calendar period it is kept under name<.
local function roll(key, name, k, start, b, s, r, p)
  if k == 0 then
    if b == start - 60 then p = s + r else p = 0 end
  else
    call('HSET', key, name .. '<', pack('<ddd', b, s, r))
  end
  return start, 0, 0, p
end

-- All counters as tables, for what is decided one by one.
local function counters(key, v, fields, starts, at)
  local F, pos, wm, ceiling, sum = {}, 1, nil, nil, nil
  for i = 1, #v - 1 do
    wm, ceiling, sum, pos = take('<Bdd', fields, pos)
    local k = wm % 8
    local f = {k = k, metric = (wm - k) / 8 + 1, max = ceiling, name = ARGV[at + i - 1]}
    local raw = v[i + 1]
    if raw then
      local b, s, r, p = take('<dddd', raw)
      if b < 0 then f.unknown, b = true, -b end
      if starts and b < starts[k + 1] then b, s, r, p = roll(key, f.name, k, starts[k + 1], b, s, r, p) end
      f.b, f.s, f.r, f.p = b, s, r, p
    end
    F[i] = f
  end
  return F
end

local function packed(f)
  return pack('<dddd', f.unknown and -f.b or f.b, f.s, f.r, f.p)
end

-- Stores counters that changed hands one by one; returns them for an answer.
local function store(key, F)
  local out, states = {}, {}
  for i = 1, #F do
    local f = F[i]
    if f.b then
      states[i] = packed(f)
      out[#out + 1] = f.name
      out[#out + 1] = states[i]
    else
      states[i] = pack('<dddd', 0, 0, 0, 0)
    end
  end
  if #out > 0 then call('HSET', key, unpack(out)) end
  return states
end

-- Moves what was used and what is reserved in the slot that `at` lies in.
local function move(key, f, at, used, reserved)
  if not f.b then return end
  if at >= f.b * 1000000 then
    f.s, f.r = max(f.s + used, 0), max(f.r + reserved, 0)
  elseif f.k == 0 then
    if at >= (f.b - 60) * 1000000 then f.p = max(f.p + used + reserved, 0) end
  else
    local raw = call('HGET', key, f.name .. '<')
    if not raw then return end
    local b, s, r = take('<ddd', raw)
    if at >= b * 1000000 then
      call('HSET', key, f.name .. '<', pack('<ddd', b, max(s + used, 0), max(r + reserved, 0)))
    end
  end
end

-- The same for a call's tokens in a sliding minute: they count in the minutes
-- that took them, the oldest are used up first.
local function moveMinute(key, f, used, all, m1, t1, m0, t0)
  local before = min(used, all - t1 - t0)
  local u0 = min(used - before, t0)
  move(key, f, m1 * 1000000, used - before - u0, -t1)
  if t0 > 0 then move(key, f, m0 * 1000000, u0, -t0) end
end

-- The epoch; made when Redis knows none.
local function epochOf(key, raw, now, window)
  if raw then return take('<dd', raw) end
  call('HSET', key, 'e', pack('<dd', now, now + window))
  return now, now + window
end

-- The generations of tenant and keys, made where unknown, and whether a change
-- is under way.
local function generations(key, now, at, n)
  local g = call('HMGET', key, 'd', 't', unpack(ARGV, at, at + n - 1))
  local gens = {}
  for i = 2, n + 2 do
    local v = g[i]
    if not v then
      v = string.format('%.0f', now)
      call('HSET', key, i == 2 and 't' or ARGV[at + i - 3], v)
    end
    gens[i - 1] = pack('<d', v)
  end
  local dirty = 0
  if g[1] and tonumber(g[1]) > now then dirty = 1 end
  return table.concat(gens), dirty
end
