"""
Which hosts a crowd may be sent to: this machine, and what somebody named on purpose. Pure.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """
    Say whom to connect to.
    """

    tls: bool
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """
    Return whom to connect to for an absolute address.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a page")
    return Origin(parts.scheme == "https", parts.hostname, parts.port or _PORTS[parts.scheme])


def is_loopback(host: str) -> bool:
    """
    Tell whether a host is surely this machine.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def may_load(host: str, named: Iterable[str]) -> bool:
    """
    Tell whether load may be put on a host.

    Args:
        host: as `urlsplit` has it: in small letters, an IPv6 address without brackets.
        named: the hosts beyond this machine that may be loaded, as people write them.
    """
    return is_loopback(host) or host in {name.strip("[]").lower() for name in named}
