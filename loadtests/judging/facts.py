"""
What is known of a run when it is judged, as values.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.judging.words import Words
from loadtests.measuring.measures import Measures
from loadtests.scenario.spec import Scenario
from waiting_room.core.draw import Draw


@dataclass(frozen=True, slots=True)
class Books:
    """
    What the shop's database says it sold.

    Args:
        paid_ms: when each order was paid, ms since 1970, rising.
        oversold: pieces sold beyond the stock.
    """

    paid_ms: tuple[int, ...]
    oversold: int

    def between(self, from_ms: float, to_ms: float) -> int:
        """
        Count the orders paid from one moment until before another.
        """
        return bisect_left(self.paid_ms, to_ms) - bisect_left(self.paid_ms, from_ms)


@dataclass(frozen=True, slots=True)
class ShopCapacity:
    """
    What the shop can do at most, measured in a closed loop or given by its owner.

    Args:
        orders_per_s: orders it can sell per second.
        journeys_per_s: shoppers it can serve per second, those who only look included.
        measured: whether we measured it ourselves.
    """

    orders_per_s: float
    journeys_per_s: float
    measured: bool = True


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """
    What the room says of itself after the run.

    Args:
        rate_per_s: the set rate of admissions.
        capacity: the set number of seats.
        seats_peak: the most seats that were taken at once, by the store's count; None where it could not be asked,
            and then nothing is said of over-admissions either.
        admitted_total: admissions, by the store's count.
        by_s: samples of each second: `t`, `seats`, `waiting`.
        rates_per_s: the rate where it was changed: from when (ms since 1970), and to how many per second.
        draws: the draws that it held, by which numbers became ranks.
    """

    rate_per_s: float
    capacity: int
    seats_peak: int | None
    admitted_total: int | None
    by_s: tuple[Mapping[str, float], ...] = ()
    rates_per_s: tuple[tuple[float, float], ...] = ()
    draws: tuple[Draw, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """
    One run with everything that is known of it.

    Args:
        measures: what the generator found out.
        capacity: what the shop can do.
        plateau_s: the seconds (from, to) during which the crowd came at its peak.
        books: the shop's books; None where they cannot be read.
        room: the room's own counts; None without a room.
        scenario: what was played; None where nothing is told of it.
        changes: what happened on the time line, as it happened.
        ceiling_share: the crowd's peak as a share of what the machine can start; None where it was not calibrated.
    """

    measures: Measures
    capacity: ShopCapacity
    plateau_s: tuple[float, float]
    books: Books | None = None
    room: RoomFacts | None = None
    scenario: Scenario | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    ceiling_share: float | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    What else the result tells: how it was made, so that it can be made again.

    Args:
        seed: the crowd's seed.
        started_at: when, ISO 8601.
        duration_s: how long the whole rehearsal took.
        command: the exact command line.
        settings: groups of settings, by the group's title.
        versions: of everything that took part.
        not_measured: sentences on what could not be measured, and why.
        reasons: sentences on why the rehearsal ended early, if it did; in English.
        scenario: what the result tells of the scenario.
    """

    seed: int
    started_at: str
    duration_s: float
    command: str
    settings: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    not_measured: Sequence[Words] = ()
    reasons: Sequence[str] = field(default_factory=tuple)
    scenario: Mapping[str, Any] = field(default_factory=dict)
