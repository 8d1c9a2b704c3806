#!lua
-- Writes one piece of a book that is being opened to a key that nobody reads yet. The key goes away by itself when
-- the opener dies before `open` takes it over.
--
-- KEYS    the staged key
-- ARGV    how long it lives, in milliseconds; a command and its arguments behind the key
-- Answer  1
redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return '1'
