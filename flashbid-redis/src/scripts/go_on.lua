#!lua flags=allow-oom
-- Lets a book that has all that the ledger has go on in a newer epoch, if it is still the book that was looked at.
--
-- KEYS    campaign
-- ARGV    the epoch and the server's replication id that were looked at, the new epoch, the fence, 1 to seal, the last
--         sequence of the ledger
-- Answer  the new epoch; empty when the opener must look again
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
local book = redis.call('HMGET', KEYS[1], 'epoch', 'fence', 'sealed', 'last')
if book[1] ~= ARGV[1] or here ~= ARGV[2] or tonumber(book[4]) < tonumber(ARGV[6]) then
  return ''
end
local fence = math.max(tonumber(book[2]), tonumber(ARGV[4]))
local sealed = math.max(tonumber(book[3]), tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'fence', string.format('%.0f', fence), 'sealed', sealed, 'server', here)
return ARGV[3]
