"""`kursplan webhook endpoint`: where partners are told of events."""

from __future__ import annotations

from re import fullmatch
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.consent import ReasonOption
from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, counted, document, plain, say, table, words
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kursplan.cli.context import CommandContext, T
    from kursplan.desk.endpoints import EnableEndpoint
    from kursplan.desk.engine.turn import Command
    from kursplan.desk.resend import ResendSince
    from kursplan.store.engine.rows import AnyRow

    ResentInPortions = EnableEndpoint | ResendSince

app = typer.Typer(no_args_is_help=True, help="Where partners are told of events.")

StudioOption = Annotated[str, typer.Option("--studio", metavar="KEY", help="The studio.")]
ApplicationOption = Annotated[
    str, typer.Option("--application", metavar="KEY", help="The partner's application.")
]
EndpointArgument = Annotated[
    int,
    typer.Argument(metavar="ENDPOINT", help="Its number, as `webhook endpoint list` shows it."),
]
TypeOption = Annotated[
    list[EventType] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        case_sensitive=False,
        help="Only events of this type; give it once for each. See docs/webhooks.md.",
    ),
]


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent.")],
    studio: StudioOption,
    application: ApplicationOption,
    key: Annotated[
        str,
        typer.Option(
            "--key", metavar="KEY", help="The name of a further endpoint; it needs --type."
        ),
    ] = DEFAULT_ENDPOINT,
    types: TypeOption = None,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Tell an application at a URL of what happens in a studio, from now on.

    The first endpoint of an application in a studio is its default one. Others are for certain
    types, for which they take the default one's place. The secret that signs is shown this once.
    """
    from kursplan.desk.endpoints import AddEndpoint
    from kursplan.domain.entries import EndpointEntry

    _check_key(key)
    entry = EndpointEntry(key, url, _types(types))

    async def task(context: CommandContext) -> tuple[AddEndpoint, str, bool]:
        from kursplan.store.outbox import endpoints

        integration_id, webhook_key = await integration_of(context, studio, application)
        await check(context, url)
        [endpoint_id] = await context.database.take_ids(1)
        command = AddEndpoint.fresh(context.organization_id, integration_id, endpoint_id, entry)
        await execute(context, command)
        added = await context.read(endpoints.shown_by_id, endpoint_id)
        return command, webhook_key, added is not None and added.confirmed_at is not None

    added, webhook_key, confirmed = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "endpoint_id": added.endpoint_id,
                "key": key,
                "url": url,
                "secret": added.secret,
                "webhook_key": webhook_key,
                "activation_confirmed": confirmed,
            }
        )
        return
    say(f"Endpoint {added.endpoint_id}: {url}")
    say(f"Secret that signs: {added.secret}")
    say(f"Webhook key, sent as x-api-key: {webhook_key}")
    say("The secret can't be shown again; `kursplan webhook rotate` makes another.")
    if not confirmed:
        say("Nothing is sent before the application calls POST /v1/studios/confirmActivation.")


@app.command("list")
def list_endpoints(organization: OrganizationOption = None, json: JsonOption = False) -> None:
    """Show all endpoints and how they are doing."""
    from kursplan.store.outbox import endpoints

    found = with_organization(organization, lambda context: context.read(endpoints.shown))
    if json:
        document([endpoint_document(each) for each in found])
        return
    table(
        ("Id", "Studio", "Application", "Endpoint", "URL", "Types", "State (UTC)"),
        (
            (
                each.id,
                each.studio,
                each.application,
                each.key,
                each.url,
                "all" if each.types is None else "\n".join(each.types),
                state_of(each),
            )
            for each in found
        ),
        empty="There are no endpoints: add one with `kursplan webhook endpoint add`.",
    )


@app.command()
def change(
    endpoint: EndpointArgument,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Where events are sent from now on.")
    ] = None,
    types: TypeOption = None,
    all_types: Annotated[
        bool,
        typer.Option("--all-types", help="Events of all types again.", show_default=False),
    ] = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Send to another URL, also what is still to be sent; or send other types."""
    from kursplan.desk.endpoints import ChangeEndpoint
    from kursplan.domain.values import SAME

    if url is None and not types and not all_types:
        raise Stop("say what is to be different: give --url, --type or --all-types", 2)
    if types and all_types:
        raise Stop("give either --type or --all-types", 2)

    async def task(context: CommandContext) -> tuple[bool, AnyRow]:
        if url is not None:
            await check(context, url)
        wanted = None if all_types else _types(types) or SAME
        command = ChangeEndpoint(context.organization_id, endpoint, url, wanted)
        return await execute(context, command), await _look(context, endpoint)

    changed, shown = with_organization(organization, task, reason=reason)
    if json:
        document(endpoint_document(shown))
        return
    types_now = "all types" if shown.types is None else ", ".join(shown.types)
    say(f"Endpoint {endpoint} {'is now' if changed else 'already is'} {shown.url}: {types_now}.")


@app.command()
def remove(
    endpoint: EndpointArgument,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Drop an endpoint, with all that is known of its deliveries and what is still to be sent.

    To keep that, disable it.
    """
    from kursplan.desk.endpoints import RemoveEndpoint

    deliveries = with_organization(
        organization,
        lambda context: execute(context, RemoveEndpoint(context.organization_id, endpoint)),
        reason=reason,
    )
    if json:
        document({"endpoint_id": endpoint, "deliveries": deliveries})
        return
    dropped = counted(deliveries, "delivery", "deliveries")
    say(f"Endpoint {endpoint} is removed, with {dropped}.")


@app.command()
def disable(
    endpoint: EndpointArgument,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Send no more to an endpoint; what it misses is held."""
    from kursplan.desk.endpoints import DisableEndpoint

    async def task(context: CommandContext) -> tuple[bool, AnyRow]:
        done = await execute(context, DisableEndpoint(context.organization_id, endpoint))
        return done, await _look(context, endpoint)

    done, shown = with_organization(organization, task, reason=reason)
    if json:
        document(endpoint_document(shown))
        return
    say(f"Endpoint {endpoint} is {'' if done else 'already '}{state_of(shown)}.")
    say("What happens now is held for it, until it is enabled with --resend.")


@app.command()
def enable(
    endpoint: EndpointArgument,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            help="Also send what was held, and what was given up since it last accepted one.",
            show_default=False,
        ),
    ] = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Send to an endpoint again."""
    from kursplan.desk.endpoints import EnableEndpoint

    async def task(context: CommandContext) -> tuple[int, AnyRow]:
        command = EnableEndpoint(context.organization_id, endpoint, resend)
        return await take_whole(context, command), await _look(context, endpoint)

    resent, shown = with_organization(organization, task, reason=reason)
    if json:
        document({**endpoint_document(shown), "resent": resent})
        return
    say(f"Endpoint {endpoint} is enabled.")
    if resend:
        say(f"{counted(resent, 'delivery', 'deliveries')} that it missed will be sent now.")


# What the other commands about webhooks do too.


async def execute(context: CommandContext, command: Command[T]) -> T:
    """Have the desk do it; what can't be, and why, stops the command."""
    from kursplan.desk.endpoints import EndpointRefused, NoSuchEndpoint
    from kursplan.desk.resend import NoSuchDelivery

    try:
        return await context.execute(command)
    except NoSuchEndpoint as unknown:
        raise Stop(f"{unknown}: see `kursplan webhook endpoint list`") from unknown
    except NoSuchDelivery as unknown:
        raise Stop(f"{unknown}: see `kursplan webhook list`") from unknown
    except EndpointRefused as refused:
        raise Stop(str(refused)) from refused


async def take_whole(context: CommandContext, command: ResentInPortions) -> int:
    """Have the desk send again until nothing is left; how many that are."""
    from kursplan.desk import resend

    return await resend.take_whole(lambda portion: execute(context, portion), command)


async def check(context: CommandContext, url: str) -> None:
    """Stop where the URL may not be called, or leads nowhere."""
    from kursplan.webhooks.egress import EgressPolicy, RefusedTarget

    try:
        await EgressPolicy(insecure=context.settings.webhooks_insecure).check(url)
    except RefusedTarget as refused:
        raise Stop(str(refused)) from refused


async def integration_of(context: CommandContext, studio: str, application: str) -> tuple[int, str]:
    """The application in the studio: its id, and the key that we show to the partner."""
    from kursplan.store.partner import keys

    found = await context.read(keys.integration_of, studio, application)
    if found is None:
        raise Stop(
            f"the application {application!r} is not activated in a studio {studio!r}: "
            f"say in the gym file which applications are"
        )
    return found


async def _look(context: CommandContext, endpoint_id: int) -> AnyRow:
    from kursplan.store.outbox import endpoints

    found: AnyRow | None = await context.read(endpoints.shown_by_id, endpoint_id)
    if found is None:
        raise Stop(f"there is no endpoint {endpoint_id}: see `kursplan webhook endpoint list`")
    return found


def _check_key(key: str) -> None:
    """It has to be one that a gym file can have."""
    from kursplan.gymfile import SCHEMA

    if not fullmatch(SCHEMA["$defs"]["key"]["pattern"], key):
        raise Stop(
            f"{key!r} is no key: write it with letters, digits, dots, slashes, hyphens and "
            f"underscores",
            2,
        )


def _types(given: Sequence[EventType] | None) -> frozenset[EventType] | None:
    return frozenset(given) if given else None


def state_of(endpoint: AnyRow) -> str:
    """In words: whether anything is sent to it, and how that goes."""
    if endpoint.disabled is not None:
        return f"disabled since {_minute(endpoint.disabled_at)}: {words(endpoint.disabled)}"
    if not endpoint.active:
        return "its application is not active"
    if endpoint.confirmed_at is None:
        return "activation not confirmed"
    if endpoint.failing_since is not None:
        return f"failing since {_minute(endpoint.failing_since)}"
    return "enabled"


def _minute(instant: Any) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def endpoint_document(each: AnyRow) -> dict[str, Any]:
    types: Iterable[str] | None = each.types
    return {
        "endpoint_id": each.id,
        "studio": each.studio,
        "application": each.application,
        "key": each.key,
        "url": each.url,
        "types": None if types is None else list(types),
        "active": each.active,
        "activation_confirmed": each.confirmed_at is not None,
        "disabled": each.disabled,
        "disabled_at": plain(each.disabled_at),
        "failing_since": plain(each.failing_since),
        "old_secret_until": plain(each.old_secret_until),
        "created_at": plain(each.created_at),
    }
