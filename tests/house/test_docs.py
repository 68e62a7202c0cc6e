"""What the documents name is there: files, links, `make` targets, and commands with their options.

Read are README.md, ARCHITECTURE.md, CONTRIBUTING.md and everything in docs. Looked at are words in
backticks, blocks of commands, and links; prose is not.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from tests.house.repository import ROOT, files, is_made

DOCUMENTS = [
    path
    for path in files()
    if path.suffix == ".md"
    and (
        path.parts[0] == "docs" or str(path) in {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"}
    )
]

# Documents name a module of the package, or of the tests, the short way: `desk/engine/turn.py`.
LOOKED_UP_FROM = (Path(), Path("src/kursplan"), Path("tests"))

# Endings that make a word without a slash the name of a file: `pyproject.toml`, but not `slot.end`.
FILE_ENDINGS = {".cfg", ".ini", ".lock", ".md", ".py", ".sh", ".sql", ".toml", ".yaml", ".yml"}

# Files that a reader makes, or has on a machine of their own.
THE_READERS_OWN = {"gym.yaml", "timetable.py"}

SHELLS = {"", "bash", "console", "sh", "shell"}


class Code(NamedTuple):
    """A piece of a document that is set as code."""

    line: int
    text: str


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_path_a_document_names_exists(document: Path) -> None:
    text = (ROOT / document).read_text()
    named = [*paths_in(text), *links_in(text)]
    assert [
        f"{document}:{line}: {path}" for line, path in named if not exists(path, document)
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_make_target_a_document_names_exists(document: Path) -> None:
    targets = make_targets()
    assert [
        f"{document}:{line}: make {word}"
        for line, words in commands_in((ROOT / document).read_text(), "make")
        for word in words
        if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-") and word not in targets
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_kursplan_command_a_document_names_exists(document: Path) -> None:
    assert [
        f"{document}:{line}: kursplan {' '.join(words)}: {mistake}"
        for line, words in commands_in((ROOT / document).read_text(), "kursplan")
        if (mistake := mistake_in(words, kursplan_commands()))
    ] == []


DOCUMENT = """
See `Makefile`, `tests/house/`, `src/kursplan/gone.py` and [the licence](LICENSE#terms) or
[what was](gone.md). A zone such as `Europe/Berlin`, an address such as `/v1/classes`, and
`application/json` are no paths; `.venv/bin/kursplan` is made, and `docs/{one,two}.md` is a pattern.
Run `make test` or `make coffee ARGS="-k one"`, then:

```sh
$ make install && sudo make lunch   # not make dinner
$ cp mine.toml tests/gone.svg
KURSPLAN_ZONE=UTC .venv/bin/kursplan key create \\
    --studio 1 | kursplan kye
```

```python
subprocess.run("make nothing of this")
```
"""


def test_the_checks_see_what_a_document_names() -> None:
    here = Path("README.md")
    assert [each for _, each in paths_in(DOCUMENT)] == [
        "Makefile",
        "tests/house/",
        "src/kursplan/gone.py",
        ".venv/bin/kursplan",
        "tests/gone.svg",
        ".venv/bin/kursplan",
    ]
    assert [each for _, each in links_in(DOCUMENT)] == ["LICENSE", "gone.md"]
    assert exists("tests/house/", here)
    assert not exists("src/kursplan/gone.py", here)
    assert [words for _, words in commands_in(DOCUMENT, "make")] == [
        ["test"],
        ["coffee", "ARGS=-k one"],
        ["install"],
        ["lunch"],
    ]
    assert [words for _, words in commands_in(DOCUMENT, "kursplan")] == [
        [],
        ["key", "create", "--studio", "1"],
        ["kye"],
    ]
    assert "check" in make_targets()
    assert "coffee" not in make_targets()


def test_the_checks_know_which_commands_and_options_there_are() -> None:
    app, key = typer.Typer(), typer.Typer()
    app.add_typer(key, name="key")

    @app.command()
    def serve(*, port: int = 1) -> None: ...

    @key.command()
    def create(name: str, *, studio: int = 1) -> None: ...

    tree = typer.main.get_command(app)

    for right in ("", "--help", "serve --port 9", "key create door --studio=7", "key", "key …"):
        assert mistake_in(right.split(), tree) is None, right
    assert mistake_in(["kye"], tree) == "there is no command kye"
    assert mistake_in(["key", "mint"], tree) == "there is no command mint"
    assert mistake_in(["serve", "--prot", "9"], tree) == "there is no option --prot"


def code_in(text: str) -> Iterator[Code]:
    """Every span in backticks, and every line of a block of commands, continued lines joined."""
    language: str | None = None
    continued = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence := re.match(r"\s*(```|~~~)\s*([\w+-]*)", line):
            language = fence[2] if language is None else None
        elif language is None:
            for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
                yield Code(number, span)
        elif language in SHELLS:
            continued += line
            if line.endswith("\\"):
                continued = continued[:-1]
            else:
                yield Code(number, continued)
                continued = ""


def paths_in(text: str) -> Iterator[tuple[int, str]]:
    """The words set as code that are paths of ours, by their first part or their ending."""
    top = {path.parts[0] for path in files()} | {".venv"}
    package = {path.parts[2] for path in files() if path.parts[:2] == ("src", "kursplan")}
    for line, code in code_in(text):
        for word in code.split():
            if not re.fullmatch(r"[\w.@+-][\w./@+-]*", word):
                continue
            in_a_directory_of_ours = "/" in word and Path(word).parts[0] in top | package
            # In a command a bare name is mostly a file of the reader's.
            is_a_file_by_its_name = word in top or Path(word).suffix in FILE_ENDINGS
            if in_a_directory_of_ours or (
                is_a_file_by_its_name and word == code and word not in THE_READERS_OWN
            ):
                yield line, word


def links_in(text: str) -> Iterator[tuple[int, str]]:
    """Where links and pictures point to, if it is a file."""
    for number, line in enumerate(text.splitlines(), start=1):
        for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", line):
            path = target.partition("#")[0]
            if path and not re.match(r"[a-z]+:", path):
                yield number, path


def exists(path: str, document: Path) -> bool:
    """Whether the path is there, or is one that only a command makes."""
    bases = (*LOOKED_UP_FROM, document.parent)
    return is_made(Path(path)) or any((ROOT / base / path).exists() for base in bases)


def commands_in(text: str, program: str) -> Iterator[tuple[int, list[str]]]:
    """What follows the program's name wherever the text runs it, word by word."""
    for line, code in code_in(text):
        for command in re.split(r"&&|\|\|?|;", re.sub(r"(^|\s)#.*", "", code)):
            try:
                words = shlex.split(command.strip().removeprefix("$ "))
            except ValueError:
                continue  # A quotation that does not end: a sentence, not a command.
            while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
                del words[0]
            if words and Path(words[0]).name == program:
                yield line, words[1:]


@cache
def kursplan_commands() -> Any:
    # Imported where it is needed: the other checks also run while the command cannot.
    from kursplan.cli import app

    return typer.main.get_command(app)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def mistake_in(words: list[str], command: Any) -> str | None:
    """What in the words of a command line the command does not know; None if it knows everything."""
    for word in words:
        subcommands = getattr(command, "commands", {})
        if word.startswith("-") and word != "-":  # Which is standard input or output.
            option = word.partition("=")[0]
            known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
            if option not in known | {"--help"}:
                return f"there is no option {option}"
        elif word in subcommands:
            command = subcommands[word]
        elif subcommands and re.fullmatch(r"[a-z][a-z-]*", word):
            return f"there is no command {word}"
    return None
