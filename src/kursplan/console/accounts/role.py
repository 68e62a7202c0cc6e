"""What somebody is: invited with a role, or given another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console.accounts import PATH, Around, crumbs, not_own, path_of, wanted
from kursplan.console.accounts.letter import Letter
from kursplan.console.addresses import address, within
from kursplan.console.forms import (
    Agreed,
    Field,
    FormView,
    Kind,
    Option,
    Said,
    agreed,
    form_page,
    reason_field,
)
from kursplan.console.frame import LANGUAGE_NAMES, ROLES, Link
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.desk.accounts import (
    AddressTaken,
    ChangeStaff,
    InviteStaff,
    LastOwner,
    StaffRefused,
)
from kursplan.domain.accounts import LANGUAGES, Role, StaffEntry, looks_like_email
from kursplan.web.sessions import Key

MAY: Final = {
    Role.OWNER: _("Owner: everything in the organization, accounts and partners too"),
    Role.MANAGER: _("Manager: everything in the studios that are theirs"),
    Role.FRONT_DESK: _("Front desk: slots, bookings and customers of their studios"),
    Role.INSTRUCTOR: _("Instructor: the slots that they give, and who comes"),
}


async def invite(visit: Visit) -> Response:
    """A new account; the link to it is shown to the one who invites, and then the page they came from."""
    around = await Around.of(visit)
    back = within(visit.asked("back"), PATH)
    blank = StaffEntry("", "", Role.FRONT_DESK, _only(around), None, visit.member.language)
    fields = _person(visit.words, blank) + _role(around, blank)
    if visit.request.method != "POST":
        return _invite_form(visit, fields, back)
    form = await visit.form()
    said = Said(visit.words, form)
    entry = _understood(visit.words, said, fields, blank)
    if said.errors:
        return _invite_form(visit, said.shown(fields), back)
    of = visit.member.organization_id
    key, account_id = Key.fresh(of), await visit.services.desk.ids.next()
    command = InviteStaff(of, account_id, entry, key.fingerprint)
    try:
        until = await visit.services.desk.execute(command, by=visit.member.actor)
    except AddressTaken:
        said.errors["email"] = visit.words.gettext(
            "Somebody signs in with this address already: change that account, or reset it."
        )
        return _invite_form(visit, said.shown(fields), back)
    except StaffRefused:
        return _invite_form(visit, said.shown(fields), back, _otherwise(visit.words))
    gettext = visit.words.gettext
    letter = Letter(
        key,
        gettext("%(name)s is invited", name=entry.name),
        gettext("The account is made, and waits for its password."),
        around.moments.at(until),
    )
    onward = Link(gettext("To the account"), f"{PATH}/{account_id}")
    if back != PATH:
        onward = Link(gettext("Go on"), back)
    return letter.page(visit, entry.name, entry.email, onward)


async def change(visit: Visit) -> Response:
    """Another role, other studios, another employee."""
    account = not_own(visit, await wanted(visit))
    around, words = await Around.of(visit), visit.words
    stands = StaffEntry(
        account.email,
        account.name,
        account.role,
        frozenset(around.by_key[each] for each in account.studios),
        account.employee_id,
    )
    fields = (*_role(around, stands), reason_field(words))
    view = FormView(
        words.gettext("Change what %(name)s is", name=account.name),
        crumbs(words, account),
        words.gettext(
            "They are signed out everywhere, and come in anew with what they may do from now on."
        ),
        f"{path_of(account)}/role",
        fields,
        (),
        words.gettext("Change it"),
        path_of(account),
    )
    sent = await agreed(visit, view)
    if not isinstance(sent, Agreed):
        return sent
    said = sent.said
    entry = _understood(words, said, fields, stands)
    if said.errors:
        return form_page(visit, replace(view, fields=said.shown(fields)))
    command = ChangeStaff(
        visit.member.organization_id, account.id, entry.role, entry.studio_ids, entry.employee_id
    )
    try:
        changed = await visit.services.desk.execute(
            command, by=visit.member.actor, reason=sent.reason
        )
    except LastOwner:
        said.errors["role"] = words.gettext(
            "This is the last owner, and nobody could look after accounts: make another one first."
        )
        return form_page(visit, replace(view, fields=said.shown(fields)))
    except StaffRefused:
        view = replace(view, fields=said.shown(fields), wrong=_otherwise(words))
        return form_page(visit, view)
    return visit.to(f"{path_of(account)}?done={'changed' if changed else 'same'}")


def _otherwise(words: Words) -> str:
    return words.gettext("Something it needs is not there any more: look at it again.")


# --- The form -------------------------------------------------------------------------------------


def _only(around: Around) -> frozenset[int]:
    """Where there is one studio, it is meant."""
    return frozenset(around.studios) if len(around.studios) == 1 else frozenset()


def _person(words: Words, entry: StaffEntry) -> tuple[Field, ...]:
    gettext = words.gettext
    return (
        Field("name", gettext("Name"), entry.name, required=True),
        Field(
            "email",
            gettext("E-mail"),
            entry.email,
            Kind.EMAIL,
            required=True,
            hint=gettext("With it they sign in."),
        ),
        Field(
            "language",
            gettext("Language"),
            entry.language,
            Kind.ONE_OF,
            options=tuple(Option(each, LANGUAGE_NAMES[each]) for each in LANGUAGES),
        ),
    )


def _role(around: Around, entry: StaffEntry) -> tuple[Field, ...]:
    gettext = around.words.gettext
    return (
        Field(
            "role",
            gettext("Role"),
            entry.role,
            Kind.ONE_OF,
            options=tuple(Option(each.value, gettext(MAY[each])) for each in ROLES),
        ),
        Field(
            "studios",
            gettext("Studios"),
            " ".join(map(str, sorted(entry.studio_ids))),
            Kind.SOME_OF,
            hint=gettext("A manager or a front desk needs one at least; an owner has all of them."),
            options=tuple(Option(str(each), name) for each, name in around.studios.items()),
        ),
        Field(
            "employee",
            gettext("Employee"),
            "" if entry.employee_id is None else str(entry.employee_id),
            Kind.ONE_OF,
            hint=gettext(
                "Who they are on the timetable. An instructor needs it: it says which slots."
            ),
            options=(
                Option("", "–"),
                *(Option(str(each), name) for each, name in around.employees.items()),
            ),
        ),
    )


def _understood(
    words: Words, said: Said, fields: Sequence[Field], before: StaffEntry
) -> StaffEntry:
    """What the form makes of them; what can't be is noted in `said`."""
    options = {each.name: each.options for each in fields}
    entry = before
    if "email" in options:
        entry = _with_person(words, said, options, before)
    chosen = said.one_of("role", options["role"])
    role = Role(chosen) if chosen else before.role
    studios = frozenset(map(int, said.some_of("studios", options["studios"])))
    employee = said.one_of("employee", options["employee"], required=False)
    if role is Role.OWNER:
        studios = frozenset()
    elif role is not Role.INSTRUCTOR and not studios:
        said.errors["studios"] = words.gettext("It is needed: choose one at least.")
    if role is Role.INSTRUCTOR and employee is None:
        said.errors["employee"] = words.gettext("An instructor has to be an employee: choose one.")
    employee_id = None if employee is None else int(employee)
    return replace(entry, role=role, studio_ids=studios, employee_id=employee_id)


def _with_person(
    words: Words, said: Said, options: dict[str, Sequence[Option]], before: StaffEntry
) -> StaffEntry:
    name, email = said.text("name", required=True), said.text("email", required=True)
    if email is not None and not looks_like_email(email):
        said.errors["email"] = words.gettext(
            "No letter could be sent there: write it like a@b.example."
        )
    language = said.one_of("language", options["language"])
    return replace(before, name=name or "", email=email or "", language=language or before.language)


def _invite_form(visit: Visit, fields: Sequence[Field], back: str, wrong: str = "") -> Response:
    words = visit.words
    view = FormView(
        words.gettext("Invite somebody"),
        crumbs(words),
        words.gettext("They get a link that works once, and set their password with it."),
        address(f"{PATH}/invite", back=None if back == PATH else back),
        tuple(fields),
        (),
        words.gettext("Make the account"),
        back,
        wrong,
    )
    return form_page(visit, view)
