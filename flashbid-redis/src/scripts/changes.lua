#!lua flags=no-writes
-- What the log of changes has behind a place.
--
-- KEYS    changes, changed
-- ARGV    the life of the log and the place in it; how many changes at most; how many changes the log goes back
-- Answer  1 when these are all; the life and the place where to go on; the campaigns; nothing when there is no log
--
-- See `tell` for what is kept.
local call = redis.call
local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local log, length = call('HMGET', KEYS[1], 'server', 'life', 'last'), call('LLEN', KEYS[2])
local life, last = log[2], tonumber(log[3])
if log[1] ~= here or not (life and last) or length ~= math.min(last, tonumber(ARGV[4])) then
  return {}
end
local from = tonumber(ARGV[2])
if ARGV[1] ~= life or from < last - length or from > last then
  return { '0', life, string.format('%.0f', last) }
end
local many = math.min(last - from, tonumber(ARGV[3]))
local answer = { '1', life, string.format('%.0f', from + many) }
if many > 0 then
  local first = from - (last - length)
  for i, campaign in ipairs(call('LRANGE', KEYS[2], first, first + many - 1)) do
    answer[3 + i] = campaign
  end
end
return answer
