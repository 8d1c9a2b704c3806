#!lua
-- Loads the counter of a campaign with its holds in one step, unless it is loaded.
--
-- KEYS    stock, holds, taken, due
-- ARGV    quota, available, held, sold; the most of one buyer (empty for no limit); the holds:
--         16 id, 16 bidder, u32 units, 8 expiry, u8 state
-- Answer  available, held, sold
--
-- A hold is kept by its id as what follows it here. Expiries are big-endian with the sign bit flipped, so that their
-- bytes are ordered as their times are, and no script has to reckon with them. `taken` has what each buyer holds and
-- has bought, if there is a limit; `due` has expiry and id of what is held, ordered by these bytes.
local call, unpacked, sub = redis.call, struct.unpack, string.sub
local CHUNK, LENGTH = 1000, 45
local loaded = call('HMGET', KEYS[1], 'available', 'held', 'sold')
if loaded[1] then
  return loaded
end

local blob = ARGV[6]
local holds, due, taken = {}, {}, {}
for at = 1, #blob, LENGTH do
  local id, state = sub(blob, at, at + 15), sub(blob, at + 44, at + 44)
  holds[#holds + 1] = id
  holds[#holds + 1] = sub(blob, at + 16, at + 44)
  if state == 'h' then
    due[#due + 1] = 0
    due[#due + 1] = sub(blob, at + 36, at + 43) .. id
  end
  if ARGV[5] ~= '' and (state == 'h' or state == 'c') then
    local bidder = sub(blob, at + 16, at + 31)
    taken[bidder] = (taken[bidder] or 0) + unpacked('<I4', blob, at + 32)
  end
end
local buyers = {}
for bidder, units in pairs(taken) do
  buyers[#buyers + 1] = bidder
  buyers[#buyers + 1] = string.format('%.0f', units)
end

local function store(command, key, pairs_of)
  for from = 1, #pairs_of, 2 * CHUNK do
    call(command, key, unpack(pairs_of, from, math.min(#pairs_of, from + 2 * CHUNK - 1)))
  end
end
call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
call('HSET', KEYS[1], 'quota', ARGV[1], 'available', ARGV[2], 'held', ARGV[3], 'sold', ARGV[4], 'per_buyer', ARGV[5])
store('HSET', KEYS[2], holds)
store('HSET', KEYS[3], buyers)
store('ZADD', KEYS[4], due)
return { ARGV[2], ARGV[3], ARGV[4] }
