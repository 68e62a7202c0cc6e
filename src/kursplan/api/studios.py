"""The key's studio, and the activation that its partner confirms (contract section 4)."""

from __future__ import annotations

from functools import partial

from kursplan.api import wire
from kursplan.api.call import Call
from kursplan.api.wire import given, wall_time
from kursplan.desk.keys import ConfirmActivation
from kursplan.domain.localtime import local
from kursplan.store.engine.rows import AnyRow
from kursplan.store.partner import directory

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


async def information(call: Call) -> wire.StudioInformation:
    page = await call.read(
        partial(
            directory.studio_page,
            organization_id=call.caller.organization_id,
            studio_id=call.caller.studio_id,
            local_now=local(call.now(), call.zone).replace(tzinfo=None),
        )
    )
    studio = page.studio
    hours = [_hours(each) for each in page.opening_hours if not each.public]
    public = [_hours(each) for each in page.opening_hours if each.public]
    located = studio.longitude is not None and studio.latitude is not None
    return wire.StudioInformation(
        studio_id=studio.id,
        name=studio.name,
        description=given(studio.description),
        country=given(studio.country),
        country_code=given(studio.country_code),
        email=given(studio.email),
        telephone=given(studio.telephone),
        website=given(studio.website),
        logo_url=given(studio.logo_url),
        street=given(studio.street),
        house_number=given(studio.house_number),
        zip=given(studio.zip),
        city=given(studio.city),
        opening_date=given(studio.opening_date),
        closing_date=given(studio.closing_date),
        opening_hours=hours,
        public_opening_hours=public or hours,
        closing_hours=[
            wire.ClosingHours(
                reason=given(each.reason),
                date_time_from=wall_time(each.local_from),
                date_time_to=wall_time(each.local_to),
            )
            for each in page.closures
        ],
        location=given(wire.Coordinates(studio.longitude, studio.latitude) if located else None),
        access_code_configuration=wire.AccessCodeConfiguration(studio.access_code_enabled),
    )


async def confirm_activation(call: Call) -> None:
    await call.execute(ConfirmActivation(call.caller.organization_id, call.caller.integration_id))


def _hours(row: AnyRow) -> wire.OpeningHours:
    return wire.OpeningHours(
        day_of_week_from=DAYS[row.day_from],
        day_of_week_to=DAYS[row.day_to],
        time_from=wall_time(row.time_from),
        time_to=wall_time(row.time_to),
    )
