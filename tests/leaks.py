"""
What no test may leave in Redis: keys that live for ever, and keys outside the prefix.

A room sees millions of visitors; one forgotten expiry per visitor fills the memory of a server in a season.
"""

import re

import redis

# The list of rooms, and the keys of a room that stay until it is deleted; everything else must expire by itself.
PERMANENT = (
    re.compile(r"wr:rooms"),
    re.compile(r"wr:begun"),
    re.compile(r"wr:\{[^}]+\}:meta"),
    re.compile(r"wr:\{[^}]+\}:policy"),
)
PREFIX = "wr:"
NO_EXPIRY = -1


def leaked_keys(client: redis.Redis) -> list[str]:
    """
    Say of each key that has no right to stay what is wrong with it; empty when all is well.
    """
    names = sorted(name.decode() for name in client.scan_iter(count=1_000))
    expiries = client.pipeline(transaction=False)
    for name in names:
        expiries.pttl(name)
    return [fault for name, expiry in zip(names, expiries.execute(), strict=True) if (fault := fault_of(name, expiry))]


def fault_of(name: str, expiry_ms: int) -> str | None:
    """
    Judge one key by its *name* and its time to live as PTTL reports it.
    """
    if not name.startswith(PREFIX):
        return f"{name} stands outside the prefix {PREFIX}"
    if expiry_ms == NO_EXPIRY and not any(pattern.fullmatch(name) for pattern in PERMANENT):
        return f"{name} never expires and is not on the list of permanent keys"
    return None
