"""
A slow line, and what it costs a shopper: how much later they stand in line, and how much longer they claim and shop.

Sizes are those of the demo shop and of the room's own page, uncompressed as they go over such a line.
"""

from dataclasses import dataclass
from typing import Final

from loadtests.crowd.shoppers import Behaviour

SLOW: Final = frozenset({"slow-phone"})
"""Kinds that come over the behaviour's slow line."""
TO_JOIN_BYTES: Final = 28_500
"""What comes before a join is sent: the shop's answer that sends to the room, and the waiting page. With the usual
line it takes 0.57 s, beside three times its delay: 180 phones of two runs had joined 1.79 s after they came, the others
0.01 s."""
PAGE_BYTES: Final = 3_800
"""What comes for each of the nine requests of an order: 0.475 s longer than for the others, of which 0.4 s is delay."""
_ASKED_TO_JOIN: Final = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """
    Say how slow a line is.

    Args:
        kbit_s: how much comes over it, in kilobits per second.
        delay_s: how long the first byte takes there and back, in seconds; once for each request.
    """

    kbit_s: float
    delay_s: float

    def takes_s(self, size: int) -> float:
        """
        Return how long *size* bytes take.
        """
        return size * 8 / (self.kbit_s * 1000)


def slow_line(behaviour: Behaviour) -> Pace:
    """
    Return the behaviour's slow line.
    """
    return Pace(behaviour.line_kbit_s, behaviour.line_delay_ms / 1000)


def joins_late_s(kind: str, behaviour: Behaviour) -> float:
    """
    Return how long after somebody of a *kind* has come the room hears of it.
    """
    line = _line(kind, behaviour)
    return 0.0 if line is None else _ASKED_TO_JOIN * line.delay_s + line.takes_s(TO_JOIN_BYTES)


def asks_late_s(kind: str, behaviour: Behaviour) -> float:
    """
    Return how long what somebody of a *kind* asks the room is on its way.
    """
    line = _line(kind, behaviour)
    return 0.0 if line is None else line.delay_s


def page_late_s(kind: str, behaviour: Behaviour) -> float:
    """
    Return how much longer each page of the shop takes somebody of a *kind*.
    """
    line = _line(kind, behaviour)
    return 0.0 if line is None else line.delay_s + line.takes_s(PAGE_BYTES)


def _line(kind: str, behaviour: Behaviour) -> Pace | None:
    return slow_line(behaviour) if kind in SLOW else None
