#!lua
-- Ends holds: turns them into sales, or gives their units back. What has ended stays as it is.
--
-- KEYS    stock, holds, taken, due
-- ARGV    the state they end in: 'c' consumed, 'r' released, 'e' expired; their ids, 16 bytes each; and for 'e' in the
--         place of the ids: the latest expiry that is due with the last id, and how many at most
-- Answer  for each id '-' for an unknown one, or '+' with its bidder, units, expiry and state; for 'e' the ids as well,
--         each behind its '+'
--
-- See `load` for what is kept.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK = 1000
local stock = call('HMGET', KEYS[1], 'available', 'held', 'sold', 'per_buyer')
if not stock[1] then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local available, held, sold, limit = tonumber(stock[1]), tonumber(stock[2]), tonumber(stock[3]), tonumber(stock[4])
local state, ids = ARGV[1], {}
local expiring = state == 'e'
if expiring then
  for i, entry in ipairs(call('ZRANGE', KEYS[4], '-', ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])) do
    ids[i] = sub(entry, 9, 24)
  end
else
  for at = 1, #ARGV[2], 16 do
    ids[#ids + 1] = sub(ARGV[2], at, at + 15)
  end
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
  if hold and sub(hold, 29, 29) == 'h' then
    local bidder, units = sub(hold, 1, 16), unpacked('<I4', hold, 17)
    hold = sub(hold, 1, 28) .. state
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
  answer[i] = hold and '+' .. (expiring and id or '') .. hold or '-'
end
if #holds == 0 then
  return table.concat(answer)
end
local buyers = {}
if limit and state ~= 'c' then
  for i, units in ipairs(fetch(KEYS[3], bidders)) do
    buyers[2 * i - 1] = bidders[i]
    buyers[2 * i] = string.format('%.0f', tonumber(units or 0) - back[bidders[i]])
  end
end
if held < 0 then
  return redis.error_reply('CORRUPT fewer units are held than the holds have')
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
  string.format('%.0f', sold))
return table.concat(answer)
