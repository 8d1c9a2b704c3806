#!lua
-- Issues a token for a subject, unless the token is known.
--
-- KEYS    token
-- ARGV    the subject, how long it lasts in milliseconds
-- Answer  1 when the token is the subject's, 0 when it is another's
local known = redis.call('HGET', KEYS[1], 'subject')
if known then
  return known == ARGV[1] and '1' or '0'
end
redis.call('HSET', KEYS[1], 'subject', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return '1'
