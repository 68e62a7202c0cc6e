"""Actors in words, as staff are told of them."""

from __future__ import annotations

from kursplan.domain.actors import Actor, Origin


def in_words(by: Actor) -> str:
    """The actor, as far as it can be named without looking anything up."""
    match by.origin:
        case Origin.HOUSE:
            return "the house"
        case Origin.OPEN_API:
            return f"integration {by.who}"
        case Origin.COMMAND_LINE:
            return f"{by.who or 'somebody'}, by the command"
        case Origin.GYM_FILE:
            return f"{by.who}, by the gym file {by.file}"
        case Origin.IMPORT:
            return f"{by.who}, by an import of {by.file}"
        case Origin.CONSOLE:
            with_file = f", by the file {by.file}" if by.file else ""
            return f"staff member {by.who}{with_file}"
        case Origin.MEMBER_PAGE:
            return f"customer {by.who}, on their page"
