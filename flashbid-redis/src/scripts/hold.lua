#!lua
-- Takes units for a batch of requests, each in turn, all in one step.
--
-- KEYS    stock, holds, taken, due
-- ARGV    the requests: 16 id, 16 bidder, u32 units, 8 expiry
-- Answer  an outcome a request: 'H' held now, 'K' with expiry and state held before, 'R' the id is another request's,
--         'L' beyond the limit of the buyer, 'S' sold out
--
-- See `load` for what is kept.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK, LENGTH = 1000, 44
local stock = call('HMGET', KEYS[1], 'available', 'held', 'per_buyer')
if not stock[1] then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local available, held, limit = tonumber(stock[1]), tonumber(stock[2]), tonumber(stock[3])

local ids, bidders, blob = {}, {}, ARGV[1]
for at = 1, #blob, LENGTH do
  ids[#ids + 1] = sub(blob, at, at + 15)
  bidders[#bidders + 1] = sub(blob, at + 16, at + 31)
end
local function fetch(key, fields)
  local values = {}
  for from = 1, #fields, CHUNK do
    for _, value in ipairs(call('HMGET', key, unpack(fields, from, math.min(#fields, from + CHUNK - 1)))) do
      values[#values + 1] = value
    end
  end
  return values
end
local known, taken = fetch(KEYS[2], ids), {}
if limit then
  for i, units in ipairs(fetch(KEYS[3], bidders)) do
    taken[bidders[i]] = tonumber(units or 0)
  end
end
call('ZCARD', KEYS[4])

local outcomes, holds, due, buyers, new = {}, {}, {}, {}, {}
for i, id in ipairs(ids) do
  local at, bidder = (i - 1) * LENGTH + 1, bidders[i]
  local asked, units = sub(blob, at + 16, at + 35), unpacked('<I4', blob, at + 32)
  local before = new[id] or known[i]
  if before and sub(before, 1, 20) == asked then
    outcomes[i] = 'K' .. sub(before, 21, 29)
  elseif before then
    outcomes[i] = 'R'
  elseif limit and taken[bidder] + units > limit then
    outcomes[i] = 'L'
  elseif units > available then
    outcomes[i] = 'S'
  else
    local expiry = sub(blob, at + 36, at + 43)
    available, held = available - units, held + units
    new[id] = asked .. expiry .. 'h'
    holds[#holds + 1] = id
    holds[#holds + 1] = new[id]
    due[#due + 1] = 0
    due[#due + 1] = expiry .. id
    if limit then
      taken[bidder] = taken[bidder] + units
      buyers[#buyers + 1] = bidder
      buyers[#buyers + 1] = string.format('%.0f', taken[bidder])
    end
    outcomes[i] = 'H'
  end
end
if #holds == 0 then
  return table.concat(outcomes)
end

local function store(command, key, pairs_of)
  for from = 1, #pairs_of, 2 * CHUNK do
    call(command, key, unpack(pairs_of, from, math.min(#pairs_of, from + 2 * CHUNK - 1)))
  end
end
store('HSET', KEYS[2], holds)
store('HSET', KEYS[3], buyers)
store('ZADD', KEYS[4], due)
call('HSET', KEYS[1], 'available', string.format('%.0f', available), 'held', string.format('%.0f', held))
return table.concat(outcomes)
