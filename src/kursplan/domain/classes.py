"""A class: what is offered, and the options by which it may be booked.

Its texts (title, description, picture) are absent: no rule looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kursplan.domain.terms import Term, TermUnit

DAY_IN_MINUTES = 24 * 60


class ClassType(StrEnum):
    STUDIO = "STUDIO"
    STREAM = "STREAM"


class OnlineBooking(StrEnum):
    """What a customer can do with the class online."""

    AVAILABLE = "AVAILABLE"
    DISPLAY_ONLY = "DISPLAY_ONLY"
    NO = "NO"


class WhoMayBook(StrEnum):
    EVERYONE = "EVERYONE"
    MEMBERS = "MEMBERS"
    """Customers with a membership that is valid on the day of the slot."""
    NAMED_RATES = "NAMED_RATES"
    """Customers with a valid membership of one of the rates that the class names."""


class Promotion(StrEnum):
    """How waiting customers get seats that become free."""

    AUTOMATIC = "AUTOMATIC"
    BY_STAFF = "BY_STAFF"


@dataclass(frozen=True, slots=True)
class Class:
    """The booking options of a class; the defaults are the house's."""

    id: int
    bookable: bool = True
    online_booking: OnlineBooking = OnlineBooking.AVAILABLE
    earliest_booking: Term | None = Term(7, TermUnit.DAY)
    latest_booking: Term = Term(0, TermUnit.MINUTES)
    latest_cancellation: Term = Term(2, TermUnit.HOURS)
    late_cancellation: bool = False
    """Whether a booking may be cancelled after the latest cancellation, counted as late."""
    promotion: Promotion = Promotion.AUTOMATIC
    promotion_ends: Term | None = None
    """How long before the start the house moves nobody up any more; with the latest cancellation, where
    nothing is said: nobody gets a seat unasked that they can't give back."""
    grace: Term = Term(15, TermUnit.MINUTES)
    """How long after getting a seat it can be given back, although the latest cancellation is over."""
    admits_other_studios: bool = False
    who_may_book: WhoMayBook = WhoMayBook.EVERYONE
    rates: frozenset[int] = frozenset()
    uses_contingent: bool = False
    confirmation: Term | None = None
    """By when a booking must be confirmed; none where it needs no confirmation."""
    confirm_promotion: Term = Term(2, TermUnit.HOURS)
    """How long who moved up has at least to confirm, be it after that term."""

    @property
    def visible(self) -> bool:
        """Whether the Open API shows the class at all, once it has slots."""
        return self.bookable and self.online_booking is not OnlineBooking.NO

    @property
    def needs_membership(self) -> bool:
        return self.who_may_book is not WhoMayBook.EVERYONE or self.uses_contingent
