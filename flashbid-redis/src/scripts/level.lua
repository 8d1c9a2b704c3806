#!lua flags=no-writes
-- Where the units of a campaign are.
--
-- KEYS    stock
-- Answer  available, held, sold; nothing when the counter is not loaded
local level = redis.call('HMGET', KEYS[1], 'available', 'held', 'sold')
if not level[1] then
  return {}
end
return level
