-- Creates a room or changes its settings; those who wait and those inside keep what they have.
-- KEYS 1 meta, 2 policy
-- ARGV 1 now_ms or '', 2 run marker, 3 policy, 4 high-water mark, 5 slot_ms, 6.. numbers of the policy as name, value
-- Returns 1 where the room is new, else 0
-- @include clock
-- @include room
-- @include door
local meta = KEYS[1]
local now = clock(ARGV[1])
local room = read_room(meta, { 'rate', 'tokens', 'tokens_at', 'lost' })
if room then
  refill(room, now)
  redis.call('HSET', meta, 'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', int(room.lost))
else
  redis.call('HSET', meta, 'epoch', 1, 'version', 1, 'phase', 'open', 'run', ARGV[2], 'issued', 0, 'frontier', 1,
    'high_water', ARGV[4], 'tokens', ADMISSION, 'tokens_at', now, 'slot_at', now, 'slot_ms', ARGV[5], 'recover_until', 0,
    'owner', '', 'owner_until', 0, 'ticked', now)
end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', meta, unpack(ARGV, 6))
return room and 0 or 1
