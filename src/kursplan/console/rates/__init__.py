"""Rates: what memberships are sold as, what each grants, and how much of that its holders have left.

They are of the organization, and sold in every studio; whom one sees there is at home in a studio that is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.customers.card import State, cards
from kursplan.console.customers.facts import Held
from kursplan.console.frame import Link
from kursplan.console.history.lines import LineView, lines
from kursplan.console.page import page
from kursplan.console.told.view import UndoView
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked_by_count as _n
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import MembershipEntry, RateEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.names import full_name
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import contingents
from kursplan.store.entries import rates as entries
from kursplan.store.staff import classes, customers, rates

PATH: Final = "rates"
AT_ONCE: Final = 100
"""So many memberships stand on one page."""
LINES: Final = 10
GRANTS: Final = {
    Period.WEEK: _n("%(n)s a week", "%(n)s a week"),
    Period.MONTH: _n("%(n)s a month", "%(n)s a month"),
    Period.YEAR: _n("%(n)s a year", "%(n)s a year"),
    Period.TOTAL: _n("%(n)s in all", "%(n)s in all"),
}


@dataclass(frozen=True, slots=True)
class RateRow:
    href: str
    name: str
    grants: str
    memberships: str
    classes: str
    """Those that are only for it and others that they name."""


@dataclass(frozen=True, slots=True)
class RatesView:
    crumbs: tuple[Link, ...]
    rows: tuple[RateRow, ...]
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class HolderView:
    href: str
    name: str
    number: str
    left: str
    of: str
    taken: int | None
    """Of a hundred; None where there is no limit."""
    hint: str
    rests: str
    is_to_come: bool


@dataclass(frozen=True, slots=True)
class RateView:
    here: str
    crumbs: tuple[Link, ...]
    name: str
    grants: str
    classes: tuple[Link, ...]
    holders: tuple[HolderView, ...]
    count: str
    earlier: str | None
    later: str | None
    """Further memberships, where there are more than stand here."""
    history: tuple[LineView, ...]
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a membership of the rate."""

    row: AnyRow
    held: Held


async def handler(visit: Visit) -> Response:
    """All rates."""
    words = visit.words
    theirs = await places.theirs(visit)
    today = day_of(visit.services.clock.now(), theirs[0].zone)
    rows = await visit.read(customers.rates)
    granted = await visit.read(contingents.of_rates, [each.id for each in rows])
    counted = await visit.read(rates.counted, today)
    naming = await visit.read(classes.naming_rates)
    view = RatesView(
        (Link(words.gettext("Classes"), "classes"),),
        tuple(
            RateRow(
                f"{PATH}/{each.id}",
                each.name,
                grants(words, granted[each.id]),
                words.number(counted.get(each.id, 0)),
                words.listed([row.title for row in naming.get(each.id, ())]),
            )
            for each in rows
        ),
        await told.undo_bar(visit, PATH),
    )
    return page(visit, "rates/rates.html", words.gettext("Rates"), view)


def grants(words: Words, granted: Collection[Contingent]) -> str:
    """`10 a month and 2 a week`"""
    said = [
        words.gettext("without limit")
        if each.bookings is None
        else words.ngettext(*GRANTS[each.period], each.bookings)
        for each in sorted(granted, key=lambda each: list(Period).index(each.period))
    ]
    return words.listed(said) if said else words.gettext("no number of bookings")


async def one(visit: Visit) -> Response:
    """One rate, and who has it: by name, with what is left of the period that is running."""
    rate_id, entry = await the_rate(visit)
    words, now = visit.words, visit.services.clock.now()
    theirs = await places.theirs(visit)
    today = day_of(now, theirs[0].zone)
    number = visit.asked_id("page") or 1
    holders = await visit.read(
        _holders, rate_id, entry, [each.id for each in theirs], today, (number - 1) * AT_ONCE
    )
    counted = (await visit.read(rates.counted, today)).get(rate_id, 0)
    here = f"{PATH}/{rate_id}"
    naming = (await visit.read(classes.naming_rates)).get(rate_id, ())
    view = RateView(
        here=here,
        crumbs=(
            Link(words.gettext("Classes"), "classes"),
            Link(words.gettext("Rates"), PATH),
        ),
        name=entry.name,
        grants=grants(words, entry.contingents),
        classes=tuple(
            Link(each.title, f"classes/{each.id}")
            for each in naming
            if visit.member.has(each.studio_id)
        ),
        holders=tuple(_shown(words, each, today, now) for each in holders[:AT_ONCE]),
        count=words.number(counted),
        earlier=address(here, page=number - 1) if number > 1 else None,
        later=address(here, page=number + 1) if len(holders) > AT_ONCE else None,
        history=await lines(visit, EntityKind.RATE, rate_id, theirs[0].zone, LINES),
        undo=await told.undo_bar(visit, here),
    )
    return page(visit, "rates/rate.html", entry.name, view)


async def the_rate(visit: Visit) -> tuple[int, RateEntry]:
    """The rate in the path. Raises `NotThere`."""
    rate_id = number_of("rate_id", visit.request.path_params["rate_id"])
    entry = (await visit.read(entries.load, [rate_id])).get(rate_id)
    if entry is None:
        raise NotThere(str(rate_id))
    return rate_id, entry


def _holders(
    tx: Connection,
    organization_id: int,
    rate_id: int,
    entry: RateEntry,
    studio_ids: Sequence[int],
    today: date,
    offset: int,
) -> list[Holder]:
    """One more than stand on a page, so that it is known whether there are more."""
    rows = rates.holders(tx, organization_id, rate_id, studio_ids, today, AT_ONCE + 1, offset)
    membership_ids = [each.id for each in rows]
    used = rates.used(tx, organization_id, {each.customer_id for each in rows})
    own = contingents.of_memberships(tx, organization_id, membership_ids)
    rests = rates.rests(tx, organization_id, membership_ids)
    return [
        Holder(
            row,
            Held(
                row.id,
                MembershipEntry(
                    row.key,
                    entry.key,
                    row.valid_from,
                    row.valid_until,
                    own[row.id],
                    tuple(rests.get(row.id, ())),
                ),
                entry.name,
                own[row.id] or entry.contingents,
                [(each.day, each.starts_at) for each in used.get(row.id, ())],
            ),
        )
        for row in rows
    ]


def _shown(words: Words, holder: Holder, today: date, now: datetime) -> HolderView:
    """As it stands on the customer's card."""
    row = holder.row
    [card] = cards(words, [holder.held], today, now)
    return HolderView(
        href=f"customers/{row.customer_id}",
        name=full_name(row),
        number=row.number or "",
        left="" if card.taken is None else card.big,
        of=card.of.rpartition(" · ")[0] if card.taken is not None else card.of,
        taken=card.taken,
        hint=" ".join(card.hints),
        rests=card.rests,
        is_to_come=card.state is State.TO_COME,
    )
