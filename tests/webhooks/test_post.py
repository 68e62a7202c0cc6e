"""One attempt, against endpoints that behave in every way they can."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from trustme import CA

from kursplan.domain.webhooks import Failure
from kursplan.webhooks.client import (
    EXCERPT_CHARACTERS,
    MOST_BODY_BYTES,
    Result,
    WebhookClient,
    trusted,
)
from kursplan.webhooks.connections import KEPT_CONNECTIONS
from kursplan.webhooks.egress import EgressPolicy
from tests.webhooks.receiver import (
    HOST,
    Behaviour,
    Exchange,
    HangUp,
    Received,
    Receiver,
    answers,
    breaks_off,
    certified,
    hangs_up,
    never_ends,
    never_ends_its_headers,
    receiving,
    says,
    trickles,
    waits,
)

BODY = b'{"entityId":1}'
KEY = "a-webhook-key-that-is-secret"
SIGNATURES = "v1,Zmlyc3Qgc2lnbmF0dXJl v1,c2Vjb25kIHNpZ25hdHVyZQ=="
HEADERS = {"x-api-key": KEY, "webhook-signature": SIGNATURES}

Send = Callable[..., Awaitable[Result]]


@pytest.fixture
def send(post: WebhookClient, receiver: Receiver) -> Send:
    """Send to the receiver, which behaves as the test says."""

    async def send(*behaviours: Behaviour) -> Result:
        receiver.does("/hook", *behaviours)
        return await post.send(receiver.url(), BODY, HEADERS)

    return send


def outcome(result: Result) -> tuple[Failure | None, int | None]:
    return result.failure, result.status_code


async def test_what_is_sent_arrives_as_it_is(send: Send, receiver: Receiver) -> None:
    result = await send(answers(204))
    [received] = receiver.received
    assert (received.path, received.body) == ("/hook", BODY)
    assert received.headers == {
        "host": f"localhost:{receiver.port}",
        "content-length": str(len(BODY)),
        **HEADERS,
    }
    assert outcome(result) == (None, 204)
    assert result.delivered


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
async def test_every_2xx_is_a_success(send: Send, status: int) -> None:
    assert outcome(await send(answers(status))) == (None, status)


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 418, 429, 500, 503, 599])
async def test_every_other_status_is_a_failure(send: Send, status: int) -> None:
    result = await send(answers(status))
    assert outcome(result) == (Failure.STATUS, status)
    assert result.gone == (status == 410)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(send: Send, receiver: Receiver, status: int) -> None:
    result = await send(answers(status, location=receiver.url("/elsewhere")))
    assert outcome(result) == (Failure.STATUS, status)
    assert [each.path for each in receiver.received] == ["/hook"]


async def test_what_was_refused_is_told_in_a_readable_excerpt(send: Send) -> None:
    result = await send(answers(400, b"no \x00\x1b[31m\xff\nsuch slot \xc3\xa4"))
    assert result.excerpt == "no ��[31m�\nsuch slot ä"
    result = await send(answers(400, b"x" * 2 * EXCERPT_CHARACTERS))
    assert result.excerpt == "x" * EXCERPT_CHARACTERS


async def test_of_a_success_nothing_is_kept(send: Send) -> None:
    assert (await send(answers(200, b"thank you"))).excerpt is None


async def test_an_answer_that_repeats_our_secrets_is_kept_without_them(send: Send) -> None:
    """F52: pages that show a request for debugging do that."""
    page = f"<pre>X-Api-Key: {KEY}\nWebhook-Signature: {SIGNATURES}</pre>"
    result = await send(answers(500, page.encode()))
    assert result.excerpt == (
        "<pre>X-Api-Key: [not kept]\nWebhook-Signature: [not kept] [not kept]</pre>"
    )
    # Also where only its beginning would be within the limit.
    result = await send(answers(500, b"x" * (EXCERPT_CHARACTERS - 8) + KEY.encode()))
    assert result.excerpt == "x" * (EXCERPT_CHARACTERS - 8) + "[not kep"


@pytest.mark.parametrize(
    ("asked", "waits_for"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("9" * 40, 999_999_999),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0662".encode().decode("latin-1"), None),
        ("Mon, 02 Mar 2026 07:05:00 GMT", 300),
        ("Mon, 02 Mar 2026 06:00:00 GMT", 0),
        ("Mon, 99 Mar 2026 07:05:00 GMT", None),
    ],
)
async def test_an_endpoint_may_say_how_long_to_wait(
    send: Send, asked: str, waits_for: int | None
) -> None:
    """A date counts from the one that the endpoint itself put on its answer."""
    result = await send(answers(503, retry_after=asked, date="Mon, 02 Mar 2026 07:00:00 GMT"))
    expected = None if waits_for is None else timedelta(seconds=waits_for)
    assert result.retry_after == expected


async def test_a_date_to_wait_for_means_nothing_without_another(send: Send) -> None:
    result = await send(answers(429, retry_after="Mon, 02 Mar 2026 07:05:00 GMT"))
    assert result.retry_after is None


# What comes to nothing.


BROKEN: dict[str, tuple[Behaviour, Failure]] = {
    "hangs up": (hangs_up, Failure.PROTOCOL),
    "breaks off": (breaks_off, Failure.PROTOCOL),
    "breaks off in a header": (says(b"HTTP/1.1 20"), Failure.PROTOCOL),
    "garbage": (says(b"\x16\x03\x01\x00SSH-2.0-OpenSSH\r\n\r\n"), Failure.PROTOCOL),
    "another protocol": (says(b"220 smtp.example.com ESMTP\r\n\r\n"), Failure.PROTOCOL),
    "agrees to another protocol": (
        says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        Failure.PROTOCOL,
    ),
    "no number": (says(b"HTTP/1.1 OK\r\n\r\n"), Failure.PROTOCOL),
    "two lengths": (
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"),
        Failure.PROTOCOL,
    ),
    "huge header": (says(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 500_000), Failure.PROTOCOL),
    "headers without end": (never_ends_its_headers, Failure.PROTOCOL),
    "bad chunk": (
        says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nmuch\r\n"),
        Failure.PROTOCOL,
    ),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_what_is_no_answer_is_a_failure(send: Send, receiver: Receiver, how: str) -> None:
    behaviour, failure = BROKEN[how]
    assert outcome(await send(behaviour)) == (failure, None)
    assert len(receiver.received) == 1
    assert outcome(await send(answers(204))) == (None, 204)


async def test_what_a_server_says_beforehand_is_not_its_answer(send: Send) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3
    assert outcome(await send(says(early + b"HTTP/1.1 500 No\r\n\r\n"))) == (Failure.STATUS, 500)


async def test_a_body_without_end_is_read_no_further_than_the_limit(
    send: Send, receiver: Receiver
) -> None:
    sent = 0

    async def count(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.write(b"HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await exchange.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            sent += 0x4000

    result = await send(count)
    assert outcome(result) == (Failure.STATUS, 500)
    assert result.excerpt == "x" * EXCERPT_CHARACTERS
    # The rest of what the receiver could send lies in the buffers of the system.
    assert MOST_BODY_BYTES <= sent < 20_000_000
    assert outcome(await send(never_ends)) == (None, 200)


async def test_a_connection_that_is_closed_before_anything_is_read_is_a_failure(
    post: WebhookClient, receiver: Receiver
) -> None:
    receiver.greets_with = b""
    result = await post.send(receiver.url(), BODY, HEADERS)
    assert result.failure in (Failure.PROTOCOL, Failure.CONNECTION)
    assert receiver.received == []


async def test_a_port_where_nobody_listens_is_a_failure(post: WebhookClient, authority: CA) -> None:
    async with receiving(certified(authority)) as gone:
        url = gone.url()
    assert outcome(await post.send(url, BODY, HEADERS)) == (Failure.CONNECTION, None)


# Time.


def test_the_contract_gives_five_seconds(trust: ssl.SSLContext) -> None:
    assert WebhookClient(EgressPolicy(), trust).longest == timedelta(milliseconds=5000)


@pytest.mark.parametrize("behaviour", [waits, trickles])
async def test_the_whole_exchange_has_to_be_done_in_time(
    hasty_post: WebhookClient, receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.does("/hook", behaviour)
    result = await hasty_post.send(receiver.url(), BODY, HEADERS)
    assert outcome(result) == (Failure.TIMEOUT, None)
    assert result.milliseconds >= hasty_post.longest / timedelta(milliseconds=1)


async def silent() -> AsyncIterator[tuple[int, asyncio.Queue[bytes]]]:
    """A server that takes connections and says nothing; the port, and all that each got, when closed."""
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await got.put(await reader.read())
        except ConnectionError:
            await got.put(b"")
        finally:
            writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], got
    server.close()


silent_server = pytest.fixture(silent)


async def test_a_server_that_says_nothing_at_all_is_left_in_time(
    hasty_post: WebhookClient, silent_server: tuple[int, asyncio.Queue[bytes]]
) -> None:
    """And the connection is closed: the last byte comes, although no greeting was answered."""
    port, got = silent_server
    result = await hasty_post.send(f"https://localhost:{port}/", BODY, HEADERS)
    assert outcome(result) == (Failure.TIMEOUT, None)
    assert KEY.encode() not in await got.get()


async def test_a_name_without_an_answer_is_left_in_time(trust: ssl.SSLContext) -> None:
    answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    asked = []

    async def never(host: str, port: int) -> list[str]:
        asked.append(host)
        return await answer

    async with WebhookClient(EgressPolicy(never), trust, timedelta(seconds=0.05)) as post:
        urls = ["https://silent.example/a", "https://silent.example/b"]
        results = [
            *await asyncio.gather(*(post.send(url, BODY, HEADERS) for url in urls)),
            await post.send(urls[0], BODY, HEADERS),
        ]
    assert [outcome(each) for each in results] == [(Failure.TIMEOUT, None)] * 3
    assert asked == ["silent.example"], "all who wait for a name share one lookup"
    answer.set_exception(OSError("no such name"))


async def test_the_connections_of_exchanges_that_were_given_up_are_closed(
    hasty_post: WebhookClient,
) -> None:
    async with receiving(None) as receiver:
        receiver.does("/slow", waits)
        slow = [hasty_post.send(receiver.url("/slow"), BODY, HEADERS) for _ in range(50)]
        left = {outcome(each) for each in await asyncio.gather(*slow)}
        assert left == {(Failure.TIMEOUT, None)}
        await receiver.is_left.wait()
        assert receiver.connections == 50


# Connections that are kept.


async def test_a_connection_is_kept_for_the_next(send: Send, receiver: Receiver) -> None:
    await send(answers(204))
    await send(answers(500, b"no"))
    await send(answers(200, b"yes"))
    assert receiver.connections == 1


async def test_an_endpoint_that_closed_a_kept_connection_is_sent_to_over_a_new_one(
    send: Send, receiver: Receiver
) -> None:
    """It closed just when the next was sent: that is no failure of the endpoint."""
    await send(answers(204))
    assert outcome(await send(hangs_up, answers(204))) == (None, 204)
    assert [each.connection for each in receiver.received] == [1, 1, 2]


async def test_however_many_kept_connections_were_closed_the_next_new_one_decides(
    post: WebhookClient, receiver: Receiver
) -> None:
    together = 5
    receiver.does("/hook", *[waits] * together, hangs_up)
    sending = [
        asyncio.create_task(post.send(receiver.url(), BODY, HEADERS)) for _ in range(together)
    ]
    await receiver.comes("/hook", together)
    receiver.go_on.set()
    assert {outcome(each) for each in await asyncio.gather(*sending)} == {(None, 204)}
    assert together < KEPT_CONNECTIONS

    result = await post.send(receiver.url(), BODY, HEADERS)

    assert outcome(result) == (Failure.PROTOCOL, None)
    again = receiver.received[together:]
    assert sorted(each.connection for each in again) == list(range(1, together + 2))


# Certificates.


async def test_a_certificate_of_an_unknown_authority_is_refused(post: WebhookClient) -> None:
    async with receiving(certified(CA())) as stranger:
        result = await post.send(stranger.url(), BODY, HEADERS)
    assert outcome(result) == (Failure.CERTIFICATE, None)
    assert stranger.received == []


async def test_without_further_authorities_those_of_the_system_are_valid(
    receiver: Receiver,
) -> None:
    async with WebhookClient(EgressPolicy(insecure=True), trusted()) as post:
        result = await post.send(receiver.url(), BODY, HEADERS)
    assert outcome(result) == (Failure.CERTIFICATE, None)
    assert receiver.received == []


async def test_a_certificate_for_another_host_is_refused(
    post: WebhookClient, authority: CA
) -> None:
    async with receiving(certified(authority, "partner.example")) as other:
        result = await post.send(other.url(), BODY, HEADERS)
    assert outcome(result) == (Failure.CERTIFICATE, None)
    assert other.received == []


async def test_a_certificate_for_a_name_is_none_for_its_address(
    post: WebhookClient, authority: CA
) -> None:
    async with receiving(certified(authority, HOST)) as named:
        result = await post.send(named.url(host="127.0.0.1"), BODY, HEADERS)
        assert outcome(result) == (Failure.CERTIFICATE, None)
        assert outcome(await post.send(named.url(), BODY, HEADERS)) == (None, 204)


async def test_a_certificate_that_has_expired_is_refused(
    post: WebhookClient, authority: CA
) -> None:
    past = certified(
        authority,
        not_before=datetime(2019, 1, 1, tzinfo=UTC),
        not_after=datetime(2020, 1, 1, tzinfo=UTC),
    )
    async with receiving(past) as expired:
        result = await post.send(expired.url(), BODY, HEADERS)
    assert outcome(result) == (Failure.CERTIFICATE, None)
    assert expired.received == []


async def test_a_server_without_encryption_is_not_told_over_https(post: WebhookClient) -> None:
    async with receiving(None) as plain:
        plain.greets_with = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        result = await post.send(f"https://localhost:{plain.port}/hook", BODY, HEADERS)
    assert outcome(result) == (Failure.PROTOCOL, None)
    assert plain.received == []


def test_a_request_is_written_down_as_it_came() -> None:
    """Of the receiver itself: what the other tests rely on."""
    received = Received(
        "/hook", {}, b'{"entityId":7,"uuid":"u","payload":[{"timestamp":1,"type":"T"}]}', 1
    )
    assert (received.uuid, received.event) == ("u", ("T", 7))
    assert issubclass(HangUp, Exception)
