#!lua
-- Takes a lease, unless another holder has it.
--
-- KEYS    lock
-- ARGV    the holder, how long in milliseconds, the floor of the token
-- Answer  the token and the end of the lease; nothing when another has it
--
-- A lock stays when its lease is over, without a holder: its tokens must go on growing. They are no smaller than the
-- time in milliseconds, so that they do so on a server that has lost the lock or has an older copy of it as well. The
-- lock's time does not run backwards when the server's clock does.
local lock = redis.call('HMGET', KEYS[1], 'holder', 'token', 'until', 'time')
local clock = redis.call('TIME')
local now = math.max(clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(lock[4] or 0))
if (lock[1] or '') ~= '' and lock[1] ~= ARGV[1] and now < tonumber(lock[3]) then
  return {}
end
local token = string.format('%.0f', math.max(tonumber(lock[2] or 0), tonumber(ARGV[3]), now) + 1)
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'token', token, 'until', ends, 'time', string.format('%.0f', now))
return { token, ends }
