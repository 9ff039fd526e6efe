"""
Which hosts a crowd may be sent to: this machine, and what somebody named on purpose. Pure.
"""

from collections.abc import Iterable
from ipaddress import ip_address


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
