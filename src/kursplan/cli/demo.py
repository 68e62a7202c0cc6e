"""`kursplan demo`: a made-up gym company to try Kursplan out on, served from a folder of its own."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.gym import progress_of_loading
from kursplan.cli.output import Stop, say, words
from kursplan.cli.serve import bind, run, site
from kursplan.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kursplan.demo.folder import Folder
    from kursplan.demo.start import Demo
    from kursplan.domain.accounts import Role

STANDARD = {
    # The screen is for what is to be tried out.
    "KURSPLAN_LOG_LEVEL": "warning",
    "KURSPLAN_LOG_FORMAT": "text",
    # Whoever tries webhooks out has them come to the same machine.
    "KURSPLAN_WEBHOOKS_INSECURE": "on",
}
"""What is set where the environment sets nothing."""


def demo(
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The folder in which the demo lives.")
    ] = Path("demo"),
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help="The port to listen on, 0 for any free one (KURSPLAN_PORT; 8080).",
        ),
    ] = None,
    webhook_port: Annotated[
        int,
        typer.Option(
            "--webhook-port",
            min=1,
            max=65535,
            envvar="WEBHOOK_PORT",
            help="The port of this machine at which the demo tells of what happens.",
        ),
    ] = 9000,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh",
            help="Start anew: the demo's database, demo.json and demo.env are removed first.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Serve a made-up gym company with two studios, and show what to try out.

    The folder keeps its database and keys for the next start, and a demo.json that tells scripts
    the address, the keys and examples; demo.env tells a shell the same.
    """
    from kursplan import logs
    from kursplan.app import Application
    from kursplan.demo.examples import NoExamples
    from kursplan.demo.folder import Folder
    from kursplan.demo.start import console_links, start, url_of
    from kursplan.desk.engine.desk import DeskBusy
    from kursplan.settings import BadSettings, read_settings
    from kursplan.store.engine.schema import SchemaOutdated
    from kursplan.store.engine.trouble import DatabaseUnavailable
    from kursplan.web.listen import listen, port_of

    here = Folder(folder)
    try:
        settings = read_settings(
            os.environ, otherwise=STANDARD, always={"KURSPLAN_DATABASE_URL": url_of(here.database)}
        )
    except BadSettings as bad:
        raise Stop(str(bad)) from bad
    listener = bind(settings.host, settings.port if port is None else port)
    base_url = f"http://127.0.0.1:{port_of(listener)}"
    # Whatever is written from here on holds keys.
    os.umask(0o077)
    clock = SystemClock()
    try:
        here.make()
        if fresh:
            here.clear()
        if not here.database.exists():
            say(f"Founding a gym company in {folder} …")
        with progress_of_loading() as progress:
            found = asyncio.run(start(here, clock, settings.horizon_days, progress, webhook_port))
        links = asyncio.run(console_links(here, clock, settings.public_url or base_url))
        logs.set_up(settings.log_threshold, settings.log_format)
        application = Application(settings, clock)
        # Before the files are there, so that scripts may go ahead as soon as they find them.
        listen(listener)
        here.write(found.written(base_url), found.exported(base_url, here.database))
    except OSError as error:
        raise Stop(f"can't use the folder {folder}: {error}") from error
    except (NoExamples, DatabaseUnavailable, DeskBusy) as trouble:
        raise Stop(str(trouble)) from trouble
    except SchemaOutdated as outdated:
        raise Stop(f"{outdated}; or start the demo anew with --fresh") from outdated
    for line in _what_to_try(found, links, base_url, here):
        say(line)
    run(listener, site(application, settings))


def _what_to_try(found: Demo, links: Mapping[Role, str], base_url: str, here: Folder) -> list[str]:
    """What is printed: its lines can be pasted into a shell as they are."""
    examples = found.examples
    key = found.studios[0].api_key
    body = f'{{"customerId": {examples.customer_id}, "classSlotId": {examples.slot_id}}}'
    ask = f"curl -sS -H 'X-API-KEY: {key}'"
    send = f"{ask} -H 'Content-Type: application/json' -d '{body}'"
    booking = f"{base_url}/v1/classes/booking"
    number = r"""sed -n 's/.*"bookingId":\([0-9]*\).*/\1/p'"""
    return [
        "",
        f"Kursplan serves the demo at {base_url} until you press Ctrl-C.",
        "The console; each link signs in once, as one of the people who work there:",
        *(f"  {words(role)}:  {link}" for role, link in links.items()),
        f"The Open API to read and to try:  {base_url}/docs",
        f"The guide, from a key to a booking:  {base_url}/docs/guide",
        f"Address, keys and examples for scripts:  {here.for_scripts}, {here.for_shells}",
        "",
        *(
            f"{each.name}: X-API-KEY {each.api_key}  webhook key {each.webhook_key}"
            for each in found.studios
        ),
        "",
        "List the classes:",
        f"{ask} '{base_url}/v1/classes'; echo",
        f"{ask} '{base_url}/v1/classes/{examples.class_id}/slots'; echo",
        "Ask whether a customer may book, book, and cancel:",
        f"{send} '{booking}/validate'; echo",
        f"id=$({send} '{booking}/book' | {number}); echo \"booking $id\"",
        f"""{ask} -X DELETE -o /dev/null -w '%{{http_code}}\\n' "{booking}/$id\"""",
        f"Be told of what happens in {found.studios[0].name}, in another terminal:",
        f". {shlex.quote(_for_dot(here.for_shells))} && {_this_command()} webhook listen",
    ]


def _for_dot(file: Path) -> str:
    """The file as `.` finds it: a name without a slash is looked for in PATH."""
    return str(file) if "/" in str(file) else f"./{file}"


def _this_command() -> str:
    """How it is run again from the same folder: by its name only where that leads to it."""
    called = Path(sys.argv[0])
    if called.stem != "kursplan":
        return f"{shlex.quote(sys.executable)} -m kursplan"
    found = shutil.which("kursplan")
    if found is not None and Path(found).samefile(called):
        return "kursplan"
    return shlex.quote(str(called))
