-- Puts a lost room back from what a worker remembers, or adds what it remembers to a room that others have begun to
-- put back; counters by maximum, so that the order and the number of workers do not matter. A room that was made later
-- than the one that is remembered was made anew after the loss, by somebody who knew nothing: it is put back as well, and
-- so is one that was put back from an older memory. The high-water mark is raised ahead at once: all know it before a
-- number is given.
-- KEYS 1 meta, 2 policy, 3 events, 4 audit, 5 missed
-- ARGV 1 now_ms or '', 2 run marker, 3 recovery_ms, 4 epoch remembered, 5 version remembered, 6 admitted, 7 phase,
-- 8 policy, 9 slot_ms, 10-12 sequence, hash and time of the last record, 13 round, 14 draws that were held, 15 seed of
-- the one to come or '', 16 its announcement, 17 when the room opens, 18 1 where the slot of the last draw was not over,
-- 19 when the room was made, 20 when the epoch that is remembered began, 21 by how much the mark is raised ahead, 22
-- number of lanes, then name, issued, frontier, high-water mark, first number to be drawn (0: none), numbers that were
-- left out of each, then number of fields of the agenda and these as name, value, then numbers of the policy and what
-- is known of the shop as name, value
-- Returns 1 where the room was begun again, 2 where it was added to, 0 where nothing was lost
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include gaps
-- @include draw
-- @include journal
-- @include stock
local meta, events = KEYS[1], KEYS[3]
local now = clock(ARGV[1])
local function larger(name, value)
  local old = tonumber(redis.call('HGET', meta, name)) or 0
  redis.call('HSET', meta, name, string.format('%.0f', math.max(old, tonumber(value))))
end
local epoch, version, begun = tonumber(ARGV[4]), tonumber(ARGV[5]), 2
local born, began = tonumber(ARGV[19]), tonumber(ARGV[20])
local agenda = 23 + 6 * tonumber(ARGV[22])
local numbers = agenda + 1 + 2 * tonumber(ARGV[agenda])
local function recover(...)
  redis.call('HSET', meta, 'epoch', epoch + 1, 'born', ARGV[19], 'began', now, 'phase', ARGV[7], 'recover_until', now + tonumber(ARGV[3]),
    'tokens', 0, 'tokens_at', now, 'owner', '', 'owner_until', 0, 'ended', 0, ...)
  redis.call('HSET', meta, unpack(ARGV, agenda + 1, numbers - 1))
  begun = 1
  note(meta, events, 'epoch', now, { string.format('%.0f', epoch + 1) })
  note(meta, events, 'phase', now, { ARGV[7] })
end
local function outranks(room)
  if born ~= room.born then return born < room.born end
  if epoch ~= room.epoch then return epoch > room.epoch end
  return began < room.began or began == room.began and version > room.version
end
redis.call('DEL', KEYS[5])
local room = read_room(meta, { 'epoch', 'version', 'born', 'began', 'recover_until', 'audit_sequence' })
if not room then
  redis.call('DEL', events, KEYS[4])
  redis.call('SET', KEYS[2], ARGV[8])
  recover('version', 0, 'run', ARGV[2], 'slot_at', now, 'slot_ms', ARGV[9], 'ticked', now, 'lanes', ARGV[23],
    'audit_sequence', ARGV[10], 'audit_hash', ARGV[11], 'audit_at', ARGV[12], unpack(ARGV, numbers))
  cap_seats(meta)
  room = { lanes = ARGV[23], audit_sequence = 0 }
elseif outranks(room) then
  epoch = math.max(epoch, room.epoch)
  recover()
elseif now >= room.recover_until then
  return 0
end
if tonumber(ARGV[10]) > room.audit_sequence then note(meta, events, 'remembered', now, { ARGV[10], ARGV[11] }) end
local known = remember_draws(meta, room, ARGV[13], ARGV[14], ARGV[15], ARGV[16], ARGV[17], ARGV[18], now)
if known > 0 then
  redis.call('HSET', meta, 'phase', ARGV[7])
  note(meta, events, 'phase', now, { ARGV[7] })
end
for i = 23, agenda - 1, 6 do
  local lane, issued, frontier, mark, first, gaps = unpack(ARGV, i, i + 5)
  know(meta, room, lane)
  if known >= 0 and first ~= '0' then redis.call('HSETNX', meta, of(lane, 'draw_first'), first) end
  remember_gaps(meta, lane, gaps)
  local last = math.max(tonumber(redis.call('HGET', meta, of(lane, 'issued'))) or 0, tonumber(issued))
  leave_out(meta, lane, last + 1, tonumber(mark))
  larger(of(lane, 'issued'), math.max(tonumber(issued), tonumber(mark)))
  local before = math.max(1, tonumber(redis.call('HGET', meta, of(lane, 'frontier'))) or 1)
  if tonumber(frontier) > before then note(meta, events, 'called', now, { lane, string.format('%.0f', before), frontier, 0 }) end
  larger(of(lane, 'frontier'), frontier)
  larger(of(lane, 'high_water'), math.max(tonumber(issued), tonumber(mark)) + tonumber(ARGV[21]))
end
larger('admitted', ARGV[6])
redis.call('HINCRBY', meta, 'version', 1)
return begun
