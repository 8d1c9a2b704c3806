#!lua
-- Loads the counter of a campaign with its holds in one step, unless it is loaded. Purchases that wait in what is left
-- of another counter stay, with their holds where the seed does not have these.
--
-- KEYS    stock, holds, taken, due, pending
-- ARGV    quota, the most of one buyer (empty for no limit), start and end of the window, 1 when sealed; the holds:
--         16 id, 16 bidder, u32 units, 8 expiry, i64 time, u8 state
-- Answer  available, held, sold
--
-- A hold is kept by its id as what follows it here, and the purchase that it is of, if it is of one. Expiries are
-- big-endian with the sign bit flipped, so that their bytes are ordered as their times are, and no script has to reckon
-- with them. `taken` has what each buyer holds and has bought, if there is a limit; `due` has expiry and id of what is
-- held, ordered by these bytes; `pending` has the ids of purchases by the number that each got when it was taken.
--
-- A counter notes on which server it was loaded. On another, as one is that was restarted or took over, it may be older
-- than itself, and so it counts as not loaded. So does one that lacks a figure.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK, LENGTH = 1000, 53

local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'available', 'held', 'sold', 'quota', 'queued', 'changes', 'start', 'end')
local whole = stock[1] == here
for figure = 2, 9 do
  whole = whole and tonumber(stock[figure]) ~= nil
end
if whole then
  return { stock[2], stock[3], stock[4] }
end

local records, ids, blob = {}, {}, ARGV[6]
for at = 1, #blob, LENGTH do
  local id = sub(blob, at, at + 15)
  ids[#ids + 1] = id
  records[id] = sub(blob, at + 16, at + 52)
end
local left, waiting = call('ZRANGE', KEYS[5], 0, -1), {}
for from = 1, #left, CHUNK do
  for i, old in ipairs(call('HMGET', KEYS[2], unpack(left, from, math.min(#left, from + CHUNK - 1)))) do
    local id = left[from + i - 1]
    if old and #old == 53 then
      waiting[#waiting + 1] = #waiting / 2 + 1
      waiting[#waiting + 1] = id
      if records[id] then
        records[id] = records[id] .. sub(old, 38)
      else
        records[id] = old
        ids[#ids + 1] = id
      end
    end
  end
end

local held, sold, holds, due, taken = 0, 0, {}, {}, {}
for i, id in ipairs(ids) do
  local hold = records[id]
  local bidder, units, expiry, state = unpacked('<c16I4c8xxxxxxxxc1', hold)
  holds[2 * i - 1], holds[2 * i] = id, hold
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
local buyers = {}
if ARGV[2] ~= '' then
  for bidder, units in pairs(taken) do
    buyers[#buyers + 1] = bidder
    buyers[#buyers + 1] = string.format('%.0f', units)
  end
end

local function store(command, key, pairs_of)
  for from = 1, #pairs_of, 2 * CHUNK do
    call(command, key, unpack(pairs_of, from, math.min(#pairs_of, from + 2 * CHUNK - 1)))
  end
end
local clock = call('TIME')
local changes = math.max(clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(stock[7] or 0) or 0) + 1
local level = { math.max(tonumber(ARGV[1]) - held - sold, 0), held, sold }
for place = 1, 3 do
  level[place] = string.format('%.0f', level[place])
end
call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
call('HSET', KEYS[1], 'server', here, 'quota', ARGV[1], 'per_buyer', ARGV[2], 'start', ARGV[3], 'end', ARGV[4], 'sealed',
  ARGV[5], 'available', level[1], 'held', level[2], 'sold', level[3], 'queued', string.format('%.0f', #waiting / 2),
  'changes', string.format('%.0f', changes))
store('HSET', KEYS[2], holds)
store('HSET', KEYS[3], buyers)
store('ZADD', KEYS[4], due)
store('ZADD', KEYS[5], waiting)
return level
