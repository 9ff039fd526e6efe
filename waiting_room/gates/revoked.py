"""
Who was turned away by the operator, as the service tells it to a gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

_NOBODY: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Revoked:
    """
    Hold the seats and visitors that are turned away, each until a time in ms, and the *version* of this knowledge.
    """

    version: str = ""
    seats: Mapping[str, int] = field(default_factory=lambda: _NOBODY)
    visitors: Mapping[str, int] = field(default_factory=lambda: _NOBODY)

    def bars(self, seat: str, visitor: str, now_ms: int) -> bool:
        """
        Tell whether *seat* or *visitor* is turned away at *now_ms*.
        """
        return self.seats.get(seat, 0) > now_ms or self.visitors.get(visitor, 0) > now_ms


NOTHING_REVOKED: Final = Revoked()


def read_revoked(document: Mapping[str, Any]) -> Revoked | None:
    """
    Return what the service's answer says, or None where it says nothing new or nothing that can be read.

    An entry of a kind that is not known here is passed over: a newer service may turn away by other signs.
    """
    version, entries = document.get("revoked_version"), document.get("revoked")
    if not isinstance(version, str) or not isinstance(entries, list):
        return None
    seats: dict[str, int] = {}
    visitors: dict[str, int] = {}
    for entry in entries:
        match entry:
            case {"seat": str(seat), "until_ms": int(until_ms)}:
                seats[seat] = until_ms
            case {"visitor": str(visitor), "until_ms": int(until_ms)}:
                visitors[visitor] = until_ms
    return Revoked(version, seats, visitors)
