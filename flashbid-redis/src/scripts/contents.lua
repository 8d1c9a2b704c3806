#!lua flags=no-writes
-- Everything that a counter has, of one moment.
--
-- KEYS    stock, holds, taken, pending
-- Answer  quota, available, held, sold; lists: hold ids, each followed by its hold as `load` keeps it; buyers, each
--         followed by its units; the ids of the holds that wait to become orders; nothing when it is not loaded
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'quota', 'available', 'held', 'sold')
local whole = stock[1] == here
for figure = 2, 5 do
  whole = whole and tonumber(stock[figure]) ~= nil
end
if not whole then
  return {}
end
return {
  stock[2], stock[3], stock[4], stock[5], call('HGETALL', KEYS[2]), call('HGETALL', KEYS[3]),
  call('ZRANGE', KEYS[4], 0, -1),
}
