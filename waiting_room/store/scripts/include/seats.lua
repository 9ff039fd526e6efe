-- Who holds a seat: 'issued:hard end:stage:since:visitor'. The stage is '', 'basket' or 'payment', and `since` the time at
-- which it was entered; seats that were put back after a loss have no visitor.
local function read_holder(text)
  local issued, hard, stage, since, visitor = string.match(text or '', '^(%d+):(%d+):?(%a*):?(%d*):?(.*)$')
  if not issued then return nil end
  return { issued = tonumber(issued), hard = tonumber(hard), stage = stage, since = tonumber(since) or 0,
    visitor = visitor }
end
local function write_holder(holders, seat, holder)
  local since = holder.since > 0 and int(holder.since) or ''
  redis.call('HSET', holders, seat, int(holder.issued) .. ':' .. int(holder.hard) .. ':' .. holder.stage .. ':' .. since
    .. ':' .. holder.visitor)
end
-- Returns the visitor of a `joined` key: what stands behind its last colon.
local function visitor_of(key) return string.match(key, '[^:]*$') end
-- Lets a key live for at least so many ms more; new settings never shorten what lasts.
local function keep(key, ms)
  if redis.call('PEXPIRE', key, int(ms), 'NX') == 0 then redis.call('PEXPIRE', key, int(ms), 'GT') end
end
-- Frees the seats whose end has come, 500 at most at a time, and returns how many are held. In a break, and until every
-- seat has had its idle time after it, only those are over whose end came before the break. Who had a basket may come
-- back for a while.
local function held_seats(meta, seats, holders, events, ended, now)
  local until_ms, rest = now, redis.call('HMGET', meta, 'rest_from', 'rest_until')
  if now < (tonumber(rest[2]) or 0) then until_ms = math.min(now, tonumber(rest[1])) end
  local over = redis.call('ZRANGEBYSCORE', seats, '-inf', until_ms, 'LIMIT', 0, 500)
  if #over > 0 then
    local window = tonumber(redis.call('HGET', meta, 'return_ms')) or 0
    for _, text in ipairs(window > 0 and redis.call('HMGET', holders, unpack(over)) or {}) do
      local holder = read_holder(text)
      if holder and holder.stage ~= '' and holder.visitor ~= '' then
        redis.call('ZADD', ended, int(now + window), holder.visitor)
        keep(ended, window + 60000)
      end
    end
    redis.call('ZREMRANGEBYSCORE', ended, '-inf', int(now))
    redis.call('ZREM', seats, unpack(over))
    redis.call('HDEL', holders, unpack(over))
    redis.call('HINCRBY', meta, 'expired', #over)
    note(meta, events, 'expired', now, over)
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
local function give_seat(meta, seats, holders, seat, visitor, room, now)
  local hard = now + room.session_ms
  redis.call('ZADD', seats, math.min(now + room.idle_ms, hard), seat)
  if room.mode ~= 3 and redis.call('ZCARD', seats) > room.capacity then redis.call('HINCRBY', meta, 'over', 1) end
  write_holder(holders, seat, { issued = now, hard = hard, stage = '', since = 0, visitor = visitor })
  keep(seats, room.session_ms + 60000)
  keep(holders, room.session_ms + 60000)
  return hard
end
