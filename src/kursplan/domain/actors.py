"""Actors: who makes a change, and through which door it came."""

from __future__ import annotations

from enum import StrEnum

from kursplan.domain.values import value


class Origin(StrEnum):
    """The door through which a change came; it says what kind of actor makes it."""

    CONSOLE = "CONSOLE"
    """A staff member who is signed in."""
    OPEN_API = "OPEN_API"
    """An application, by a key of one of its integrations."""
    MEMBER_PAGE = "MEMBER_PAGE"
    """A customer, on their own page."""
    COMMAND_LINE = "COMMAND_LINE"
    """Whoever may use the command on that machine."""
    GYM_FILE = "GYM_FILE"
    """The same, who loads a gym file."""
    IMPORT = "IMPORT"
    """The same, who moves a gym in from elsewhere."""
    HOUSE = "HOUSE"
    """The house itself: what is done because its time has come."""


@value
class Actor:
    """Who makes a change. Make one by its kind: `Actor.application(…)`."""

    origin: Origin
    who: str | None = None
    """The number of the staff member, integration or customer, or the name of the system user."""
    file: str | None = None
    """The name of the file that says what is changed, where one does."""

    @classmethod
    def staff_member(cls, account_id: int, file: str | None = None) -> Actor:
        """`file` where they sent one that says what is changed."""
        return cls(Origin.CONSOLE, str(account_id), file)

    @classmethod
    def application(cls, integration_id: int) -> Actor:
        """Named by its integration, which says in which studio it speaks."""
        return cls(Origin.OPEN_API, str(integration_id))

    @classmethod
    def customer(cls, customer_id: int) -> Actor:
        return cls(Origin.MEMBER_PAGE, str(customer_id))

    @classmethod
    def command_line(cls, user: str) -> Actor:
        return cls(Origin.COMMAND_LINE, user)

    @classmethod
    def gym_file(cls, file: str, user: str) -> Actor:
        return cls(Origin.GYM_FILE, user, file)

    @classmethod
    def importer(cls, file: str, user: str) -> Actor:
        return cls(Origin.IMPORT, user, file)


THE_HOUSE = Actor(Origin.HOUSE)
