#!lua flags=no-writes
-- The figures of a counter.
--
-- KEYS    stock, holds, pending
-- Answer  available, held, sold; how many purchases wait, and the first of them as `load` keeps it (empty for none);
--         1 when sealed; how often the counter has changed; nothing when it is not loaded
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'available', 'held', 'sold', 'sealed', 'changes')
if stock[1] ~= here or not (tonumber(stock[2]) and tonumber(stock[3]) and tonumber(stock[4]) and tonumber(stock[6])) then
  return {}
end
local first = call('ZRANGE', KEYS[3], 0, 0)[1]
local oldest = first and call('HGET', KEYS[2], first) or ''
return { stock[2], stock[3], stock[4], call('ZCARD', KEYS[3]), oldest, stock[5] or '0', stock[6] }
