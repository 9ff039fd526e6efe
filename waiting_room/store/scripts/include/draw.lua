-- The draw. From the pre-queue on, `draw_first` of each lane is the first number that will be drawn; the opening writes
-- down how many there are, and with that the order of them all is fixed. `draws` are the draws that were held, a line
-- each: round, time, seed, announcement, beacon, then lane:first:size with commas.
-- Where a loss is not an hour old, the pre-queue may have begun before it: who got one of the numbers that it left out
-- is drawn as well.
local function gather(meta, room, now)
  local recent = now - (tonumber(redis.call('HGET', meta, 'began')) or 0) < 3600000
  for lane in string.gmatch(room.lanes, '[^,]+') do
    local values = redis.call('HMGET', meta, of(lane, 'issued'), of(lane, 'frontier'))
    local first = (tonumber(values[1]) or 0) + 1
    if recent then first = math.max(before_gaps(meta, lane, first), math.min(first, tonumber(values[2]) or 1)) end
    redis.call('HSETNX', meta, of(lane, 'draw_first'), int(first))
  end
end
-- Forgets the draws that ordered nobody's ticket any more: a ticket lives a day.
local function still_needed(held, now)
  local kept = {}
  for line in string.gmatch(held, '[^\n]+') do
    if tonumber(string.match(line, '^%d+\t(%d+)')) > now - 86400000 then kept[#kept + 1] = line end
  end
  return kept
end
local function hold_draw(meta, room, now, beacon, slot_ms, no_show)
  local spans, pending = {}, {}
  for lane in string.gmatch(room.lanes, '[^,]+') do
    local values = redis.call('HMGET', meta, of(lane, 'draw_first'), of(lane, 'issued'))
    local first = tonumber(values[1]) or 1
    spans[#spans + 1] = lane .. ':' .. int(first) .. ':' .. int(math.max(0, (tonumber(values[2]) or 0) - first + 1))
    pending[#pending + 1] = of(lane, 'draw_first')
  end
  local values = redis.call('HMGET', meta, 'draw_seed', 'draw_source', 'draw_round', 'draws')
  if values[1] then
    local round, lines = (tonumber(values[3]) or 0) + 1, still_needed(values[4] or '', now)
    lines[#lines + 1] = table.concat({ int(round), int(now), values[1], values[2] or '', beacon,
      table.concat(spans, ',') }, '\t')
    redis.call('HSET', meta, 'draws', table.concat(lines, '\n'), 'draw_round', int(round), 'draw_assumed', 1,
      'slot_at', int(now), 'slot_ms', slot_ms, 'no_show', no_show)
  end
  redis.call('HDEL', meta, 'draw_seed', 'draw_source', 'opens_at', unpack(pending))
end
-- Takes over the draws that a worker remembers, where the room has lost them, and else the promise of one to come.
-- Where the slot of the last one was not over, it begins anew: those who were drawn have the time of one to check in.
-- Returns whether the worker knows of more draws (1), of as many (0) or of fewer (-1).
local function remember_draws(meta, room, round, held, seed, source, opens_at, assumed, now)
  local known, remembered = tonumber(redis.call('HGET', meta, 'draw_round')) or 0, tonumber(round)
  if remembered < known then return -1 end
  if remembered > known then
    for lane in string.gmatch(room.lanes, '[^,]+') do redis.call('HDEL', meta, of(lane, 'draw_first')) end
    redis.call('HDEL', meta, 'draw_seed', 'draw_source', 'opens_at')
    redis.call('HSET', meta, 'draw_round', round, 'draws', held, 'draw_assumed', assumed)
    if assumed == '1' then redis.call('HSET', meta, 'slot_at', int(now)) end
  end
  if seed ~= '' and redis.call('HSETNX', meta, 'draw_seed', seed) == 1 then
    redis.call('HSET', meta, 'draw_source', source, 'opens_at', opens_at)
  end
  return remembered > known and 1 or 0
end
