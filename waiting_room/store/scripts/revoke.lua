-- Turns a seat or a visitor away for a time, and frees what they hold; for no time at all it takes that back.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 ended, 6 revoked
-- ARGV 1 now_ms or '', 2 for how many ms, 3 how many may be turned away at once, 4 's' for a seat, 'v' for a visitor, 5 it
-- Returns how many seats were freed, or -1 where too many are turned away already
-- @include clock
-- @include room
-- @include door
-- @include journal
-- @include seats
if not read_room(KEYS[1], {}) then return EMPTY end
local now, entry = clock(ARGV[1]), ARGV[4] .. ARGV[5]
local until_ms = now + tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now)
if until_ms <= now then
  redis.call('HINCRBY', KEYS[1], 'revocations', redis.call('ZREM', KEYS[6], entry))
  return 0
end
if redis.call('ZCARD', KEYS[6]) >= tonumber(ARGV[3]) and not redis.call('ZSCORE', KEYS[6], entry) then return -1 end
redis.call('ZADD', KEYS[6], until_ms, entry)
local last = redis.call('ZRANGE', KEYS[6], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[6], last[2] - now + 60000)
redis.call('HINCRBY', KEYS[1], 'revocations', 1)
local named = {}
if ARGV[4] == 's' then
  named[1] = ARGV[5]
else
  redis.call('ZREM', KEYS[5], ARGV[5])
  local holders = redis.call('HGETALL', KEYS[3])
  for i = 1, #holders, 2 do
    local holder = read_holder(holders[i + 1])
    if holder and holder.visitor == ARGV[5] then named[#named + 1] = holders[i] end
  end
  table.sort(named)
end
return end_seats(KEYS[1], KEYS[2], KEYS[3], KEYS[4], now, 'revoked', named)
