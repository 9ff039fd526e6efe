"""
The verdict on a scenario: which of its figures are held to what, and whether they keep to it.

The promises end a run that breaks one; what is held here is what a whole run must come to.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

from waiting_room.core.pacing import TICK_MS
from waiting_room.simulation.result import Result

LEAST_CHANCE: Final = 1e-4
"""Chance alone makes one draw in ten thousand look worse."""
MOST_DEVIATIONS: Final = 4.0
SHARE_OFF: Final = 0.03
_LATE_S: Final = TICK_MS / 1000
_STEP_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """
    Hold a figure to a limit, in words.
    """

    name: str
    limit: str
    value: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """
    Hold what the figures of a run of *scenario* were held to.
    """

    scenario: str
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> str:
        """
        Return ``pass`` where all figures keep to their limits, else ``fail``.
        """
        return "pass" if all(check.ok for check in self.checks) else "fail"

    def as_dict(self) -> dict[str, Any]:
        """
        Return the verdict as plain values.
        """
        return {
            "scenario": self.scenario, "verdict": self.verdict, "checks": [asdict(check) for check in self.checks]
        }  # fmt: skip


def at_least(name: str, value: float | None, limit: float) -> Check:
    """
    Hold *value* to a least one.
    """
    return Check(name, f"at least {limit:g}", _shown(value), value is not None and value >= limit)


def at_most(name: str, value: float | None, limit: float) -> Check:
    """
    Hold *value* to a highest one.
    """
    return Check(name, f"at most {limit:g}", _shown(value), value is not None and value <= limit)


def exactly(name: str, value: float | None, limit: float) -> Check:
    """
    Hold *value* to one alone.
    """
    return Check(name, f"{limit:g}", _shown(value), value == limit)


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def in_order(result: Result) -> Check:
    """
    Hold that nobody was called out of turn in any lane.
    """
    return exactly("order of calls (Kendall's tau, the lowest of all lanes)", result.tau_called, 1.0)


def drawn(result: Result) -> tuple[Check, ...]:
    """
    Hold that a draw was held, that chance alone made it, and that everybody was called in its order.
    """
    checks = [at_least("draws with enough people to tell", len(result.draws), 1), in_order(result)]
    for draw in result.draws:
        off = abs(draw.deviations)
        checks += [
            at_least(f"{draw.lane}: chance of such a chi-square of arrival and place", draw.chance, LEAST_CHANCE),
            at_most(f"{draw.lane}: correlation of arrival and place, in deviations", off, MOST_DEVIATIONS),
        ]
    return tuple(checks)


def invited(result: Result) -> tuple[Check, ...]:
    """
    Hold that the invitations were used as often as they are for, however often they were tried.
    """
    found = result.invitations
    if found is None:
        return (Check("invitations", "tried", "not measured", ok=False),)
    return (
        exactly("uses that counted", found.used, found.due),
        at_most("visitors in the lane of the invited", found.joined, found.due),
        at_least("tries for each use", found.tries / max(1, found.due), 1),
    )


def shared(result: Result, parts: dict[str, float]) -> tuple[Check, ...]:
    """
    Hold each lane to its part of the calls, and all to their order.
    """
    checks = [in_order(result), at_most("calls by which a lane was behind its part", result.lanes_behind, 2)]
    for name, part in parts.items():
        lane = result.lanes.get(name)
        share = None if lane is None else lane.calls_share
        off = None if share is None else abs(share - part)
        checks.append(at_most(f"{name}: calls away from its part of {part:g}", off, SHARE_OFF))
    return tuple(checks)


def kept(result: Result, entries: int) -> tuple[Check, ...]:
    """
    Hold that each of so many *entries* of the schedule was carried out at its instant.
    """
    late_s = [entry.late_s for entry in result.schedule if entry.late_s is not None]
    done = exactly("entries of the schedule that were carried out", len(late_s), entries)
    return (done, at_most("seconds that an entry was late", max(late_s, default=None), _LATE_S + _STEP_S))


def left(result: Result) -> tuple[Check, ...]:
    """
    Hold that a crowd that leaves keeps nobody from being called: who stayed was called within a claim window at most.
    """
    found = result.leaving
    return (
        at_least("people who vanished at once", None if found is None else found.vanished, 1),
        in_order(result),
    )
