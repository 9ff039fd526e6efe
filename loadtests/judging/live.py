"""
Criteria that end a run early: held against each second's figures while it lasts. Pure.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from loadtests.judging.thresholds import COMPARE
from loadtests.scenario.spec import Criterion

WINDOW_S: Final = 5
"""Ratios and rates are taken over so many seconds: a single second holds too few requests."""

Spans = Sequence[tuple[str, float, float]]
Lines = Sequence[Mapping[str, Any]]


def _mean(name: str) -> Callable[[Lines], float | None]:
    return lambda lines: sum(float(line.get(name) or 0) for line in lines) / len(lines)


def _last(name: str) -> Callable[[Lines], float | None]:
    return lambda lines: lines[-1].get(name)


def _error_ratio(lines: Lines) -> float | None:
    asked = sum(int(line.get("shop_requests") or 0) for line in lines)
    return sum(int(line.get("shop_errors") or 0) for line in lines) / asked if asked else None


LIVE: Final[Mapping[str, Callable[[Lines], float | None]]] = {
    "shop_p95_ms": _last("shop_p95_ms"),
    "error_ratio": _error_ratio,
    "orders_per_s": _mean("orders_seen"),
    "admitted_per_s": _mean("admitted"),
    "waiting": _last("waiting"),
    "in_shop": _last("in_shop"),
    "start_lag_p99_ms": _last("start_lag_p99_ms"),
    "not_started": _last("not_started"),
}
"""The figures that can be followed while a run lasts, by how each comes from the last seconds' lines."""


@dataclass(slots=True)
class Follower:
    """
    Hold criteria against a run while it lasts.

    Args:
        criteria: those that may end it.
        spans: the phases that are known beforehand: name, from and until when, in seconds.
    """

    criteria: Sequence[Criterion]
    spans: Spans = ()
    _lines: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=WINDOW_S))
    _since: dict[str, float] = field(default_factory=dict)

    def hear(self, line: Mapping[str, Any]) -> str:
        """
        Take one second's figures, and return why the run must end; empty where it may go on.
        """
        self._lines.append(line)
        at_s = float(line["t"]) + 1
        for criterion in self.criteria:
            if not criterion.abort:
                continue
            value = LIVE[criterion.figure](self._lines) if self._applies(criterion, at_s) else None
            if value is None or COMPARE[criterion.comparator](value, criterion.limit):
                self._since.pop(criterion.name, None)
                continue
            since_s = self._since.setdefault(criterion.name, at_s - 1)
            if at_s - since_s >= criterion.grace_s:
                return (
                    f"The run was ended at {at_s:.0f} s: {criterion.name} has failed for {criterion.grace_s:g} s "
                    f"({criterion.figure} is {value:g}, must be {criterion.comparator} {criterion.limit:g})."
                )
        return ""

    def _applies(self, criterion: Criterion, at_s: float) -> bool:
        if not criterion.phase:
            return True
        return any(name == criterion.phase and from_s <= at_s < to_s for name, from_s, to_s in self.spans)
