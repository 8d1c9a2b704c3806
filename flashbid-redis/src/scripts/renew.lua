#!lua
-- Lets a lease last, unless it was lost. One that is found to be over is over for good.
--
-- KEYS    lock
-- ARGV    the token, how long from now in milliseconds
-- Answer  the end of the lease; empty when it was lost
local lock = redis.call('HMGET', KEYS[1], 'holder', 'token', 'until', 'time')
if (lock[1] or '') == '' or lock[2] ~= ARGV[1] then
  return ''
end
local clock = redis.call('TIME')
local now = math.max(clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(lock[4]))
if now >= tonumber(lock[3]) then
  redis.call('HSET', KEYS[1], 'holder', '')
  return ''
end
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'until', ends, 'time', string.format('%.0f', now))
return ends
