-- Raises the high-water mark, up to which numbers may be given out.
-- KEYS 1 meta
-- ARGV 1 how far above the last number
-- Returns 1
-- @include room
local room = read_room(KEYS[1], { 'issued', 'high_water' })
if not room then return EMPTY end
redis.call('HSET', KEYS[1], 'high_water', string.format('%.0f', math.max(room.high_water, room.issued + ARGV[1])))
return 1
