"""`kursplan webhook`: what became of each delivery, sending again, and trying out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli import webhook_endpoint, webhook_listen
from kursplan.cli.consent import ReasonOption
from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, counted, document, facts, plain, say, table, words
from kursplan.cli.webhook_endpoint import (
    ApplicationOption,
    EndpointArgument,
    StudioOption,
    execute,
    integration_of,
    take_whole,
)
from kursplan.domain.webhooks import (
    LONGEST_WAIT,
    OLD_SECRET_VALID,
    DeliveryStatus,
    NamedPlan,
    RetryPlan,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.desk.endpoints import RotateSecret
    from kursplan.store.engine.rows import AnyRow
    from kursplan.webhooks.try_out import Tried

app = typer.Typer(no_args_is_help=True, help="Telling partners of events.")
app.add_typer(webhook_endpoint.app, name="endpoint")
app.command("listen")(webhook_listen.listen)

MOMENTS = [
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
]
_HOUR = timedelta(hours=1)

EndpointOption = Annotated[
    int | None,
    typer.Option("--endpoint", metavar="ID", help="Only what is for this endpoint."),
]


@app.command("list")
def list_deliveries(
    endpoint: EndpointOption = None,
    status: Annotated[
        DeliveryStatus | None,
        typer.Option(
            "--status",
            metavar="|".join(DeliveryStatus),
            case_sensitive=False,
            help="Only those in this status.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            formats=MOMENTS,
            metavar="TIME",
            help="Only what was stored for delivery since then: a time in UTC, "
            "like 2026-03-02T18:00, or with its offset.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="How many, the newest first.")
    ] = 50,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show deliveries: one event for one endpoint each, the newest first."""
    from kursplan.store.outbox import deliveries

    begin = _instant(since) or datetime.min.replace(tzinfo=UTC)

    async def task(context: CommandContext) -> Sequence[AnyRow]:
        return await context.read(
            deliveries.newest, since=begin, limit=limit, status=status, endpoint_id=endpoint
        )

    found = with_organization(organization, task)
    if json:
        document([_document(each) for each in found])
        return
    table(
        ("Delivery", "Stored (UTC)", "Type", "Entity", "Endpoint", "Status", "Attempts", "Last"),
        (
            (
                each.id,
                _second(each.created_at),
                # As the contract spells it: by that a developer looks for it.
                each.type.value,
                each.entity_id,
                f"{each.endpoint_id} {each.studio} {each.application} {each.endpoint}",
                words(each.status),
                each.attempts,
                _outcome(each) if each.attempts else None,
            )
            for each in found
        ),
        empty="There are no such deliveries.",
    )


@app.command()
def show(
    delivery: Annotated[
        int, typer.Argument(metavar="DELIVERY", help="Its number, as `webhook list` shows it.")
    ],
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show a delivery with all its attempts that are still kept."""
    from kursplan.store.outbox import deliveries

    async def task(context: CommandContext) -> tuple[AnyRow, Sequence[AnyRow]]:
        found = await context.read(deliveries.by_id, delivery)
        if found is None:
            raise Stop(f"there is no delivery {delivery}: see `kursplan webhook list`")
        return found, await context.read(deliveries.attempts, delivery)

    found, attempts = with_organization(organization, task)
    if json:
        document({**_document(found), "attempts_kept": [_attempt_document(a) for a in attempts]})
        return
    facts(
        (
            ("Delivery", found.id),
            ("Event", f"{found.type} of {found.entity_id}"),
            ("Uuid", found.uuid),
            ("Happened", f"{_second(found.happened_at)} UTC"),
            ("Endpoint", f"{found.endpoint_id} ({found.endpoint}), {found.url}"),
            ("Application", f"{found.application} in {found.studio}"),
            ("Status", words(found.status)),
            ("Next attempt", _next_attempt(found)),
        )
    )
    say()
    table(
        ("Attempt", "Time (UTC)", "Took", "Outcome", "Answer"),
        (
            (
                each.number,
                _second(each.attempted_at),
                f"{each.milliseconds} ms",
                _outcome(each),
                each.excerpt,
            )
            for each in attempts
        ),
        empty="There are no attempts, or they are kept no longer.",
    )


@app.command()
def resend(
    delivery: Annotated[
        int | None,
        typer.Argument(metavar="DELIVERY", help="Its number, as `webhook list` shows it."),
    ] = None,
    endpoint: EndpointOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            formats=MOMENTS,
            metavar="TIME",
            help="All that was stored for --endpoint since then: a time in UTC, "
            "like 2026-03-02T18:00, or with its offset.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", formats=MOMENTS, metavar="TIME", help="And before then; until now."
        ),
    ] = None,
    undelivered: Annotated[
        bool,
        typer.Option(
            "--undelivered",
            help="Of those, only what was given up or held.",
            show_default=False,
        ),
    ] = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Send again, with the same uuid: one delivery, or all of an endpoint in a time.

    What is still to be sent is left as it is.
    """
    from kursplan.desk.resend import UNDELIVERED, Resend, ResendSince

    begin, end = _instant(since), _instant(until)

    async def one(context: CommandContext, delivery_id: int) -> int:
        return int(await execute(context, Resend(context.organization_id, delivery_id)))

    async def several(context: CommandContext, endpoint_id: int, begin: datetime) -> int:
        until = end or context.clock.now()
        command = ResendSince(context.organization_id, endpoint_id, begin, until)
        if undelivered:
            command = replace(command, statuses=UNDELIVERED)
        return await take_whole(context, command)

    task: Callable[[CommandContext], Awaitable[int]]
    match delivery, endpoint, begin:
        case int(), None, None if end is None and not undelivered:
            task = partial(one, delivery_id=delivery)
        case None, int(), datetime():
            task = partial(several, endpoint_id=endpoint, begin=begin)
        case _:
            raise Stop("say what to send again: a DELIVERY, or --endpoint and --since", 2)

    resent = with_organization(organization, task, reason=reason)
    if json:
        document({"resent": resent})
        return
    if delivery is not None and not resent:
        say(f"Delivery {delivery} is still to be sent anyway.")
        return
    say(f"{counted(resent, 'delivery', 'deliveries')} will be sent again now.")


@app.command("test")
def try_endpoint(
    endpoint: EndpointArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Send an endpoint one request like that of an event, now and once, and show the answer.

    It tells of nothing that happened: every id in it is 9007199254740991, which nothing has. It is
    sent to an endpoint that is disabled too, and is not among the deliveries afterwards.
    """

    async def task(context: CommandContext) -> Tried:
        from kursplan.store.outbox import endpoints
        from kursplan.webhooks.client import WebhookClient, trusted
        from kursplan.webhooks.egress import EgressPolicy
        from kursplan.webhooks.try_out import try_out

        sender = await context.read(endpoints.sender, endpoint)
        if sender is None:
            raise Stop(f"there is no endpoint {endpoint}: see `kursplan webhook endpoint list`")
        egress = EgressPolicy(insecure=context.settings.webhooks_insecure)
        async with WebhookClient(egress, trusted(context.settings.webhooks_ca or None)) as client:
            return await try_out(sender, client, context.clock)

    tried = with_organization(organization, task)
    result = tried.result
    if json:
        document(
            {
                "delivered": result.delivered,
                "uuid": tried.message.uuid,
                "type": tried.message.type,
                "milliseconds": result.milliseconds,
                "status_code": result.status_code,
                "failure": result.failure,
                "excerpt": result.excerpt,
            }
        )
    else:
        say(f"{tried.message.type} {tried.message.uuid}: {_outcome(result)}")
        say(f"It took {result.milliseconds} ms.")
        if result.excerpt:
            say(result.excerpt)
    if not result.delivered:
        raise typer.Exit(1)


@app.command()
def rotate(
    endpoint: EndpointArgument,
    overlap: Annotated[
        int,
        typer.Option(
            "--overlap",
            min=0,
            max=24 * 30,
            metavar="HOURS",
            help="How long the secret until now signs too; 0 ends it at once.",
        ),
    ] = OLD_SECRET_VALID // _HOUR,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Make a new secret that signs, and show it this once; the old one stays valid for a while."""
    from kursplan.desk.endpoints import RotateSecret

    async def task(context: CommandContext) -> tuple[RotateSecret, datetime | None]:
        command = RotateSecret.fresh(context.organization_id, endpoint, overlap * _HOUR)
        return command, await execute(context, command)

    command, until = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "endpoint_id": endpoint,
                "secret": command.secret,
                "old_secret_until": plain(until),
            }
        )
        return
    say(f"New secret of endpoint {endpoint}: {command.secret}")
    say("It can't be shown again.")
    if until is None:
        say("The secret from before signs no more.")
    else:
        say(f"Until {until:%Y-%m-%d %H:%M} UTC the secret from before signs too.")


@app.command()
def retry(
    studio: StudioOption,
    application: ApplicationOption,
    plan: Annotated[
        NamedPlan | None,
        typer.Option(
            "--plan",
            metavar="|".join(NamedPlan),
            case_sensitive=False,
            help="CONTRACT: three repeats, ten minutes apart. PATIENT: eight over two to three "
            "days, each after three times as long as the one before.",
        ),
    ] = None,
    after: Annotated[
        list[int] | None,
        typer.Option(
            "--after",
            metavar="SECONDS",
            min=1,
            max=int(LONGEST_WAIT.total_seconds()),
            help="A plan of its own: how long until a repeat; give it once for each repeat.",
        ),
    ] = None,
    jitter: Annotated[
        int,
        typer.Option(
            "--jitter",
            metavar="PERCENT",
            min=0,
            max=100,
            help="With --after: each wait is lengthened by chance, by up to this share of it.",
        ),
    ] = 0,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show or set when failed attempts of an application in a studio are repeated."""
    from kursplan.desk.endpoints import SetRetryPlan
    from kursplan.store.outbox import endpoints

    if plan is not None and after:
        raise Stop("give either --plan or --after", 2)
    if jitter and not after:
        raise Stop("--jitter needs --after", 2)
    try:
        wanted = RetryPlan(tuple(after), jitter) if after else None if plan is None else plan.plan
    except ValueError as mistake:
        raise Stop(str(mistake), 2) from mistake

    async def task(context: CommandContext) -> RetryPlan:
        integration_id, _ = await integration_of(context, studio, application)
        if wanted is not None:
            await execute(context, SetRetryPlan(context.organization_id, integration_id, wanted))
        return await context.read(endpoints.plan_of, integration_id)

    stands = with_organization(organization, task, reason=reason)
    name = NamedPlan.of(stands)
    if json:
        document({"plan": name, "seconds": stands.seconds, "jitter_percent": stands.jitter_percent})
        return
    waits = ", ".join(_span(timedelta(seconds=each)) for each in stands.seconds)
    chance = f", each up to {stands.jitter_percent} % longer" if stands.jitter_percent else ""
    say(f"Plan: {name or 'its own'}")
    say(f"{counted(len(stands.seconds), 'repeat')}, after {waits}{chance}.")


def _instant(told: datetime | None) -> datetime | None:
    """A time without an offset is in UTC."""
    if told is None or told.tzinfo is not None:
        return told
    return told.replace(tzinfo=UTC)


def _second(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"


def _span(time: timedelta) -> str:
    """`90 s`, `10 min`, `36 h`: in the largest unit that takes whole numbers, from two of it on."""
    seconds = int(time.total_seconds())
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds % length == 0 and seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _outcome(attempt: Any) -> str:
    """Of an attempt: the answer, or why there was none."""
    if attempt.status_code is not None:
        return f"answered {attempt.status_code}"
    return "delivered" if attempt.failure is None else words(attempt.failure)


def _next_attempt(delivery: AnyRow) -> str | None:
    if delivery.status is not DeliveryStatus.PENDING:
        return None
    return f"{_second(delivery.due_at)} UTC"


def _document(each: AnyRow) -> dict[str, Any]:
    pending = each.status is DeliveryStatus.PENDING
    return {
        "delivery_id": each.id,
        "endpoint_id": each.endpoint_id,
        "endpoint": each.endpoint,
        "studio": each.studio,
        "application": each.application,
        "uuid": each.uuid,
        "type": each.type,
        "entity_id": each.entity_id,
        "happened_at": plain(each.happened_at),
        "stored_at": plain(each.created_at),
        "status": each.status,
        "attempts": each.attempts,
        "status_code": each.status_code,
        "failure": each.failure,
        "due_at": plain(each.due_at) if pending else None,
        "finished_at": plain(each.finished_at),
    }


def _attempt_document(each: AnyRow) -> dict[str, Any]:
    return {
        "number": each.number,
        "attempted_at": plain(each.attempted_at),
        "milliseconds": each.milliseconds,
        "status_code": each.status_code,
        "failure": each.failure,
        "excerpt": each.excerpt,
    }
