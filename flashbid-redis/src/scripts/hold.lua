#!lua
-- Takes units for a batch of requests, each in turn, all in one step.
--
-- KEYS    stock, holds, taken, due, pending, tickets (if there are tickets)
-- ARGV    the requests: 16 id, 16 bidder, u32 units, 8 expiry, i64 time, u8 purpose ('p' purchase, 'c' cart,
--         'a' allocation), 16 purchase; their tickets: 16 id, i64 expiry (empty when there are none). A time or expiry
--         of NONE stands for none
-- Answer  the start of the window, this server's time, and an outcome a request: 'H' held now; 'K' with expiry, time
--         and state, held before; 'R' the id is another request's, 'N' too early, 'E' too late, 'T' the ticket is
--         spent, 'L' beyond the limit of the buyer, 'S' sold out
--
-- See `load` for what is kept. A ticket that let a request in is kept in `tickets` by its expiry. What has expired is
-- forgotten little by little, and `pruned` is how far: what may have been forgotten counts as spent, also when the
-- clock is set back.
local call, pack, unpacked, sub = redis.call, struct.pack, struct.unpack, string.sub
local CHUNK, LENGTH, TICKET, NONE = 1000, 69, 24, -2 ^ 62

local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local stock = call('HMGET', KEYS[1], 'server', 'available', 'held', 'queued', 'changes', 'start', 'end', 'sealed',
  'per_buyer', 'pruned')
local available, held, queued, changes, start, finish =
  tonumber(stock[2]), tonumber(stock[3]), tonumber(stock[4]), tonumber(stock[5]), tonumber(stock[6]), tonumber(stock[7])
if stock[1] ~= here or not (available and held and queued and changes and start and finish) then
  return redis.error_reply('NOTFOUND the counter is not loaded')
end
local sealed, limit, pruned = stock[8] == '1', tonumber(stock[9]), tonumber(stock[10] or NONE)

local function fetch(command, key, fields)
  local values = call(command, key, unpack(fields, 1, math.min(#fields, CHUNK)))
  for from = CHUNK + 1, #fields, CHUNK do
    for _, value in ipairs(call(command, key, unpack(fields, from, math.min(#fields, from + CHUNK - 1)))) do
      values[#values + 1] = value
    end
  end
  return values
end
local blob, count = ARGV[1], #ARGV[1] / LENGTH
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_text = string.format('%.0f', now)
if count == 0 then
  return { stock[6], now_text, '' }
end
local ids, bidders, times, earliest = {}, {}, {}, now
for i = 1, count do
  local at = (i - 1) * LENGTH + 1
  ids[i], bidders[i], times[i] = unpacked('<c16c16xxxxxxxxxxxxi8', blob, at)
  earliest = math.min(earliest, times[i] > NONE and times[i] or now)
end
local known, taken = fetch('HMGET', KEYS[2], ids), {}
if limit then
  for i, units in ipairs(fetch('HMGET', KEYS[3], bidders)) do
    taken[bidders[i]] = tonumber(units or 0) or limit
  end
end
local tickets, spends, spent, over = {}, {}, {}, {}
if ARGV[2] ~= '' then
  for i = 1, count do
    local expiry
    tickets[i], expiry = unpacked('<c16i8', ARGV[2], (i - 1) * TICKET + 1)
    spends[i] = expiry > NONE and expiry
  end
  for i, score in ipairs(fetch('ZMSCORE', KEYS[6], tickets)) do
    spent[tickets[i]] = score
  end
  over = call('ZRANGE', KEYS[6], '-inf', string.format('%.0f', earliest), 'BYSCORE', 'LIMIT', 0, 2 * count, 'WITHSCORES')
  pruned = math.max(pruned, tonumber(over[#over] or NONE))
end
call('ZCARD', KEYS[4])
call('ZCARD', KEYS[5])

local outcomes, holds, due, waiting, buyers, used, new = {}, {}, {}, {}, {}, {}, {}
local now_packed, places, queue_places = pack('<i8', now), 0, 0
for i = 1, count do
  local id, bidder, at = ids[i], bidders[i], (i - 1) * LENGTH + 1
  local units, purpose = unpacked('<I4xxxxxxxxxxxxxxxxc1', blob, at + 32)
  local timed, ticket = times[i] > NONE, spends[i]
  local time = timed and times[i] or now
  local before, bound = new[id] or known[i], purpose ~= 'a'
  if before and sub(before, 1, 20) == sub(blob, at + 16, at + 35) then
    outcomes[i] = 'K' .. sub(before, 21, 37)
  elseif before then
    outcomes[i] = 'R'
  elseif bound and (sealed or time >= finish) then
    outcomes[i] = 'E'
  elseif bound and time < start then
    outcomes[i] = 'N'
  elseif ticket and (ticket <= time or ticket <= pruned or spent[tickets[i]]) then
    outcomes[i] = 'T'
  elseif limit and taken[bidder] + units > limit then
    outcomes[i] = 'L'
  elseif units > available then
    outcomes[i] = 'S'
  else
    local hold = sub(blob, at + 16, at + 43) .. (timed and sub(blob, at + 44, at + 51) or now_packed) .. 'h'
    if purpose == 'p' then
      hold = hold .. sub(blob, at + 53, at + 68)
      queued = queued + 1
      waiting[queue_places + 1], waiting[queue_places + 2] = queued, id
      queue_places = queue_places + 2
    end
    if limit then
      taken[bidder] = taken[bidder] + units
      buyers[places + 1], buyers[places + 2] = bidder, string.format('%.0f', taken[bidder])
    end
    if ticket then
      spent[tickets[i]] = ticket
      used[#used + 1] = string.format('%.0f', ticket)
      used[#used + 1] = tickets[i]
    end
    available, held, new[id] = available - units, held + units, hold
    holds[places + 1], holds[places + 2] = id, hold
    due[places + 1], due[places + 2] = '0', sub(blob, at + 36, at + 43) .. id
    places = places + 2
    outcomes[i] = 'H'
  end
end
local answer = { stock[6], now_text, table.concat(outcomes) }
if places == 0 then
  return answer
end

local function store(command, key, pairs_of)
  for from = 1, #pairs_of, 2 * CHUNK do
    call(command, key, unpack(pairs_of, from, math.min(#pairs_of, from + 2 * CHUNK - 1)))
  end
end
if #over > 0 then
  call('ZREMRANGEBYRANK', KEYS[6], 0, #over / 2 - 1)
  call('HSET', KEYS[1], 'pruned', string.format('%.0f', pruned))
end
store('ZADD', KEYS[6], used)
store('HSET', KEYS[2], holds)
store('HSET', KEYS[3], buyers)
store('ZADD', KEYS[4], due)
store('ZADD', KEYS[5], waiting)
call('HSET', KEYS[1], 'available', string.format('%.0f', available), 'held', string.format('%.0f', held), 'queued',
  string.format('%.0f', queued), 'changes', string.format('%.0f', changes + 1))
return answer
