#!lua flags=no-writes
-- The standing of one bidder.
--
-- KEYS    campaign, bid, bid_details, bidders
-- ARGV    the bidder
-- Answer  rank and record; nothing without a standing
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
if call('HGET', KEYS[1], 'server') ~= here then
  return redis.error_reply('NOTFOUND there is no book')
end
local standing = call('HGET', KEYS[4], ARGV[1])
if not standing then
  return {}
end
local rank = call('ZRANK', KEYS[2], string.sub(standing, 1, 24))
return { rank + 1, call('HGET', KEYS[3], string.sub(standing, 9, 24)) }
