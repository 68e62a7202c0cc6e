"""The egress policy: which addresses may be called (F49). It keeps out SSRF (server-side request forgery).

A partner names the URL, so it could lead into the operator's own network. Every address that a
name leads to is checked, and the one that was checked is the one that is connected to: a name that
changes its answer in between changes nothing. All of them are tried, so a host is reached where one of
its addresses is silent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from kursplan.domain.sentences import Mistaken, Sentence, either

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to numeric addresses. Raises OSError where there are none."""

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

ALONE = timedelta(milliseconds=250)
"""How long an address has for itself before the host's next one is tried beside it."""

# By the registries of special-purpose addresses. Python has such tables too, but which addresses
# they name differs between its versions.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network, and "any address"
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by customers of a provider (CGNAT)
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # the host under a virtual machine, in one large cloud
            "169.254.0.0/16",  # link-local, and the metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
_UNICAST = ipaddress.ip_network("2000::/3")
"""The only part of IPv6 that the open internet uses."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_URL = 2000


class RefusedTarget(Mistaken):
    """The URL must not be called; the message says why and what is possible instead."""


class RefusedAddress(Exception):
    """The host leads to an address that must not be called."""

    def __init__(self, says: Sentence) -> None:
        super().__init__(says)
        self.says = says


def _for_development(says: Sentence) -> Sentence:
    return Sentence("%(says)s; for development, KURSPLAN_WEBHOOKS_INSECURE=on allows it", says=says)


_LOOKUPS = ThreadPoolExecutor(64, thread_name_prefix="webhook-lookup")
"""Not the event loop's own threads: those are few, and a name whose servers are silent holds one for
many seconds."""


async def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system."""

    def look_up() -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as mistake:
            raise socket.gaierror(f"{host} is no name of a host") from mistake
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    return await asyncio.get_running_loop().run_in_executor(_LOOKUPS, look_up)


def is_public(address: str) -> bool:
    """Whether a numeric address lies in the open internet, also behind a translation to IPv4."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _UNICAST:
            return False
    return not any(ip in network for network in _SPECIAL)


class EgressPolicy:
    """What may be called: https in the open internet, or anything where development allows it."""

    def __init__(self, resolver: Resolver = system_resolver, *, insecure: bool = False) -> None:
        self._resolver = resolver
        self._insecure = insecure
        self._lookups: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    def check_url(self, url: str) -> None:
        """Raises `RefusedTarget` for a URL that is none, or of another kind than allowed."""
        schemes = ("https", "http") if self._insecure else ("https",)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as mistake:
            says = Sentence("this is no URL: %(why)s", why=str(mistake))
            raise RefusedTarget(says) from None
        if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise RefusedTarget(
                Sentence(
                    "a URL has at most %(most)s printable ASCII characters; write others as %%XX",
                    most=_LONGEST_URL,
                )
            )
        if parts.scheme not in schemes:
            begins = Sentence("a webhook's URL begins with %(scheme)s://", scheme=either(schemes))
            raise RefusedTarget(_for_development(begins) if parts.scheme == "http" else begins)
        if not parts.hostname or port == 0:
            raise RefusedTarget(Sentence("the URL names no host that can be called"))
        if parts.username is not None or parts.password is not None:
            says = Sentence("a URL with a user name or password in it is not called")
            raise RefusedTarget(says)
        if parts.fragment:
            raise RefusedTarget(Sentence("leave out what follows the # in the URL"))

    async def check(self, url: str) -> None:
        """Raises `RefusedTarget` as above, and where the host leads somewhere forbidden today.

        That is checked again whenever it is called, since names change.
        """
        self.check_url(url)
        parts = urlsplit(url)
        try:
            await self.addresses(parts.hostname or "", parts.port or 443)
        except RefusedAddress as refused:
            raise RefusedTarget(refused.says) from refused
        except OSError:
            says = Sentence("the host %(host)s has no address", host=parts.hostname or "")
            raise RefusedTarget(says) from None

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of the host, if every one may be called.

        Raises `RefusedAddress`, or OSError where there are none.
        """
        found = await self._look_up(host, port)
        if not found:
            raise socket.gaierror(f"{host} has no address")
        if not self._insecure and not all(map(is_public, found)):
            says = Sentence(
                "the host %(host)s leads to an address that is not in the open internet", host=host
            )
            raise RefusedAddress(_for_development(says))
        return found

    async def connect(self, host: str, port: int, trust: ssl.SSLContext | None) -> _Streams:
        """A connection to one of the addresses that were just checked: by it and not by the name.

        With `trust` it is encrypted, and the host has shown a certificate for its name. Raises
        `RefusedAddress`, and OSError where there is no connection.
        """
        return await _first_open(
            _open(address, port, host, trust) for address in await self.addresses(host, port)
        )

    async def _look_up(self, host: str, port: int) -> list[str]:
        """All who ask for a name at the same time share one lookup.

        So a name whose servers are silent holds one thread, however many wait for it.
        """
        asked = self._lookups.get((host, port))
        if asked is None:
            asked = asyncio.ensure_future(self._resolver(host, port))
            self._lookups[host, port] = asked
            asked.add_done_callback(lambda _: self._lookups.pop((host, port)))
        return await asyncio.shield(asked)


async def _open(address: str, port: int, host: str, trust: ssl.SSLContext | None) -> _Streams:
    return await asyncio.open_connection(
        address, port, ssl=trust, server_hostname=host if trust else None
    )


async def _first_open(attempts: Iterable[Coroutine[Any, Any, _Streams]]) -> _Streams:
    """What the first of the attempts opens that succeeds; the others are given up.

    Each has a moment for itself before the next begins beside it, and one that fails makes room at
    once (as RFC 8305 asks). So an address that is silent costs a moment, not the whole time that
    there is. Raises what the last one raised that failed, or at once what somebody answered.
    """
    untried = deque(attempts)
    opening: set[asyncio.Task[_Streams]] = set()
    failure: OSError = socket.gaierror("there is no address")
    try:
        while untried or opening:
            if untried:
                opening.add(asyncio.create_task(untried.popleft()))
            alone = ALONE.total_seconds() if untried else None
            opened, _ = await asyncio.wait(
                opening, timeout=alone, return_when=asyncio.FIRST_COMPLETED
            )
            for each in opened:
                opening.remove(each)
                try:
                    return each.result()
                except ssl.SSLError:
                    raise  # Somebody answered there.
                except OSError as unreachable:
                    failure = unreachable
    finally:
        for late in opening:
            late.add_done_callback(_hang_up)
            late.cancel()
        for never in untried:
            never.close()
    raise failure


def _hang_up(late: asyncio.Task[_Streams]) -> None:
    """Close what was opened when nobody waited for it any more."""
    if not late.cancelled() and late.exception() is None:
        _, writer = late.result()
        writer.transport.abort()
