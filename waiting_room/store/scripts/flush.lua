-- Adds a worker's check-ins of one lane to the present slot, and lifts the counter to the highest number that a visitor
-- showed: a store that lost its last writes learns from the tickets. Doing it twice changes nothing. Bits of an earlier
-- round than the room's are of people who have other ranks now, and are left out.
-- KEYS 1 meta, 2 scratch, 3.. present bitmap of each chunk
-- ARGV 1 lane, 2 highest number, 3 round of the draw that the ranks are of, 4.. the bits of each chunk
-- Returns 1
-- @include room
-- @include lanes
local issued, high_water = of(ARGV[1], 'issued'), of(ARGV[1], 'high_water')
local room = read_room(KEYS[1], { issued, high_water, 'version', 'draw_round' })
if not room then return EMPTY end
know(KEYS[1], room, ARGV[1])
for i = 3, room.draw_round == tonumber(ARGV[3]) and #KEYS or 0 do
  redis.call('SET', KEYS[2], ARGV[i + 1], 'PX', 1000)
  redis.call('BITOP', 'OR', KEYS[i], KEYS[i], KEYS[2])
  redis.call('PEXPIRE', KEYS[i], 86400000)
end
redis.call('DEL', KEYS[2])
local highest = tonumber(ARGV[2])
if highest > room[issued] then
  redis.call('HSET', KEYS[1], issued, ARGV[2], 'version', room.version + 1,
    high_water, math.max(room[high_water], highest))
end
return 1
