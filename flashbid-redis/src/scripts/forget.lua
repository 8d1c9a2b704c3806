#!lua flags=allow-oom
-- Forgets events that the ledger has and that no group of consumers waits for.
--
-- KEYS    campaign, events
-- ARGV    the sequence of the first event that must stay
-- Answer  the sequence up to which events are forgotten now
local call = redis.call
local floor = call('HGET', KEYS[1], 'floor')
if not floor or call('XLEN', KEYS[2]) == 0 then
  return floor or '0'
end
local function sequence_of(id)
  return tonumber(string.match(id, '^%d+'))
end
local keep = tonumber(ARGV[1])
for _, group in ipairs(call('XINFO', 'GROUPS', KEYS[2])) do
  local figures = {}
  for i = 1, #group, 2 do
    figures[group[i]] = group[i + 1]
  end
  if figures['pending'] > 0 then
    keep = math.min(keep, sequence_of(call('XPENDING', KEYS[2], figures['name'])[2]))
  else
    keep = math.min(keep, sequence_of(figures['last-delivered-id']) + 1)
  end
end
local gone = call('XREVRANGE', KEYS[2], string.format('(%.0f-0', keep), '-', 'COUNT', 1)[1]
if not gone then
  return floor
end
floor = string.format('%.0f', sequence_of(gone[1]))
call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', keep))
call('HSET', KEYS[1], 'floor', floor)
return floor
