-- Reads who is turned away, and the version of that list.
-- KEYS 1 meta, 2 revoked
-- ARGV 1 now_ms or ''
-- Returns {epoch, how often the list was changed, then entry, until_ms of each}; an entry is 's' and a seat, or 'v' and
-- a visitor
-- @include clock
-- @include room
local room = read_room(KEYS[1], { 'epoch', 'revocations' })
if not room then return EMPTY end
local reply = { room.epoch, room.revocations }
for _, value in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. clock(ARGV[1]), '+inf', 'WITHSCORES')) do
  reply[#reply + 1] = value
end
return reply
