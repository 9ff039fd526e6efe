-- Commits one step of the controller if the room is still as it was read: moves the frontier, notes the cohort,
-- keeps the controller's measures and its lease, raises the high-water mark, turns the presence slot. A second
-- controller, or one of an older epoch, changes nothing.
-- KEYS 1 meta, 2 cohorts, 3.. for each chunk: present bitmap of this slot, of the slot before
-- ARGV 1 now_ms or '', 2 epoch, 3 version, 4 owner, 5 owner_ms, 6 frontier, 7 called, 8 expected (thousandths), 9 no-show
-- (millionths), 10 leaving per second (millionths), 11 high-water mark, 12 slot_ms, 13 rotate 0|1, 14 how many cohorts
-- to keep
-- Returns 1, or 0 when another was faster
-- @include clock
-- @include room
-- @include door
local meta = KEYS[1]
local now = clock(ARGV[1])
local room = read_room(meta, { 'epoch', 'version', 'frontier', 'high_water', 'rate', 'tokens', 'tokens_at', 'lost' })
if not room then return EMPTY end
if room.epoch ~= tonumber(ARGV[2]) or room.version ~= tonumber(ARGV[3]) then return 0 end
refill(room, now)
local function note_cohort(low, high, called)
  local at, from, _, count = string.match(redis.call('LINDEX', KEYS[2], -1) or '', '(%d+):(%d+):(%d+):(%d+)')
  if at and math.floor(tonumber(at) / 1000) == math.floor(now / 1000) then
    redis.call('LSET', KEYS[2], -1, string.format('%s:%s:%.0f:%.0f', at, from, high, count + called))
  else
    redis.call('RPUSH', KEYS[2], string.format('%.0f:%.0f:%.0f:%.0f', now, low, high, called))
    redis.call('LTRIM', KEYS[2], -tonumber(ARGV[14]), -1)
  end
  redis.call('PEXPIRE', KEYS[2], 86400000)
end
local frontier = math.max(room.frontier, tonumber(ARGV[6]))
if tonumber(ARGV[7]) > 0 then note_cohort(room.frontier, frontier, tonumber(ARGV[7])) end
if ARGV[13] == '1' then
  for i = 3, #KEYS, 2 do
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('RENAME', KEYS[i], KEYS[i + 1])
    else
      redis.call('DEL', KEYS[i + 1])
    end
  end
  redis.call('HSET', meta, 'slot_at', now, 'slot_ms', ARGV[12])
end
redis.call('HSET', meta, 'version', room.version + 1, 'frontier', string.format('%.0f', frontier), 'owner', ARGV[4],
  'owner_until', now + tonumber(ARGV[5]), 'expected', ARGV[8], 'no_show', ARGV[9],
  'leaving', ARGV[10], 'high_water', string.format('%.0f', math.max(room.high_water, tonumber(ARGV[11]))),
  'tokens', int(room.tokens), 'tokens_at', int(room.tokens_at), 'lost', 0, 'ticked', now)
return 1
