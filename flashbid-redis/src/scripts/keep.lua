#!lua
-- Keeps a copy of a campaign, unless the campaign is being changed.
--
-- KEYS    cached
-- ARGV    the copy, for how many milliseconds
-- Answer  1
--
-- See `cached` for what is kept.
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
local cached = redis.call('HMGET', KEYS[1], 'server', 'copy')
if cached[1] and not cached[2] then
  return '1'
end
redis.call('HSET', KEYS[1], 'server', here, 'copy', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return '1'
