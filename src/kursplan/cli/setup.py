"""`kursplan setup`: what a machine needs to run Kursplan as one of its services."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kursplan.cli.output import Stop, say

app = typer.Typer(no_args_is_help=True, help="Running Kursplan as a service of a machine.")

TEMPLATES = Path(__file__).with_name("systemd")
OUT_OF_SIGHT = tuple(f"/{each}" for each in ("home", "root", "run/user", "tmp"))
"""What a service with `ProtectHome=` and `PrivateTmp=` does not see."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file to be written, below the folder that is named."""

    path: str
    mode: int = 0o644
    is_the_operators: bool = False
    """Once it is there it is never written again: what is set is set there."""


TARGETS = {
    "kursplan.service": Target("etc/systemd/system/kursplan.service"),
    "kursplan.socket": Target("etc/systemd/system/kursplan.socket"),
    "kursplan-backup.service": Target("etc/systemd/system/kursplan-backup.service"),
    "kursplan-backup.timer": Target("etc/systemd/system/kursplan-backup.timer"),
    "kursplan-doctor.service": Target("etc/systemd/system/kursplan-doctor.service"),
    "kursplan-doctor.timer": Target("etc/systemd/system/kursplan-doctor.timer"),
    "kursplan.sysusers": Target("etc/sysusers.d/kursplan.conf"),
    "kursplan-as-service": Target("usr/local/sbin/kursplan-as-service", 0o755),
    "kursplan.env": Target("etc/kursplan/kursplan.env", is_the_operators=True),
    "database-url": Target("etc/kursplan/database-url", 0o600, is_the_operators=True),
}


@app.callback()
def _setup() -> None:
    """Running Kursplan as a service of a machine."""


@app.command()
def systemd(
    to: Annotated[
        Path,
        typer.Option("--to", metavar="DIR", help="Below which folder: / for this machine."),
    ],
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="How many processes; needs PostgreSQL.")
    ] = 1,
    listen: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where clients are let in.")
    ] = "127.0.0.1:8080",
    command: Annotated[
        Path | None,
        typer.Option(
            "--command", metavar="FILE", help="The command of the services, if not this one."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Write over units that are others by now; settings are never written over.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Write units for systemd: the service with its socket, nightly backups, the doctor, its user, its settings.

    Nothing is started, and no user is made: what comes next is told.
    """
    written = dict(_contents(_command(command), workers, listen))
    others = [
        to / TARGETS[name].path
        for name, content in written.items()
        if not TARGETS[name].is_the_operators and _is_another(to / TARGETS[name].path, content)
    ]
    if others and not replace:
        raise Stop(
            "there are others already, and nothing is written: give --replace to write over "
            + ", ".join(map(str, others))
        )
    for name, content in written.items():
        target, file = TARGETS[name], to / TARGETS[name].path
        if target.is_the_operators and file.exists():
            say(f"{file} stays as it is.")
            continue
        _write(file, content, target.mode)
        say(f"{file}")
    for line in REPLACED if others else WHAT_IS_NEXT:
        say(line)


REPLACED = (
    "",
    # The socket too: with other processes it has others to open.
    "What runs goes on by the units before. To have it run by these, as root:",
    "  systemctl daemon-reload && systemctl restart kursplan.socket kursplan.service",
)
WHAT_IS_NEXT = (
    "",
    "Write into etc/kursplan/database-url where the data is, unless it is to be SQLite, and into",
    "etc/kursplan/kursplan.env under which address people reach the console. Then, as root:",
    "  systemd-sysusers && systemctl daemon-reload",
    "  install -d -o kursplan -g kursplan -m 0700 /var/lib/kursplan",
    "  kursplan-as-service db upgrade",
    "  systemctl enable --now kursplan.socket kursplan.service",
    "  systemctl enable --now kursplan-backup.timer kursplan-doctor.timer",
    "  kursplan-as-service staff invite EMAIL --role owner --name NAME --found COMPANY",
)


def _command(given: Path | None) -> Path:
    """Where the command is that the units run. Raises `Stop`."""
    called = given or Path(shutil.which(sys.argv[0]) or sys.argv[0])
    found = called.absolute()
    for hidden in OUT_OF_SIGHT:
        if found.is_relative_to(hidden) or found.resolve().is_relative_to(hidden):
            raise Stop(
                f"a service sees nothing of {hidden}, where {found} is: install Kursplan elsewhere,"
                " such as in /opt/kursplan, or give --command",
                2,
            )
    if not os.access(found, os.X_OK) or found.is_dir():
        raise Stop(f"{found} can't be run by a service: give --command", 2)
    if any(char.isspace() or char in "%$\\\"'" for char in str(found)):
        raise Stop(f"{found} can't be written in a unit: install it at another path", 2)
    return found


def _contents(command: Path, workers: int, listen: str) -> Iterator[tuple[str, str]]:
    """What is written, by the name of its template."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Stop(f"{listen!r} is no address with a port: write 127.0.0.1:8080 or [::1]:8080", 2)
    filled_in = {
        "@command@": str(command),
        "@workers@": str(workers),
        "@listen@": "\n".join([f"ListenStream={listen}"] * workers),
        "@sandbox@": (TEMPLATES / "sandbox.conf").read_text("utf-8"),
    }
    for name in TARGETS:
        if name == "database-url":
            yield name, "sqlite:////var/lib/kursplan/kursplan.db\n"
            continue
        text = (TEMPLATES / name).read_text("utf-8")
        for mark, value in filled_in.items():
            text = text.replace(mark, value)
        yield name, text


def _is_another(file: Path, content: str) -> bool:
    with suppress(FileNotFoundError):
        return file.read_text("utf-8", errors="replace") != content
    return False


def _write(file: Path, content: str, mode: int) -> None:
    """Whole or not at all, and never readable by more than it is for."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as written:
        written.write(content)
    partial.chmod(mode)
    partial.rename(file)
