-- Turns called ranks into seats: never beyond capacity, never faster than the door's pace, each ticket once; a
-- repeated claim finds the same seat.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 ended, 6.. door of each lane, then for each claim: claimed bitmap,
-- joined key
-- ARGV 1 now_ms or '', 2 number of lanes, then their names, then for each claim: place of its lane (from 1), rank,
-- number
-- Returns {now_ms, in how many ms the door's bucket overflows, then code, issued_ms, hard_end_ms of each}; codes as
-- ports.ClaimCode
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include journal
-- @include modes
-- @include seats
local meta, seats, holders, events, lanes = KEYS[1], KEYS[2], KEYS[3], KEYS[4], tonumber(ARGV[2])
local now = clock(ARGV[1])
local names = { 'capacity', 'rate', 'idle_ms', 'session_ms', 'tokens', 'tokens_at', 'lost', 'admitted', 'peak',
  'recover_until' }
for place = 1, lanes do names[#names + 1] = of(ARGV[2 + place], 'frontier') end
local room = read_room(meta, names)
if not room then return EMPTY end
refill(room, now)
local held = held_seats(meta, seats, holders, events, KEYS[5], now)
local entered, called = {}, {}
for place = 1, lanes do called[place] = room[of(ARGV[2 + place], 'frontier')] end
local function claim(place, rank, number, bitmap, joined)
  local lane, door = ARGV[2 + place], KEYS[5 + place]
  local seat = lane .. '.' .. int(rank)
  local holder = redis.call('HGET', holders, seat)
  if holder then
    local issued, hard = string.match(holder, '(%d+):(%d+)')
    return 2, tonumber(issued), tonumber(hard)
  end
  if redis.call('GETBIT', bitmap, rank % 65536) == 1 then return -4 end
  if room.phase == 'closed' then return -6 end
  if now < room.recover_until then return -7 end
  if room.phase == 'paused' or room.phase == 'prequeue' or room.mode == HOLD then return -5 end
  if rank >= called[place] then return -1 end
  if full(room, held) or room.tokens < price(room) then
    redis.call('ZADD', door, now, int(rank))
    return full(room, held) and -2 or -3
  end
  redis.call('ZREM', door, int(rank))
  redis.call('SETBIT', bitmap, rank % 65536, 1)
  redis.call('PEXPIRE', bitmap, 86400000)
  redis.call('SET', joined, int(number) .. 's' .. int(rank), 'PX', 60000)
  entered[#entered + 1] = seat
  room.tokens, room.admitted, held = room.tokens - price(room), room.admitted + 1, held + 1
  return 1, now, give_seat(meta, seats, holders, seat, visitor_of(joined), room, now)
end
local reply = { now, 0 }
for i = 1, (#ARGV - 2 - lanes) / 3 do
  local place, rank, number = unpack(ARGV, 3 * i + lanes, 3 * i + lanes + 2)
  local bitmap, joined = KEYS[4 + lanes + 2 * i], KEYS[5 + lanes + 2 * i]
  local code, issued, hard = claim(tonumber(place), tonumber(rank), tonumber(number), bitmap, joined)
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = code, issued or 0, hard or 0
end
reply[2] = overflows_in(room)
for place = 1, lanes do redis.call('PEXPIRE', KEYS[5 + place], 60000) end
note(meta, events, 'claimed', now, entered)
redis.call('HSET', meta, 'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', int(room.lost),
  'admitted', int(room.admitted), 'peak', int(math.max(room.peak, held)))
return reply
