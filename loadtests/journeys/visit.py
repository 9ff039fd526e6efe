"""
The notes kept on one shopper's visit while it lasts.
"""

import random
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from loadtests.measuring.measures import EtaSample, Outcome, ShopperRecord
from waiting_room.errors import TokenError
from waiting_room.wire import peek

ON_TIME_S = 1.0
"""A poll later than told by more than this is the generator's lateness; what is lost then is not the room's fault."""


class EtaReservoir:
    """
    Keep one of the waits announced to a shopper, each moment of the wait being equally likely to be the one judged.

    An answer stays on the screen until the next one, so it is weighted by that interval; one pass, one sample kept.
    """

    __slots__ = ("_chosen", "_draw", "_shown", "_total_s")

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(seed)
        self._shown: tuple[float, float, float] | None = None
        self._chosen: tuple[float, float, float, float] | None = None
        self._total_s = 0.0

    def show(self, at_s: float, low_s: float | None, high_s: float | None) -> None:
        """
        Put a new range on the screen at *at_s*; None where the answer announced nothing.
        """
        self._close(at_s)
        self._shown = None if low_s is None or high_s is None else (at_s, low_s, high_s)

    def called(self, at_s: float) -> EtaSample | None:
        """
        End the wait at *at_s*, and return the moment that was drawn with what remained then.
        """
        self._close(at_s)
        self._shown = None
        if self._chosen is None:
            return None
        moment_s, told_s, low_s, high_s = self._chosen
        return EtaSample(moment_s, told_s, low_s, high_s, at_s - moment_s)

    def _close(self, at_s: float) -> None:
        if self._shown is None:
            return
        told_s, low_s, high_s = self._shown
        length_s = at_s - told_s
        self._total_s += length_s
        if length_s > 0 and self._draw.random() * self._total_s < length_s:
            self._chosen = (told_s + self._draw.random() * length_s, told_s, low_s, high_s)


@dataclass(slots=True)
class Visit:
    """
    Hold what is known of one shopper's visit; `record` is its frozen form.

    Args:
        i: the place in the order of arrival.
        arrival_s: the intended start.
        started_s: when the shopper really set out.
        seed: the crowd's seed, for what chance decides on the way.
        stream, kind: who it is.
    """

    i: int
    arrival_s: float
    started_s: float
    seed: int
    stream: str
    kind: str
    number: int | None = None
    lane: str | None = None
    joined_s: float | None = None
    called_s: float | None = None
    admitted_s: float | None = None
    passes_ms: tuple[int, ...] = ()
    passes_refused: int = 0
    waited_s: float | None = None
    put_off_s: float = 0.0
    last_waiting_s: float | None = None
    number_changed: bool = False
    vanished: bool = False
    polls: int = 0
    pages: int = 0
    served_ms: float = 0.0
    position_rises: int = 0
    eta: EtaSample | None = None
    _screen: EtaReservoir | None = None
    _asked_s: float | None = None
    in_room: bool = False
    tried: int = 0
    gained: int = 0

    def put_off(self, at_s: float) -> None:
        """
        Note that the room, asked for the first place, said to come again: the wait begins with the first time.
        """
        if self._asked_s is None and self.joined_s is None and self.admitted_s is None:
            self._asked_s = at_s

    def joined(self, at_s: float, number: int | None, ticket: str | None) -> None:
        """
        Note the first place; later ones, after a pass was refused, are not the place that is judged.
        """
        if self.joined_s is not None or self.admitted_s is not None:
            return
        self.joined_s = at_s
        self._end_putting_off(at_s)
        self.number = number
        self.lane = _text(ticket, "l")

    def told(self, at_s: float, sent_s: float, low_s: float | None, high_s: float | None) -> None:
        """
        Note an answer that said to wait.
        """
        if self.called_s is not None:
            return
        self.last_waiting_s = sent_s
        if self._screen is None:
            self._screen = EtaReservoir(f"eta:{self.seed}:{self.i}")
        self._screen.show(at_s, low_s, high_s)

    def called(self, at_s: float) -> None:
        """
        Note the first answer that said to come.
        """
        if self.called_s is not None:
            return
        self.called_s = at_s
        if self._screen is not None:
            self.eta = self._screen.called(at_s)

    def admitted(self, at_s: float, token: str | None) -> None:
        """
        Note a pass.
        """
        self.called(at_s)
        if self.admitted_s is None:
            self.admitted_s = at_s
            if self.joined_s is None:
                self._end_putting_off(at_s)
            self.waited_s = at_s - (at_s if self.joined_s is None else self.joined_s) + self.put_off_s
            self.number = _number(token, "n") if self.number is None else self.number
            self.lane = _text(token, "l") if self.lane is None else self.lane
        issued_ms = _number(token, "i")
        if issued_ms is not None and issued_ms not in self.passes_ms:
            self.passes_ms += (issued_ms,)

    def has(self, token: str) -> bool:
        """
        Tell whether a pass was noted before.
        """
        issued_ms = _number(token, "i")
        return issued_ms is not None and issued_ms in self.passes_ms

    def served(self, duration_s: float) -> None:
        """
        Note one of the shop's pages, which took so long from sending to the last byte.
        """
        self.pages += 1
        self.served_ms += duration_s * 1000

    def record(self, outcome: Outcome, ended_s: float) -> ShopperRecord:
        """
        Return the visit as it stands, ended at *ended_s*.
        """
        waited_s = self.waited_s
        if waited_s is None and self.joined_s is not None:
            waited_s = ended_s - self.joined_s + self.put_off_s
        elif waited_s is None and self._asked_s is not None:
            self._end_putting_off(ended_s)
            waited_s = self.put_off_s
        return ShopperRecord(
            start_lag_ms=(self.started_s - self.arrival_s) * 1000,
            outcome=outcome,
            pass_issued_ms=self.passes_ms[0] if self.passes_ms else None,
            later_passes_ms=self.passes_ms[1:],
            waited_s=waited_s,
            ended_s=ended_s,
            **dict(zip(NOTED, _noted(self), strict=True)),
        )

    def _end_putting_off(self, at_s: float) -> None:
        self.put_off_s = 0.0 if self._asked_s is None else at_s - self._asked_s


NOTED = sorted(({item.name for item in fields(Visit)} & {item.name for item in fields(ShopperRecord)}) - {"waited_s"})
"""What goes into the record as it was noted."""
_noted = attrgetter(*NOTED)


def _text(token: str | None, key: str) -> str | None:
    value = _payload(token).get(key)
    return value if isinstance(value, str) else None


def _number(token: str | None, key: str) -> int | None:
    value = _payload(token).get(key)
    return value if isinstance(value, int) else None


def _payload(token: str | None) -> dict[str, Any]:
    try:
        return peek(token or "")
    except TokenError:
        return {}
