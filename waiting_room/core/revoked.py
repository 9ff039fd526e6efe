"""
Whom the operator has turned away: seats and visitors, each until a time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

MOST_REVOKED: Final = 1000
"""Every gate and every worker keeps the whole list; one that is longer wants the shop's own means."""
_NOBODY: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Revoked:
    """
    Hold the seats and visitors that are turned away, each until a time in ms.

    *version* is ``<epoch>.<count>`` of the store from which this is known: it changes with every change of the list.
    """

    version: str = ""
    seats: Mapping[str, int] = field(default_factory=lambda: _NOBODY)
    visitors: Mapping[str, int] = field(default_factory=lambda: _NOBODY)

    def __bool__(self) -> bool:
        return bool(self.seats or self.visitors)

    def bars(self, seat: str, visitor: str, now_ms: int) -> bool:
        """
        Tell whether *seat* or *visitor* is turned away at *now_ms*.
        """
        return self.seats.get(seat, 0) > now_ms or self.visitors.get(visitor, 0) > now_ms

    def followed_by(self, news: "Revoked") -> "Revoked":
        """
        Return what is known after *news*: within an epoch they are the whole truth.

        In a new epoch the store may not have been told yet what it lost; nobody is let in by that.
        """
        if not self.version or news.version.partition(".")[0] == self.version.partition(".")[0]:
            return news
        seats, visitors = _either(self.seats, news.seats), _either(self.visitors, news.visitors)
        return replace(news, seats=seats, visitors=visitors)

    def entries(self) -> list[dict[str, Any]]:
        """
        Return the list as it goes to the gates; `read_entries` of it gives an equal value.
        """
        seats = [{"seat": seat, "until_ms": until_ms} for seat, until_ms in self.seats.items()]
        return seats + [{"visitor": visitor, "until_ms": until_ms} for visitor, until_ms in self.visitors.items()]


def _either(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


NOTHING_REVOKED: Final = Revoked()


def read_entries(version: str, entries: Iterable[Any]) -> Revoked:
    """
    Return what *entries* say; one of a kind that is not known here is passed over, for a newer service may send it.
    """
    seats: dict[str, int] = {}
    visitors: dict[str, int] = {}
    for entry in entries:
        match entry:
            case {"seat": str(seat), "until_ms": int(until_ms)}:
                seats[seat] = until_ms
            case {"visitor": str(visitor), "until_ms": int(until_ms)}:
                visitors[visitor] = until_ms
    return Revoked(version, seats, visitors)
