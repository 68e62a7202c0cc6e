"""Which addresses may be called (F49): at save and at send, whatever a name leads to meanwhile."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
from trustme import CA

from kursplan.domain.webhooks import Failure
from kursplan.webhooks.client import WebhookClient
from kursplan.webhooks.egress import (
    EgressPolicy,
    RefusedAddress,
    RefusedTarget,
    Resolver,
    is_public,
    system_resolver,
)
from tests.webhooks.receiver import Receiver, answers, certified, receiving

PUBLIC = "8.8.8.8"
PUBLIC_6 = "2001:4860:4860::8888"

OPEN_INTERNET = [
    *(PUBLIC, "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
    *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"),
    *("172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0"),
    *("198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15"),
    *(PUBLIC_6, "2001:200::1", "2003::1", "2a00:1450:4001:80e::200e", "2606:4700::1111"),
    # By a translation to an IPv4 address of the open internet.
    *("::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
]
ELSEWHERE = {
    "this network": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": [
        *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("fc00::1", "fd12:3456:789a::1"),
    ],
    "link-local": ["169.254.0.1", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1"],
    "site-local": ["fec0::1", "feff::1"],
    "shared by customers of a provider": ["100.64.0.1", "100.127.255.255"],
    "metadata of clouds": [
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fd00:ec2::254", "fd20:ce::254"),
    ],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "broadcast": ["255.255.255.255"],
    "reserved": ["240.0.0.1", "4000::1", "5f00::1", "e000::1"],
    "protocol assignments": ["192.0.0.1", "192.0.0.171", "2001:1::1", "2001:20::1", "2001:30::1"],
    "documentation": [
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"),
    ],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "discarded": ["100::1", "100:0:0:1::1"],
    "mapped to IPv4": [
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1"),
        *("::ffff:0.0.0.0", "::ffff:100.64.0.1"),
    ],
    "compatible with IPv4": ["::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1"],
    "behind NAT64": [
        *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe"),
        *("64:ff9b:1::1", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::7f00:1"),
    ],
    "6to4": ["2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1", "192.88.99.1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "no address": ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5"],
}


@pytest.mark.parametrize("address", OPEN_INTERNET)
def test_an_address_of_the_open_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, address) for kind, them in ELSEWHERE.items() for address in them]
)
def test_an_address_elsewhere_may_not(kind: str, address: str) -> None:
    assert not is_public(address), kind


# What a URL may be.


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example",
        "https://partner.example/hook?tenant=7&x=%C3%A4",
        "https://partner.example:8443/hook",
        "https://PARTNER.example./hook",
        "https://xn--mnchen-3ya.example/hook",
        "https://8.8.8.8/hook",
        "https://[2001:4860:4860::8888]:443/hook",
    ],
)
def test_https_to_any_host_and_port_is_allowed(url: str) -> None:
    EgressPolicy().check_url(url)


NO_TARGETS = {
    "begins with https://": [
        *("http://partner.example", "HTTP://partner.example", "ftp://partner.example"),
        *("file:///etc/passwd", "gopher://partner.example:70/_", "unix:///run/docker.sock"),
        *("javascript:alert(1)", "partner.example", "//partner.example", "", "/hook"),
        *("https+unix://partner.example/", "ws://partner.example", "wss://partner.example"),
    ],
    "names no host": [
        *("https://", "https:///hook", "https://:443/", "https:partner.example"),
        *("https://partner.example:0/",),
    ],
    "is no URL": [
        *("https://[::1", "https://::1]/", "https://[not-an-address]/"),
        *("https://partner.example:99999/", "https://partner.example:ssh/"),
        "https://partner.example:-1/",
    ],
    "user name": [
        *("https://user@partner.example/", "https://user:password@partner.example/"),
        *("https://:password@partner.example/", "https://@partner.example/"),
        *("https://partner.example@127.0.0.1/", "https://partner.example\\@127.0.0.1/"),
    ],
    "printable ASCII": [
        *("https://pärtner.example/", "https://partner.example/ä", "https://partner.example/a b"),
        *("https://partner.example/\n", "https://partner.example/\r\nx-api-key: y"),
        *(
            "https://partner.\texample/",
            " https://partner.example/",
            "https://partner.example/\x00",
        ),
        *(
            "https://\uff11\uff12\uff17.0.0.1/",
            "https://partner\u3002example/",
            "https://partner.example/" + "x" * 2000,
        ),
    ],
    "#": ["https://partner.example/#part"],
}


@pytest.mark.parametrize(
    ("why", "url"), [(why, url) for why, urls in NO_TARGETS.items() for url in urls]
)
async def test_any_other_url_is_refused_with_the_reason(why: str, url: str) -> None:
    with pytest.raises(RefusedTarget, match=why):
        EgressPolicy().check_url(url)


def test_development_may_open_http_and_nothing_more() -> None:
    egress = EgressPolicy(insecure=True)
    for url in ("http://localhost:9000/hook", "https://127.0.0.1/hook", "http://[::1]:9000/"):
        egress.check_url(url)
    for url in ("ftp://localhost/", "http://user@localhost/", "file:///etc/passwd"):
        with pytest.raises(RefusedTarget):
            egress.check_url(url)


# What a name leads to.


def resolver(*answers: list[str]) -> tuple[Resolver, list[str]]:
    """Gives these answers, one after the other and the last for good; and who was asked for."""
    left, asked = list(answers), []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve, asked


async def no_such_name(host: str, port: int) -> list[str]:
    raise OSError("no such name")


async def test_a_name_in_the_open_internet_can_be_saved() -> None:
    resolve, asked = resolver([PUBLIC, PUBLIC_6])
    await EgressPolicy(resolve).check("https://partner.example:8443/hook")
    assert asked == ["partner.example:8443"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        # One of several is enough: nobody knows which one would be taken.
        [PUBLIC, "10.0.0.1"],
        [PUBLIC, PUBLIC_6, "::1"],
    ],
)
async def test_a_name_that_leads_elsewhere_cannot_be_saved(addresses: list[str]) -> None:
    resolve, _ = resolver(addresses)
    with pytest.raises(RefusedTarget, match=r"partner\.example .* not in the open internet"):
        await EgressPolicy(resolve).check("https://partner.example/hook")


@pytest.mark.parametrize("resolve", [no_such_name, resolver([])[0]])
async def test_a_name_that_leads_nowhere_cannot_be_saved(resolve: Resolver) -> None:
    with pytest.raises(RefusedTarget, match=r"partner\.example has no address"):
        await EgressPolicy(resolve).check("https://partner.example/hook")


LOOPBACK_BY_OTHER_NAMES = [
    *("localhost", "LOCALHOST", "127.0.0.1", "127.1", "127.0.1"),
    *("2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "017700000001"),
    *("0", "0.0.0.0", "0x0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),  # noqa: S104
    *("[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]"),
]


@pytest.mark.parametrize("host", LOOPBACK_BY_OTHER_NAMES)
async def test_an_own_address_is_refused_however_it_is_written(
    trust: ssl.SSLContext, receiver: Receiver, host: str
) -> None:
    """The system makes of the name what it makes of it, and that is checked."""
    url = receiver.url(host=host)
    with pytest.raises(RefusedTarget):
        await EgressPolicy().check(url)
    async with WebhookClient(EgressPolicy(), trust) as post:
        result = await post.send(url, b"", {})
    assert result.failure is Failure.REFUSED_ADDRESS
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "host", ["a..b", "." * 3, "x" * 64 + ".example", "%31%32%37.0.0.1", "[v1.x]"]
)
async def test_a_host_that_cannot_be_looked_up_is_refused_and_never_a_fault(
    trust: ssl.SSLContext, host: str
) -> None:
    url = f"https://{host}/hook"
    with pytest.raises(RefusedTarget):
        await EgressPolicy().check(url)
    async with WebhookClient(EgressPolicy(), trust) as post:
        result = await post.send(url, b"", {})
    assert result.failure in (Failure.NO_ADDRESS, Failure.CONNECTION, Failure.REFUSED_URL)


async def test_the_system_is_asked_by_name_and_gives_addresses() -> None:
    assert await system_resolver("127.0.0.1", 443) == ["127.0.0.1"]
    assert set(await system_resolver("localhost", 443)) <= {"127.0.0.1", "::1"}


async def test_the_url_is_checked_at_every_sending_too(
    trust: ssl.SSLContext, receiver: Receiver
) -> None:
    """It may have been saved when that was still allowed."""
    async with WebhookClient(EgressPolicy(), trust) as post, receiving(None) as plain:
        for url in (plain.url(), f"https://user@localhost:{receiver.port}/"):
            assert (await post.send(url, b"", {})).failure is Failure.REFUSED_URL
    assert (receiver.connections, plain.connections) == (0, 0)


# A name that changes its answer.


async def test_a_name_that_led_outside_when_it_was_saved_leads_nowhere_else_when_it_is_called(
    trust: ssl.SSLContext, receiver: Receiver
) -> None:
    resolve, asked = resolver([PUBLIC], ["127.0.0.1"])
    egress = EgressPolicy(resolve)
    url = receiver.url(host="rebind.example")
    await egress.check(url)
    async with WebhookClient(egress, trust) as post:
        result = await post.send(url, b"", {})
    assert result.failure is Failure.REFUSED_ADDRESS
    assert len(asked) == 2
    assert receiver.connections == 0


@pytest.fixture
async def neighbours(authority: CA) -> AsyncIterator[tuple[Receiver, Receiver]]:
    """Two receivers on one port of two addresses."""
    shows = certified(authority, "rebind.example")
    async with receiving(shows, "127.0.0.2") as first:
        second = Receiver()
        server = await asyncio.start_server(
            second.serve, "127.0.0.3", first.port, ssl=certified(authority, "rebind.example")
        )
        second.port = first.port
        yield first, second
        server.close()


async def test_the_address_that_was_checked_is_the_one_that_is_called(
    trust: ssl.SSLContext, neighbours: tuple[Receiver, Receiver]
) -> None:
    """The name is asked for once for each connection; what it would answer next changes nothing."""
    checked, other = neighbours
    resolve, asked = resolver(["127.0.0.2"], ["127.0.0.3"])
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        result = await post.send(checked.url(host="rebind.example"), b"{}", {})
    assert result.delivered
    assert len(asked) == 1
    assert (checked.connections, other.connections) == (1, 0)


async def test_a_kept_connection_stays_with_its_address_and_the_next_one_is_checked_anew(
    trust: ssl.SSLContext, neighbours: tuple[Receiver, Receiver]
) -> None:
    first, second = neighbours
    resolve, asked = resolver(["127.0.0.2"], ["127.0.0.3"])
    url = first.url(host="rebind.example")
    first.does("/hook", answers(204), answers(204, connection="close"))
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        for _ in range(3):
            assert (await post.send(url, b"{}", {})).delivered
    assert (len(first.received), len(second.received)) == (2, 1)
    assert len(asked) == 2


async def test_every_address_of_a_name_is_tried_until_one_answers(
    trust: ssl.SSLContext, neighbours: tuple[Receiver, Receiver]
) -> None:
    first, _ = neighbours
    resolve, _ = resolver(["127.0.0.4", "127.0.0.2"])
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        assert (await post.send(first.url(host="rebind.example"), b"{}", {})).delivered
    assert len(first.received) == 1


@pytest.fixture
def silent(neighbours: tuple[Receiver, Receiver]) -> Iterator[str]:
    """An address at whose port nobody answers, not even that nobody is there: its queue is full."""
    first, _ = neighbours
    address = "127.0.0.4"
    with socket.socket() as listening, ExitStack() as queue:
        listening.bind((address, first.port))
        listening.listen(0)
        for _ in range(2):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, first.port))
        yield address


@pytest.fixture
def mute(neighbours: tuple[Receiver, Receiver]) -> Iterator[socket.socket]:
    """At 127.0.0.5 the connection comes about, and then nobody says a word."""
    first, _ = neighbours
    with socket.create_server(("127.0.0.5", first.port)) as listening:
        yield listening


async def test_an_address_that_is_silent_does_not_keep_the_next_from_being_tried(
    trust: ssl.SSLContext,
    neighbours: tuple[Receiver, Receiver],
    silent: str,
    mute: socket.socket,
) -> None:
    """Within the time of one attempt; only those that were checked are called."""
    first, other = neighbours
    resolve, asked = resolver([silent, "127.0.0.5", "127.0.0.9", "127.0.0.2"])
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        result = await post.send(first.url(host="rebind.example"), b"{}", {})
    assert result.delivered
    assert (len(first.received), other.connections, len(asked)) == (1, 0, 1)


async def test_a_host_of_which_all_addresses_are_silent_is_given_up_in_time(
    trust: ssl.SSLContext,
    neighbours: tuple[Receiver, Receiver],
    silent: str,
    mute: socket.socket,
) -> None:
    first, _ = neighbours
    resolve, _ = resolver([silent, "127.0.0.5"])
    egress = EgressPolicy(resolve, insecure=True)
    async with WebhookClient(egress, trust, timedelta(seconds=0.05)) as post:
        result = await post.send(first.url(host="rebind.example"), b"{}", {})
    assert result.failure is Failure.TIMEOUT


async def test_an_address_that_was_not_the_first_to_answer_is_hung_up_on(
    trust: ssl.SSLContext, neighbours: tuple[Receiver, Receiver], mute: socket.socket
) -> None:
    """No connection stays that nobody uses."""
    first, _ = neighbours
    resolve, _ = resolver(["127.0.0.5", "127.0.0.2"])
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        assert (await post.send(first.url(host="rebind.example"), b"{}", {})).delivered
        connection, _ = mute.accept()
        with connection, suppress(ConnectionError):
            while await asyncio.to_thread(connection.recv, 4096):
                pass


async def test_a_redirect_into_the_own_network_is_not_followed(
    trust: ssl.SSLContext, neighbours: tuple[Receiver, Receiver]
) -> None:
    outside, inside = neighbours
    outside.does("/hook", answers(307, location=inside.url("/admin", host="127.0.0.3")))
    resolve, _ = resolver(["127.0.0.2"])
    async with WebhookClient(EgressPolicy(resolve, insecure=True), trust) as post:
        result = await post.send(outside.url(host="rebind.example"), b"{}", {})
    assert (result.failure, result.status_code) == (Failure.STATUS, 307)
    assert inside.connections == 0


async def test_who_shares_a_lookup_shares_its_refusal() -> None:
    go_on = asyncio.Event()

    async def resolve(host: str, port: int) -> list[str]:
        await go_on.wait()
        return ["10.0.0.1"]

    egress = EgressPolicy(resolve)
    asking = [asyncio.create_task(egress.addresses("partner.example", 443)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    go_on.set()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in ended] == [
        asyncio.CancelledError,
        RefusedAddress,
        RefusedAddress,
    ]
