"""What is missing until somebody can book a class, step by step, each with why and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kursplan.console.addresses import address
from kursplan.console.setup.view import Act, Hidden, Seen, State, Step
from kursplan.console.words import Words
from kursplan.domain.classes import OnlineBooking
from kursplan.store.staff.setup import PlannedClass, Stock

NAMED = 3
"""So many are named; of more, how many there are besides."""


def steps(words: Words, stock: Stock) -> tuple[Step, ...]:
    """All of them in their order. The first that is not done is the next one."""
    found: list[Step] = []
    for number, each in enumerate(_Writer(words, stock).steps(), start=1):
        is_next = each.state is State.OPEN and all(one.state is State.DONE for one in found)
        state = State.NEXT if is_next else each.state
        found.append(replace(each, number=words.number(number), state=state))
    return tuple(found)


def hidden(words: Words, stock: Stock) -> tuple[Hidden, ...]:
    """The classes that nobody can book through a partner."""
    return tuple(
        Hidden(each.entry.title, tuple(_because(words, each)))
        for each in stock.classes
        if not each.can_be_booked
    )


def _because(words: Words, planned: PlannedClass) -> Iterator[str]:
    gettext, entry = words.gettext, planned.entry
    if not entry.bookable:
        yield gettext("It is not bookable.")
    if entry.online_booking is OnlineBooking.NO:
        yield gettext("It is not shown online.")
    if entry.online_booking is OnlineBooking.DISPLAY_ONLY:
        yield gettext("It is shown online, but can’t be booked there.")
    if planned.next_slot is None:
        yield gettext("It has no times to come.")
    if planned.is_for_nobody:
        yield gettext("It is only for some memberships, and nobody has one.")


def seen(words: Words, stock: Stock) -> tuple[Seen, ...]:
    """What partners see now."""
    gettext = words.gettext
    shown = [each for each in stock.classes if each.is_shown]
    with_slots = [each for each in shown if each.next_slot is not None]
    possible = any(each.can_be_booked for each in stock.classes)
    return (
        _counted(words, gettext("Studios"), len(stock.studios)),
        _counted(words, gettext("Employees"), len(stock.employees)),
        _counted(words, gettext("Classes"), len(shown)),
        _counted(words, gettext("Classes with times"), len(with_slots)),
        Seen(gettext("Bookings"), "good", "check", gettext("possible"))
        if possible
        else Seen(gettext("Bookings"), "", "closed", gettext("not possible yet")),
    )


def _counted(words: Words, what: str, count: int) -> Seen:
    if count:
        return Seen(what, "good", "check", words.ngettext("%(n)s shown", "%(n)s shown", count))
    return Seen(what, "wait", "wait", words.gettext("none yet"))


class _Writer:
    def __init__(self, words: Words, stock: Stock) -> None:
        self._words = words
        self._stock = stock

    def steps(self) -> Iterator[Step]:
        yield self._studio()
        yield self._rooms()
        yield self._people()
        yield self._class()
        yield self._times()
        if any(each.is_for_nobody for each in self._stock.classes):
            yield self._memberships()
        yield self._customers()
        yield self._staff()
        yield self._partner()

    def _step(
        self,
        title: str,
        done: str,
        text: str,
        *acts: tuple[str, str],
        besides: tuple[str, str] | None = None,
    ) -> Step:
        """Done where there is something to say of that."""
        offered = tuple(Act(label, href) for label, href in acts)
        other = () if besides is None else (Act(*besides),)
        if done:
            return Step("", State.DONE, title, done, (*offered[-1:], *other))
        return Step("", State.OPEN, title, text, (*offered[:1], *other))

    def _studio(self) -> Step:
        gettext = self._words.gettext
        found = [
            f"{each.name}, {each.zone}, {self._words.language_name(each.language)}"
            for each in self._stock.studios.values()
        ]
        return self._step(
            gettext("Studio"),
            "; ".join(found[:NAMED]),
            gettext(
                "Where your classes take place, and in which time zone. Everything else hangs on it."
            ),
            (gettext("Set up the studio"), "setup/studio"),
            (gettext("Add a studio"), "setup/studio"),
        )

    def _rooms(self) -> Step:
        gettext = self._words.gettext
        return self._step(
            gettext("Rooms"),
            self._some(self._stock.rooms),
            gettext("So that nobody plans two classes into one room at the same time."),
            (gettext("Add rooms"), "setup/rooms"),
        )

    def _people(self) -> Step:
        gettext = self._words.gettext
        return self._step(
            gettext("People who give classes"),
            self._some(self._stock.employees),
            gettext("Their names are all it takes. Partners show who gives a class."),
            (gettext("Add people"), "setup/people"),
        )

    def _class(self) -> Step:
        gettext = self._words.gettext
        shown = [
            each.entry.title
            for each in self._stock.classes
            if each.entry.bookable and each.entry.online_booking is OnlineBooking.AVAILABLE
        ]
        return self._step(
            gettext("First class"),
            self._some(shown),
            gettext(
                "What is offered, for how many, and on which weekdays: one form for it and its times. "
                "Everything can be changed later."
            ),
            (gettext("Create a class"), "setup/class"),
            (gettext("Create another class"), "setup/class"),
        )

    def _times(self) -> Step:
        gettext = self._words.gettext
        starts = [each.next_slot for each in self._stock.classes if each.next_slot is not None]
        with_times = [each.entry.title for each in self._stock.classes if each.next_slot]
        return self._step(
            gettext("First times"),
            self._some(with_times) if starts else "",
            gettext(
                "On which weekdays and when. From then on the timetable fills itself, weeks ahead."
            ),
            (gettext("Give a class its times"), "setup/class"),
            (gettext("See the timetable"), "timetable"),
        )

    def _memberships(self) -> Step:
        gettext = self._words.gettext
        names = [each.entry.title for each in self._stock.classes if each.is_for_nobody]
        return self._step(
            gettext("Memberships"),
            "",
            gettext(
                "%(classes)s: only for some memberships, and no customer has one, so nobody can book it.",
                classes=self._some(names),
            ),
            (gettext("To the customers"), "customers"),
        )

    def _customers(self) -> Step:
        gettext = self._words.gettext
        return self._step(
            gettext("Customers"),
            gettext("They are there.") if self._stock.has_customers else "",
            gettext("From a list that your old system exports, or one by one at the desk."),
            (gettext("Bring them in"), "moving-in"),
            (gettext("To the customers"), "customers"),
            besides=(gettext("Enter one"), "customers/new"),
        )

    def _staff(self) -> Step:
        gettext = self._words.gettext
        invited = [each.name for each in self._stock.accounts if not each.password_is_set]
        others = [each.name for each in self._stock.accounts if each.password_is_set]
        done = ""
        if len(self._stock.accounts) > 1:
            done = self._some([*others, *invited])
            if invited:
                done = gettext(
                    "%(who)s. Not accepted yet: %(invited)s", who=done, invited=self._some(invited)
                )
        return self._step(
            gettext("Colleagues"),
            done,
            gettext(
                "Front desk and instructors get an account of their own, by a link that works once."
            ),
            (gettext("Invite somebody"), address("accounts/invite", back="setup")),
        )

    def _partner(self) -> Step:
        gettext = self._words.gettext
        return self._step(
            gettext("A partner’s app"),
            self._some(self._stock.keys),
            gettext(
                "The app or web page through which people book gets a key, which is shown once."
            ),
            (gettext("Make a key"), "setup/partner"),
        )

    def _some(self, names: Iterable[str]) -> str:
        """The first of them; of the others, how many they are."""
        named = list(dict.fromkeys(names))
        if not named:
            return ""
        if (further := len(named) - NAMED) > 1:
            more = self._words.ngettext("%(n)s more", "%(n)s more", further)
            return self._words.listed([*named[:NAMED], more])
        return self._words.listed(named)
