"""Every command in every document runs, in order, on a machine on which nothing is but the command.

Read are README.md, CONTRIBUTING.md and what is in docs: blocks in `sh` are scripts, blocks in
`console` dialogues, whose answers are compared. See `markdown.py` for what can be said to the tests.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from tests.documents.markdown import RUN, SHOWN, Block, Document, read, ready_sign
from tests.documents.terminal import Reader, Samples, Unexpected
from tests.house.repository import ROOT, files
from tests.throwaway import free_port, not_installed

DOCUMENTS = [
    read(ROOT, path)
    for path in files()
    if path.suffix == ".md"
    and (path.parent == Path("docs") or str(path) in {"README.md", "CONTRIBUTING.md"})
]

DATABASE_HOST = "postgresql://kursplan:secret@db.internal/kursplan"
PARTNERS_HOST = "https://partner.example"

NOT_RUN = {
    "docs/clients.md": 3
    * ["it installs from a registry; tests/clients generates by the last line"],
    "docs/operate.md": [
        "it needs a machine that systemd runs; tests/cli/test_systemd.py has systemd look at the units",
        "it needs a collector; tests/webhooks/test_traces.py has one",
        "it needs a key of yours; tests/cli/test_backup.py does it",
        "it needs a machine that systemd runs; tests/deploy/test_real_systemd.py runs it",
        "it needs a machine that systemd runs; tests/cli/test_upgrade_under_load.py does the same while people book",
    ],
    "docs/install.md": [
        "it is what README begins with, whose commands are run",
        "it installs from a registry; tests/house/test_package.py installs the wheel",
        "it writes into folders of the machine; tests/cli/test_shared.py has real shells complete",
        "it needs a machine that systemd runs; tests/cli/test_systemd.py has systemd look at the units",
        "it needs a database elsewhere; tests/deploy/test_postgres_apart.py runs it",
        *4 * ["it needs an engine for containers"],
    ],
    "docs/proof.md": [
        "it takes an hour; tests/chaos/test_chaos.py runs a short one",
        "it takes minutes; tests/chaos/test_chaos.py runs a short one",
    ],
    "docs/imports.md": 4
    * ["it needs what another system exported; tests/imports makes such files"],
}
"""Why blocks are not run, document by document. Think twice before this grows."""


def test_what_is_not_run_has_a_reason_and_is_listed_here() -> None:
    found = {
        str(each.path): reasons
        for each in DOCUMENTS
        if (reasons := [reason for b in each.blocks if (reason := b.mark("not run"))])
    }
    assert found == NOT_RUN


def test_every_block_says_what_it_is() -> None:
    """So that no commands hide in a block that is taken for something else."""
    assert [
        f"{each.path}:{block.line}: {block.language or 'no language'}"
        for each in DOCUMENTS
        for block in each.blocks
        if block.language not in RUN | SHOWN
    ] == []


def test_nothing_is_typed_behind_what_goes_on_until_it_is_stopped() -> None:
    """Whoever pastes such a block waits for ever: what comes next is for a second terminal."""
    assert [
        f"{each.path}:{block.line}: {line}"
        for each in DOCUMENTS
        for block in each.blocks
        if block.runs
        for line in typed_in(block)[:-1]
        if ready_sign(line)
    ] == []


# Some type twenty commands, each of which may take seconds where others are at work too.
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "document",
    [each for each in DOCUMENTS if any(b.runs for b in each.blocks)],
    ids=lambda d: str(d.path),
)
def test_its_commands_run_in_order_and_show_what_it_shows(
    document: Document, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = (ROOT / document.path).read_text("utf-8")
    for program in ("curl", "make"):
        if program in text and shutil.which(program) is None:
            not_installed(program, "install it to have the commands of the documents run.")
    ports = {"8080": free_port(), "9000": free_port()}
    replaced = {port: str(free) for port, free in ports.items()}
    replaced[PARTNERS_HOST] = f"http://localhost:{ports['9000']}"
    if DATABASE_HOST in text:
        replaced[DATABASE_HOST] = request.getfixturevalue("empty_postgres_database")
    folder = machine(tmp_path, document)
    environment = {
        "PATH": f"{tmp_path / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "KURSPLAN_PORT": replaced["8080"],
        "WEBHOOK_PORT": replaced["9000"],
    }
    reader = Reader(folder, environment, Samples(replaced))
    try:
        for name, content in document.files.items():
            (folder / name).write_text(content, "utf-8")
        for commands in givens(document):
            reader.follow(commands, None, None)
        for block in document.blocks:
            if block.runs:
                follow(reader, document, block)
    finally:
        reader.leave()


def follow(reader: Reader, document: Document, block: Block) -> None:
    if "Ctrl-C" in block.marks:
        reader.interrupt()
    for exchange in block.exchanges:
        try:
            reader.follow(
                exchange.command,
                exchange.shown,
                ready_sign(exchange.command),
                again="in a moment" in block.marks,
            )
        except Unexpected as unexpected:
            message = f"{document.path}:{block.line}: {unexpected}"
            raise pytest.fail.Exception(message, pytrace=False) from None


def typed_in(block: Block) -> list[str]:
    """Its lines, continued ones joined."""
    typed = "\n".join(each.command for each in block.exchanges)
    return typed.replace("\\\n", "").splitlines()


def givens(document: Document) -> Iterator[str]:
    """The commands that the document takes for done."""
    for given in document.givens:
        other, _, section = given.partition("#")
        known = [each for each in DOCUMENTS if str(each.path) == other]
        yield from takewhile(is_no_server, known[0].typed_in(section)) if known else [given]


def is_no_server(command: str) -> bool:
    return ready_sign(command) is None


def machine(place: Path, document: Document) -> Path:
    """The folder in which a reader begins; beside it are their HOME and what they have installed."""
    folder, installed = place / "here", place / "bin"
    for each in (folder, installed, place / "home"):
        each.mkdir()
    command = Path(sys.executable).with_name("kursplan")
    if "in a checkout" not in document.marks:
        (installed / "kursplan").symlink_to(command)
    if "in a checkout" in document.marks or any(".md#" in each for each in document.givens):
        for path in {each.parts[0] for each in files()}:
            (folder / path).symlink_to(ROOT / path)
        # As `make install` leaves it: it has nothing left to do.
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(command.parent)
        (folder / ".venv" / "installed").touch()
    return folder
