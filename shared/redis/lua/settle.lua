-- Ends a group of calls of one tenant and writes their rows to the outbox.
-- KEYS  counters, reservations, expiries, outbox
-- ARGV  1 head, 2 fields, 3 items, 4 the rows as one JSON array, then names of
--       the fields, ids (those that hold a reservation first)
local nF, nR, nH, plain, first, last, window, keep = take('<HHHBdddd', ARGV[1])
local idAt = 5 + nF
local L = KEYS[1]
local v = call('HMGET', L, 'e', unpack(ARGV, 5, 4 + nF))

local function write(rows)
  if #rows <= 2 then return '' end
  return call('XADD', KEYS[4], '*', 'd', rows)
end

-- All at once: every reservation is there as it was admitted, in one slot.
if plain == 1 and v[1] and call('ZREM', KEYS[3], unpack(ARGV, idAt, idAt + nH - 1)) == nH then
  local out, pos, whole, fields = {}, 1, true, ARGV[2]
  for i = 1, nF do
    local raw = v[i + 1]
    local wm, held, used
    wm, held, used, pos = take('<Bdd', fields, pos)
    if raw then
      local b, s, r, p = take('<dddd', raw)
      local start = b < 0 and -b or b
      if first >= start * 1000000 then
        s, r = s + used, max(r - held, 0)
      elseif wm % 8 == 0 and last < start * 1000000 and first >= (start - 60) * 1000000 then
        p = max(p + used - held, 0)
      elseif wm % 8 ~= 0 or last >= (start - 60) * 1000000 then
        whole = false
        break
      end
      out[#out + 1] = ARGV[4 + i]
      out[#out + 1] = pack('<dddd', b, s, r, p)
    end
  end
  if whole then
    if #out > 0 then call('HSET', L, unpack(out)) end
    call('HDEL', KEYS[2], unpack(ARGV, idAt, idAt + nH - 1))
    return 'A' .. write(ARGV[4])
  end
end

-- One by one.
local now = clock()
local epoch = epochOf(L, v[1], now, window)
local F = counters(L, v, ARGV[2], nil, 5)

local function bump(row)
  return (string.gsub(row, '"revision":(%d+)', function(n) return '"revision":' .. (n + 1) end, 1))
end

local function bury(kind, id, at, minute, q, t, mon)
  local name = '~' .. id
  call('HSET', KEYS[2], name, pack('<c1ddddddddd', kind, at, q, t, mon, minute, t, 0, 0, 0))
  call('ZADD', KEYS[3], floor(now / 1000 + keep), name)
end

local held = call('HMGET', KEYS[2], unpack(ARGV, idAt, idAt + nR - 1))
local rows, codes, rowAt, seen, pos = {}, {}, 2, {}, 1
for i = 1, nR do
  local flags, theirs, at, used, len, n = nil, nil, nil, {}, nil, nil
  flags, theirs, at, used[1], used[2], used[3], len, n, pos = take('<BdddddIB', ARGV[3], pos)
  used[4] = 0
  local set = {}
  for j = 1, n do
    local p
    p, pos = take('<H', ARGV[3], pos)
    set[j] = F[p + 1]
  end
  local row = ''
  if len > 0 then
    row = string.sub(ARGV[4], rowAt, rowAt + len - 1)
    rowAt = rowAt + len + 1
  end
  local sweep, free, release = flags % 2 >= 1, flags % 4 >= 2, flags % 8 >= 4
  local lost, unsure = flags % 16 >= 8, flags % 32 >= 16
  local id, code = ARGV[idAt + i - 1], 0
  if free then
    code = 1
  elseif held[i] and not seen[id] then
    local expiry = sweep and call('ZSCORE', KEYS[3], id)
    if not sweep or not expiry or tonumber(expiry) * 1000 <= now then
      local kind, begun, hq, ht, hm, m1, t1, m0, t0 = take('<c1dddddddd', held[i])
      local reserved = {hq, ht, hm, min(hq, 1)}
      for j = 1, n do
        local f = set[j]
        if f.k == 0 and f.metric == 2 then
          moveMinute(L, f, used[2], ht, m1, t1, m0, t0)
        else
          move(L, f, begun, used[f.metric], -reserved[f.metric])
        end
      end
      call('HDEL', KEYS[2], id)
      call('ZREM', KEYS[3], id)
      if sweep then bury('T', id, begun, m1, used[1], used[2], used[3]) end
      seen[id] = true
      code = 1
    end
  elseif not sweep and not release and not seen[id] then
    local tomb = call('HGET', KEYS[2], '~' .. id)
    if tomb then
      local kind, begun, hq, ht, hm, m1 = take('<c1ddddd', tomb)
      if kind == 'T' then
        local recorded = {hq, ht, hm, 0}
        for j = 1, n do
          local f = set[j]
          local slot = begun
          if f.k == 0 and f.metric == 2 then slot = m1 * 1000000 end
          move(L, f, slot, used[f.metric] - recorded[f.metric], 0)
        end
        bury('D', id, begun, m1, used[1], used[2], used[3])
        code = 2
      end
    elseif lost or unsure or theirs ~= epoch then
      for j = 1, unsure and 0 or n do move(L, set[j], at, used[set[j].metric], 0) end
      bury('D', id, at, floor(at / 60000000) * 60, used[1], used[2], used[3])
      code = 2
    end
  end
  if code == 2 then row = bump(row) end
  if code > 0 and len > 0 then rows[#rows + 1] = row end
  codes[i] = string.char(code)
end
store(L, F)
local json = '[' .. table.concat(rows, ',') .. ']'
local entry = write(json)
return 'S' .. pack('<B', #entry) .. entry .. table.concat(codes) .. json
