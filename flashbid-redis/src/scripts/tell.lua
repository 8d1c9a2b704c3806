#!lua
-- Appends a change to the log of changes.
--
-- KEYS    changes, changed
-- ARGV    the campaign; the life of the log, if it begins now; the first that stays, counted from the end
-- Answer  1
--
-- A log notes the server on which its life began: on another it may be older than itself, and another life begins.
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local log = call('HMGET', KEYS[1], 'server', 'life', 'last')
local life, last = log[2], tonumber(log[3])
if log[1] ~= here or not (life and last) or call('LLEN', KEYS[2]) == 0 then
  life, last = ARGV[2], 0
  call('UNLINK', KEYS[2])
end
call('RPUSH', KEYS[2], ARGV[1])
call('LTRIM', KEYS[2], ARGV[3], -1)
call('HSET', KEYS[1], 'server', here, 'life', life, 'last', string.format('%.0f', last + 1))
return '1'
