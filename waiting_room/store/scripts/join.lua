-- Gives each visitor one number of a lane, however often they ask within a minute (each stands once in a call); lets
-- them straight in while nobody waits in any lane, nobody is expected and a seat is free. Order within the call is kept.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 ended, 6-7 present bitmaps of chunk C and C+1, 8-9 claimed bitmaps of C
-- and C+1, 10.. joined
-- ARGV 1 now_ms or '', 2 lane, 3 C, 4 round of the draw that the present bitmaps are of
-- Returns {now_ms, issued, round of the room, then code, number, issued_ms, hard_end_ms of each}; code 1 new, 2 same,
-- 3 straight, 4 new and waiting for a draw, -1 closed, -2 draining, -7 recovering after a loss: no number is given
-- before every worker has added what it knows, -8 the number lies beyond the chunks, -9 it lies
-- beyond the high-water mark, -10 the room is in another round
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include journal
-- @include modes
-- @include seats
local meta, seats, holders, events, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, lane, first = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local ISSUED, FRONTIER, HIGH_WATER = of(lane, 'issued'), of(lane, 'frontier'), of(lane, 'high_water')
local room = read_room(meta, { ISSUED, FRONTIER, HIGH_WATER, 'draw_first', 'draw_round', 'capacity', 'standby_seats', 'rate',
  'idle_ms', 'session_ms', 'tokens', 'tokens_at', 'lost', 'admitted', 'peak', 'expected', 'recover_until', 'version' })
if not room then return EMPTY end
know(meta, room, lane)
local issued, frontier = room[ISSUED], math.max(1, room[FRONTIER])
refill(room, now)
local held = held_seats(meta, seats, holders, events, ended, now)
local known = redis.call('MGET', unpack(KEYS, 10))
local others, calm = all_called(meta, room, lane), room.crowded
local reply, entered = { now, 0, room.draw_round }, {}
local function answer(code, number, since, hard)
  for _, value in ipairs({ code, number, since or 0, hard or 0 }) do reply[#reply + 1] = value end
end
local function enter(number, key)
  entered[#entered + 1] = lane .. '.' .. int(number)
  local hard = give_seat(meta, seats, holders, entered[#entered], visitor_of(key), room, now)
  redis.call('SETBIT', KEYS[8 + math.floor(number / 65536) - first], number % 65536, 1)
  redis.call('SET', key, int(number) .. 's' .. int(number), 'PX', 60000)
  room.tokens, frontier, room.admitted = room.tokens - price(room), math.max(frontier, number + 1), room.admitted + 1
  held, room.version = held + 1, room.version + 1
  answer(3, number, now, hard)
end
local function newcomer(key)
  local number = issued + 1
  local chunk = math.floor(number / 65536) - first
  local refusal = room.phase == 'closed' and -1 or room.phase == 'draining' and -2 or now < room.recover_until and -7
    or number > room[HIGH_WATER] and -9 or (chunk > 1 or chunk < 0) and -8
  if refusal then return answer(refusal, 0) end
  if room.draw_round ~= tonumber(ARGV[4]) then return answer(-10, 0) end
  issued = number
  if straight(room, now, held, others and frontier >= number) then return enter(number, key) end
  if room.mode == STANDBY and room.crowded == 0 then room.crowded = now end
  redis.call('SETBIT', KEYS[6 + chunk], number % 65536, 1)
  redis.call('SET', key, int(number), 'PX', 60000)
  answer(room.draw_first > 0 and 4 or 1, number)
end
for i = 10, #KEYS do
  local value = known[i - 9]
  local number, seated = string.match(value or '', '(%d+)s?(%d*)')
  local holder = number and redis.call('HGET', holders, lane .. '.' .. (seated ~= '' and seated or number))
  if holder then
    local since, hard = string.match(holder, '(%d+):(%d+)')
    answer(3, tonumber(number), tonumber(since), tonumber(hard))
  elseif number and seated == '' then
    answer(2, tonumber(number))
  else
    newcomer(KEYS[i])
  end
end
for i = 6, 9 do redis.call('PEXPIRE', KEYS[i], 86400000) end
note(meta, events, 'straight', now, entered)
if room.crowded ~= calm then turn(meta, events, room, now) end
redis.call('HSET', meta, ISSUED, int(issued), FRONTIER, int(frontier), 'tokens', int(room.tokens),
  'tokens_at', int(room.tokens_at), 'lost', int(room.lost), 'admitted', int(room.admitted),
  'peak', int(math.max(room.peak, held)), 'version', int(room.version), 'crowded', int(room.crowded))
reply[2] = issued
return reply
