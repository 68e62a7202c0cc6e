import asyncio, pytest, traceback
from kursplan.store import schema
from kursplan.store.database import connect
from tests.store.test_schema import empty_url
async def test_two(empty_url):
    a,b=connect(empty_url),connect(empty_url)
    r=await asyncio.gather(schema.upgrade(a),schema.upgrade(b),return_exceptions=True)
    print(empty_url[:8], [ (type(e), str(e)[:300]) for e in r])
    for e in r:
        if e: traceback.print_exception(e, limit=-4)
    await a.close(); await b.close()
