-- Changes the phase of a room, as an operator says; a step that was planned before is refused.
-- KEYS 1 meta, 2 events
-- ARGV 1 now_ms or '', 2 phase, 3 with a pause: when it goes on (ms), or 0, 4 with a pause: the operator's words
-- Returns 1
-- @include clock
-- @include room
-- @include door
-- @include journal
-- @include phase
local meta, now = KEYS[1], clock(ARGV[1])
local room = read_room(meta, { 'version', 'idle_ms', 'rest_until' })
if not room then return EMPTY end
change_phase(meta, KEYS[2], room, ARGV[2], now, tonumber(ARGV[3]), ARGV[4])
redis.call('HSET', meta, 'phase_set', int(now), 'version', int(room.version + 1))
return 1
