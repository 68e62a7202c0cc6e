-- A day's mix: seven reads, two validates and a booking in ten requests. Arguments: seed, key, first
-- slot, number of slots, first customer, number of customers, first class, number of classes.
require "report"

local slot, slots, customer, customers, class, classes
local get, post

function init(args)
   math.randomseed(tonumber(args[1]))
   local head = " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: " .. args[2] .. "\r\n"
   slot, slots, customer, customers, class, classes =
      tonumber(args[3]), tonumber(args[4]), tonumber(args[5]), tonumber(args[6]), tonumber(args[7]), tonumber(args[8])
   get = function(path) return "GET /v1/classes" .. path .. head .. "\r\n" end
   post = function(path)
      local body = string.format('{"customerId": %d, "classSlotId": %d}',
         customer + math.random(0, customers - 1), slot + math.random(0, slots - 1))
      return "POST /v1/classes/booking/" .. path .. head
         .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
   end
end

function request()
   local dice = math.random(10)
   if dice == 1 then return post("book") end
   if dice <= 3 then return post("validate") end
   if dice <= 5 then return get("?sliceSize=50") end
   if dice <= 7 then return get("/slots?sliceSize=50") end
   return get("/" .. class + math.random(0, classes - 1) .. "/slots?sliceSize=50")
end
