-- Raises the high-water mark of a lane, up to which numbers may be given out.
-- KEYS 1 meta
-- ARGV 1 lane, 2 how far above the last number
-- Returns 1
-- @include room
-- @include lanes
local issued, mark = of(ARGV[1], 'issued'), of(ARGV[1], 'high_water')
local room = read_room(KEYS[1], { issued, mark })
if not room then return EMPTY end
redis.call('HSET', KEYS[1], mark, string.format('%.0f', math.max(room[mark], room[issued] + ARGV[2])))
return 1
