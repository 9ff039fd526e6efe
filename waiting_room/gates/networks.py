"""
Who asks, by their address: the visitor's own behind proxies that are believed, and the networks it lies in. Pure.

`X-Forwarded-For` is anybody's to write. Only what a believed proxy has added counts, so it is read from its end: each
address in it was put there by the one after it, and the first that is no believed proxy's is the visitor's.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

UNIX: Final = "unix"
"""Among believed proxies: whoever connects by a unix socket, and so has no address."""
MOST_HOPS: Final = 8
PEERS: Final = 256
"""The same few proxies are at the other end of most connections; reading an address takes longer than all else here."""
_BITS: Final = {4: 32, 6: 128}
_WITH_PORT: Final = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d{1,5}|\[([0-9a-f:.]+)\](?::\d{1,5})?", re.IGNORECASE | re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Way:
    """
    Hold how a request came: the address at the other end of its connection, and all of ``X-Forwarded-For``.

    *forwarded* are all lines of that name in their order, joined by commas: a proxy may add a line of its own.
    """

    peer: str
    forwarded: str


NOWHERE: Final = Way("", "")


class Networks:
    """
    Tell whether an address lies in one of many networks, by a look-up for each length of a prefix among them.

    Raises `ValueError` for what is no network.
    """

    __slots__ = ("_prefixes", "count")

    def __init__(self, texts: Iterable[str]) -> None:
        self._prefixes: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        self.count = 0
        for text in texts:
            network = ipaddress.ip_network(text)
            free = _BITS[network.version] - network.prefixlen
            self._prefixes[network.version].setdefault(free, set()).add(int(network.network_address) >> free)
            self.count += 1

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        return any(number >> free in known for free, known in self._prefixes[address.version].items())


def address_of(text: str) -> Address | None:
    """
    Return the address that *text* writes, without its port or brackets, or None.

    IPv4 in IPv6's clothes (``::ffff:192.0.2.1``) is IPv4: the same visitor over a socket that speaks both.
    """
    text = text.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


@lru_cache(PEERS)
def _peer(text: str) -> Address | None:
    return address_of(text)


def handed_on(way: Way, *, by_socket: bool) -> str:
    """
    Return what a proxy would write in ``X-Forwarded-For`` to hand a request on that came by *way*, or nothing.

    Nothing but addresses is handed on, and the last `MOST_HOPS` of them; who comes by a unix socket without an address
    is believed where *by_socket*.
    """
    hops = way.forwarded.split(",") if way.forwarded else []
    if way.peer:
        hops.append(way.peer)
    elif not by_socket:
        return ""
    return ", ".join(str(address_of(hop) or "unknown") for hop in hops[-MOST_HOPS:])


class Proxies:
    """
    Tell the visitor's address, given the networks of the proxies that are believed.

    *proxies* are networks, or `UNIX`. Raises `ValueError` for anything else.
    """

    __slots__ = ("_networks", "_socket")

    def __init__(self, proxies: Iterable[str]) -> None:
        proxies = tuple(proxies)
        self._networks = Networks(proxy for proxy in proxies if proxy != UNIX)
        self._socket = UNIX in proxies

    def visitor(self, way: Way) -> Address | None:
        """
        Return the address of who asks, or None where it cannot be told; then nothing may be granted by address.
        """
        return self._found(way)[0]

    def beyond(self, way: Way) -> Address | None:
        """
        Return the address of who asks, or None where it cannot be told or is that of a believed proxy, which has told
        of nobody.
        """
        address, believed = self._found(way)
        return None if believed else address

    def _found(self, way: Way) -> tuple[Address | None, bool]:
        """
        Return the address of who asks, and whether it is a believed proxy's.
        """
        if not way.peer:
            if not self._socket:
                return None, False
            address = None
        else:
            address = _peer(way.peer)
            if address is None or address not in self._networks:
                return address, False
        rest, more = way.forwarded, bool(way.forwarded)
        while more:
            rest, comma, last = rest.rpartition(",")
            address, more = address_of(last), bool(comma)
            if address is None or address not in self._networks:
                return address, False
        return address, True


class Known:
    """
    Tell who passes by their address: staff with whatever they ask, crawlers of search engines where they only look.

    A crawler is known by the networks that its owner has published, never by its name: anybody can bear that.
    """

    __slots__ = ("_crawlers", "_proxies", "_staff")

    def __init__(self, proxies: Iterable[str], staff: Iterable[str], crawlers: Iterable[str]) -> None:
        self._proxies = Proxies(proxies)
        self._staff = Networks(staff)
        self._crawlers = Networks(crawlers)

    def spared(self, way: Way, *, looks: bool) -> str:
        """
        Return ``staff`` or ``crawler`` for who passes, or nothing; *looks* tells that the request changes nothing.
        """
        address = self._proxies.visitor(way)
        if address is None:
            return ""
        if address in self._staff:
            return "staff"
        return "crawler" if looks and address in self._crawlers else ""

    def visitor(self, way: Way) -> str:
        """
        Return the visitor's address as it is read, or nothing where it cannot be told.
        """
        address = self._proxies.visitor(way)
        return "" if address is None else str(address)
