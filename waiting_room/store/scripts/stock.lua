-- Notes how many units the shop has left to sell: no more are let in than can buy.
-- KEYS 1 meta, 2 events
-- ARGV 1 now_ms or '', 2 units, or '' where nobody knows any more
-- Returns 1
-- @include clock
-- @include room
-- @include door
-- @include journal
-- @include modes
-- @include stock
local room = read_room(KEYS[1], { 'capacity', 'rate' })
if not room then return EMPTY end
redis.call('HSET', KEYS[1], 'stock', ARGV[2])
cap_seats(KEYS[1])
local before = room.capacity
room.capacity = tonumber(redis.call('HGET', KEYS[1], 'capacity'))
if room.capacity ~= before then note_limits(KEYS[1], KEYS[2], room, clock(ARGV[1])) end
return 1
