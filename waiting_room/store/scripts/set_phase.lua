-- Changes the phase of a room.
-- KEYS 1 meta, 2 events
-- ARGV 1 now_ms or '', 2 phase
-- Returns 1
-- @include clock
-- @include room
-- @include journal
if not read_room(KEYS[1], {}) then return EMPTY end
redis.call('HSET', KEYS[1], 'phase', ARGV[2])
note(KEYS[1], KEYS[2], 'phase', clock(ARGV[1]), { ARGV[2] })
return 1
