"""A small gym in which everything hangs together, and every command that could be given in it.

It is Monday, 2 March 2026, 08:00 in Berlin. Commands are about the same few things on purpose: what
two of them may break together, they break here.
"""

from __future__ import annotations

import itertools
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from typing import Any

import kursplan.desk
from kursplan.desk import (
    accounts,
    applications,
    classes,
    close_studio,
    contracts,
    credentials,
    customers,
    employees,
    endpoints,
    keys,
    locations,
    organizations,
    rates,
    resend,
    studios,
)
from kursplan.desk import edit_series as editing
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book, IdempotencyKey, MayBook, StillRefused
from kursplan.desk.cancel import Cancel
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.confirm import Confirm
from kursplan.desk.copy_week import CopyWeek
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.turn import Command
from kursplan.desk.expire import ExpireConfirmations
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.follow_class import ApplyClassDefaults
from kursplan.desk.follow_series import FollowSeries
from kursplan.desk.give_back import GiveBack
from kursplan.desk.keep_told import KeepTold
from kursplan.desk.mend import MendPlaces, ReviewBookings
from kursplan.desk.move_up import MoveUp
from kursplan.desk.of_booking import OfBooking
from kursplan.desk.participation import SetParticipation
from kursplan.desk.plan_series import PlanSeries
from kursplan.desk.plan_slot import PlanSlot
from kursplan.desk.promote import Promote
from kursplan.desk.release import Release, WaiveLateness
from kursplan.desk.reopen import ReopenSlots
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.rezone import Rezone
from kursplan.desk.settle import AskAgain, Settle
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain import entries
from kursplan.domain.accounts import Purpose, Role, StaffEntry
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.clashes import OnClash
from kursplan.domain.classes import Promotion, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind, StudioClosed
from kursplan.domain.series import SeriesPlan
from kursplan.domain.settling import ground_of
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.webhooks import DEFAULT_ENDPOINT, DeliveryStatus, Disabled, NamedPlan
from kursplan.ids import fingerprint
from kursplan.store import tables
from kursplan.store.entries.told import Told
from tests.gym import BERLIN, MONDAY, Gym

TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
NEXT_MONDAY = MONDAY + timedelta(days=7)
YESTERDAY = MONDAY - timedelta(days=1)
YEAR = date(2026, 1, 1)
URL = "https://partner.example/events"
SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True)
class Scene:
    """What there is, by its ids."""

    organization: int
    berlin: int
    hamburg: int
    spin: int
    yoga: int
    barre: int
    """Of Hamburg, where nobody may be twice at the same time."""
    basic: int
    ina: int
    tom: int
    eva: int
    hall: int
    box_room: int
    """A series is in it, and the slot that is held back."""
    series: int
    pinned: int
    """A slot of the series with a limit of its own."""
    full: int
    """A slot of today with one seat, which somebody has, and one who waits."""
    empty: int
    """A slot of today with one seat and nobody on it, after the full one."""
    yoga_slot: int
    """Of tomorrow, with two seats that are yet to be confirmed, and one who waits."""
    over: int
    """A slot of yesterday that is still planned."""
    completed: int
    """A slot of tomorrow that is completed already."""
    cancelled: int
    """A slot of Wednesday that was cancelled with the one who had its only seat."""
    held_back: int
    """A slot of tomorrow with a free seat, and one who waits until staff move them up."""
    seated: int
    waiting: int
    flagged: int
    """On a slot of next Monday, when the studio is closed."""
    settled: int
    """On the same slot, and staff decided that it stays."""
    unconfirmed: int
    expired: int
    """Its term for confirming is over."""
    late: int
    """Of yesterday."""
    too_late: int
    """Was cancelled late, and cost a booking of the week."""
    ada: int
    """Has the seat on the full slot, and the unconfirmed one."""
    ben: int
    """Waits there."""
    cleo: int
    """Has the seat of which the term is over."""
    dan: int
    """Waits behind."""
    emil: int
    """Is booked on nothing that takes place."""
    contract: str
    """The key of Ada's membership."""
    partner: int
    integration: int
    newcomer: int
    """Another integration, which has not confirmed its activation yet."""
    endpoint: int
    asleep: int
    """An endpoint that is disabled."""
    key: int
    delivery: int
    owner: int
    """Another one may sign in, too."""
    clerk: int
    """At the front desk, with a second factor and a passkey, signed in twice."""
    gone: int
    """An account that is disabled."""
    passkey: int
    signed_in: int
    """A session of the clerk's."""


async def build(gym: Gym) -> Scene:
    """Write all of it down."""
    hamburg = await gym.studio("hamburg", clashes=OnClash.REFUSE)
    barre = await gym.klass("barre", studio_id=hamburg)
    basic = await gym.rate("basic", grants={Period.WEEK: 1})
    spin = await gym.klass("spin", earliest_booking="30 DAY", promotion_ends="0 MINUTES")
    yoga = await gym.klass(
        "yoga",
        rates=[basic],
        who_may_book=WhoMayBook.NAMED_RATES,
        uses_contingent=True,
        confirmation="2 HOURS",
        promotion_ends="0 MINUTES",
    )
    hall = await gym.location("Saal 1")
    ina, tom, eva = [await gym.employee(name) for name in ("Ina", "Tom", "Eva")]
    ada, ben, cleo, dan, emil = [
        await gym.customer(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Emil")
    ]
    contract = f"membership-{await gym.membership(ada, basic)}"
    for each in (ben, cleo, dan, emil):
        await gym.membership(each, basic)
    series = await gym.series("spin", at="18:30", instructors=[ina])
    await gym.extend(series, until=MONDAY + timedelta(days=15))

    full = await gym.slot("spin", at="18:00", seats=1)
    empty = await gym.slot("spin", at="19:00", seats=1)
    yoga_slot = await gym.slot("yoga", at="10:00", day=TUESDAY, seats=2)
    over = await gym.slot("spin", at="18:00", day=YESTERDAY)
    completed = await gym.slot("spin", at="12:00", day=TUESDAY, status=SlotStatus.COMPLETED)
    for each in (full, empty, yoga_slot):
        await gym.gives(each, ina)
    await _stand_in(gym, empty, replaced=ina, by=tom)
    seated, waiting = [(await gym.booked(who, full)).booking_id for who in (ada, ben)]
    unconfirmed, expired = [(await gym.booked(who, yoga_slot)).booking_id for who in (ada, cleo)]
    await gym.booked(dan, yoga_slot)
    await gym.set(tables.booking, expired, confirm_until=gym.at("07:00"))
    late = await _of_yesterday(gym, over, ada)
    held_back, box_room = await _held_back(gym, dan, cleo)
    await _astray(gym, dan)
    cancelled = await gym.slot("spin", at="09:00", day=WEDNESDAY, seats=1)
    await gym.booked(emil, cancelled)
    await gym.cancel_slot(cancelled)
    gone = await gym.slot("spin", at="07:00", day=WEDNESDAY, seats=1)
    too_late = (await gym.booked(emil, gone)).booking_id
    await gym.cancel(too_late)
    await gym.set(tables.booking, too_late, late=True, counts=True)
    closed, later = [each.id for each in (await gym.slots_of(series))[1:]]
    flagged, settled = [(await gym.booked(who, closed)).booking_id for who in (ben, cleo)]
    await gym.booked(dan, later)
    await gym.changed_slot(later, max_participants=9)
    await gym.insert(
        tables.closure,
        key="easter",
        studio_id=gym.studio_id,
        local_from=gym.wall("00:00", day=NEXT_MONDAY),
        local_to=gym.wall("23:00", day=NEXT_MONDAY),
    )
    # The closure came later than the booking that it flags.
    await gym.set(tables.booking, flagged, conflict=Kind.STUDIO_CLOSED)
    all_day = (gym.at(at, day=NEXT_MONDAY).astimezone(BERLIN) for at in ("00:00", "23:00"))
    await gym.set(tables.booking, settled, settled=(ground_of(StudioClosed(*all_day, None)),))
    # What is to be followed, mended and looked at again: somebody has missed it.
    await gym.set(tables.class_, spin, max_waiting_list=4)
    await gym.set(tables.slot, held_back, last_sequence=1)
    await gym.set(tables.booking, seated, conflict=Kind.STUDIO_CLOSED)
    partner, integration, endpoint, key = await _partner(gym)
    newcomer = await gym.insert(
        tables.integration,
        application_id=partner,
        studio_id=hamburg,
        scopes=("CLASSES_READ",),
        active=True,
        webhook_key="another webhook key",
    )
    asleep = await _endpoint(gym, newcomer, disabled=Disabled.BY_OPERATOR, disabled_at=gym.now)
    delivery = await _delivery(gym, endpoint)
    owner, clerk, gone, passkey, signed_in = await _staff(gym)
    return Scene(
        organization=gym.organization,
        berlin=gym.studio_id,
        hamburg=hamburg,
        spin=spin,
        yoga=yoga,
        barre=barre,
        basic=basic,
        ina=ina,
        tom=tom,
        eva=eva,
        hall=hall,
        box_room=box_room,
        series=series,
        pinned=later,
        full=full,
        empty=empty,
        yoga_slot=yoga_slot,
        over=over,
        completed=completed,
        cancelled=cancelled,
        too_late=too_late,
        held_back=held_back,
        seated=seated,
        waiting=waiting,
        flagged=flagged,
        settled=settled,
        unconfirmed=unconfirmed,
        expired=expired,
        late=late,
        ada=ada,
        ben=ben,
        cleo=cleo,
        dan=dan,
        emil=emil,
        contract=contract,
        partner=partner,
        integration=integration,
        newcomer=newcomer,
        endpoint=endpoint,
        asleep=asleep,
        key=key,
        delivery=delivery,
        owner=owner,
        clerk=clerk,
        gone=gone,
        passkey=passkey,
        signed_in=signed_in,
    )


async def _stand_in(gym: Gym, slot_id: int, *, replaced: int, by: int) -> None:
    await gym.gives(slot_id, by)
    await gym.insert(
        tables.stand_in, slot_id=slot_id, replaced_id=replaced, stand_in_id=by, set_at=gym.now
    )


async def _held_back(gym: Gym, gone: int, waiting: int) -> tuple[int, int]:
    """A slot with a seat free, for which staff have yet to choose the one who waits; and its room."""
    await gym.klass("box", promotion=Promotion.BY_STAFF)
    room = await gym.location("Boxraum")
    await gym.series("box", at="06:00", location_id=room)
    slot_id = await gym.slot("box", day=TUESDAY, seats=1, location_id=room)
    seated = await gym.booked(gone, slot_id)
    await gym.booked(waiting, slot_id)
    await gym.cancel(seated.booking_id)
    return slot_id, room


async def _astray(gym: Gym, customer_id: int) -> None:
    """A slot that stands at another instant than its local time means."""
    slot_id = await gym.slot("spin", at="12:00", day=WEDNESDAY)
    await gym.booked(customer_id, slot_id)
    await gym.set(tables.slot, slot_id, local_start=gym.wall("11:00", day=WEDNESDAY))


async def _of_yesterday(gym: Gym, slot_id: int, customer_id: int) -> int:
    await gym.set(tables.slot, slot_id, seats=1, last_sequence=1)
    return await gym.insert(
        tables.booking,
        slot_id=slot_id,
        studio_id=gym.studio_id,
        customer_id=customer_id,
        home_studio_id=gym.studio_id,
        status=BookingStatus.BOOKED,
        sequence=1,
        starts_at=gym.at("18:00", day=YESTERDAY),
        ends_at=gym.at("19:00", day=YESTERDAY),
        day=YESTERDAY,
        booked_at=gym.at("12:00", day=YESTERDAY),
        participation=Participation.UNSET,
        counts=False,
        late=False,
        overruled=(),
    )


async def _partner(gym: Gym) -> tuple[int, int, int, int]:
    """An application that is active in Berlin and hears of everything there."""
    application = await gym.insert(tables.application, key="partner", name="Partner")
    integration = await gym.insert(
        tables.integration,
        application_id=application,
        studio_id=gym.studio_id,
        scopes=("CLASSES_READ", "CLASSES_WRITE"),
        active=True,
        confirmed_at=gym.now,
        webhook_key="a webhook key",
    )
    endpoint = await _endpoint(gym, integration)
    key = await gym.insert(
        tables.api_key,
        key_hash=fingerprint("a key"),
        integration_id=integration,
        hint="key",
        created_at=gym.now,
    )
    return application, integration, endpoint, key


async def _staff(gym: Gym) -> tuple[int, int, int, int, int]:
    """Accounts that may sign in at the console, or may not any more."""

    async def account(name: str, role: Role, **options: Any) -> int:
        email = f"{name.lower()}@gym.example"
        account_id = await gym.insert(
            tables.staff_account,
            email=email,
            name=name,
            role=role,
            **{"language": "de", "recovery": (), "created_at": gym.now} | options,
        )
        await gym.insert(tables.staff_directory, email_folded=email, account_id=account_id)
        return account_id

    owner = await account("Olga", Role.OWNER)
    await account("Otto", Role.OWNER)
    clerk = await account("Carla", Role.FRONT_DESK, totp_secret="A" * 32, password_hash="old")
    gone = await account("Gero", Role.OWNER, disabled_at=gym.now)
    await gym.insert(tables.staff_studio, account_id=clerk, studio_id=gym.studio_id)
    passkey = await gym.insert(
        tables.staff_passkey,
        account_id=clerk,
        credential_id="credential",
        public_key="key",
        sign_count=0,
        name="Telefon",
        created_at=gym.now,
    )
    signed_in, _ = [
        await gym.insert(
            tables.staff_session,
            account_id=clerk,
            token_hash=fingerprint(device),
            created_at=gym.now,
            seen_at=gym.now,
            confirmed_at=gym.now,
            device=device,
        )
        for device in ("Firefox", "Safari")
    ]
    await gym.insert(
        tables.staff_ticket,
        token_hash=fingerprint("a link"),
        purpose=Purpose.RESET,
        account_id=clerk,
        created_at=gym.now,
        expires_at=gym.now + timedelta(hours=1),
    )
    return owner, clerk, gone, passkey, signed_in


async def _endpoint(gym: Gym, integration: int, **options: Any) -> int:
    return await gym.insert(
        tables.webhook_endpoint,
        integration_id=integration,
        key=DEFAULT_ENDPOINT,
        url=URL,
        is_default=True,
        secret=SECRET,
        created_at=gym.now,
        **options,
    )


async def _delivery(gym: Gym, endpoint: int) -> int:
    """An event of which the partner was told in vain."""
    event = await gym.insert(
        tables.event,
        uuid="00000000-0000-7000-8000-000000000000",
        type=EventType.STUDIO_OPENING_HOURS_UPDATED,
        entity_id=gym.studio_id,
        studio_id=gym.studio_id,
        happened_at=gym.now,
        fanned_out=True,
    )
    return await gym.insert(
        tables.delivery,
        event_id=event,
        endpoint_id=endpoint,
        entity_id=gym.studio_id,
        status=DeliveryStatus.FAILED,
        failed_attempts=4,
        attempts=4,
        due_at=gym.now,
        created_at=gym.now,
        finished_at=gym.now,
    )


FRESH = 5_000_000
"""Ids that are given out beforehand, as a caller takes them, begin here."""


def commands(of: Scene) -> Iterator[tuple[str, Command[Any]]]:
    """Each under a name of its own: at least one of each kind, more where there is more to it."""
    ids = itertools.count(FRESH)
    organization, berlin = of.organization, of.berlin
    evening = datetime.combine(MONDAY, time(17)), datetime.combine(MONDAY, time(22))

    def book(customer: int, slot: int, **options: Any) -> Book:
        return Book(organization, berlin, customer, slot, next(ids), **options)

    yield "book the last seat", book(of.emil, of.empty)
    yield "book beside another", book(of.dan, of.empty)
    yield "book what is full", book(of.emil, of.full)
    yield "book by contingent", book(of.emil, of.yoga_slot)
    key = IdempotencyKey(of.integration, "a key", "what was asked")
    yield "book under a key", book(of.emil, of.empty, idempotency=key)
    yield "cancel a seat", Cancel(organization, berlin, of.seated)
    yield "cancel a position", Cancel(organization, berlin, of.waiting)
    yield "confirm", Confirm(organization, berlin, of.unconfirmed)
    yield (
        "note participation",
        SetParticipation(organization, berlin, of.late, Participation.PARTICIPATING),
    )
    yield "expire", ExpireConfirmations(organization, frozenset({of.expired}))
    yield "promote", Promote(organization, frozenset({of.held_back}), by_staff=True)
    beyond = frozenset({Kind.BOOKING_LIMIT_REACHED})
    yield "add a booking", AddBooking(book(of.emil, of.full, overrule=beyond))
    yield "release a seat", Release(organization, berlin, of.seated, late=True)
    yield "waive", WaiveLateness(organization, berlin, of.too_late)
    yield "settle", Settle(organization, berlin, of.flagged)
    yield "settle what is free", Settle(organization, berlin, of.seated)
    yield "ask again", AskAgain(organization, berlin, of.settled)
    yield "move up", MoveUp(organization, of.held_back)
    yield "move ben up", MoveUp(organization, of.full, of.waiting, beyond)
    yield "restore a slot", RestoreSlot(organization, of.cancelled, with_bookings=True)
    yield "restore it empty", RestoreSlot(organization, of.cancelled)
    yield "swap", SwapInstructors(organization, of.full, of.ina, of.empty, of.tom)
    yield "complete", CompleteSlots(organization, frozenset({of.over}))
    yield "reopen", ReopenSlots(organization, frozenset({of.completed}))

    yield "cancel a slot", CancelSlot(organization, of.full)
    yield "cancel an empty slot", CancelSlot(organization, of.empty)
    yield (
        "move a slot",
        ChangeSlot(organization, of.empty, local_start=datetime.combine(MONDAY, time(16))),
    )
    yield (
        "move a full slot",
        ChangeSlot(organization, of.full, local_start=datetime.combine(MONDAY, time(19, 30))),
    )
    yield "lengthen a slot", ChangeSlot(organization, of.full, duration_minutes=90)
    yield "add seats", ChangeSlot(organization, of.full, max_participants=2)
    yield "change room", ChangeSlot(organization, of.empty, location_id=of.hall)
    yield "change instructors", ChangeSlot(organization, of.full, instructor_ids=(of.tom, of.eva))
    yield "put a stand-in", PutStandIn(organization, of.full, of.ina, of.tom)
    yield "take a stand-in back", RemoveStandIn(organization, of.empty, of.tom)
    yield (
        "plan a slot",
        PlanSlot(
            organization,
            next(ids),
            of.spin,
            "extra",
            datetime.combine(MONDAY, time(20)),
            location_id=of.hall,
            instructor_ids=(of.tom,),
        ),
    )
    for name, at in (("early", time(20)), ("late", time(20, 30))):
        yield (
            f"plan {name} in hamburg",
            PlanSlot(
                organization,
                next(ids),
                of.barre,
                f"{name}-barre",
                datetime.combine(MONDAY, at),
                instructor_ids=(of.eva,),
            ),
        )
    weekly = SeriesPlan(frozenset({0}), time(17, 30), MONDAY, instructors=(of.tom,))
    yield "plan a series", PlanSeries(organization, next(ids), of.spin, "late", weekly)
    yield (
        "edit a series",
        editing.EditSeries(organization, of.series, editing.AllFuture(), weekly),
    )
    tuesdays = replace(weekly, weekdays=frozenset({1}))
    yield (
        "edit the following",
        editing.EditSeries(
            organization, of.series, editing.Following(NEXT_MONDAY, next(ids)), tuesdays
        ),
    )
    yield (
        "edit with what was pinned",
        editing.EditSeries(organization, of.series, editing.AllFuture(), weekly, take_along=True),
    )
    yield "copy a week", CopyWeek(organization, berlin, MONDAY, NEXT_MONDAY)
    yield "end a series", EndSeries(organization, of.series, NEXT_MONDAY)
    yield "extend a series", ExtendSeries(organization, of.series, MONDAY + timedelta(days=30))
    yield "follow the class", ApplyClassDefaults(organization, of.spin)
    yield "follow the series", FollowSeries(organization, of.series)
    yield "give a slot back", GiveBack(organization, of.pinned)
    yield "mend places", MendPlaces(organization, frozenset({of.full, of.held_back}))
    yield "look again", ReviewBookings(organization, frozenset({of.flagged, of.seated}))
    yield "rezone", Rezone(organization, berlin)
    yield "close", close_studio.CloseStudio(organization, berlin, "repair", *evening)
    yield (
        "close with slots",
        close_studio.CloseStudio(organization, berlin, "party", *evening, cancel_slots=True),
    )
    yield "open", close_studio.OpenStudio(organization, berlin, "easter")

    yield (
        "change the policy",
        organizations.RecordOrganization(
            organization,
            entries.OrganizationEntry("gym", lost_entitlement=LostEntitlement.CANCEL),
        ),
    )
    yield (
        "change the zone",
        studios.RecordStudio(
            organization, berlin, entries.StudioEntry("berlin", "Berlin", "Europe/London")
        ),
    )
    yield "refuse clashes", studios.SetOnClash(organization, berlin, OnClash.REFUSE)
    yield (
        "new studio",
        studios.RecordStudio(
            organization, next(ids), entries.StudioEntry("bonn", "Bonn", "Europe/Berlin")
        ),
    )
    yield (
        "rename a room",
        locations.RecordLocation(
            organization, of.hall, entries.LocationEntry("saal 1", "berlin", "Halle")
        ),
    )
    yield "remove a room", locations.RemoveLocation(organization, of.box_room)
    yield (
        "employee moves",
        employees.RecordEmployee(
            organization,
            of.tom,
            entries.EmployeeEntry("employee-tom", "Tom", "Trainer", frozenset({"hamburg"})),
        ),
    )
    yield "take tom off the plan", employees.LeavePlan(organization, of.tom)
    yield "delete tom", employees.DeleteEmployee(organization, of.tom)
    yield "delete ina", employees.DeleteEmployee(organization, of.ina)
    yield (
        "change a rate",
        rates.RecordRate(
            organization,
            of.basic,
            entries.RateEntry("basic", "Basic", frozenset({Contingent(2, Period.WEEK)})),
        ),
    )
    spin = entries.ClassEntry("spin", "berlin", "Spin", 45, max_participants=2)
    yield "change a class", classes.RecordClass(organization, of.spin, spin)
    yoga = entries.ClassEntry(
        "yoga",
        "berlin",
        "Yoga",
        60,
        who_may_book=WhoMayBook.MEMBERS,
        uses_contingent=True,
        max_participants=3,
    )
    yield "change who may book", classes.RecordClass(organization, of.yoga, yoga)
    yield (
        "new class",
        classes.RecordClass(
            organization, next(ids), replace(spin, key="bike", title="Bike", rates=frozenset())
        ),
    )
    yield (
        "deactivate a partner",
        applications.RecordApplication(
            organization,
            of.partner,
            entries.ApplicationEntry("partner", "Partner", frozenset()),
        ),
    )
    yield (
        "partner in hamburg",
        applications.RecordApplication(
            organization,
            of.partner,
            entries.ApplicationEntry(
                "partner",
                "Partner",
                frozenset(
                    {
                        entries.IntegrationEntry("berlin", frozenset({"CLASSES_READ"})),
                        entries.IntegrationEntry("hamburg", frozenset({"CLASSES_READ"})),
                    }
                ),
            ),
        ),
    )

    def record(customer: int, name: str, **options: Any) -> customers.RecordCustomers:
        entry = entries.CustomerEntry(
            f"customer-{customer}", "berlin", name, "Mustermann", **options
        )
        return customers.RecordCustomers(organization, {customer: entry})

    resting = entries.IdlePeriodEntry("rest", MONDAY, TUESDAY)

    def member(customer: int, **options: Any) -> entries.MembershipEntry:
        return entries.MembershipEntry(f"plus-{customer}", "basic", YEAR, **options)

    yield (
        "emil rests",
        record(of.emil, "Emil", memberships=(member(of.emil, idle_periods=(resting,)),)),
    )
    yield "ben rests", record(of.ben, "Ben", memberships=(member(of.ben, idle_periods=(resting,)),))
    yield "cleo loses her membership", record(of.cleo, "Cleo", memberships=())
    yield "refuse ada", record(of.ada, "Ada", access_refused=True)
    yield (
        "move dan",
        customers.RecordCustomers(
            organization,
            {of.dan: entries.CustomerEntry(f"customer-{of.dan}", "hamburg", "Dan", "Mustermann")},
        ),
    )
    yield (
        "freeze ada",
        contracts.FreezeMembership(organization, of.ada, of.contract, MONDAY, TUESDAY, "journey"),
    )
    yield "end ada", contracts.EndMembership(organization, of.ada, of.contract, MONDAY)
    yield "ada goes to hamburg", contracts.MoveHome(organization, of.ada, "hamburg")
    yield "new customer", record(next(ids), "Fritz", memberships=())
    newcomer = next(ids)
    yield (
        "new customer by a file",
        KeepTold(
            organization,
            (Told("customers", f"customer-{newcomer}", {"first_name": "Greta"}, newcomer),),
            record(newcomer, "Greta", memberships=()),
        ),
    )
    yield (
        "what a file said",
        KeepTold(
            organization,
            (
                Told("customers", f"customer-{of.ada}", {"first_name": "Ada"}, of.ada),
                Told("classes", "spin", {"title": "Spin"}),
            ),
        ),
    )
    yield "delete emil", customers.DeleteCustomers(organization, frozenset({of.emil}))
    yield "delete ada", customers.DeleteCustomers(organization, frozenset({of.ada, of.cleo}))

    further = entries.EndpointEntry(
        "slots", "https://partner.example/slots", frozenset({EventType.CLASS_SLOT_UPDATED})
    )
    yield (
        "add an endpoint",
        endpoints.AddEndpoint(organization, of.integration, next(ids), further, SECRET),
    )
    yield (
        "change an endpoint",
        endpoints.ChangeEndpoint(organization, of.endpoint, "https://partner.example/new"),
    )
    yield "remove an endpoint", endpoints.RemoveEndpoint(organization, of.endpoint)
    yield (
        "rotate a secret",
        endpoints.RotateSecret(organization, of.endpoint, SECRET.replace("A", "B")),
    )
    yield "disable", endpoints.DisableEndpoint(organization, of.endpoint)
    yield "enable", endpoints.EnableEndpoint(organization, of.endpoint, resend_missed=True)
    yield "wake one up", endpoints.EnableEndpoint(organization, of.asleep)
    yield (
        "be patient",
        endpoints.SetRetryPlan(organization, of.integration, NamedPlan.PATIENT.plan),
    )
    yield "send again", resend.Resend(organization, of.delivery)
    earlier, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    yield (
        "send all again",
        resend.ResendSince(organization, of.endpoint, earlier, later, (DeliveryStatus.FAILED,)),
    )
    yield (
        "issue a key",
        keys.IssueKey(organization, of.integration, next(ids), fingerprint("new"), "new"),
    )
    yield "revoke a key", keys.RevokeKey(organization, of.key)
    yield "confirm the activation", keys.ConfirmActivation(organization, of.newcomer)

    yield (
        "invite",
        accounts.InviteStaff(
            organization,
            next(ids),
            StaffEntry("Nora@gym.example", "Nora Neu", Role.INSTRUCTOR, employee_id=of.ina),
            fingerprint("an invitation"),
        ),
    )
    yield (
        "carla becomes a manager",
        accounts.ChangeStaff(
            organization, of.clerk, Role.MANAGER, frozenset({of.berlin, of.hamburg})
        ),
    )
    yield (
        "olga becomes an instructor",
        accounts.ChangeStaff(organization, of.owner, Role.INSTRUCTOR, employee_id=of.tom),
    )
    yield "disable carla", accounts.DisableStaff(organization, of.clerk)
    yield "enable gero", accounts.EnableStaff(organization, of.gone)
    yield "end carla's sessions", accounts.EndSessions(organization, of.clerk)
    yield "reset carla", accounts.ResetStaff(organization, of.clerk, fingerprint("a reset"))
    yield (
        "carla takes her link",
        credentials.TakeLink(organization, of.clerk, fingerprint("a link"), "argon2 new"),
    )
    yield (
        "carla sets her password",
        credentials.SetPassword(organization, of.clerk, "argon2 newer", of.signed_in),
    )
    yield (
        "carla has no second factor",
        credentials.SetSecondFactor(organization, of.clerk, None, (), of.signed_in),
    )
    yield (
        "carla has a passkey more",
        credentials.AddPasskey(organization, of.clerk, next(ids), "another", "key", 0, "Laptop"),
    )
    yield "carla loses one", credentials.RemovePasskey(organization, of.clerk, of.passkey)
    yield "carla speaks english", credentials.SetLanguage(organization, of.clerk, "en")


def every_kind() -> frozenset[type[Command[Any]]]:
    """All that the desk can be told to do: the commands that there are, not those that are listed.

    What it can only be asked is no command.
    """
    modules = [
        import_module(f"kursplan.desk.{each.name}")
        for each in pkgutil.iter_modules(kursplan.desk.__path__)
    ]
    return frozenset(
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Command)
        and each not in (Command, MayBook, OfBooking, StillRefused)
    )
