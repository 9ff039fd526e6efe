-- Gives a place or a seat back at once; a second time changes nothing.
-- KEYS 1 meta, 2 seats, 3 holders, 4 joined, 5-6 present bitmaps of this slot and the one before
-- ARGV 1 seat, 2 rank
-- Returns 1 where there was a seat or a present place, else 0
-- @include room
if not read_room(KEYS[1], {}) then return EMPTY end
local found = redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])
for i = 5, 6 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    found = found + redis.call('SETBIT', KEYS[i], tonumber(ARGV[2]) % 65536, 0)
  end
end
return math.min(1, found)
