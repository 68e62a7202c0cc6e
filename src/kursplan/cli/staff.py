"""`kursplan staff`: the accounts of those who sign in at the console.

A link is shown once, when it is made, and works once. What is stored is its fingerprint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import (
    JsonOption,
    OrganizationOption,
    desk_of,
    organizations,
    read_settings,
    system_user,
    with_database,
    with_organization,
)
from kursplan.cli.output import Stop, document, plain, say, table, words
from kursplan.domain.accounts import LANGUAGES, Role, StaffEntry
from kursplan.domain.actors import Actor
from kursplan.domain.values import SAME, Same

if TYPE_CHECKING:
    from datetime import datetime

    from kursplan.cli.context import CommandContext, T
    from kursplan.desk.engine.turn import Command
    from kursplan.store.engine.database import Database
    from kursplan.store.staff.accounts import ShownAccount
    from kursplan.web.sessions import Key

app = typer.Typer(no_args_is_help=True, help="Accounts of those who sign in at the console.")

EmailArgument = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The account, by its e-mail address.")
]
StudiosOption = Annotated[
    list[str] | None,
    typer.Option("--studio", metavar="KEY", help="A studio that they have; give it once for each."),
]
EmployeeOption = Annotated[
    str | None,
    typer.Option(
        "--employee",
        metavar="KEY",
        help="The employee that they are; an instructor has to be one.",
    ),
]


@app.command()
def invite(
    email: Annotated[
        str, typer.Argument(metavar="EMAIL", help="Their e-mail address, by which they sign in.")
    ],
    role: Annotated[
        Role, typer.Option("--role", case_sensitive=False, help="What they do at work.")
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="How they are called; else as their address."),
    ] = None,
    studios: StudiosOption = None,
    employee: EmployeeOption = None,
    language: Annotated[
        str,
        typer.Option("--language", metavar="LANGUAGE", help=f"One of {' and '.join(LANGUAGES)}."),
    ] = LANGUAGES[0],
    found: Annotated[
        str | None,
        typer.Option(
            "--found",
            metavar="NAME",
            help="Found an organization of that name first; its owner sets it up at the console.",
        ),
    ] = None,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Make an account, and show this once the link by which its password is set.

    The first one of an organization has to be of an owner, who can invite the others.
    """
    from kursplan.desk.accounts import InviteStaff

    if language not in LANGUAGES:
        raise Stop(f"--language: {language!r} is none of {', '.join(LANGUAGES)}", 2)
    if found is not None:
        if role is not Role.OWNER:
            raise Stop("who founds an organization owns it: give --role owner", 2)
        organization = _founded(found, organization)

    async def task(context: CommandContext) -> tuple[int, str, datetime]:
        from kursplan.web.sessions import Key

        entry = StaffEntry(
            email.strip(),
            (name or email.partition("@")[0]).strip(),
            role,
            await _studio_ids(context, studios),
            await _employee_id(context, employee),
            language,
        )
        [account_id] = await context.database.take_ids(1)
        key = Key.fresh(context.organization_id)
        until = await _execute(
            context, InviteStaff(context.organization_id, account_id, entry, key.fingerprint)
        )
        return account_id, _link(context, key), until

    account_id, link, until = with_organization(organization, task, reason=reason)
    _tell_link(account_id, email, link, until, json=json)


@app.command("list")
def list_accounts(organization: OrganizationOption = None, json: JsonOption = False) -> None:
    """Show all accounts, those that are disabled too."""
    from kursplan.store.staff import accounts

    found = with_organization(organization, lambda context: context.read(accounts.every))
    if json:
        document(
            [
                {
                    "account_id": each.id,
                    "email": each.email,
                    "name": each.name,
                    "role": each.role,
                    "studios": list(each.studios),
                    "employee": each.employee,
                    "language": each.language,
                    "has_password": each.password_is_set,
                    "has_second_factor": each.second_factor_is_set,
                    "has_passkey": each.passkey_is_set,
                    "signed_in_at": plain(each.signed_in_at),
                    "created_at": plain(each.created_at),
                    "disabled_at": plain(each.disabled_at),
                }
                for each in found
            ]
        )
        return
    table(
        ("Id", "E-mail", "Name", "Role", "Studios", "Employee", "State"),
        (
            (
                each.id,
                each.email,
                each.name,
                words(each.role),
                "all" if each.role is Role.OWNER else "\n".join(each.studios),
                each.employee,
                _state(each),
            )
            for each in found
        ),
        empty="There are no accounts: make one with `kursplan staff invite`.",
    )


@app.command()
def role(
    email: EmailArgument,
    role: Annotated[
        Role | None,
        typer.Option("--role", case_sensitive=False, help="What they do at work from now on."),
    ] = None,
    studios: StudiosOption = None,
    no_studios: Annotated[
        bool,
        typer.Option("--no-studios", help="None of the studios that they had.", show_default=False),
    ] = False,
    employee: EmployeeOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Change role, studios or employee of an account; they have to sign in anew."""
    from kursplan.desk.accounts import ChangeStaff

    if role is None and not studios and not no_studios and employee is None:
        raise Stop("say what is to be changed: --role, --studio, --no-studios or --employee", 2)
    if studios and no_studios:
        raise Stop("--studio and --no-studios contradict each other", 2)

    async def task(context: CommandContext) -> bool:
        studio_ids: frozenset[int] | Same = SAME
        if studios or no_studios or role is Role.OWNER:
            studio_ids = await _studio_ids(context, studios)
        employee_id: int | Same = SAME
        if employee is not None:
            employee_id = await _employee_id(context, employee) or SAME
        command = ChangeStaff(
            context.organization_id,
            await _account_id(context, email),
            SAME if role is None else role,
            studio_ids,
            employee_id,
        )
        return await _with_consent(
            context,
            command,
            yes=yes,
            dry_run=dry_run,
            json=json,
            always=f"{email} is signed out everywhere.",
        )

    changed = with_organization(organization, task, reason=reason)
    _tell(email, changed, f"{email} is changed.", f"{email} was that already.", json=json)


@app.command()
def disable(
    email: EmailArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Let nobody sign in with an account; whoever is signed in with it is out at once."""
    from kursplan.desk.accounts import DisableStaff

    async def task(context: CommandContext) -> bool:
        return await _with_consent(
            context,
            DisableStaff(context.organization_id, await _account_id(context, email)),
            yes=yes,
            dry_run=dry_run,
            json=json,
            always=f"{email} is signed out everywhere, and can't sign in any more.",
        )

    changed = with_organization(organization, task, reason=reason)
    _tell(email, changed, f"{email} is disabled.", f"{email} was disabled already.", json=json)


@app.command()
def enable(
    email: EmailArgument,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Let somebody sign in again with an account that was disabled, with the password that it had."""
    from kursplan.desk.accounts import EnableStaff

    async def task(context: CommandContext) -> bool:
        return await _execute(
            context, EnableStaff(context.organization_id, await _account_id(context, email))
        )

    changed = with_organization(organization, task, reason=reason)
    _tell(email, changed, f"{email} may sign in again.", f"{email} was not disabled.", json=json)


@app.command()
def reset(
    email: EmailArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Take password, second factor and passkeys from an account, and show a link to set a password anew.

    For whoever has lost one of them, or fears that somebody else has it. Without a link that was used
    the account can be reset again.
    """
    from kursplan.desk.accounts import ResetStaff

    async def task(context: CommandContext) -> tuple[int, str, datetime]:
        from kursplan.web.sessions import Key

        account_id = await _account_id(context, email)
        key = Key.fresh(context.organization_id)
        until = await _with_consent(
            context,
            ResetStaff(context.organization_id, account_id, key.fingerprint),
            yes=yes,
            dry_run=dry_run,
            json=json,
            always=f"{email} is signed out everywhere, and has to set password and second factor anew.",
        )
        return account_id, _link(context, key), until

    account_id, link, until = with_organization(organization, task, reason=reason)
    _tell_link(account_id, email, link, until, json=json)


def _tell(email: str, changed: bool, done: str, was_so: str, *, json: bool) -> None:
    if json:
        document({"email": email, "changed": changed})
        return
    say(done if changed else was_so)


def _tell_link(account_id: int, email: str, link: str, until: datetime, *, json: bool) -> None:
    if json:
        document(
            {"account_id": account_id, "email": email, "link": link, "works_until": plain(until)}
        )
        return
    say(
        f"Account {account_id} of {email}: hand them this link. It works once, until "
        f"{until:%Y-%m-%d %H:%M} UTC."
    )
    say(link)
    say("It is not stored and can't be shown again; `kursplan staff reset` makes another.")
    if link.startswith("http:"):
        say(
            "It opens on this machine only: KURSPLAN_PUBLIC_URL says under which address others come."
        )


def _state(account: ShownAccount) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if not account.password_is_set:
        return "invited"
    return "password and code" if account.second_factor_is_set else "password"


def _link(context: CommandContext, key: Key) -> str:
    from kursplan.web.links import base_url, link

    return link(base_url(context.settings.public_url, context.settings.port), key)


async def _account_id(context: CommandContext, email: str) -> int:
    """The account of that address in this organization."""
    from kursplan.store.entries import accounts

    found = await context.database.read(lambda tx: accounts.whose(tx, email))
    if found is None or found[0] != context.organization_id:
        raise Stop(f"there is no account {email!r}: see `kursplan staff list`")
    return found[1]


async def _studio_ids(context: CommandContext, keys: list[str] | None) -> frozenset[int]:
    from kursplan.store.staff import timetable

    known = {each.key: each.id for each in await context.read(timetable.studios)}
    for key in keys or ():
        if key not in known:
            raise Stop(f"there is no studio {key!r}: it is {' or '.join(sorted(known))}")
    return frozenset(known[key] for key in keys or ())


async def _employee_id(context: CommandContext, key: str | None) -> int | None:
    from kursplan.cli.people import employee_by_key

    return None if key is None else await employee_by_key(context, key)


def _founded(name: str, key: str | None) -> str:
    """The key of a new organization of that name, and of that key if one is given. Raises `Stop`."""
    from kursplan.desk.organizations import RecordOrganization
    from kursplan.domain.entries import OrganizationEntry
    from kursplan.domain.names import slug

    if not (called := " ".join(name.split())):
        raise Stop("--found: an organization has a name", 2)
    wanted = key or slug(called) or "gym"
    if slug(wanted) != wanted.lower():
        raise Stop(f"--organization: {wanted!r} is no key: write it like my-gym", 2)

    async def task(database: Database) -> None:
        if wanted in await organizations(database):
            raise Stop(f"there is an organization {wanted!r} already: leave out --found")
        async with desk_of(database, settings) as (desk, _):
            [organization_id] = await database.take_ids(1)
            await desk.execute(
                RecordOrganization(organization_id, OrganizationEntry(wanted, called)),
                by=Actor.command_line(system_user()),
            )

    settings = read_settings()
    with_database(task)
    return wanted


async def _execute(context: CommandContext, command: Command[T]) -> T:
    """Have the desk do it; what can't be, and why, stops the command."""
    from kursplan.desk.accounts import NoSuchAccount, StaffRefused

    try:
        return await context.execute(command)
    except (NoSuchAccount, StaffRefused) as refused:
        raise Stop(str(refused)) from refused


async def _with_consent(
    context: CommandContext,
    command: Command[T],
    *,
    yes: bool,
    dry_run: bool,
    json: bool,
    always: str,
) -> T:
    from kursplan.desk.accounts import NoSuchAccount, StaffRefused

    try:
        return await with_consent(
            context, command, yes=yes, dry_run=dry_run, json=json, always=always
        )
    except (NoSuchAccount, StaffRefused) as refused:
        raise Stop(str(refused)) from refused
