#!lua flags=no-writes
-- Tells which bids a book knows, for whoever wants to know whether it has all that the ledger has.
--
-- KEYS    campaign, bid_details
-- ARGV    bid ids
-- Answer  epoch (empty without a book) and the server's replication id, then each bid's record, empty for an unknown one
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
local answer = { epoch or '', here }
if #ARGV == 0 then
  return answer
end
for i, record in ipairs(redis.call('HMGET', KEYS[2], unpack(ARGV))) do
  answer[i + 2] = record or ''
end
return answer
