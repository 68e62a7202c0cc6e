"""The peer of a request: the address of the connection, or the one that a trusted proxy names.

`X-Forwarded-For` can be written by anybody, so it counts only as far as it was written by proxies
that the operator trusts: from its end, up to the first address that is none of theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from kursplan.web.http import Request

Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""The peer where there is no address, as with a socket in the file system."""
IPV6_PREFIX = 64
"""How much of an IPv6 address is one peer: whoever has one address mostly has all that begin so."""


class Peers:
    """Names peers, given the networks in which the trusted proxies are."""

    def __init__(self, trusted_proxies: Collection[Network] = ()) -> None:
        self._trusted = trusted_proxies

    def name(self, request: Request) -> str:
        """What requests of the same peer have in common."""
        peer = _address(request.client)
        hops = [hop for line in request.headers(b"x-forwarded-for") for hop in line.split(",")]
        while self._is_trusted(peer) and hops:
            before = _address(hops.pop().strip())
            if before is None:
                break
            peer = before
        if isinstance(peer, IPv6Address):
            return str(ip_network((int(peer), IPV6_PREFIX), strict=False))
        return UNKNOWN if peer is None else str(peer)

    def _is_trusted(self, peer: IPv4Address | IPv6Address | None) -> bool:
        return peer is not None and any(peer in network for network in self._trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
