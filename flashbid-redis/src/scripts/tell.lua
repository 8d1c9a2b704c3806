#!lua
-- Appends a change to the log of changes.
--
-- KEYS    changes, changed
-- ARGV    the campaign (empty to begin a log, if there is none); the life of the log, if it begins now; how many changes
--         it goes back
-- Answer  1
--
-- A log notes the server on which its life began: on another it may be older than itself, and another life begins.
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local log, length = call('HMGET', KEYS[1], 'server', 'life', 'last'), call('LLEN', KEYS[2])
local life, last = log[2], tonumber(log[3])
if log[1] ~= here or not (life and last) or length ~= math.min(last, tonumber(ARGV[3])) then
  life, last = ARGV[2], 0
  call('UNLINK', KEYS[2])
end
if ARGV[1] ~= '' then
  last = last + 1
  call('RPUSH', KEYS[2], ARGV[1])
  call('LTRIM', KEYS[2], -tonumber(ARGV[3]), -1)
end
call('HSET', KEYS[1], 'server', here, 'life', life, 'last', string.format('%.0f', last))
return '1'
