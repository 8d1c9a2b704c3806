#!lua
-- Corrects holds, and counts everything anew from the quota and the holds, in one step.
--
-- KEYS    stock, holds, taken, due, pending
-- ARGV    quota; the corrections: a hold as `load` takes it, and u8 the state in which it was seen, '-' for none
-- Answer  available, held, sold
--
-- See `load` for what is kept. A hold in another state than was seen stays as it is. Purchases that wait without a hold
-- that says what they are of wait no longer.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK, LENGTH = 1000, 54

local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'changes', 'per_buyer')
local changes = tonumber(stock[2])
if stock[1] ~= here or not changes then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local records, all = {}, call('HGETALL', KEYS[2])
for place = 1, #all, 2 do
  if #all[place] ~= 16 or #all[place + 1] < 37 then
    return redis.error_reply('CORRUPT a hold has another length')
  end
  records[all[place]] = all[place + 1]
end
local blob, corrected = ARGV[2], {}
for at = 1, #blob, LENGTH do
  local id, seen = sub(blob, at, at + 15), sub(blob, at + 53, at + 53)
  local old = records[id]
  if seen == (old and sub(old, 37, 37) or '-') then
    records[id] = sub(blob, at + 16, at + 52) .. (old and sub(old, 38) or '')
    corrected[#corrected + 1] = id
  end
end
local holds = {}
for i, id in ipairs(corrected) do
  holds[2 * i - 1], holds[2 * i] = id, records[id]
end

local held, sold, due, taken = 0, 0, {}, {}
for id, hold in pairs(records) do
  local bidder, units, expiry, state = unpacked('<c16I4c8xxxxxxxxc1', hold)
  if state == 'h' then
    held = held + units
    due[#due + 1] = '0'
    due[#due + 1] = expiry .. id
  elseif state == 'c' then
    sold = sold + units
  end
  if state == 'h' or state == 'c' then
    taken[bidder] = (taken[bidder] or 0) + units
  end
end
local buyers, lost = {}, {}
if stock[3] and stock[3] ~= '' then
  for bidder, units in pairs(taken) do
    buyers[#buyers + 1] = bidder
    buyers[#buyers + 1] = string.format('%.0f', units)
  end
end
for _, id in ipairs(call('ZRANGE', KEYS[5], 0, -1)) do
  if #(records[id] or '') ~= 53 then
    lost[#lost + 1] = id
  end
end

local function store(command, key, values, size)
  for from = 1, #values, size do
    call(command, key, unpack(values, from, math.min(#values, from + size - 1)))
  end
end
local level = { math.max(tonumber(ARGV[1]) - held - sold, 0), held, sold }
for place = 1, 3 do
  level[place] = string.format('%.0f', level[place])
end
call('UNLINK', KEYS[3], KEYS[4])
store('HSET', KEYS[2], holds, 2 * CHUNK)
store('HSET', KEYS[3], buyers, 2 * CHUNK)
store('ZADD', KEYS[4], due, 2 * CHUNK)
store('ZREM', KEYS[5], lost, CHUNK)
call('HSET', KEYS[1], 'quota', ARGV[1], 'available', level[1], 'held', level[2], 'sold', level[3], 'changes',
  string.format('%.0f', changes + 1))
return level
