"""The command `kursplan`: serve, try out, look after the database, and an operator's commands.

Every command goes over the desk, as it does when a partner or a page asks for it. Modules here import
what needs the database only when a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import sys
from typing import Annotated, Any

import typer
from typer._click import ClickException
from typer.core import TyperGroup

from kursplan import __version__
from kursplan.cli import (
    backup,
    booking,
    classes,
    clock,
    customer,
    db,
    demo,
    docs,
    doctor,
    gym,
    history,
    imports,
    key,
    restore,
    series,
    serve,
    settings,
    setup,
    slot,
    staff,
    status,
    studio,
    webhook,
)
from kursplan.cli.output import Stop, stopped

_JSON = "kursplan.json"


class _Commands(TyperGroup):
    """All commands; where one can't go on, it ends with its reason and not with a traceback.

    Here, for all of them, a reason is told as JSON where `--json` is given, wrong use included.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        json: bool = ctx.meta[_JSON]
        try:
            return super().invoke(ctx)
        except Stop as stop:
            stopped(stop, json=json)
            raise typer.Exit(stop.status) from stop
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # Whoever read what is written here has seen enough.
            stopped(Stop(str(error)), json=json)
            raise typer.Exit(1) from error
        except ClickException as wrong:
            if not json:
                raise
            stopped(Stop(wrong.format_message(), wrong.exit_code), json=True)
            raise typer.Exit(wrong.exit_code) from wrong


app = typer.Typer(
    name="kursplan",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Class scheduling and booking for gyms and studios.",
    epilog="Settings come from the environment, or from files that it names: see `kursplan settings`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kursplan {__version__}")
        raise typer.Exit


@app.callback()
def _kursplan(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_show_version,
            is_eager=True,
            show_default=False,
        ),
    ] = False,
) -> None:
    # A name that the terminal can't show is shown as its code; it never ends a command half-way.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("docs")(docs.docs)
app.command("doctor")(doctor.doctor)
app.command("history")(history.history)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("status")(status.status)
app.command("settings")(settings.settings)
app.add_typer(setup.app, name="setup")
app.add_typer(db.app, name="db")
app.add_typer(clock.app, name="clock")
app.add_typer(gym.app, name="gym")
app.add_typer(imports.app, name="import")
app.add_typer(key.app, name="key")
app.add_typer(studio.app, name="studio")
app.add_typer(classes.app, name="class")
app.add_typer(slot.app, name="slot")
app.add_typer(series.app, name="series")
app.add_typer(booking.app, name="booking")
app.add_typer(customer.app, name="customer")
app.add_typer(webhook.app, name="webhook")
app.add_typer(staff.app, name="staff")


def main() -> None:
    """Run the command by the arguments of this process."""
    # What is imported stays, so hardly anything of it is garbage: it is looked for less often, and not once more
    # at the end, when all memory is given back anyway. Both together are half of what a short command takes.
    gc.set_threshold(20_000, 50, 50)
    atexit.register(gc.freeze)
    app(prog_name="kursplan")
