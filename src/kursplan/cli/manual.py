"""`kursplan(1)`: the page of the manual, made of what the command says of itself.

Every sentence about a command, an option or a setting stands where it is declared; here is only what
makes a page of them, for `man`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import typer

from kursplan import RELEASED, __version__
from kursplan.cli import app

LONGEST_LINE = 78

STATUSES = (
    ("0", "It is done, or there was nothing to do."),
    ("1", "It could not be done, for the reason that is told; nothing was changed by half."),
    ("2", "The command was not used as it is meant, or a question is open."),
    ("3", "Some of what was brought in was left out; the rest is done."),
)


def page() -> str:
    """The whole page, as troff with the macros of man(7)."""
    return "\n".join(_lines(typer.main.get_command(app))) + "\n"


def _lines(command: Any) -> Iterator[str]:
    yield f'.TH KURSPLAN 1 {RELEASED} "Kursplan {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"kursplan \\- {_set(command.help.rstrip('.').replace('Class', 'class', 1))}"
    yield ".SH SYNOPSIS"
    yield from _usage(command, typer.Context(command, info_name="kursplan"))
    yield ".SH OPTIONS"
    yield from _parameters(command, typer.Context(command, info_name="kursplan"))
    yield ".SH COMMANDS"
    yield from _text("Every command tells the same with")
    yield ".BR \\-\\-help ."
    yield from _commands(command, typer.Context(command, info_name="kursplan"))
    yield ".SH ENVIRONMENT"
    yield from _settings(command.epilog)
    yield ".SH EXIT STATUS"
    for status, meaning in STATUSES:
        yield from _entry(f"\\fB{status}\\fR", meaning)
    yield ".SH SEE ALSO"
    yield ".B kursplan docs"
    yield from _text("prints the documents of this version.")


def _commands(group: Any, context: Any) -> Iterator[str]:
    """Every command below, each with its options."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        within = typer.Context(command, info_name=name, parent=context)
        if hasattr(command, "commands"):
            yield from _commands(command, within)
            continue
        yield f".SS {_set(within.command_path)}"
        yield from _usage(command, within)
        for paragraph in command.help.split("\n\n"):
            yield ".PP"
            yield from _text(paragraph)
        yield from _parameters(command, within)
        if command.epilog:
            yield ".PP"
            yield from _text(command.epilog)


def _usage(command: Any, context: Any) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f".B {_set(context.command_path)}"
    if pieces:
        yield f".RI {_quoted(pieces)}"


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """The arguments and options, but for `--help`, which all of them have."""
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            yield from _entry(f"\\fB{_set(record[0])}\\fR", record[1])


def _settings(introduction: str) -> Iterator[str]:
    from kursplan.settings import FROM_FILE, PREFIX, Settings

    yield from _text(introduction)
    yield from _text(
        f"Each may have {FROM_FILE} behind its name, and is in the file then that is named."
    )
    for each in fields(Settings):
        meaning: str = each.metadata["meaning"]
        told = f"{meaning[0].upper()}{meaning[1:]}.{_default(each.default)}"
        yield from _entry(f"\\fB{_set(PREFIX + each.name.upper())}\\fR", told)


def _default(value: Any) -> str:
    if value in ("", ()):
        return ""
    written = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
    return f" [default: {written}]"


def _entry(head: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield head
    yield from _text(text)


def _text(text: str) -> Iterator[str]:
    for line in textwrap.wrap(
        " ".join(text.split()), LONGEST_LINE, break_long_words=False, break_on_hyphens=False
    ):
        yield _protected(_set(line))


def _quoted(text: str) -> str:
    """As one argument of a macro."""
    return '"' + _set(text).replace('"', "\\(dq") + '"'


def _protected(line: str) -> str:
    """A line that is text, however it begins."""
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _set(text: str) -> str:
    """Signs that mean something to troff as themselves, and others by their number."""
    set_ = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in set_)
