-- What the room's mode makes of its door: 0 queue, 1 standby, 2 hold, 3 shadow. A standby room in which not everybody
-- could pass at once is crowded, since when it says (ms), and queues until it has been calm for a while.
local STANDBY, HOLD, SHADOW = 1, 2, 3
local function price(room) return room.mode == SHADOW and 0 or ADMISSION end
local function full(room, held) return room.mode ~= SHADOW and held >= room.capacity end
-- Returns whether those expected leave something over: their seats stay theirs, and they take less than half a second's
-- pace (or nobody is expected). `expected` is in thousandths of a visitor, the rate in admissions per minute.
local function leaves_over(room, held, seats)
  return room.expected * 3 < math.max(1500, room.rate * 25) and held + math.floor((room.expected + 500) / 1000) < seats
end
-- Returns whether a newcomer is let in at once.
local function straight(room, now, held, nobody_waits)
  if room.phase ~= 'open' or room.mode == HOLD or now < room.recover_until then return false end
  if room.mode == SHADOW then return true end
  local seats = room.capacity
  if room.mode == STANDBY and room.crowded == 0 then seats = math.min(seats, room.standby_seats) end
  return nobody_waits and leaves_over(room, held, seats) and room.tokens >= ADMISSION
end
-- Notes the terms of the door: capacity, rate, and the depth of its bucket in ms where it is not a tick; 0 is no bound.
local function depth_ms(room)
  return room.mode == SHADOW and 0 or room.mode == STANDBY and room.crowded == 0 and 10000 or 250
end
local function note_limits(meta, events, room, now)
  local values = { int(room.capacity), int(room.rate) }
  if depth_ms(room) ~= 250 then values[3] = int(depth_ms(room)) end
  note(meta, events, 'limits', now, values)
end
-- Goes on with a bucket of another depth.
local function turn(meta, events, room, now)
  room.tokens = math.min(room.tokens, depth_of(room))
  note_limits(meta, events, room, now)
end
