#!lua
-- Drops the copy of a campaign, and lets none be kept for a while.
--
-- KEYS    cached
-- ARGV    for how many milliseconds
-- Answer  1
--
-- See `cached` for what is kept.
local here = string.match(redis.call('INFO', 'replication'), 'master_replid.(%w+)')
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], 'server', here)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return '1'
