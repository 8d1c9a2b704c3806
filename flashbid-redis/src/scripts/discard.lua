#!lua flags=allow-oom
-- Forgets a book.
--
-- KEYS    campaign, bid, bid_details, bidders, events
-- Answer  1
redis.call('UNLINK', unpack(KEYS))
return '1'
