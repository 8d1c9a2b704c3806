#!lua flags=allow-oom
-- Lets purchases wait no longer.
--
-- KEYS    stock, pending
-- ARGV    the ids of their holds, 16 bytes each
-- Answer  1
local call = redis.call
local CHUNK = 1000
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
if call('HGET', KEYS[1], 'server') ~= here then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local ids = {}
for at = 1, #ARGV[1], 16 do
  ids[#ids + 1] = string.sub(ARGV[1], at, at + 15)
end
for from = 1, #ids, CHUNK do
  call('ZREM', KEYS[2], unpack(ids, from, math.min(#ids, from + CHUNK - 1)))
end
return '1'
