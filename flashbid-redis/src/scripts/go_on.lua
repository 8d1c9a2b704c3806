#!lua flags=allow-oom
-- Lets a book that has all that the ledger has go on in a newer epoch, if it is still the book that was looked at.
--
-- KEYS    campaign
-- ARGV    the epoch that was looked at, the new epoch, the fence, 1 to seal, the last sequence of the ledger
-- Answer  the new epoch; empty when the opener must look again
local book = redis.call('HMGET', KEYS[1], 'epoch', 'fence', 'sealed', 'last')
if book[1] ~= ARGV[1] or tonumber(book[4]) < tonumber(ARGV[5]) then
  return ''
end
local fence = math.max(tonumber(book[2]), tonumber(ARGV[3]))
local sealed = math.max(tonumber(book[3]), tonumber(ARGV[4]))
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'fence', string.format('%.0f', fence), 'sealed', sealed, 'server', here)
return ARGV[2]
