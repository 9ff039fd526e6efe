-- Reads the counters, the seats, the cohorts and, where a record is due, the journal of one moment. A server that is not the one which wrote last (its run
-- marker differs) may have lost its last writes: then a new epoch begins, above the high-water marks.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 ended, 6 policy, 7 health, 8.. for each lane: cohorts, door
-- ARGV 1 now_ms or '', 2 run marker of the server, 3 recovery_ms, 4 how long one who was seen at the door stays there,
-- 5-6 after how many ms, or events, a record is due, 7 by how much a new epoch raises the marks ahead
-- Returns {now_ms, seats, policy, the fields of meta as name, value, .. (as text), '', records of health .., '', then for
-- each lane: cohorts .., '', ranks at the door .., '', and at the end 1 and the journal, or 0 where no record is due}
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include gaps
-- @include journal
-- @include seats
local meta, events = KEYS[1], KEYS[4]
local now = clock(ARGV[1])
local room = read_room(meta, { 'epoch', 'rate', 'tokens', 'tokens_at', 'lost', 'audit_at' })
if not room then return EMPTY end
local function begin_epoch()
  for lane in string.gmatch(room.lanes, '[^,]+') do
    local marks = redis.call('HMGET', meta, of(lane, 'issued'), of(lane, 'high_water'))
    local issued = tonumber(marks[1]) or 0
    local mark = math.max(issued, tonumber(marks[2]) or 0)
    leave_out(meta, lane, issued + 1, mark)
    redis.call('HSET', meta, of(lane, 'issued'), int(mark), of(lane, 'high_water'), int(mark + tonumber(ARGV[7])))
  end
  redis.call('HSET', meta, 'epoch', room.epoch + 1, 'began', now, 'version', 1, 'recover_until', now + tonumber(ARGV[3]),
    'owner', '', 'owner_until', 0)
  note(meta, events, 'epoch', now, { int(room.epoch + 1) })
end
local run = redis.call('HGET', meta, 'run')
if run ~= ARGV[2] then
  if run ~= '' then begin_epoch() end
  redis.call('HSET', meta, 'run', ARGV[2])
end
refill(room, now)
local reply = { now, held_seats(meta, KEYS[2], KEYS[3], events, KEYS[5], now), redis.call('GET', KEYS[6]) or '' }
for _, value in ipairs(redis.call('HGETALL', meta)) do reply[#reply + 1] = value end
for _, value in ipairs({ 'door_tokens', int(room.tokens), 'door_lost', int(room.lost), '' }) do
  reply[#reply + 1] = value
end
for _, record in ipairs(redis.call('LRANGE', KEYS[7], 0, -1)) do reply[#reply + 1] = record end
reply[#reply + 1] = ''
for i = 8, #KEYS, 2 do
  for _, cohort in ipairs(redis.call('LRANGE', KEYS[i], 0, -1)) do reply[#reply + 1] = cohort end
  reply[#reply + 1] = ''
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], '-inf', now - tonumber(ARGV[4]))
  for _, rank in ipairs(redis.call('ZRANGE', KEYS[i + 1], 0, 9999)) do reply[#reply + 1] = rank end
  reply[#reply + 1] = ''
end
local due = now - room.audit_at >= tonumber(ARGV[5]) or redis.call('LLEN', events) >= tonumber(ARGV[6])
reply[#reply + 1] = due and 1 or 0
if due then
  for _, event in ipairs(redis.call('LRANGE', events, 0, -1)) do reply[#reply + 1] = event end
end
return reply
