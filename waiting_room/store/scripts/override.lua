-- Sets the operator's rate, which holds until it is taken back, or takes it back; the next step follows it.
-- KEYS 1 meta
-- ARGV 1 admissions per minute, or '' to take it back
-- Returns 1
-- @include room
if not read_room(KEYS[1], {}) then return EMPTY end
redis.call('HSET', KEYS[1], 'override', ARGV[1])
return 1
