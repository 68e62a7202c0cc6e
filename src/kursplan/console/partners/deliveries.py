"""Deliveries: one event for one endpoint each, with its attempts; and sending it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.moments import Moments
from kursplan.console.page import page
from kursplan.console.partners import PATH
from kursplan.console.partners.sayings import (
    STATUSES,
    outcome,
    sign_of_delivery,
    type_of,
)
from kursplan.console.partners.view import (
    AttemptRow,
    Choice,
    DeliveriesView,
    DeliveryRow,
    DeliveryView,
    Fact,
)
from kursplan.console.visit import BadAddress, NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.endpoints import IsDisabled
from kursplan.desk.resend import NoSuchDelivery, Resend
from kursplan.domain.events import EventType
from kursplan.domain.localtime import start_of_day
from kursplan.domain.names import full_name
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store.engine.rows import AnyRow
from kursplan.store.outbox import deliveries, endpoints
from kursplan.store.staff import partners, timetable

SHOWN: Final = 100
IS_DISABLED: Final = _("The address is switched off: switch it on first.")
DONE: Final = {
    "resent": _("It is sent again now."),
    "pending": _("It is still to be sent anyway."),
    "disabled": IS_DISABLED,
}


async def handler(visit: Visit) -> Response:
    """The newest, of one endpoint or of all, in one status or in any, since a day."""
    words, moments = visit.words, await Moments.of(visit)
    status, endpoint_id, day = (
        _status(visit),
        visit.asked_id("endpoint"),
        visit.asked_day("since"),
    )
    since = datetime.min.replace(tzinfo=UTC)
    if day is not None:
        since = start_of_day(day, moments.zone)
    found = await visit.services.database.read(
        lambda tx: deliveries.newest(
            tx,
            visit.member.organization_id,
            since=since,
            limit=SHOWN + 1,
            status=status,
            endpoint_id=endpoint_id,
        )
    )
    view = DeliveriesView(
        statuses=(
            Choice("", words.gettext("whatever became of them"), status is None),
            *(
                Choice(each.value, words.gettext(said), each is status)
                for each, said in STATUSES.items()
            ),
        ),
        endpoints=(
            Choice("", words.gettext("to whomever"), endpoint_id is None),
            *(
                Choice(
                    str(each.id),
                    f"{each.application}, {each.studio}: {each.url}",
                    each.id == endpoint_id,
                )
                for each in await visit.read(endpoints.shown)
            ),
        ),
        since="" if day is None else day.isoformat(),
        rows=tuple(row_of(words, moments, each) for each in found[:SHOWN]),
        more=words.gettext(
            "There are more than %(n)s: choose a status, or a later day.", n=words.number(SHOWN)
        )
        if len(found) > SHOWN
        else "",
    )
    return page(visit, "partners/deliveries.html", words.gettext("Deliveries"), view)


def _status(visit: Visit) -> DeliveryStatus | None:
    asked = visit.asked("status")
    if asked is None:
        return None
    try:
        return DeliveryStatus(asked)
    except ValueError as unknown:
        raise BadAddress("status", asked, ", ".join(DeliveryStatus)) from unknown


async def show(visit: Visit) -> Response:
    """One of them, with what came of each attempt that is still kept."""
    delivery = await _in_path(visit)
    words, moments = visit.words, await Moments.of(visit)
    gettext = words.gettext
    attempts = await visit.read(deliveries.attempts, delivery.id)
    told = await visit.read(partners.told_with, delivery.id)
    pending = delivery.status is DeliveryStatus.PENDING
    about = await about_of(visit, delivery.type, delivery.entity_id)
    facts = [
        Fact(gettext("What"), type_of(words, delivery.type), about.href if about else None),
        Fact(gettext("Happened"), moments.to_the_second(delivery.happened_at)),
        Fact(
            gettext("To"),
            f"{delivery.application}, {delivery.studio}: {delivery.url}",
            f"endpoints/{delivery.endpoint_id}",
        ),
        Fact(gettext("In the partner’s logs"), f"{delivery.type} {delivery.entity_id}"),
        Fact("", delivery.uuid),
    ]
    if pending:
        facts.append(Fact(gettext("Next attempt"), moments.to_the_second(delivery.due_at)))
    is_disabled = delivery.disabled is not None
    done = visit.asked("done")
    view = DeliveryView(
        here=f"deliveries/{delivery.id}",
        crumbs=(Link(gettext("Partners"), PATH), Link(gettext("Deliveries"), "deliveries")),
        title=gettext("Delivery %(n)s", n=delivery.id),
        sign=sign_of_delivery(words, delivery),
        facts=tuple(facts),
        attempts=tuple(
            AttemptRow(
                words.number(each.number),
                moments.to_the_second(each.attempted_at),
                f"{words.number(each.milliseconds)} ms",
                outcome(words, each.status_code, each.failure),
                each.excerpt or "",
            )
            for each in attempts
        ),
        others=tuple(row_told(words, moments, each) for each in told if each.id != delivery.id),
        may_be_sent=not pending and not is_disabled,
        why_not=gettext(IS_DISABLED) if is_disabled else "",
        done=gettext(DONE[done]) if done in DONE else "",
    )
    return page(visit, "partners/delivery.html", view.title, view)


async def resend(visit: Visit) -> Response:
    """Send it again, with the name that it had."""
    await visit.form()
    delivery = await _in_path(visit)
    command = Resend(visit.member.organization_id, delivery.id)
    try:
        resent = await visit.services.desk.execute(command, by=visit.member.actor)
    except IsDisabled:
        return visit.to(f"deliveries/{delivery.id}?done=disabled")
    except NoSuchDelivery as gone:
        raise NotThere(str(delivery.id)) from gone
    return visit.to(f"deliveries/{delivery.id}?done={'resent' if resent else 'pending'}")


async def _in_path(visit: Visit) -> AnyRow:
    delivery_id = number_of("delivery_id", visit.request.path_params["delivery_id"])
    found = await visit.read(deliveries.by_id, delivery_id)
    if found is None:
        raise NotThere(str(delivery_id))
    return found


# --- How one is shown, wherever it is -------------------------------------------------------------


def row_of(words: Words, moments: Moments, row: AnyRow) -> DeliveryRow:
    """As it stands in a list of deliveries."""
    return DeliveryRow(
        href=f"deliveries/{row.id}",
        when=moments.at(row.created_at),
        what=type_of(words, row.type),
        whom=f"{row.application}, {row.studio}",
        sign=sign_of_delivery(words, row),
        attempts=words.number(row.attempts),
        outcome=outcome(words, row.status_code, row.failure) if row.attempts else "",
    )


def row_told(words: Words, moments: Moments, row: AnyRow) -> DeliveryRow:
    """As it stands in a list of those who were told of one event."""
    when = row.finished_at or row.due_at
    return DeliveryRow(
        href=f"deliveries/{row.id}",
        when=moments.at(when) if row.status is not DeliveryStatus.HELD else "",
        what="",
        whom=f"{row.application_name}, {row.studio_name}",
        sign=sign_of_delivery(words, row),
        attempts=words.number(row.attempts),
        outcome="",
    )


OF_BOOKINGS: Final[Sequence[EventType]] = (
    EventType.CLASS_BOOKING_CREATED,
    EventType.CLASS_BOOKING_UPDATED,
    EventType.CLASS_BOOKING_CANCELLED,
)
OF_SLOTS: Final[Sequence[EventType]] = (
    EventType.CLASS_SLOT_UPDATED,
    EventType.CLASS_SLOT_CANCELLED,
)
OF_OTHERS: Final[Sequence[EventType]] = (
    EventType.EMPLOYEE_CREATED,
    EventType.EMPLOYEE_UPDATED,
    EventType.EMPLOYEE_DELETED,
    EventType.STUDIO_OPENING_HOURS_UPDATED,
)


async def about_of(visit: Visit, type_: EventType, entity_id: int) -> Link | None:
    """The page of what an event is about; None where it has none, or is gone."""
    if type_ in OF_BOOKINGS:
        booked = await visit.read(timetable.booking_by_id, entity_id)
        if booked is None:
            return None
        whose = full_name(booked)
        return Link(f"{booked.title}, {whose}", f"slots/{booked.slot_id}")
    if type_ in OF_SLOTS:
        slot = await visit.read(timetable.slot_by_id, entity_id)
        return None if slot is None else Link(slot.title, f"slots/{slot.id}")
    if type_ in OF_OTHERS or type_ is EventType.CUSTOMER_DELETED:
        return None
    names = await visit.read(timetable.names_of_customers, [entity_id])
    name = names.get(entity_id)
    return None if not name else Link(name, f"customers/{entity_id}")
