-- The slots of a class, of one organization after the other. Arguments: for each its key and class.
require "report"

local requests, at = {}, 0

function init(args)
   for each = 1, #args, 2 do
      requests[#requests + 1] = "GET /v1/classes/" .. args[each + 1]
         .. "/slots?sliceSize=50 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: " .. args[each] .. "\r\n\r\n"
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end
