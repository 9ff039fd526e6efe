-- Changes the phase of a room, as an operator says; a step that was planned before is refused. An opening holds the draw
-- that was promised: one write, whatever the crowd.
-- KEYS 1 meta, 2 events
-- ARGV 1 now_ms or '', 2 phase, 3 with a pause: when it ends (ms), or 0, 4 with a pause: the operator's
-- words, with an opening: 5 the beacon's value or '', 6 slot_ms after the draw, 7 no-show after it (millionths)
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
change_phase(meta, KEYS[2], room, ARGV[2], now, tonumber(ARGV[3]), ARGV[4], { ARGV[5], ARGV[6], ARGV[7] })
redis.call('HSET', meta, 'phase_set', int(now), 'version', int(room.version + 1))
return 1
