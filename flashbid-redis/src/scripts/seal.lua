#!lua flags=allow-oom
-- Seals a book when its window is over by the server's clock.
--
-- KEYS    campaign
-- ARGV    the fencing token
-- Answer  the last sequence; empty when the window has not ended
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
local book = redis.call('HMGET', KEYS[1], 'epoch', 'fence', 'sealed', 'last', 'time', 'end', 'server')
if not book[1] or book[7] ~= here then
  return redis.error_reply('NOTFOUND there is no book')
end
if tonumber(ARGV[1]) < tonumber(book[2]) then
  return redis.error_reply('FENCED a newer token was seen')
end
local clock = redis.call('TIME')
local now = math.max(clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(book[5]))
if book[3] ~= '1' and now < tonumber(book[6]) then
  return ''
end
redis.call('HSET', KEYS[1], 'sealed', '1', 'fence', ARGV[1])
return book[4]
