-- Closes a room because nothing is left to sell; those inside keep their seats.
-- KEYS 1 meta, 2 events
-- ARGV 1 now_ms or ''
-- Returns 1
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include gaps
-- @include draw
-- @include journal
-- @include phase
local meta, now = KEYS[1], clock(ARGV[1])
local room = read_room(meta, { 'version', 'idle_ms', 'rest_until', 'draw_first' })
if not room then return EMPTY end
change_phase(meta, KEYS[2], room, 'closed', now, 0, '')
redis.call('HSET', meta, 'phase_set', int(now), 'version', int(room.version + 1), 'sold_out', '1')
return 1
