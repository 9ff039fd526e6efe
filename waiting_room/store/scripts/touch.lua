-- Keeps the seats that gates saw in use, gives back those that are done, and tells what a gate must know. After a
-- loss of state, passes put their seats back, within capacity.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events
-- ARGV 1 now_ms or '', 2 number of touched seats, then seat, hard_end_ms of each, then released seats
-- Returns {now_ms, phase, straight 0|1, places in the list (from 1) of seats no longer held ..}
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include journal
-- @include modes
-- @include seats
local meta, seats, holders, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now = clock(ARGV[1])
local room = read_room(meta, { 'capacity', 'standby_seats', 'rate', 'idle_ms', 'session_ms', 'tokens', 'tokens_at',
  'lost', 'expected', 'recover_until', 'peak' })
if not room then return EMPTY end
refill(room, now)
local held = held_seats(meta, seats, holders, events, now)
local touched = tonumber(ARGV[2])
local gone, back = {}, {}
local function put_back(seat, hard)
  if now >= room.recover_until or hard <= now or full(room, held) then return false end
  redis.call('ZADD', seats, math.min(now + room.idle_ms, hard), seat)
  redis.call('HSET', holders, seat, int(now) .. ':' .. int(hard))
  redis.call('PEXPIRE', seats, room.session_ms + 60000)
  redis.call('PEXPIRE', holders, room.session_ms + 60000)
  held, back[#back + 1] = held + 1, seat
  local lane, rank = string.match(seat, '^([%w-]+)%.(%d+)$')
  if lane then
    know(meta, room, lane)
    local frontier = tonumber(redis.call('HGET', meta, of(lane, 'frontier'))) or 1
    redis.call('HSET', meta, of(lane, 'frontier'), int(math.max(frontier, rank + 1)))
  end
  return true
end
for i = 1, touched do
  local seat, hard = ARGV[1 + 2 * i], tonumber(ARGV[2 + 2 * i])
  if redis.call('ZSCORE', seats, seat) then
    redis.call('ZADD', seats, 'XX', math.min(now + room.idle_ms, hard), seat)
  elseif not put_back(seat, hard) then
    gone[#gone + 1] = i
  end
end
note(meta, events, 'back', now, back)
local released = {}
for i = 3 + 2 * touched, #ARGV do released[#released + 1] = ARGV[i] end
held = held - end_seats(meta, seats, holders, events, now, 'released', released)
redis.call('HSET', meta, 'peak', int(math.max(room.peak, held)))
local passes = straight(room, now, held, all_called(meta, room, ''))
return { now, room.phase, passes and 1 or 0, unpack(gone) }
