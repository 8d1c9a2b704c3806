#!lua flags=no-writes
-- The best standings and the figures of the book, of one moment.
--
-- KEYS    campaign, bid, bid_details
-- ARGV    how many standings
-- Answer  epoch, bidders, bids, last sequence, highest price, best score and that of the last who would win (empty
--         without one), 1 when sealed, then the records
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local book = call('HMGET', KEYS[1], 'epoch', 'bids', 'last', 'max_price', 'sealed', 'quota', 'server')
if not book[1] or book[7] ~= here then
  return redis.error_reply('NOTFOUND there is no book')
end
local function score_at(place)
  local found = call('ZRANGE', KEYS[2], place - 1, place - 1, 'WITHSCORES')
  return found[2] and string.format('%.0f', -found[2]) or ''
end
local answer = {
  book[1], call('ZCARD', KEYS[2]), book[2], book[3], book[4], score_at(1), score_at(tonumber(book[6])), book[5],
}
local CHUNK = 1000
for from = 0, tonumber(ARGV[1]) - 1, CHUNK do
  local members = call('ZRANGE', KEYS[2], from, math.min(from + CHUNK, tonumber(ARGV[1])) - 1)
  if #members == 0 then
    return answer
  end
  for i, member in ipairs(members) do
    members[i] = string.sub(member, 9, 24)
  end
  for _, record in ipairs(call('HMGET', KEYS[3], unpack(members))) do
    answer[#answer + 1] = record or ''
  end
end
return answer
