-- Tells who of the visitors lost a seat with a basket lately, and may join the returning lane. The right is used by that;
-- it lasts a minute longer, so that a join which is tried again finds it.
-- KEYS 1 meta, 2 ended
-- ARGV 1 now_ms or '', 2.. visitors
-- Returns 1 or 0 of each
-- @include clock
-- @include room
if not read_room(KEYS[1], {}) then return EMPTY end
local now, reply = clock(ARGV[1]), {}
for i = 2, #ARGV do
  local until_ms = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[i])) or 0
  reply[i - 1] = until_ms > now and 1 or 0
  if until_ms > now + 60000 then redis.call('ZADD', KEYS[2], now + 60000, ARGV[i]) end
end
return reply
