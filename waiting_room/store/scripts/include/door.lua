-- The paced door: a bucket one tick deep (250 ms), and ten seconds in a standby room through which everybody passes: who
-- comes in a crowd is then no reason to queue, who comes faster than the rate is. Units: one admission is 60,000, so that a rate per minute times
-- milliseconds stays a whole number. What overflows is kept in `lost`, for the controller to call in addition.
local ADMISSION = 60000
local function depth_of(room)
  return math.max(ADMISSION, room.rate * (room.mode == 1 and room.crowded == 0 and 10000 or 250))
end
local function overflows_in(room)
  if room.rate == 0 then return 60000 end
  return math.min(60000, math.ceil((depth_of(room) - room.tokens) / room.rate))
end
local function refill(room, now)
  local depth = depth_of(room)
  local tokens = room.tokens + math.max(0, now - room.tokens_at) * room.rate
  if tokens > depth then
    room.lost = room.lost + tokens - depth
    tokens = depth
  end
  room.tokens = tokens
  room.tokens_at = math.max(now, room.tokens_at)
end
local function int(number) return string.format('%.0f', number) end
