"""A timetable: which series and single slots are added, and what they need."""

from __future__ import annotations

from collections.abc import Sequence

from kursplan.console.consequences.refused import clash_sentence
from kursplan.console.moving_in.prepared import (
    Moving,
    Prepared,
    fingerprint,
    quietly,
    refused,
    rows,
)
from kursplan.console.moving_in.view import Rows
from kursplan.console.words import Words
from kursplan.domain.clashes import Clash
from kursplan.domain.studios import zone_of
from kursplan.imports import move_timetable
from kursplan.imports.move_timetable import Source
from kursplan.imports.plan_timetable import TimetablePlan
from kursplan.imports.timetable import Traits


async def prepared(moving: Moving, source: Source, *, go_on: bool) -> Prepared:
    """Raises `Unreadable`."""
    visit, words, services = moving.visit, moving.visit.words, moving.visit.services
    plan = await move_timetable.planned(
        services.database,
        services.clock,
        source,
        moving.organization.key,
        moving.studio.key,
        zone_of(moving.studio.zone),
        go_on=go_on,
    )

    async def bring() -> str:
        clashes = await move_timetable.bring(
            services.desk,
            services.database,
            services.clock,
            plan,
            by=moving.by,
            progress=quietly,
            horizon_days=visit.services.horizon_days,
        )
        return " ".join([words.gettext("The timetable is there."), *_twice(words, clashes)])

    return Prepared(
        counts=(
            words.ngettext("%(n)s new series", "%(n)s new series", len(plan.series)),
            words.ngettext("%(n)s new single slot", "%(n)s new single slots", len(plan.slots)),
            words.ngettext("%(n)s planned already", "%(n)s planned already", plan.planned),
            words.ngettext("%(n)s past", "%(n)s past", plan.past),
            words.ngettext("%(n)s cancelled", "%(n)s cancelled", plan.cancelled),
            words.ngettext("%(n)s left out", "%(n)s left out", plan.leaves_out),
        ),
        tables=tuple(_tables(words, plan)),
        left_out=(plan.refused,),
        leaves_out=plan.leaves_out,
        can_bring=plan.changes_something,
        fingerprint=fingerprint(plan.gym_files),
        bring=bring,
    )


def _tables(words: Words, plan: TimetablePlan) -> list[Rows]:
    gettext = words.gettext
    new = [
        (gettext("Class"), ", ".join(plan.classes)),
        (gettext("Room"), ", ".join(plan.rooms)),
        (gettext("Given by"), ", ".join(plan.instructors)),
    ]
    where = (gettext("Room"), gettext("Given by"))
    series = [
        (
            each.traits.title,
            words.listed([words.weekdays[day] for day in sorted(each.weekdays)]),
            words.time(each.start),
            words.day(each.first_day),
            gettext("goes on") if each.last_day is None else words.day(each.last_day),
            *_where_and_who(each.traits),
        )
        for each in plan.series
    ]
    slots = [
        (each.traits.title, words.moment(each.start), *_where_and_who(each.traits))
        for each in plan.slots
    ]
    problems = [(each.place.said(words), each.why.said(words)) for each in plan.problems]
    taken_for = [(short, whole) for short, whole in plan.taken_for.items()]
    return [
        *rows(
            gettext("New series"),
            (
                gettext("Class"),
                gettext("Weekdays"),
                gettext("Start"),
                gettext("From"),
                gettext("Until"),
                *where,
            ),
            series,
            words,
        ),
        *rows(
            gettext("New single slots"), (gettext("Class"), gettext("When"), *where), slots, words
        ),
        *rows(
            gettext("Made for it"),
            (gettext("What"), gettext("Names")),
            [each for each in new if each[1]],
            words,
        ),
        *rows(gettext("Taken for"), (gettext("In the file"), gettext("Here")), taken_for, words),
        *rows(
            gettext("Planned otherwise here, and stays"),
            (gettext("What"),),
            [(each.said(words),) for each in plan.otherwise],
            words,
        ),
        *refused(words, plan.refused),
        *rows(
            gettext("Left out"),
            (gettext("What"), gettext("Because")),
            problems,
            words,
        ),
    ]


def _where_and_who(traits: Traits) -> tuple[str, str]:
    return traits.room or "–", ", ".join(traits.instructors) or "–"


def _twice(words: Words, clashes: Sequence[Clash]) -> list[str]:
    if not clashes:
        return []
    told = [words.gettext("Twice at the same time:")]
    return told + [f"{clash_sentence(words, each)}." for each in clashes[:5]]
