-- Reads the named number fields of the room, its phase, its mode and the names of its lanes; nil where Redis holds no
-- room (EMPTY is then the reply).
local EMPTY = -100
local function read_room(key, names)
  local values = redis.call('HMGET', key, 'phase', 'lanes', 'mode', 'crowded', unpack(names))
  if not values[1] then return nil end
  local room = { phase = values[1], lanes = values[2] or 'standard' }
  room.mode, room.crowded = tonumber(values[3]) or 0, tonumber(values[4]) or 0
  for i, name in ipairs(names) do room[name] = tonumber(values[i + 4]) or 0 end
  return room
end
