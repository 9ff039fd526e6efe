-- Reads the counters, the seats and the cohorts of one moment. A server that is not the one which wrote last (its run
-- marker differs) may have lost its last writes: then a new epoch begins, above the high-water mark.
-- KEYS 1 meta, 2 seats, 3 holders, 4 cohorts, 5 policy, 6 door
-- ARGV 1 now_ms or '', 2 run marker of the server, 3 recovery_ms, 4 how long one who was seen at the door stays there
-- Returns {now_ms, seats, policy, the fields of meta as name, value, .. (as text), '', cohorts .., '', ranks at the
-- door ..}
-- @include clock
-- @include room
-- @include door
-- @include seats
local meta = KEYS[1]
local now = clock(ARGV[1])
local room = read_room(meta, { 'epoch', 'issued', 'high_water', 'rate', 'tokens', 'tokens_at', 'lost' })
if not room then return EMPTY end
local run = redis.call('HGET', meta, 'run')
if run ~= ARGV[2] then
  if run ~= '' then
    redis.call('HSET', meta, 'epoch', room.epoch + 1, 'version', 1, 'issued', math.max(room.issued, room.high_water),
      'recover_until', now + tonumber(ARGV[3]), 'owner', '', 'owner_until', 0)
  end
  redis.call('HSET', meta, 'run', ARGV[2])
end
refill(room, now)
local reply = { now, held_seats(meta, KEYS[2], KEYS[3], now), redis.call('GET', KEYS[5]) or '' }
for _, value in ipairs(redis.call('HGETALL', meta)) do reply[#reply + 1] = value end
reply[#reply + 1], reply[#reply + 2] = 'door_tokens', int(room.tokens)
reply[#reply + 1], reply[#reply + 2] = 'door_lost', int(room.lost)
reply[#reply + 1] = ''
for _, cohort in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do reply[#reply + 1] = cohort end
reply[#reply + 1] = ''
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now - tonumber(ARGV[4]))
for _, rank in ipairs(redis.call('ZRANGE', KEYS[6], 0, 9999)) do reply[#reply + 1] = rank end
return reply
