#!lua
-- Counts a request against all of some limits, or against none.
--
-- KEYS    the logs of the limits, each once
-- ARGV    for each: how many requests, in how many milliseconds
-- Answer  1 and how many more would be admitted; or 0 and how many milliseconds to wait
--
-- A log has the times of the admitted requests that may still be in the window, the first one first, and goes away
-- with the last of them. Its time does not run backwards when the clock does, unless the clock was set back by more
-- than a window: then the log begins anew, rather than to refuse everybody until the clock has caught up.
local call, floor = redis.call, math.floor
local clock = call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local wait, times, requests, windows = 0, {}, {}, {}
for i, log in ipairs(KEYS) do
  requests[i], windows[i] = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local newest = tonumber(call('LRANGE', log, -1, -1)[1] or 0)
  if newest <= now + windows[i] then
    times[i] = math.max(now, newest)
    local decisive = call('LRANGE', log, -requests[i], -requests[i])[1] or -math.huge
    wait = math.max(wait, decisive + windows[i] - times[i])
  end
end
if wait > 0 then
  return { '0', string.format('%.0f', wait) }
end

local remaining = math.huge
for i, log in ipairs(KEYS) do
  local length = call('LLEN', log)
  local gone, last = 0, length
  if not times[i] then
    times[i], gone = now, length
  end
  while gone < last do
    local middle = floor((gone + last) / 2)
    if tonumber(call('LRANGE', log, middle, middle)[1]) + windows[i] <= times[i] then
      gone = middle + 1
    else
      last = middle
    end
  end
  call('LTRIM', log, gone, -1)
  call('RPUSH', log, string.format('%.0f', times[i]))
  call('PEXPIRE', log, string.format('%.0f', times[i] - now + windows[i]))
  remaining = math.min(remaining, requests[i] - (length - gone) - 1)
end
return { '1', string.format('%.0f', remaining) }
