#!lua flags=no-writes
-- The holds whose time is over, the longest overdue first.
--
-- KEYS    stock, holds, due
-- ARGV    the latest expiry that is due, with the last id; how many at most
-- Answer  their ids, each followed by its hold as `load` keeps it
local call, sub = redis.call, string.sub
local CHUNK = 1000
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
if call('HGET', KEYS[1], 'server') ~= here then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local ids, answer = call('ZRANGE', KEYS[3], '-', ARGV[1], 'BYLEX', 'LIMIT', 0, ARGV[2]), {}
for i, entry in ipairs(ids) do
  ids[i] = sub(entry, 9, 24)
end
for from = 1, #ids, CHUNK do
  for i, hold in ipairs(call('HMGET', KEYS[2], unpack(ids, from, math.min(#ids, from + CHUNK - 1)))) do
    if hold and sub(hold, 37, 37) == 'h' then
      answer[#answer + 1] = ids[from + i - 1]
      answer[#answer + 1] = hold
    end
  end
end
return answer
