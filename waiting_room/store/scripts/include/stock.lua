-- Sets the seats in force: those of the policy, and no more than the stock bears.
local function cap_seats(meta)
  local told = redis.call('HMGET', meta, 'stock', 'stock_factor', 'seats_limit')
  local seats, stock = tonumber(told[3]), tonumber(told[1] or '')
  if stock then seats = math.min(seats, math.floor(stock * told[2] / 1000)) end
  redis.call('HSET', meta, 'capacity', int(seats))
end
