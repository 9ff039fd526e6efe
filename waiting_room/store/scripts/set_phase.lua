-- Changes the phase of a room.
-- KEYS 1 meta
-- ARGV 1 phase
-- Returns 1
-- @include room
if not read_room(KEYS[1], {}) then return EMPTY end
redis.call('HSET', KEYS[1], 'phase', ARGV[1])
return 1
