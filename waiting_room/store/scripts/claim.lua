-- Turns called ranks into seats: never beyond capacity, never faster than the door's pace, each ticket once; a
-- repeated claim finds the same seat.
-- KEYS 1 meta, 2 seats, 3 holders, 4 door, 5.. for each claim: claimed bitmap, joined key
-- ARGV 1 now_ms or '', 2 lane, 3.. rank of each claim
-- Returns {now_ms, in how many ms the door's bucket overflows, then code, issued_ms, hard_end_ms of each}; codes as
-- ports.ClaimCode
-- @include clock
-- @include room
-- @include door
-- @include seats
local meta, seats, holders, lane = KEYS[1], KEYS[2], KEYS[3], ARGV[2]
local now = clock(ARGV[1])
local room = read_room(meta, { 'frontier', 'capacity', 'rate', 'idle_ms', 'session_ms', 'tokens', 'tokens_at',
  'lost', 'admitted', 'peak', 'recover_until' })
if not room then return EMPTY end
refill(room, now)
local held = held_seats(meta, seats, holders, now)
local function claim(rank, bitmap, joined)
  local seat = lane .. '.' .. int(rank)
  local holder = redis.call('HGET', holders, seat)
  if holder then
    local issued, hard = string.match(holder, '(%d+):(%d+)')
    return 2, tonumber(issued), tonumber(hard)
  end
  if redis.call('GETBIT', bitmap, rank % 65536) == 1 then return -4 end
  if room.phase == 'closed' then return -6 end
  if now < room.recover_until then return -7 end
  if room.phase == 'paused' then return -5 end
  if rank >= room.frontier then return -1 end
  if held >= room.capacity or room.tokens < ADMISSION then
    redis.call('ZADD', KEYS[4], now, int(rank))
    return held >= room.capacity and -2 or -3
  end
  redis.call('ZREM', KEYS[4], int(rank))
  redis.call('SETBIT', bitmap, rank % 65536, 1)
  redis.call('PEXPIRE', bitmap, 86400000)
  redis.call('SET', joined, int(rank) .. 's', 'PX', 60000)
  room.tokens, room.admitted, held = room.tokens - ADMISSION, room.admitted + 1, held + 1
  return 1, now, give_seat(meta, seats, holders, seat, room, now)
end
local reply = { now, 0 }
for i = 3, #ARGV do
  local code, issued, hard = claim(tonumber(ARGV[i]), KEYS[2 * i - 1], KEYS[2 * i])
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = code, issued or 0, hard or 0
end
reply[2] = overflows_in(room)
redis.call('PEXPIRE', KEYS[4], 60000)
redis.call('HSET', meta, 'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', int(room.lost),
  'admitted', int(room.admitted), 'peak', int(math.max(room.peak, held)))
return reply
