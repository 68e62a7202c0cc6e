"""The server that Kursplan runs on, in front of a bare application: `python -m bench.limits.ours PORT`."""

from __future__ import annotations

import sys

from bench.limits.bare import create
from kursplan.web.listen import bind, listen
from kursplan.web.process import serve
from kursplan.web.server import Site

if __name__ == "__main__":
    listener = bind("127.0.0.1", int(sys.argv[1]))
    listen(listener)
    serve(Site(create()), listener)
