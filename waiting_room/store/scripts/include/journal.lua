-- Notes an act and its values in the journal, which the controller writes down. While too many are there, those that
-- come are counted and not kept: nobody waits at the door for a log.
local function note(meta, events, act, now, values)
  if #values == 0 and act ~= 'created' then return end
  if redis.call('LLEN', events) >= 20000 then return redis.call('HINCRBY', meta, 'events_lost', 1) end
  local length = redis.call('RPUSH', events, act .. ':' .. string.format('%.0f', now) .. ':' .. table.concat(values, ','))
  if length == 1 then redis.call('PEXPIRE', events, 2592000000) end
end
