-- Keeps what gates saw of the shop in the last second, as one worker has added it up.
-- KEYS 1 meta, 2 health
-- ARGV 1 now_ms or '', 2 sums as core.health.Health encodes them, 3 how long a record is kept, 4 how many are at most
-- Returns 1
-- @include clock
-- @include room
-- @include door
if not read_room(KEYS[1], {}) then return EMPTY end
local now = clock(ARGV[1])
redis.call('RPUSH', KEYS[2], int(now) .. ':' .. ARGV[2])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
while tonumber(string.match(redis.call('LINDEX', KEYS[2], 0), '%d+')) < now - tonumber(ARGV[3]) do
  redis.call('LPOP', KEYS[2])
end
redis.call('PEXPIRE', KEYS[2], 60000)
return 1
