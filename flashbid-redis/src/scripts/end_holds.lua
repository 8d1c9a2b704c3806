#!lua
-- Ends holds: turns them into sales, or gives their units back. What has ended stays as it is.
--
-- KEYS    stock, holds, taken, due
-- ARGV    the state they end in: 'c' consumed, 'r' released, 'e' expired; their ids, 16 bytes each
-- Answer  each hold as it is then, empty for an unknown one
--
-- See `load` for what is kept. Units that come back to a counter whose holds come to more than its quota are not
-- available again.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK = 1000

local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'available', 'held', 'sold', 'quota', 'changes', 'per_buyer')
local available, held, sold, quota, changes, limit =
  tonumber(stock[2]), tonumber(stock[3]), tonumber(stock[4]), tonumber(stock[5]), tonumber(stock[6]), tonumber(stock[7])
if stock[1] ~= here or not (available and held and sold and quota and changes) then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local state, ids = ARGV[1], {}
for at = 1, #ARGV[2], 16 do
  ids[#ids + 1] = sub(ARGV[2], at, at + 15)
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
call('ZCARD', KEYS[4])
local known, ended, holds, due, bidders, back = fetch(KEYS[2], ids), {}, {}, {}, {}, {}
local answer = {}
for i, id in ipairs(ids) do
  local hold = ended[id] or known[i]
  if hold and #hold < 37 then
    return redis.error_reply('CORRUPT a hold has another length')
  end
  if hold and sub(hold, 37, 37) == 'h' then
    local bidder, units = sub(hold, 1, 16), unpacked('<I4', hold, 17)
    hold = sub(hold, 1, 36) .. state .. sub(hold, 38)
    ended[id] = hold
    holds[#holds + 1] = id
    holds[#holds + 1] = hold
    due[#due + 1] = sub(hold, 21, 28) .. id
    held = held - units
    if state == 'c' then
      sold = sold + units
    else
      available = available + units
      bidders[#bidders + 1] = bidder
      back[bidder] = (back[bidder] or 0) + units
    end
  end
  answer[i] = hold or ''
end
if #holds == 0 then
  return answer
end
local buyers = {}
if limit and state ~= 'c' then
  for i, units in ipairs(fetch(KEYS[3], bidders)) do
    local bidder = bidders[i]
    buyers[2 * i - 1] = bidder
    buyers[2 * i] = string.format('%.0f', math.max((tonumber(units or 0) or 0) - back[bidder], 0))
  end
end
if held < 0 then
  return redis.error_reply('CORRUPT fewer units are held than the holds have')
end
if state ~= 'c' then
  available = math.min(available, math.max(quota - held - sold, 0))
end

local function store(command, key, values, size)
  for from = 1, #values, size do
    call(command, key, unpack(values, from, math.min(#values, from + size - 1)))
  end
end
store('HSET', KEYS[2], holds, 2 * CHUNK)
store('HSET', KEYS[3], buyers, 2 * CHUNK)
store('ZREM', KEYS[4], due, CHUNK)
call('HSET', KEYS[1], 'available', string.format('%.0f', available), 'held', string.format('%.0f', held), 'sold',
  string.format('%.0f', sold), 'changes', string.format('%.0f', changes + 1))
return answer
