#!lua flags=no-writes
-- The copy of a campaign.
--
-- KEYS    cached
-- Answer  'k' and the copy; 'c' while the campaign changes; empty when there is nothing
--
-- A copy notes the server on which it was kept. On another, as one is that was restarted from an older file or took
-- over, a change that dropped it may be lost, and so there is none. A change that is still there is one.
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
local cached = redis.call('HMGET', KEYS[1], 'server', 'copy')
if not cached[1] then
  return ''
end
if not cached[2] then
  return 'c'
end
return cached[1] == here and 'k' .. cached[2] or ''
