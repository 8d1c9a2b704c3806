#!lua flags=no-writes
-- Events behind a sequence.
--
-- KEYS    campaign, events
-- ARGV    the sequence, how many events are enough
-- Answer  epoch, last sequence, floor (events up to it are forgotten), 1 when nothing follows; then the records of
--         each batch; the first batch may begin before the sequence
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local book = call('HMGET', KEYS[1], 'epoch', 'last', 'floor', 'server')
if not book[1] or book[4] ~= here then
  return redis.error_reply('NOTFOUND there is no book')
end
local PAGE = 16
local answer, found, from = { book[1], book[2], book[3], '0' }, 0, string.format('(%s-0', ARGV[1])
while found < tonumber(ARGV[2]) and answer[4] == '0' do
  local page = call('XRANGE', KEYS[2], from, '+', 'COUNT', PAGE)
  for _, entry in ipairs(page) do
    found = found + entry[2][2]
    answer[#answer + 1] = entry[2][4]
    from = '(' .. entry[1]
  end
  if #page < PAGE then
    answer[4] = '1'
  end
end
return answer
