"""Which addresses may be called (F49).

A partner names the URL, so it could lead into the operator's own network. Every address that a
name leads to is checked, and the one that was checked is the one that is connected to: a name that
changes its answer in between changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to numeric addresses. Raises OSError where there are none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST_URL = 2000


class RefusedTarget(ValueError):
    """The URL must not be called; the message says why and what is possible instead."""


class RefusedAddress(Exception):
    """The host leads to an address that must not be called."""


async def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether a numeric address lies in the open internet, also behind a translation to IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.teredo is not None or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


class Targets:
    """What may be called: https in the open internet, or anything where development allows it."""

    def __init__(self, resolver: Resolver = system_resolver, *, insecure: bool = False) -> None:
        self._resolver = resolver
        self._insecure = insecure

    def check_url(self, url: str) -> None:
        """Raises `RefusedTarget` for a URL that is none, or of another kind than allowed."""
        schemes = ("https", "http") if self._insecure else ("https",)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as mistake:
            raise RefusedTarget(f"this is no URL: {mistake}") from None
        if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise RefusedTarget(
                f"a URL has at most {_LONGEST_URL} printable ASCII characters; write others as %XX"
            )
        if parts.scheme not in schemes:
            raise RefusedTarget(f"a webhook's URL begins with {' or '.join(schemes)}://")
        if not parts.hostname or port == 0:
            raise RefusedTarget("the URL names no host that can be called")
        if parts.username is not None or parts.password is not None:
            raise RefusedTarget("a URL with a user name or password in it is not called")
        if parts.fragment:
            raise RefusedTarget("leave out what follows the # in the URL")

    async def check(self, url: str) -> None:
        """Raises `RefusedTarget` as above, and where the host leads somewhere forbidden today.

        That is checked again whenever it is called, since names change.
        """
        self.check_url(url)
        parts = urlsplit(url)
        try:
            await self.addresses(parts.hostname or "", parts.port or 443)
        except RefusedAddress as refused:
            raise RefusedTarget(str(refused)) from refused
        except OSError:
            raise RefusedTarget(f"the host {parts.hostname} has no address") from None

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of the host, if every one may be called.

        Raises `RefusedAddress`, or OSError where there are none.
        """
        found = await self._resolver(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        if not self._insecure and not all(map(is_public, found)):
            raise RefusedAddress(
                f"the host {host} leads to an address that is not in the open internet"
            )
        return found


class CheckedConnections(httpcore.AsyncNetworkBackend):
    """Opens connections only to addresses that were checked, by the address and not by the name."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the interface of the library)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception | None = None
        for address in await self._targets.addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as unreachable:
                failure = unreachable
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise RefusedAddress("a socket in the file system is not called")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
