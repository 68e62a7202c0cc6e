"""`kursplan customer`: find people, and what staff do about their contracts and their data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, document, facts, refused, say, table, words
from kursplan.cli.people import name_of
from kursplan.cli.studio import studio_by_key
from kursplan.cli.values import DAY
from kursplan.domain.refusals import CustomerNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.desk.engine.turn import Command
    from kursplan.domain.entries import CustomerEntry, MembershipEntry
    from kursplan.domain.refusals import Refusal
    from kursplan.store.engine.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="Customers, their contracts and their data.")


CustomerArgument = Annotated[
    int, typer.Argument(metavar="CUSTOMER", help="The customer's id, as `customer find` shows it.")
]
MembershipOption = Annotated[
    str | None,
    typer.Option(
        "--membership", metavar="KEY", help="Which membership; needed only where there are several."
    ),
]


@app.command()
def find(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help="Parts of a name, number, telephone, birthday or address."
        ),
    ],
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Find customers by parts of what is known of them: each word has to fit something."""
    from kursplan.domain.names import folded
    from kursplan.staff.export import plain
    from kursplan.store.staff import customers as staff_customers

    if not folded(text):
        raise Stop("say whom to find: give a name, a customer number or an e-mail address", 2)

    async def task(context: CommandContext) -> Sequence[AnyRow]:
        return await context.read(staff_customers.find, text)

    found = with_organization(organization, task)
    if json:
        document(
            [
                {
                    "customer_id": each.id,
                    "customer_number": each.number,
                    "first_name": each.first_name,
                    "last_name": each.last_name,
                    "date_of_birth": plain(each.date_of_birth),
                    "email": each.email,
                    "status": each.status,
                    "studio": each.studio,
                }
                for each in found
            ]
        )
        return
    table(
        ("Id", "Number", "Name", "Born", "E-mail", "Studio", "Status"),
        (
            (
                each.id,
                each.number,
                name_of(each),
                each.date_of_birth,
                each.email,
                each.studio,
                words(each.status),
            )
            for each in found
        ),
        empty="Nobody is found.",
    )
    if len(found) == staff_customers.FOUND_AT_ONCE:
        say(f"These are the first {staff_customers.FOUND_AT_ONCE}: say more of the name.")


@app.command()
def show(
    customer: CustomerArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Show a customer with their memberships and idle periods."""

    async def task(context: CommandContext) -> CustomerEntry:
        return await _entry(context, customer)

    _tell(customer, with_organization(organization, task), json=json)


@app.command()
def freeze(
    customer: CustomerArgument,
    first: Annotated[
        datetime,
        typer.Option("--from", formats=[DAY], metavar="DAY", help="The first day of rest."),
    ],
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=[DAY], metavar="DAY", help="The last day; open where it is left out."
        ),
    ] = None,
    membership: MembershipOption = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, as partners are told.")
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Have a membership rest; bookings within are flagged or cancelled, as the organization has it."""
    from kursplan.desk.contracts import FreezeMembership

    until = None if last is None else last.date()
    if until is not None and until < first.date():
        raise Stop(f"--to {until} is before --from {first.date()}: give a day on or after it", 2)

    async def make(context: CommandContext) -> Command[bool | Refusal]:
        held = _membership(await _entry(context, customer), membership)
        return FreezeMembership(
            context.organization_id, customer, held.key, first.date(), until, reason
        )

    _change(customer, make, organization, reason=reason, yes=yes, dry_run=dry_run, json=json)


@app.command()
def end(
    customer: CustomerArgument,
    last: Annotated[
        datetime,
        typer.Option("--on", formats=[DAY], metavar="DAY", help="The last day of the membership."),
    ],
    membership: MembershipOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """End a membership with a day; bookings after it are flagged or cancelled likewise."""
    from kursplan.desk.contracts import EndMembership

    async def make(context: CommandContext) -> Command[bool | Refusal]:
        held = _membership(await _entry(context, customer), membership)
        if last.date() < held.valid_from:
            raise Stop(
                f"membership {held.key} begins on {held.valid_from}: give a day on or after it", 2
            )
        return EndMembership(context.organization_id, customer, held.key, last.date())

    _change(customer, make, organization, reason=reason, yes=yes, dry_run=dry_run, json=json)


@app.command()
def move(
    customer: CustomerArgument,
    studio: Annotated[
        str, typer.Option("--to", metavar="STUDIO", help="The new home studio, by its key.")
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Have a customer be at home in another studio."""
    from kursplan.desk.contracts import MoveHome

    async def make(context: CommandContext) -> Command[bool | Refusal]:
        await studio_by_key(context, studio)
        return MoveHome(context.organization_id, customer, studio)

    _change(customer, make, organization, reason=reason, yes=yes, dry_run=dry_run, json=json)


@app.command()
def export(customer: CustomerArgument, organization: OrganizationOption = None) -> None:
    """Write everything that is kept of a customer, as one JSON document."""
    from kursplan.staff.export import export_of

    async def task(context: CommandContext) -> dict[str, Any]:
        found = await context.read(export_of, customer)
        if found is None:
            raise refused(CustomerNotFound(customer))
        return found

    document(with_organization(organization, task))


@app.command()
def erase(
    customer: CustomerArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Forget who a customer was; bookings to come are cancelled. It can't be taken back."""
    from kursplan.desk.customers import DeleteCustomers

    async def task(context: CommandContext) -> int:
        entry = await _entry(context, customer)
        who = f"{entry.first_name} {entry.last_name} (customer {customer})"
        return await with_consent(
            context,
            DeleteCustomers(context.organization_id, frozenset({customer})),
            yes=yes,
            dry_run=dry_run,
            json=json,
            always=f"All personal data of {who} are forgotten for ever.",
        )

    erased = with_organization(organization, task, reason=reason)
    if json:
        document({"customer_id": customer, "erased": bool(erased)})
    else:
        say(f"Customer {customer} is forgotten.")


def _change(
    customer: int,
    make: Callable[[CommandContext], Any],
    organization: str | None,
    *,
    reason: str | None,
    yes: bool,
    dry_run: bool,
    json: bool,
) -> None:
    """Have the desk change something about a customer, and show them."""

    async def task(context: CommandContext) -> CustomerEntry:
        command = await make(context)
        await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return await _entry(context, customer)

    _tell(customer, with_organization(organization, task, reason=reason), json=json)


async def _entry(context: CommandContext, customer: int) -> CustomerEntry:
    from kursplan.store.entries import customers as customer_entries

    found = (await context.read(customer_entries.load, [customer])).get(customer)
    if found is None:
        raise refused(CustomerNotFound(customer))
    return found.entry


def _membership(entry: CustomerEntry, key: str | None) -> MembershipEntry:
    held = entry.memberships or ()
    known = " or ".join(each.key for each in held) or "none"
    chosen = [each for each in held if key in (None, each.key)]
    if not chosen:
        raise Stop(f"there is no such membership: it is {known}")
    if len(chosen) > 1:
        raise Stop(f"there are several memberships: give --membership {known}", 2)
    return chosen[0]


def _tell(customer: int, entry: CustomerEntry, *, json: bool) -> None:
    if json:
        from kursplan.staff.export import plain

        document(plain({"customer_id": customer, **asdict(entry)}))
        return
    facts(
        [
            ("Customer", f"{entry.first_name} {entry.last_name} ({customer})"),
            ("Number", entry.number),
            ("Studio", entry.studio),
            ("Born", entry.date_of_birth),
            ("E-mail", entry.email),
            ("Telephone", entry.phone),
            ("Status", words(entry.status)),
            ("Access refused", entry.access_refused),
        ]
    )
    for each in entry.memberships or ():
        say(f"Membership {each.key}: {each.rate}, {_span(each.valid_from, each.valid_until)}")
        for rest in each.idle_periods or ():
            why = f" ({rest.reason})" if rest.reason else ""
            say(f"  rests {_span(rest.first_day, rest.last_day)}{why}")


def _span(first: date, last: date | None) -> str:
    return f"from {first}" if last is None else f"from {first} to {last}"
