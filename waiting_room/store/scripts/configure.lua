-- Creates a room or changes its settings; those who wait and those inside keep what they have, and a lane that is no
-- longer named keeps its people. A step that was planned by the old ones is refused. A new rate holds at once, but for a
-- room that goes more slowly than it may: the next step decides anew. It ends the rate that a schedule has set.
-- A room that is missing may be lost, and on its way back: it is made only when it has been missed for a while.
-- KEYS 1 meta, 2 policy, 3 events, 4 audit, 5 missed
-- ARGV 1 now_ms or '', 2 run marker, 3 policy, 4 high-water mark, 5 slot_ms, 6 names of the lanes with commas, 7 rate,
-- 8 whether somebody chose that rate 0|1, 9 phase of a new room, 10 rate that its schedule would have set, or -1,
-- 11 for how many ms it must have been missed, 12.. numbers of the policy as name, value; its mode comes first
-- Returns 1 where the room is new, else 0, or EMPTY
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include gaps
-- @include draw
-- @include journal
-- @include modes
-- @include stock
local meta, events, limit = KEYS[1], KEYS[3], tonumber(ARGV[7])
local now = clock(ARGV[1])
local room = read_room(meta, { 'capacity', 'rate', 'rate_limit', 'tokens', 'tokens_at', 'lost' })
if not room and tonumber(ARGV[11]) > 0 then
  redis.call('SET', KEYS[5], int(now), 'PX', 60000, 'NX')
  if now < tonumber(redis.call('GET', KEYS[5])) + tonumber(ARGV[11]) then return EMPTY end
end
redis.call('DEL', KEYS[5])
local step = tonumber(redis.call('HGET', meta, 'rate_step') or (room and -1 or ARGV[10]))
local before = step >= 0 and step or room and room.rate_limit
if room and (ARGV[8] == '1' or room.rate_limit ~= limit) then
  step = -1
  redis.call('HSET', meta, 'rate_set', int(now))
end
local rate = step >= 0 and step or limit
if room then
  refill(room, now)
  redis.call('HSET', meta, 'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', int(room.lost))
  redis.call('HINCRBY', meta, 'version', 1)
  if room.rate ~= before then rate = math.min(room.rate, rate) end
else
  redis.call('DEL', events, KEYS[4])
  note(meta, events, 'created', now, {})
  note(meta, events, 'phase', now, { ARGV[9] })
  redis.call('HSET', meta, 'epoch', 1, 'version', 1, 'phase', ARGV[9], 'run', ARGV[2], 'tokens', ADMISSION,
    'tokens_at', now, 'slot_at', now, 'slot_ms', ARGV[5], 'recover_until', 0, 'owner', '', 'owner_until', 0,
    'ticked', now, 'lanes', ARGV[6], 'scheduled', now, 'born', now, 'began', now)
end
local known = room or { lanes = ARGV[6] }
for lane in string.gmatch(ARGV[6], '[^,]+') do
  know(meta, known, lane)
  redis.call('HSETNX', meta, of(lane, 'issued'), 0)
  redis.call('HSETNX', meta, of(lane, 'frontier'), 1)
  local mark = tonumber(redis.call('HGET', meta, of(lane, 'high_water'))) or 0
  if mark == 0 then redis.call('HSET', meta, of(lane, 'high_water'), ARGV[4]) end
end
redis.call('SET', KEYS[2], ARGV[3])
local mode = tonumber(ARGV[13])
if room and room.mode ~= mode then redis.call('HDEL', meta, 'crowded', 'shadow') end
redis.call('HSET', meta, 'rate', int(rate), 'rate_step', int(step), unpack(ARGV, 12))
cap_seats(meta)
local now_is = { mode = mode, rate = rate, capacity = tonumber(redis.call('HGET', meta, 'capacity')),
  crowded = room and room.mode == mode and room.crowded or 0, tokens = room and room.tokens or ADMISSION }
if not room or now_is.capacity ~= room.capacity or rate ~= room.rate or depth_ms(now_is) ~= depth_ms(room) then
  turn(meta, events, now_is, now)
  redis.call('HSET', meta, 'tokens', int(now_is.tokens))
end
if not room and ARGV[9] == 'prequeue' then gather(meta, known, now) end
return room and 0 or 1
