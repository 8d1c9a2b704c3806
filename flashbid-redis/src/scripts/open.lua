#!lua
-- Puts a staged book in the place of what there is, unless that is as new or is not what the opener saw.
--
-- KEYS    campaign, bid, bid_details, bidders, events; the staged bid, bid_details, bidders, events
-- ARGV    the epoch that the opener saw (empty for no book), the new epoch; how many bids, bidders and events' entries
--         are staged; then names and values of the campaign's figures
-- Answer  the epoch of the book that is open now; empty when the opener must look again
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) >= tonumber(ARGV[2]) then
  call('UNLINK', KEYS[6], KEYS[7], KEYS[8], KEYS[9])
  return epoch
end
if (epoch or '') ~= ARGV[1] then
  return ''
end
local bids, bidders, entries = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local whole = call('ZCARD', KEYS[6]) == bidders and call('HLEN', KEYS[7]) == bids and call('HLEN', KEYS[8]) == bidders
  and call('XLEN', KEYS[9]) == entries
if not whole then
  return redis.error_reply('AGAIN the staged book went away')
end
call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
if bids > 0 then
  for staged = 6, 9 do
    call('PERSIST', KEYS[staged])
    call('RENAME', KEYS[staged], KEYS[staged - 4])
  end
end
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
call('HSET', KEYS[1], 'epoch', ARGV[2], 'server', here, unpack(ARGV, 6))
return ARGV[2]
