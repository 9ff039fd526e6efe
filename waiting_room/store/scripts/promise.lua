-- Promises a draw to those who gather before the opening: a seed is kept from the first promise on, and so is where the
-- beacon's value will be found; when the room opens may be said anew. Doing it twice changes nothing.
-- KEYS 1 meta
-- ARGV 1 seed, 2 announcement of the beacon or '', 3 when the room opens in ms (0: as planned, '': as before)
-- Returns 1, or 0 where nobody gathers
-- @include room
local meta = KEYS[1]
local room = read_room(meta, { 'draw_first' })
if not room then return EMPTY end
if room.draw_first == 0 then return 0 end
redis.call('HSETNX', meta, 'draw_seed', ARGV[1])
if (redis.call('HGET', meta, 'draw_source') or '') == '' then redis.call('HSET', meta, 'draw_source', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', meta, 'opens_at', ARGV[3]) end
return 1
