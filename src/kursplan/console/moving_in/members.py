"""A list of members: who is new, who changed, who is in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from kursplan.console.moving_in.prepared import (
    Moving,
    Prepared,
    doubts,
    quietly,
    refused,
    rows,
)
from kursplan.console.moving_in.understood import field_name
from kursplan.console.words import Words
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.imports import members
from kursplan.imports.match import Change, Matched
from kursplan.imports.members import Plan
from kursplan.imports.understand import Understanding


async def prepared(moving: Moving, found: Understanding) -> Prepared:
    visit, words = moving.visit, moving.visit.words
    services, gettext = visit.services, words.gettext
    everybody = await visit.read(members.everybody_stored)
    today = local(services.clock.now(), zone_of(moving.studio.zone)).date()
    plan = await asyncio.to_thread(
        members.plan, found, everybody, moving.studio.key, today, moving.answer
    )

    async def bring() -> str:
        about = f"Members of {moving.studio.key}, imported from {moving.file}."
        await members.bring(
            services.desk,
            services.database,
            services.clock,
            plan,
            moving.organization.key,
            " ".join(about.split()),
            quietly,
            moving.by,
        )
        return gettext("The members are there.")

    changes = ((of, one) for of in plan.changed for one in of.changes)
    left = ((of, one) for of in plan.left for one in of.left)
    return Prepared(
        counts=tuple(_counts(words, plan)),
        tables=(
            *rows(
                gettext("Changed"),
                (gettext("Who"), gettext("What"), gettext("Here"), gettext("In the file")),
                _told(words, changes),
                words,
            ),
            *rows(
                gettext("Changed here since, and stays"),
                (gettext("Who"), gettext("What"), gettext("Here"), gettext("In the file")),
                _told(words, left),
                words,
            ),
            *refused(words, plan.refused),
        ),
        left_out=(plan.doubtful, plan.refused),
        leaves_out=plan.leaves_out,
        can_bring=plan.changes_something,
        fingerprint=plan.fingerprint,
        bring=bring,
        doubts=doubts(words, plan.doubtful, may_be_new=True),
    )


def _counts(words: Words, plan: Plan) -> list[str]:
    found = [
        words.ngettext("%(n)s new customer", "%(n)s new customers", plan.new),
        words.ngettext("%(n)s changes", "%(n)s change", len(plan.changed)),
        words.ngettext("%(n)s as before", "%(n)s as before", plan.unchanged),
    ]
    if plan.repeated:
        found.append(words.ngettext("%(n)s repeated", "%(n)s repeated", len(plan.repeated)))
    if plan.doubtful:
        found.append(words.ngettext("%(n)s in doubt", "%(n)s in doubt", len(plan.doubtful)))
    if plan.refused:
        found.append(words.ngettext("%(n)s left out", "%(n)s left out", len(plan.refused)))
    return found


def _told(words: Words, found: Iterable[tuple[Matched, Change]]) -> Iterator[tuple[str, ...]]:
    return (
        (of.who.called, field_name(words, one.member), one.before or "–", one.after)
        for of, one in found
    )
