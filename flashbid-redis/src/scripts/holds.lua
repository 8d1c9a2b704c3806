#!lua flags=no-writes
-- What has become of holds.
--
-- KEYS    stock, holds
-- ARGV    their ids, 16 bytes each
-- Answer  each hold as `load` keeps it, empty for an unknown one
local call = redis.call
local CHUNK = 1000
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
if call('HGET', KEYS[1], 'server') ~= here then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local ids, answer = {}, {}
for at = 1, #ARGV[1], 16 do
  ids[#ids + 1] = string.sub(ARGV[1], at, at + 15)
end
for from = 1, #ids, CHUNK do
  for _, hold in ipairs(call('HMGET', KEYS[2], unpack(ids, from, math.min(#ids, from + CHUNK - 1)))) do
    answer[#answer + 1] = hold or ''
  end
end
return answer
