-- Changes the phase of a room. A phase that admits holds the draw that was promised, with the beacon's value, the slot
-- after it and the measure of no-shows as *drawing*. A pause with a time at which it goes on is a
-- break: while it lasts no idle end counts, and after it every seat has its whole idle time again. Who closes a room takes
-- back the time at which it was to open. A room that was sold out is so no longer.
local NEVER = 9007199254740991
local function change_phase(meta, events, room, phase, now, resume_at, notice, drawing)
  local fields = { 'phase', phase, 'resume_at', int(resume_at), 'notice', notice, 'sold_out', '0' }
  local function put(name, value) fields[#fields + 1], fields[#fields + 2] = name, value end
  if phase ~= 'paused' then
    fields[4], fields[6] = '0', ''
    if room.rest_until == NEVER then put('rest_until', int(now + room.idle_ms)) end
  else
    if room.phase ~= 'paused' then put('resume_to', room.phase == 'closed' and 'open' or room.phase) end
    if resume_at > 0 then
      if now >= room.rest_until then put('rest_from', int(now)) end
      put('rest_until', int(NEVER))
    end
  end
  if phase == 'prequeue' then
    gather(meta, room, now)
  elseif room.draw_first > 0 and (phase == 'open' or phase == 'draining') then
    hold_draw(meta, room, now, unpack(drawing))
  end
  if phase == 'closed' then redis.call('HDEL', meta, 'opens_at') end
  redis.call('HSET', meta, unpack(fields))
  note(meta, events, 'phase', now, { phase })
end
