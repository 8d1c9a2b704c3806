#!lua flags=allow-oom
-- Lets a counter take no purchase any more, when its window is over by the server's clock.
--
-- KEYS    stock
-- Answer  1 when it takes none
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'sealed', 'end', 'changes')
local finish, changes = tonumber(stock[3]), tonumber(stock[4])
if stock[1] ~= here or not (finish and changes) then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
if stock[2] == '1' then
  return '1'
end
local clock = call('TIME')
if clock[1] * 1000 + math.floor(clock[2] / 1000) < finish then
  return '0'
end
call('HSET', KEYS[1], 'sealed', '1', 'changes', string.format('%.0f', changes + 1))
return '1'
