"""The gym in which a day is simulated, before anything has happened."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kursplan.clock import HandClock
from kursplan.desk.customers import RecordCustomers
from kursplan.domain.classes import Promotion, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.studios import LostEntitlement
from kursplan.store.engine.database import connect
from tests.gym import BERLIN, MORNING, Gym
from tests.simulation.rulebook import Member, Offer

PEOPLE = range(6)
GRANTED = 2
"""How many bookings a week each membership grants."""
SINCE = date(2026, 1, 1)
LISBON = ZoneInfo("Europe/Lisbon")


@dataclass(frozen=True)
class Morning:
    """Such a gym in a file, to be copied for each day."""

    file: Path
    organization: int
    berlin: int
    lisbon: int
    offers: list[Offer]
    members: list[Member]
    employees: list[int]

    @property
    def studios(self) -> dict[int, ZoneInfo]:
        return {self.berlin: BERLIN, self.lisbon: LISBON}

    def entry(self, member: Member) -> CustomerEntry:
        """The customer as the operator writes them down."""
        return _entry(member, "berlin" if member.home == self.berlin else "lisbon")


async def morning(template: Path, file: Path, policy: LostEntitlement) -> Morning:
    """Two studios in two zones, and four classes that differ in nearly everything."""
    shutil.copyfile(template, file)
    database = connect(f"sqlite:///{file}")
    gym = await Gym(database, HandClock(MORNING)).open(lost_entitlement=policy)
    berlin, lisbon = gym.studio_id, await gym.studio("lisbon", zone=LISBON.key)
    await gym.rate("basic", grants={Period.WEEK: GRANTED})
    offers = [
        Offer(
            await gym.klass("spin", latest_booking="1 HOURS", admits_other_studios=True),
            berlin,
            closes=timedelta(hours=1),
            admits_others=True,
        ),
        Offer(
            await gym.klass(
                "yoga",
                uses_contingent=True,
                late_cancellation=True,
                earliest_booking="1 DAY",
                latest_booking="30 MINUTES",
                admits_other_studios=True,
            ),
            berlin,
            opens=1,
            closes=timedelta(minutes=30),
            late=True,
            contingent=True,
            admits_others=True,
        ),
        Offer(
            await gym.klass(
                "boxing",
                studio_id=lisbon,
                confirmation="3 HOURS",
                earliest_booking=None,
                who_may_book=WhoMayBook.MEMBERS,
                admits_other_studios=True,
            ),
            lisbon,
            opens=None,
            confirm=timedelta(hours=3),
            members_only=True,
            admits_others=True,
        ),
        Offer(
            await gym.klass(
                "dance",
                promotion=Promotion.BY_STAFF,
                promotion_ends="1 HOURS",
                latest_cancellation="6 HOURS",
            ),
            berlin,
            by_staff=True,
            promotion_ends=timedelta(hours=1),
            cancellable=timedelta(hours=6),
        ),
    ]
    members = [
        Member(await gym.desk.ids.next(), berlin if person % 3 else lisbon) for person in PEOPLE
    ]
    entries = {
        each.id: _entry(each, "berlin" if each.home == berlin else "lisbon") for each in members
    }
    await gym.take(RecordCustomers(gym.organization, entries))
    employees = [await gym.employee(name) for name in ("Ada", "Bea", "Cem")]
    await gym.desk.close()
    await database.close()
    return Morning(file, gym.organization, berlin, lisbon, offers, members, employees)


def _entry(member: Member, studio: str) -> CustomerEntry:
    rest = () if member.rest is None else (IdlePeriodEntry(f"rest-{member.id}", *member.rest),)
    membership = MembershipEntry(
        f"membership-{member.id}", "basic", SINCE, member.valid_until, idle_periods=rest
    )
    return CustomerEntry(
        f"customer-{member.id}",
        studio,
        "Erika",
        "Mustermann",
        access_refused=member.refused,
        memberships=(membership,),
    )
