#!lua
-- Redeems a token for the first attempt that has the right subject.
--
-- KEYS    token
-- ARGV    the subject, the attempt, for how many milliseconds it is remembered at least
-- Answer  1 when this attempt has redeemed it, now or before
local token = redis.call('HMGET', KEYS[1], 'subject', 'attempt')
if token[1] ~= ARGV[1] then
  return '0'
end
if token[2] then
  return token[2] == ARGV[2] and '1' or '0'
end
redis.call('HSET', KEYS[1], 'attempt', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3], 'GT')
return '1'
