-- Gives a place or a seat back at once; a second time changes nothing.
-- KEYS 1 meta, 2 seats, 3 holders, 4 events, 5 joined, 6-7 present bitmaps of this slot and the one before
-- ARGV 1 now_ms or '', 2 seat, 3 rank, 4 round of the draw that the rank is of
-- Returns 1 where there was a seat or a present place, 0 where not, -1 where a draw has given other ranks since
-- @include clock
-- @include room
-- @include journal
-- @include seats
local room = read_room(KEYS[1], { 'draw_round' })
if not room then return EMPTY end
if room.draw_round ~= tonumber(ARGV[4]) then return -1 end
local found = end_seats(KEYS[1], KEYS[2], KEYS[3], KEYS[4], clock(ARGV[1]), 'left', { ARGV[2] })
redis.call('DEL', KEYS[5])
for i = 6, 7 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    found = found + redis.call('SETBIT', KEYS[i], tonumber(ARGV[3]) % 65536, 0)
  end
end
return math.min(1, found)
