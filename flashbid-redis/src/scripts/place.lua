#!lua
-- Places a batch of bids, all in one step: everything that could fail is read and checked before the first write.
--
-- KEYS    campaign, bid, bid_details, bidders, events, bid_tickets (if there are tickets)
-- ARGV    for each bid its time (i64, nothing for this server's) and ticket (16 id, i64 expiry, nothing without one);
--         and what is asked (16 id, 16 bidder, u64 price, u64 weight, u8 named, name)
-- Answer  epoch, start, outcomes: 'A' and what the bid became, 'R' and the record of the first time, 'N' too early,
--         'E' too late, 'T' the ticket is spent
--
-- A ticket that let a bid in is kept in `bid_tickets` by its expiry, until the book's own time is past that.
-- A record is what the bid became (u32 length of all that follows, u64 score, u32 rank, u64 sequence, i64 time,
-- u64 elapsed, u32 number) and what was asked. A standing is its member in the ranking (big-endian sequence, id), u64 score and
-- u32 number of bids. The ranking has the scores negated, so that it begins with the best and, of two equal scores,
-- with the smaller member, which is the one of the earlier sequence.
local call, pack, unpacked, sub, floor = redis.call, struct.pack, struct.unpack, string.sub, math.floor
local CHUNK, BECAME, TICKET = 1000, 40, 24

local here = string.match(call('INFO', 'replication'), 'master_replid.(%w+)')
local book = call('HMGET', KEYS[1], 'epoch', 'start', 'end', 'alpha', 'beta', 'gamma', 'best', 'sealed', 'last', 'time',
  'bids', 'max_price', 'server')
if not book[1] or book[13] ~= here then
  return redis.error_reply('NOTFOUND there is no book')
end
local epoch, start_text, number = book[1], book[2], {}
for field = 1, 12 do
  number[field] = tonumber(book[field])
  if not number[field] then
    return redis.error_reply('CORRUPT the book lacks a figure')
  end
end
local start, finish, alpha, beta, gamma = number[2], number[3], number[4], number[5], number[6]
local best, sealed, last, time, bids, max_price =
  number[7] == 1, number[8] == 1, number[9], number[10], number[11], number[12]
if #ARGV == 0 then
  return { epoch, start_text, '' }
end

local function fetch(command, key, fields)
  local values = call(command, key, unpack(fields, 1, math.min(#fields, CHUNK)))
  for from = CHUNK + 1, #fields, CHUNK do
    for _, value in ipairs(call(command, key, unpack(fields, from, math.min(#fields, from + CHUNK - 1)))) do
      values[#values + 1] = value
    end
  end
  return values
end

local times, tickets, ids, bidders, prices, weights = {}, {}, {}, {}, {}, {}
local shown, spent, over = {}, {}, {}
for i = 1, #ARGV / 2 do
  local terms = ARGV[2 * i - 1]
  times[i] = #terms % TICKET == 8 and unpacked('<i8', terms)
  if #terms >= TICKET then
    tickets[i] = sub(terms, -TICKET)
    shown[#shown + 1] = sub(tickets[i], 1, 16)
  end
  ids[i], bidders[i], prices[i], weights[i] = unpacked('<c16c16I8I8', ARGV[2 * i])
end
local known, standings = fetch('HMGET', KEYS[3], ids), fetch('HMGET', KEYS[4], bidders)
local members, scores, counts = {}, {}, {}
for i = 1, #bidders do
  local standing = standings[i]
  if not standing then
    counts[bidders[i]] = 0
  elseif #standing == 36 then
    local bidder = bidders[i]
    members[bidder] = sub(standing, 1, 24)
    scores[bidder], counts[bidder] = unpacked('<I8I4', standing, 25)
  else
    return redis.error_reply('CORRUPT a standing has another length')
  end
end
if call('ZCARD', KEYS[2]) ~= call('HLEN', KEYS[4]) then
  return redis.error_reply('CORRUPT the ranking and the standings differ')
end
if #call('XRANGE', KEYS[5], string.format('(%.0f-0', last), '+', 'COUNT', 1) > 0 then
  return redis.error_reply('CORRUPT there are events behind the last')
end
if #shown > 0 then
  for i, expiry in ipairs(fetch('ZMSCORE', KEYS[6], shown)) do
    spent[shown[i]] = expiry
  end
  over = call('ZRANGE', KEYS[6], '-inf', string.format('%.0f', time), 'BYSCORE', 'LIMIT', 0, 2 * #shown)
end
local clock = call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)

-- Exact: alpha < 2^20, prices and parts are cut so that every product and sum stays below 2^53, and what is carried
-- as thousands is even, so the parity that a half is rounded by is that of the lower part. A quotient below 2^44 is
-- farther from the next integer than a double is imprecise.
local CUT = 10000000
local gamma_high = floor(gamma / CUT)
local gamma_low = gamma - gamma_high * CUT
local function score_of(price, weight, elapsed)
  local price_high = floor(price / CUT)
  local high = alpha * price_high + gamma_high * weight
  local low = alpha * (price - price_high * CUT) + gamma_low * weight
  local units = floor(low / 10000)
  local rest = low - units * 10000
  if rest > 5000 or (rest == 5000 and units % 2 == 1) then
    units = units + 1
  end
  return high * 1000 + units + floor(beta / (elapsed + 1))
end

local function is_spent(ticket, at)
  local id, expiry = unpacked('<c16i8', ticket)
  return expiry <= at or spent[id]
end
local outcomes, told, placed, records, moved, used, accepted = {}, 0, {}, {}, {}, {}, 0
for i = 1, #ids do
  local id, ticket = ids[i], tickets[i]
  local record = placed[id] or known[i]
  local at = math.max(times[i] or now, time)
  if record then
    outcomes[told + 1], outcomes[told + 2] = 'R', record
    told = told + 2
  elseif sealed or at >= finish then
    told = told + 1
    outcomes[told] = 'E'
  elseif at < start then
    told = told + 1
    outcomes[told] = 'N'
  elseif ticket and is_spent(ticket, at) then
    told = told + 1
    outcomes[told] = 'T'
  else
    local bidder, elapsed = bidders[i], at - start
    local score = score_of(prices[i], weights[i], elapsed)
    local member, count = members[bidder], counts[bidder] + 1
    last, time, accepted = last + 1, at, accepted + 1
    counts[bidder], moved[bidder] = count, true
    if not (best and member and score <= scores[bidder]) then
      if member then
        call('ZREM', KEYS[2], member)
      end
      member = pack('>I8', last) .. id
      call('ZADD', KEYS[2], 0 - score, member)
      members[bidder], scores[bidder] = member, score
    end
    local rank = call('ZRANK', KEYS[2], member) + 1
    local asked = ARGV[2 * i]
    local became = pack('<I4I8I4I8i8I8I4', BECAME + #asked, score, rank, last, at, elapsed, count)
    record = became .. asked
    placed[id], records[accepted] = record, record
    if ticket then
      local ticket_id, expiry = unpacked('<c16i8', ticket)
      spent[ticket_id] = expiry
      used[#used + 1] = string.format('%.0f', expiry)
      used[#used + 1] = ticket_id
    end
    max_price = math.max(max_price, prices[i])
    outcomes[told + 1], outcomes[told + 2] = 'A', became
    told = told + 2
  end
end
if accepted == 0 then
  return { epoch, start_text, table.concat(outcomes) }
end

local function store(command, key, pairs_of)
  for from = 1, #pairs_of, 2 * CHUNK do
    call(command, key, unpack(pairs_of, from, math.min(#pairs_of, from + 2 * CHUNK - 1)))
  end
end
local details, entries = {}, {}
for id, record in pairs(placed) do
  details[#details + 1] = id
  details[#details + 1] = record
end
for bidder in pairs(moved) do
  entries[#entries + 1] = bidder
  entries[#entries + 1] = members[bidder] .. pack('<I8I4', scores[bidder], counts[bidder])
end
if #over > 0 then
  call('ZREMRANGEBYRANK', KEYS[6], 0, #over - 1)
end
store('ZADD', KEYS[6], used)
store('HSET', KEYS[3], details)
store('HSET', KEYS[4], entries)
call('XADD', KEYS[5], string.format('%.0f-0', last), 'n', accepted, 'b', table.concat(records))
call('HSET', KEYS[1], 'last', string.format('%.0f', last), 'time', string.format('%.0f', time), 'bids',
  string.format('%.0f', bids + accepted), 'max_price', string.format('%.0f', max_price))
return { epoch, start_text, table.concat(outcomes) }
