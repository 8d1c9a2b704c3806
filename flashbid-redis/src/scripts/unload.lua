#!lua flags=allow-oom
-- Forgets the counter of a campaign.
--
-- KEYS    stock, holds, taken, due
-- Answer  1
redis.call('UNLINK', unpack(KEYS))
return '1'
