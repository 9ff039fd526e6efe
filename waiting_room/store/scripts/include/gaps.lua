-- The numbers that a loss has left out, for a draw orders all numbers from its first to its last: `gaps` holds the last
-- 32 of each lane as `low-high`, with commas.
local function remember_gaps(meta, lane, gaps)
  local known, kept = redis.call('HGET', meta, of(lane, 'gaps')) or '', {}
  for gap in string.gmatch(known, '[^,]+') do kept[#kept + 1] = gap end
  for gap in string.gmatch(gaps, '[^,]+') do
    if not string.find(',' .. known .. ',', ',' .. gap .. ',', 1, true) then kept[#kept + 1] = gap end
  end
  if #kept > 0 then
    redis.call('HSET', meta, of(lane, 'gaps'), table.concat(kept, ',', math.max(1, #kept - 31)))
  end
end
-- Notes that the numbers from low to high are left out.
local function leave_out(meta, lane, low, high)
  if low <= high then remember_gaps(meta, lane, string.format('%.0f-%.0f', low, high)) end
end
-- Returns the first number of the gap that ends before a number, or the number where none does.
local function before_gaps(meta, lane, number)
  local gaps, low = redis.call('HGET', meta, of(lane, 'gaps')) or '', number
  repeat
    number = tonumber(low)
    low = string.match(',' .. gaps .. ',', string.format(',(%%d+)%%-%.0f,', number - 1))
  until not low
  return number
end
