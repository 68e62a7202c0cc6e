-- The same request again and again. Arguments: method, body, and then name and value of each header.
require "report"

function init(args)
   wrk.method = args[1]
   if args[2] ~= "" then wrk.body = args[2] end
   for at = 3, #args, 2 do wrk.headers[args[at]] = args[at + 1] end
end
