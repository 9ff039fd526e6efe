-- Keeps the seats that gates saw in use, notes the stages that the shop put them in, gives back those that are done, and
-- tells what a gate must know. Who pays holds the seat for as long as a payment may last. After a loss of state, passes
-- put their seats back, within capacity.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 ended
-- ARGV 1 now_ms or '', 2 number of touched seats, 3 number of stages, then seat, end_ms of the pass of each touched one,
-- then seat, stage, since when ('': now) of each stage, then released seats
-- Returns {now_ms, phase, straight 0|1, epoch, how often the list of those turned away was changed, places in the list
-- (from 1) of seats no longer held ..}
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include journal
-- @include modes
-- @include seats
local meta, seats, holders, events, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now = clock(ARGV[1])
local room = read_room(meta, { 'capacity', 'standby_seats', 'rate', 'idle_ms', 'session_ms', 'tokens', 'tokens_at',
  'lost', 'expected', 'recover_until', 'peak', 'payment_ms', 'epoch', 'revocations' })
if not room then return EMPTY end
refill(room, now)
local held = held_seats(meta, seats, holders, events, ended, now)
local touched, stages = tonumber(ARGV[2]), tonumber(ARGV[3])
local gone, back = {}, {}
-- Written all at once: a call for each seat would take ten times as long, and hold up every join meanwhile.
local holding, latest = {}, now
local function hold(seat, holder)
  local ends = math.min(now + room.idle_ms, holder.hard)
  if holder.stage == 'payment' then ends = math.max(ends, holder.since + room.payment_ms) end
  holding[#holding + 1] = int(ends)
  holding[#holding + 1] = seat
  latest = math.max(latest, ends)
end
local function put_back(seat, hard)
  if now >= room.recover_until or hard <= now or full(room, held) then return false end
  local holder = { issued = now, hard = hard, stage = '', since = 0, visitor = '' }
  write_holder(holders, seat, holder)
  hold(seat, holder)
  held, back[#back + 1] = held + 1, seat
  pass_by(meta, room, seat)
  return true
end
local named = {}
for i = 1, touched do named[i] = ARGV[2 + 2 * i] end
local known = touched > 0 and redis.call('HMGET', holders, unpack(named)) or {}
for i, seat in ipairs(named) do
  local holder = read_holder(known[i])
  if holder then
    hold(seat, holder)
  elseif not put_back(seat, tonumber(ARGV[3 + 2 * i])) then
    gone[#gone + 1] = i
  end
end
note(meta, events, 'back', now, back)
for i = 1 + 2 * touched, 2 * touched + 3 * stages, 3 do
  local seat, stage, since = ARGV[3 + i], ARGV[4 + i], tonumber(ARGV[5 + i]) or now
  local holder = read_holder(redis.call('HGET', holders, seat))
  if holder then
    local lasts = holder.stage == 'payment' and holder.since + room.payment_ms > now
    if stage ~= 'payment' or not lasts then holder.stage, holder.since = stage, since end
    write_holder(holders, seat, holder)
    hold(seat, holder)
  end
end
if #holding > 0 then
  redis.call('ZADD', seats, unpack(holding))
  keep(seats, latest - now + 60000)
  keep(holders, latest - now + 60000)
end
local released = {}
for i = 4 + 2 * touched + 3 * stages, #ARGV do released[#released + 1] = ARGV[i] end
held = held - end_seats(meta, seats, holders, events, now, 'released', released)
redis.call('HSET', meta, 'peak', int(math.max(room.peak, held)))
local passes = straight(room, now, held, all_called(meta, room, ''))
return { now, room.phase, passes and 1 or 0, room.epoch, room.revocations, unpack(gone) }
