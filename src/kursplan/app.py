"""The one composition root: everything that runs is put together here, top to bottom.

Tests build the same application, with another clock and another database.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kursplan import logs, telemetry
from kursplan.api import call, docs, elsewhere
from kursplan.api.open_api import OpenApi
from kursplan.api.strangers import Strangers
from kursplan.clock import Clock, SystemClock
from kursplan.console import account, confirm, sign_in
from kursplan.console.addresses import MOUNTED_AT
from kursplan.console.entrance import Entrance
from kursplan.console.live import Live
from kursplan.console.routes import ROUTES
from kursplan.console.site import site
from kursplan.console.visit import Services, Visitors
from kursplan.desk.engine.desk import Desk
from kursplan.metrics import SHARED_IN, Metrics
from kursplan.settings import Settings, read_settings
from kursplan.store.engine import schema
from kursplan.store.engine.database import Database, connect
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.telemetry import UNTRACED, Traces
from kursplan.web.origins import Origins
from kursplan.web.passwords import STRONG, Hashing, Passwords
from kursplan.web.peers import Peers
from kursplan.web.rate_limit import RateLimit
from kursplan.web.version_reader import VersionReader
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.deliver import DeliveryWorker
from kursplan.webhooks.egress import EgressPolicy
from kursplan.work.duty import Duty
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from kursplan.work.relay import OutboxRelay

log = structlog.get_logger(__name__)

STOP_SECONDS = 5.0
"""How long what is under way may still take when the application stops. Those who asked for it have
been answered by then, or turned away by the server."""


class Application:
    """A running Kursplan: its parts, and the ASGI application that they are together."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        shared_metrics: str | None = None,
        visitors: Visitors | None = None,
        hashing: Hashing = STRONG,
        traces: Traces = UNTRACED,
    ) -> None:
        """`shared_metrics` is where the processes of one server count together; `visitors` says who is
        signed in at the console, if that is not for its own entrance to say; `hashing` is what a password
        costs."""
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics(shared_metrics)
        self.traces = traces
        self.database: Database = connect(
            settings.database_url,
            connections=settings.connections,
            lock_wait=settings.lock_wait_ms / 1000,
            statement=settings.statement_ms / 1000,
            silence=settings.silence_ms / 1000,
            serves=True,
        )
        self.desk = Desk(
            self.database, clock, self.metrics, queue_limit=settings.queue_limit, traces=traces
        )
        self.house_clock = HouseClock(clock)
        self.duty = Duty(self.database)
        self.background = Background(
            self.desk,
            self.database,
            self.house_clock,
            self.metrics,
            duty=self.duty,
            interval=settings.background_seconds,
            horizon_days=settings.horizon_days,
            events_kept_days=settings.events_kept_days,
            history_kept_days=settings.history_kept_days,
        )
        egress = EgressPolicy(insecure=settings.webhooks_insecure)
        self.webhook_client = WebhookClient(egress, trusted(settings.webhooks_ca or None))
        self.relay = OutboxRelay(
            self.database,
            self.house_clock,
            DeliveryWorker(
                self.database,
                self.house_clock,
                self.webhook_client,
                self.metrics,
                signs_by=clock,
                traces=traces,
            ),
            self.desk.committed,
            self.metrics,
            duty=self.duty,
        )
        services = call.Services(
            self.database, self.desk, clock, self.metrics, settings.max_body_bytes
        )
        limit = RateLimit(settings.rate_limit, settings.limits_url)
        strangers = Strangers(self.database, settings.wrong_keys_limit)
        peers = Peers(settings.trusted_proxies)
        self._told_of: str | None = None
        """The newer schema that the log has been told of."""
        self._open_api = OpenApi(services, limit, strangers, peers)
        self.entrance = entrance = Entrance(
            self.database, clock, Passwords(hashing), Origins.of_url(settings.public_url), peers
        )
        self.console_pages = (
            *ROUTES,
            *sign_in.routes(entrance),
            *account.routes(entrance),
            *confirm.routes(entrance),
        )
        self.live = Live(VersionReader(self.database))
        console = site(
            Services(
                self.database,
                self.desk,
                clock,
                visitors or entrance.sessions,
                entrance.guard,
                self.live,
                entrance.origins,
                self.webhook_client,
                egress,
                settings.horizon_days,
            ),
            self.console_pages,
        )
        self._pages = Starlette(
            routes=[
                Route("/", self._root),
                Route(MOUNTED_AT, self._console),
                Mount(MOUNTED_AT, console),
                *docs.routes(),
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
                Route("/metrics", self._metrics),
            ],
            exception_handlers={404: elsewhere.not_found, 405: elsewhere.not_allowed},
            lifespan=self._lifespan,
        )
        self._pages.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI server calls it."""
        answers = self._open_api if self._open_api.serves(scope) else self._pages
        await answers(scope, receive, send)

    async def start(self) -> None:
        """Check that the database is ready, and begin the work that comes by itself.

        Raises `SchemaOutdated` or `DatabaseUnavailable`.
        """
        await self.database.check_setup()
        self._tell(await schema.check(self.database))
        self.traces.start(self.metrics.registry)
        if self.settings.background:
            await self.house_clock.keep(self.database)
            await self.duty.keep()
            self.duty.start()
            self.background.start()
            self.relay.start()
        if self.settings.webhooks_insecure:
            log.warning("webhooks may go to http and to private addresses: for development only")
        log.info("started", database=self.database.name)

    async def stop(self) -> None:
        """Finish what was begun, as far as the database lets us soon, and let go of it."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                self.live.close()
                await self.background.stop()
                await self.relay.stop()
                await self.webhook_client.close()
                await self.desk.close()
                await self.duty.stop()
        except TimeoutError:
            log.warning("what was under way is given up: the database does not answer in time")
        await self.database.close()
        await self.traces.stop()
        log.info("stopped")

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.start()
        # What is there now stays; the collector need not walk over it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 50)
        try:
            yield
        finally:
            await self.stop()

    async def _root(self, request: Request) -> Response:
        """Browsers get to the console; a client that forgot `/v1` is told so."""
        if "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse(f".{MOUNTED_AT}/", status_code=303)

    async def _console(self, _: Request) -> Response:
        return RedirectResponse(f".{MOUNTED_AT}/", status_code=303)

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _ready(self, _: Request) -> Response:
        """Whether requests can be answered: the database is there, has a schema on which this version
        runs, and takes changes."""
        try:
            standing = await schema.check(self.database)
            await self.database.check_writable()
        except (DatabaseUnavailable, schema.SchemaOutdated) as reason:
            return _not_ready(str(reason))
        except Exception:
            log.exception("not ready")
            return _not_ready("the database cannot be asked; the log says why")
        self._tell(standing)
        if standing.is_ahead:
            return JSONResponse({"status": "ready", "note": f"the database has {standing.says}"})
        return JSONResponse({"status": "ready"})

    def _tell(self, standing: schema.Standing) -> None:
        """Once of each newer schema, which may come while this version serves."""
        if standing.is_ahead and standing.revision != self._told_of:
            self._told_of = standing.revision
            log.warning("the database has the schema of a newer version", runs_on=standing.says)

    async def _metrics(self, _: Request) -> Response:
        return Response(self.metrics.page(), media_type="text/plain; version=0.0.4")


def _not_ready(reason: str) -> Response:
    return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)


def create() -> ASGIApp:
    """The application as the environment sets it, for any ASGI server."""
    settings = read_settings(os.environ)
    logs.set_up(settings.log_threshold, settings.log_format)
    clock = SystemClock()
    traces = telemetry.configured(os.environ, clock)
    application = Application(settings, clock, os.environ.get(SHARED_IN), traces=traces)
    wrapped: ASGIApp = traces.wrap(application)
    return wrapped
