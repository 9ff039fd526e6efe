-- Puts a lost room back from what a worker remembers, or adds what it remembers to a room that others have begun to
-- put back; counters by maximum, so that the order and the number of workers do not matter. A room that is younger than
-- what is remembered was made anew after the loss, by somebody who knew nothing: it is put back as well.
-- KEYS 1 meta, 2 policy
-- ARGV 1 now_ms or '', 2 run marker, 3 recovery_ms, 4 epoch remembered, 5 issued, 6 frontier, 7 high-water mark,
-- 8 admitted, 9 phase, 10 policy, 11 slot_ms, 12 version remembered, 13.. numbers of the policy as name, value
-- Returns 1 where the room was begun again, 2 where it was added to, 0 where nothing was lost
-- @include clock
-- @include room
local meta = KEYS[1]
local now = clock(ARGV[1])
local function larger(name, value)
  local old = tonumber(redis.call('HGET', meta, name)) or 0
  redis.call('HSET', meta, name, string.format('%.0f', math.max(old, tonumber(value))))
end
local epoch, version, begun = tonumber(ARGV[4]), tonumber(ARGV[12]), 2
local function recover(...)
  redis.call('HSET', meta, 'epoch', epoch + 1, 'phase', ARGV[9], 'recover_until', now + tonumber(ARGV[3]),
    'tokens', 0, 'tokens_at', now, 'owner', '', 'owner_until', 0, ...)
  begun = 1
end
local room = read_room(meta, { 'epoch', 'version', 'recover_until' })
if not room then
  redis.call('SET', KEYS[2], ARGV[10])
  recover('version', 0, 'run', ARGV[2], 'slot_at', now, 'slot_ms', ARGV[11], 'ticked', now, unpack(ARGV, 13))
elseif epoch > room.epoch or (epoch == room.epoch and version > room.version) then
  recover()
elseif now >= room.recover_until then
  return 0
end
larger('issued', math.max(tonumber(ARGV[5]), tonumber(ARGV[7])))
larger('frontier', ARGV[6])
larger('high_water', math.max(tonumber(ARGV[5]), tonumber(ARGV[7])))
larger('admitted', ARGV[8])
redis.call('HINCRBY', meta, 'version', 1)
return begun
