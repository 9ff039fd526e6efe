-- Commits one step of the controller if the room is still as it was read: chains a record to the log, moves the frontier
-- of each lane, notes its cohort, keeps the controller's measures, the rate in force and the lease, raises the high-water
-- marks, turns the presence slot, carries out what is planned. A second controller, or one of an older epoch, changes
-- nothing.
-- KEYS 1 meta, 2 events, 3 audit, 4.. cohorts of each lane, then for each chunk that turns: present bitmap of this slot,
-- of the slot before
-- ARGV 1 now_ms or '', 2 epoch, 3 version, 4 owner, 5 owner_ms, 6 expected (thousandths), 7 no-show (millionths),
-- 8 leaving per second (millionths), 9 rate in force, 10 slot_ms, 11 rotate 0|1, 12 how many cohorts to keep, 13 up to
-- when the schedule is carried out (ms), 14 the rate it has set or -1, 15 new phase or '', 16 with a pause: when it
-- ends (ms), or 0, 17 since when it is crowded (ms) or '', 18 what it would have done in shadow or '', 19 how many
-- seats have ended, 20 how many end per second (millionths), 21 what the law of adaptation remembers, 22 number of
-- lanes, then name, frontier, called, credit (millionths), high-water mark of each, and where a record is due sequence,
-- at_ms, text, hash, how many events it tells, how many it lacks, how many records to keep
-- Returns 1, or 0 when another was faster
-- @include clock
-- @include room
-- @include door
-- @include lanes
-- @include gaps
-- @include draw
-- @include journal
-- @include modes
-- @include phase
-- @include audit
local meta, events, count = KEYS[1], KEYS[2], tonumber(ARGV[22])
local now = clock(ARGV[1])
local names = { 'epoch', 'version', 'capacity', 'rate', 'tokens', 'tokens_at', 'lost', 'idle_ms', 'rest_until',
  'draw_first' }
for i = 23, 18 + 5 * count, 5 do
  names[#names + 1], names[#names + 2] = of(ARGV[i], 'frontier'), of(ARGV[i], 'high_water')
end
local room = read_room(meta, names)
if not room then return EMPTY end
if room.epoch ~= tonumber(ARGV[2]) or room.version ~= tonumber(ARGV[3]) then return 0 end
refill(room, now)
if ARGV[23 + 5 * count] then write_down(meta, events, KEYS[3], unpack(ARGV, 23 + 5 * count)) end
local function note_cohort(key, low, high, called)
  local at, from, _, some = string.match(redis.call('LINDEX', key, -1) or '', '(%d+):(%d+):(%d+):(%d+)')
  if at and math.floor(tonumber(at) / 1000) == math.floor(now / 1000) then
    redis.call('LSET', key, -1, string.format('%s:%s:%.0f:%.0f', at, from, high, some + called))
  else
    redis.call('RPUSH', key, string.format('%.0f:%.0f:%.0f:%.0f', now, low, high, called))
    redis.call('LTRIM', key, -tonumber(ARGV[12]), -1)
  end
  redis.call('PEXPIRE', key, 86400000)
end
for place = 1, count do
  local lane, frontier, called, credit, mark = unpack(ARGV, 18 + 5 * place, 22 + 5 * place)
  local before = room[of(lane, 'frontier')]
  frontier = math.max(before, tonumber(frontier))
  if tonumber(called) > 0 then note_cohort(KEYS[3 + place], before, frontier, tonumber(called)) end
  if frontier > before then note(meta, events, 'called', now, { lane, int(before), int(frontier), called }) end
  redis.call('HSET', meta, of(lane, 'frontier'), int(frontier), of(lane, 'credit'), credit,
    of(lane, 'high_water'), int(math.max(room[of(lane, 'high_water')], tonumber(mark))))
end
if ARGV[11] == '1' then
  for i = 4 + count, #KEYS, 2 do
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('RENAME', KEYS[i], KEYS[i + 1])
    else
      redis.call('DEL', KEYS[i + 1])
    end
  end
  redis.call('HSET', meta, 'slot_at', now, 'draw_assumed', 0)
end
redis.call('HSET', meta, 'slot_ms', ARGV[10])
local rate, depth = room.rate, depth_ms(room)
room.rate, room.crowded = tonumber(ARGV[9]), tonumber(ARGV[17]) or room.crowded
if room.rate ~= rate or depth_ms(room) ~= depth then turn(meta, events, room, now) end
if ARGV[18] ~= '' then redis.call('HSET', meta, 'shadow', ARGV[18]) end
if ARGV[15] ~= '' then change_phase(meta, events, room, ARGV[15], now, tonumber(ARGV[16]), '', { '', ARGV[10], ARGV[7] }) end
redis.call('HSET', meta, 'version', room.version + 1, 'owner', ARGV[4], 'owner_until', now + tonumber(ARGV[5]),
  'expected', ARGV[6], 'no_show', ARGV[7], 'leaving', ARGV[8], 'rate', ARGV[9], 'ended', ARGV[19],
  'turnover', ARGV[20], 'adaptation', ARGV[21], 'crowded', int(room.crowded), 'scheduled', ARGV[13],
  'rate_step', ARGV[14],
  'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', 0, 'ticked', now)
return 1
