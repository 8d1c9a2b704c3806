#!lua flags=allow-oom
-- Gives a lease back, unless it was lost. The token stays.
--
-- KEYS    lock
-- ARGV    the token
-- Answer  1
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'holder', '')
end
return '1'
