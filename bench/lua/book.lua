-- Bookings. Arguments: how, a seed or the number of the first customer, and then for each
-- organization its key, first slot, number of slots, first customer, number of customers.
--   random  a random customer on a random slot
--   keyed   the same, each request with an idempotency key of its own
--   queue   one customer after the other, each on the first slot
require "report"

local how, seed, gyms = nil, 0, {}

function init(args)
   how, seed = args[1], tonumber(args[2])
   for at = 3, #args, 5 do
      gyms[#gyms + 1] = {
         head = "POST /v1/classes/booking/book HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: " .. args[at]
            .. "\r\nContent-Type: application/json",
         slot = tonumber(args[at + 1]), slots = tonumber(args[at + 2]),
         customer = tonumber(args[at + 3]), customers = tonumber(args[at + 4]),
      }
   end
   math.randomseed(seed)
end

-- A header as clients write it: a random UUID.
local function key()
   local random = math.random
   return string.format("\r\nIdempotency-Key: %08x-%04x-4%03x-8%03x-%06x%06x", random(0, 0xffffffff),
      random(0, 0xffff), random(0, 0xfff), random(0, 0xfff), random(0, 0xffffff), random(0, 0xffffff))
end

function request()
   local gym = gyms[#gyms == 1 and 1 or math.random(#gyms)]
   local customer, slot
   if how ~= "queue" then
      customer = gym.customer + math.random(0, gym.customers - 1)
      slot = gym.slot + math.random(0, gym.slots - 1)
   else
      customer = gym.customer + seed % gym.customers
      slot = gym.slot
      seed = seed + 1
   end
   local body = string.format('{"customerId": %d, "classSlotId": %d}', customer, slot)
   local head = how == "keyed" and gym.head .. key() or gym.head
   return head .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
