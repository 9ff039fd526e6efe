-- Chains a record to the room's log, and takes from the journal what it tells. The room holds the head, the stream the
-- texts, the last ones.
local function write_down(meta, events, audit, sequence, at, text, hash, drained, lost, keep)
  redis.call('XADD', audit, 'MAXLEN', '=', keep, sequence .. '-0', 'record', text)
  redis.call('PEXPIRE', audit, 2592000000)
  redis.call('LTRIM', events, drained, -1)
  redis.call('PEXPIRE', events, 2592000000)
  redis.call('HSET', meta, 'audit_sequence', sequence, 'audit_at', at, 'audit_hash', hash)
  redis.call('HINCRBY', meta, 'events_lost', -lost)
end
