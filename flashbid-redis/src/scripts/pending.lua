#!lua flags=no-writes
-- The oldest purchases that wait to become orders.
--
-- KEYS    stock, holds, pending
-- ARGV    the place behind the last, counted from one
-- Answer  the ids of their holds, each followed by its hold as `load` keeps it, empty when it is lost
local call = redis.call
local CHUNK = 1000
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
if call('HGET', KEYS[1], 'server') ~= here then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local answer, limit = {}, tonumber(ARGV[1])
for from = 0, limit - 1, CHUNK do
  local ids = call('ZRANGE', KEYS[3], from, math.min(from + CHUNK, limit) - 1)
  if #ids == 0 then
    return answer
  end
  for i, hold in ipairs(call('HMGET', KEYS[2], unpack(ids))) do
    answer[#answer + 1] = ids[i]
    answer[#answer + 1] = hold or ''
  end
end
return answer
