"""Set-up: what is still missing until the first booking, and short forms for the first of each kind.

Each line of the list says why it is there and what it opens. A form asks for as little as makes the thing
work; everything else has the house's default, and its own page later.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from starlette.responses import Response

from kursplan import gymfile
from kursplan.console.addresses import address
from kursplan.console.page import page
from kursplan.console.setup.missing import hidden, seen, steps
from kursplan.console.setup.view import SetupView, State
from kursplan.console.visit import Visit
from kursplan.console.words import marked as _
from kursplan.domain.actors import Actor
from kursplan.store.entries import organizations
from kursplan.store.staff import setup

PATH: Final = "setup"
SAID: Final = {
    "class": _("The class has its times."),
    "example": _("The example is there. Look around."),
    "people": _("They are written down."),
    "rooms": _("The rooms are there."),
    "studio": _("The studio is there."),
}
"""What was just done, by the word in the address."""
NEEDS, A_STUDIO = "needs", "studio"
"""The parameter that has why somebody was led here from another page, and its word."""
EXAMPLE: Final = "example.yaml"


def back_to_the_list(visit: Visit, done: str) -> Response:
    """After a step was done."""
    return visit.to(address(PATH, done=done))


async def handler(visit: Visit) -> Response:
    """What is still missing."""
    words = visit.words
    stock = await visit.read(setup.stock, visit.services.clock.now())
    found = steps(words, stock)
    done = sum(each.state is State.DONE for each in found)
    all_done = done == len(found)
    possible = any(each.can_be_booked for each in stock.classes)
    said = visit.asked_one_of("done", "", *SAID)
    needs_studio = visit.asked_one_of(NEEDS, "", A_STUDIO) and not stock.studios
    view = SetupView(
        heading=words.gettext("All is set up")
        if all_done
        else words.gettext("Ten minutes to the first booking"),
        lead=words.gettext("%(name)s can be booked.", name=stock.organization)
        if possible
        else words.gettext("Nothing can be booked yet. Each step says what it opens."),
        missing=words.gettext("Nothing is missing")
        if all_done
        else words.gettext("What is still missing"),
        count=words.gettext(
            "%(done)s of %(all)s done", done=words.number(done), all=words.number(len(found))
        ),
        steps=found,
        seen=seen(words, stock),
        hidden=hidden(words, stock),
        done=words.gettext(SAID[said]) if said else "",
        offers_example=not stock.studios,
        why=words.gettext("That page is about a studio, and there is none yet. Begin with it here.")
        if needs_studio
        else "",
    )
    return page(visit, "setup/setup.html", words.gettext("Set-up"), view)


async def example(visit: Visit) -> Response:
    """Load a made-up studio, as long as nothing is there that it could be mixed up with."""
    await visit.form()
    member, services = visit.member, visit.services
    stock = await visit.read(setup.stock, services.clock.now())
    entry = await visit.read(organizations.entry)
    if stock.studios or entry is None:
        return visit.to(PATH)
    text = (files(__package__) / EXAMPLE).read_text()
    await gymfile.load(
        services.desk,
        services.database,
        services.clock,
        gymfile.read(text.replace("{key: its-own}", json.dumps({"key": entry.key}), 1)),
        by=Actor.staff_member(member.account_id, EXAMPLE),
        horizon_days=services.horizon_days,
    )
    return back_to_the_list(visit, "example")
