"""`kursplan key`: the API keys of partners.

A key is shown once, when it is issued. What is stored is its fingerprint, by which it can be
recognized and from which it can't be made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.consent import ReasonOption
from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, document, say, table

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext

app = typer.Typer(no_args_is_help=True, help="API keys of partners.")


@app.command()
def issue(
    studio: Annotated[str, typer.Option("--studio", metavar="KEY", help="The studio, by its key.")],
    application: Annotated[
        str,
        typer.Option("--application", metavar="KEY", help="The partner's application, by its key."),
    ],
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Make a new API key for an application in a studio, and show it this once.

    Keys that were issued before stay valid until they are revoked.
    """
    key_id, api_key, webhook_key = with_organization(
        organization, lambda context: _issue(context, studio, application), reason=reason
    )
    if json:
        document(
            {
                "key_id": key_id,
                "studio": studio,
                "application": application,
                "api_key": api_key,
                "webhook_key": webhook_key,
            }
        )
        return
    say(f"API key (number {key_id}): {api_key}")
    say(f"Webhook key of this application in this studio: {webhook_key}")
    say("The API key is not stored and can't be shown again.")


async def _issue(context: CommandContext, studio: str, application: str) -> tuple[int, str, str]:
    """A new key for the application in the studio: its id, the key, and the webhook key."""
    from kursplan.desk.keys import IssueKey
    from kursplan.store.partner import keys

    found = await context.read(keys.integration_of, studio, application)
    if found is None:
        raise Stop(
            f"the application {application!r} is not activated in a studio {studio!r}: "
            f"say in the gym file which applications are"
        )
    integration_id, webhook_key = found
    [key_id] = await context.database.take_ids(1)
    command, api_key = IssueKey.fresh(context.organization_id, integration_id, key_id)
    await context.execute(command)
    return key_id, api_key, webhook_key


@app.command()
def revoke(
    key_id: Annotated[
        int, typer.Argument(metavar="ID", help="The key's number, as `key list` shows it.")
    ],
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
) -> None:
    """End a key at once; requests with it are refused from then on."""
    from kursplan.desk.keys import RevokeKey

    async def task(context: CommandContext) -> bool:
        return await context.execute(RevokeKey(context.organization_id, key_id))

    if not with_organization(organization, task, reason=reason):
        raise Stop(f"there is no key {key_id} that works: see `kursplan key list`")
    say(f"Key {key_id} is revoked.")


@app.command("list")
def list_keys(organization: OrganizationOption = None, json: JsonOption = False) -> None:
    """Show all keys by their last characters, revoked ones too."""
    from kursplan.store.partner import keys

    found = with_organization(organization, lambda context: context.read(keys.issued))
    if json:
        document(
            [
                {
                    "key_id": each.id,
                    "studio": each.studio,
                    "application": each.application,
                    "scopes": list(each.scopes),
                    "hint": each.hint,
                    "created_at": each.created_at.isoformat(),
                    "revoked_at": each.revoked_at and each.revoked_at.isoformat(),
                }
                for each in found
            ]
        )
        return
    table(
        ("Id", "Studio", "Application", "Ends in", "Issued (UTC)", "Revoked (UTC)"),
        (
            (
                each.id,
                each.studio,
                each.application,
                each.hint,
                f"{each.created_at:%Y-%m-%d %H:%M}",
                each.revoked_at and f"{each.revoked_at:%Y-%m-%d %H:%M}",
            )
            for each in found
        ),
        empty="There are no keys: make one with `kursplan key issue`.",
    )
