-- Counts uses of invitations, once for each visitor, and never more than an invitation is for.
-- KEYS 1 meta, 2.. invitation of each use
-- ARGV 1 now_ms or '', then for each use: how many it is for, expires_ms, visitor
-- Returns for each 1 a new use, 2 this visitor has used it before, -1 it is used up, -2 it is over
-- @include clock
-- @include room
if not read_room(KEYS[1], {}) then return EMPTY end
local now = clock(ARGV[1])
local function redeem(key, uses, left, visitor)
  if left <= 0 then return -2 end
  if redis.call('SISMEMBER', key, visitor) == 1 then return 2 end
  if redis.call('SCARD', key) >= uses then return -1 end
  redis.call('SADD', key, visitor)
  redis.call('PEXPIRE', key, left + 60000)
  return 1
end
local reply = {}
for i = 2, #KEYS do
  local uses, expires, visitor = unpack(ARGV, 3 * i - 4, 3 * i - 2)
  reply[i - 1] = redeem(KEYS[i], tonumber(uses), tonumber(expires) - now, visitor)
end
return reply
