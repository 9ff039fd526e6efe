-- The lanes of a room. The fields of the lane `standard` bear no lane's name: workers of a version without lanes share
-- them while the version is changed.
local function of(lane, name) return lane == 'standard' and name or name .. '.' .. lane end
-- Makes a lane one of the room's, if it is not.
local function know(meta, room, lane)
  if string.find(',' .. room.lanes .. ',', ',' .. lane .. ',', 1, true) then return end
  room.lanes = room.lanes .. ',' .. lane
  redis.call('HSETNX', meta, of(lane, 'frontier'), 1)
  redis.call('HSET', meta, 'lanes', room.lanes)
end
-- Returns whether all numbers have been called in every lane but one, whose counters the caller holds ('': in every).
local function all_called(meta, room, but)
  local fields = {}
  for lane in string.gmatch(room.lanes, '[^,]+') do
    if lane ~= but then fields[#fields + 1], fields[#fields + 2] = of(lane, 'issued'), of(lane, 'frontier') end
  end
  if #fields == 0 then return true end
  local values = redis.call('HMGET', meta, unpack(fields))
  for i = 1, #fields, 2 do
    if (tonumber(values[i + 1]) or 1) <= (tonumber(values[i]) or 0) then return false end
  end
  return true
end
-- Puts the frontier behind a seat that somebody holds, where the seat is a rank's.
local function pass_by(meta, room, seat)
  local lane, rank = string.match(seat, '^([%w-]+)%.(%d+)$')
  if lane then
    know(meta, room, lane)
    local frontier = tonumber(redis.call('HGET', meta, of(lane, 'frontier'))) or 1
    redis.call('HSET', meta, of(lane, 'frontier'), int(math.max(frontier, rank + 1)))
  end
end
