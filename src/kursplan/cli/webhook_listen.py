"""`kursplan webhook listen`: a receiver on this machine, for whoever develops one.

It has no part in the server and asks no database: it may run elsewhere.
"""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.output import Stop, say

if TYPE_CHECKING:
    from kursplan.webhooks.receive import Received


def listen(
    port: Annotated[
        int,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            envvar="WEBHOOK_PORT",
            help="The port to listen on; 0 for any.",
        ),
    ] = 9000,
    webhook_key: Annotated[
        str | None,
        typer.Option(
            "--webhook-key",
            metavar="KEY",
            envvar="WEBHOOK_KEY",
            help="What x-api-key has to be, as `webhook endpoint add` shows it; "
            "not looked at where it is left out.",
        ),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            metavar="SECRET",
            envvar="WEBHOOK_SECRET",
            help="What has to have signed, like whsec_…; while it is being rotated, give both. "
            "Not looked at where it is left out.",
        ),
    ] = None,
    status: Annotated[
        int,
        typer.Option(
            "--status",
            min=200,
            max=599,
            help="Answer with this status what is genuine, to see what follows from it.",
        ),
    ] = 204,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write one JSON document a line, for scripts; the first says where it listens.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Receive events on this machine, check key and signature, and print them, until Ctrl-C.

    The server has to be allowed to call it: start that with KURSPLAN_WEBHOOKS_INSECURE=on, and add
    the endpoint http://localhost:9000/. The demo has done both, and prints the line to paste.
    """
    from kursplan.cli.serve import bind, run
    from kursplan.web.listen import listen, port_of
    from kursplan.web.server import Site
    from kursplan.webhooks.receive import NoSecret, Receiver

    tell = _tell_scripts if json else _tell
    try:
        receiver = Receiver(tell, webhook_key, secret or (), status)
    except NoSecret as wrong:
        raise Stop(str(wrong), 2) from wrong
    listener = bind("127.0.0.1", port)
    # From here on a request waits for the receiver rather than being turned away.
    listen(listener)
    url = f"http://localhost:{port_of(listener)}/"
    if json:
        _say_line({"listening": url})
    else:
        say(f"Listening at {url}")
        _say_what_is_checked(webhook_key is not None, bool(secret))
    run(listener, Site(receiver.asgi))


def _say_what_is_checked(key: bool, secret: bool) -> None:
    for is_checked, what, option in (
        (key, "x-api-key", "--webhook-key"),
        (secret, "signature", "--secret"),
    ):
        say(f"The {what} is {'checked' if is_checked else f'not checked: give {option}'}.")


def _tell(received: Received) -> None:
    if received.refused is not None:
        say(f"Refused with {received.status}: {received.refused}")
        return
    content = " ".join(f"{name}={value}" for name, value in (received.content or {}).items())
    words = (
        f"{received.happened_at:%Y-%m-%d %H:%M:%S}Z",
        received.type,
        str(received.entity_id),
        content,
        received.uuid,
        "(again)" if received.again else "",
        f"-> {received.status}",
    )
    say(" ".join(word for word in words if word))


def _tell_scripts(received: Received) -> None:
    happened_at = received.happened_at
    _say_line(
        {
            "status": received.status,
            "refused": received.refused,
            "uuid": received.uuid,
            "type": received.type,
            "entity_id": received.entity_id,
            "content": received.content,
            "happened_at": happened_at and happened_at.isoformat(),
            "again": received.again,
        }
    )


def _say_line(value: object) -> None:
    """One document on a line of its own, where there will be more of them."""
    say(dumps(value, ensure_ascii=False))
