#!lua flags=allow-oom
-- Forgets a book.
--
-- KEYS    campaign, bid, bid_details, bidders, events, bid_tickets
-- Answer  1
redis.call('UNLINK', unpack(KEYS))
return '1'
