#!lua flags=allow-oom
-- Forgets the counter of a campaign, but for the purchases that wait to become orders.
--
-- KEYS    stock, holds, taken, due, pending, tickets
-- Answer  1
local call = redis.call
local CHUNK = 1000
local left, holds = call('ZRANGE', KEYS[5], 0, -1), {}
for from = 1, #left, CHUNK do
  for i, hold in ipairs(call('HMGET', KEYS[2], unpack(left, from, math.min(#left, from + CHUNK - 1)))) do
    if hold then
      holds[#holds + 1] = left[from + i - 1]
      holds[#holds + 1] = hold
    end
  end
end
call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6])
for from = 1, #holds, 2 * CHUNK do
  call('HSET', KEYS[2], unpack(holds, from, math.min(#holds, from + 2 * CHUNK - 1)))
end
return '1'
