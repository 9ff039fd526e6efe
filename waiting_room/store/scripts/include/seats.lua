-- Frees the seats whose end has come, 500 at most at a time, and returns how many are held. In a break, and until every
-- seat has had its idle time after it, only those are over whose end came before the break.
local function held_seats(meta, seats, holders, events, now)
  local over, rest = now, redis.call('HMGET', meta, 'rest_from', 'rest_until')
  if now < (tonumber(rest[2]) or 0) then over = math.min(now, tonumber(rest[1])) end
  local ended = redis.call('ZRANGEBYSCORE', seats, '-inf', over, 'LIMIT', 0, 500)
  if #ended > 0 then
    redis.call('ZREM', seats, unpack(ended))
    redis.call('HDEL', holders, unpack(ended))
    redis.call('HINCRBY', meta, 'expired', #ended)
    note(meta, events, 'expired', now, ended)
  end
  return redis.call('ZCARD', seats)
end
-- Ends the seats that are named and held, by an act of somebody's, and returns how many.
local function end_seats(meta, seats, holders, events, now, act, named)
  local ended = {}
  for _, seat in ipairs(named) do
    if redis.call('ZREM', seats, seat) == 1 then ended[#ended + 1] = seat end
    redis.call('HDEL', holders, seat)
  end
  note(meta, events, act, now, ended)
  return #ended
end
-- Gives a seat: held until idle end or hard end, whichever comes first; returns the hard end. One beyond capacity is
-- counted, whoever is to blame.
local function give_seat(meta, seats, holders, seat, room, now)
  local hard = now + room.session_ms
  redis.call('ZADD', seats, math.min(now + room.idle_ms, hard), seat)
  if room.mode ~= 3 and redis.call('ZCARD', seats) > room.capacity then redis.call('HINCRBY', meta, 'over', 1) end
  redis.call('HSET', holders, seat, int(now) .. ':' .. int(hard))
  redis.call('PEXPIRE', seats, room.session_ms + 60000)
  redis.call('PEXPIRE', holders, room.session_ms + 60000)
  return hard
end
