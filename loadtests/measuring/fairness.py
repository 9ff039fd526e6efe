"""
What a waiting room promised, counted afterwards from tickets, passes and what shoppers were told.

Everything here is pure: it reads records of a finished run and returns counts. Nothing is estimated;
a count of zero means that the run holds no counter-example.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WINDOWS_S = (1, 10, 60)
TICK_S = 0.25
"""The controller's step; admissions may come in one tick's burst."""
SNAPSHOT_SLACK_S = 1.0
"""A worker answers from a picture of the room that is refreshed about once a second."""
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Place:
    """
    One shopper's place in the queue, as the shopper saw it.

    Args:
        lane: the lane of the ticket.
        number: the number on the ticket.
        called_s: when the shopper was first told to come (or let straight in), seconds from the run's start.
        last_waiting_s: when the last request was sent that was answered with "wait", likewise.
        number_changed: whether a later answer bore another number.
        vanished: whether the room no longer knew the place though its holder polled as told.
    """

    lane: str
    number: int
    called_s: float | None
    last_waiting_s: float | None
    number_changed: bool = False
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Announcement:
    """
    What a shopper was told of the remaining wait at one moment, and what came: all in seconds.
    """

    low_s: float
    high_s: float
    remaining_s: float

    @property
    def kept(self) -> bool:
        """
        Tell whether the true remaining wait lay in the range that was shown.
        """
        return self.low_s <= self.remaining_s <= self.high_s


def admissions_allowed(rate_per_s: float, window_s: float, tick_s: float = TICK_S) -> float:
    """
    Return the most admissions that a window may hold: rate x window + one tick's burst.

    The burst is the pacing bucket's depth, `max(1, rate x tick)`: what may have been saved up when the window opens.
    """
    return rate_per_s * window_s + max(1.0, rate_per_s * tick_s)


def over_admissions(
    pass_issued_ms: Iterable[int],
    *,
    rate_per_s: float,
    seats_peak: int = 0,
    capacity: int | None = None,
    windows_s: Sequence[int] = WINDOWS_S,
    later_rates: Sequence[tuple[float, float]] = (),
) -> int:
    """
    Count the claims beyond what the rate allows in any window of any length, and seats beyond the capacity.

    A claim is counted once, however many windows it breaks, and does not push later ones over. A window of w seconds is
    half open, (t - w, t]; checking those that end at a claim checks them all.

    Args:
        pass_issued_ms: when each pass was issued, by the store's clock.
        rate_per_s: the room's set rate, admissions per second.
        seats_peak: the most seats that were ever held at once.
        capacity: the room's seats; None leaves them unchecked.
        windows_s: the window lengths, seconds.
        later_rates: the rate where it was changed: from when by the store's clock, ms, and to how many per second.
    """
    rates = ((-math.inf, rate_per_s), *later_rates)
    windows = [(w * 1000, deque[int]()) for w in windows_s]
    over = 0
    for issued in sorted(pass_issued_ms):
        fits = True
        for length_ms, inside in windows:
            while inside and inside[0] <= issued - length_ms:
                inside.popleft()
            fits = fits and len(inside) + 1 <= _allowed(rates, issued - length_ms, issued) + _TOLERANCE
        if fits:
            for _, inside in windows:
                inside.append(issued)
        else:
            over += 1
    beyond = max(0, seats_peak - capacity) if capacity is not None else 0
    return over + beyond


def _allowed(rates: Sequence[tuple[float, float]], from_ms: float, to_ms: float) -> float:
    """
    Return the most admissions between two moments while the rate was changed: the area under it, and one burst.
    """
    ends = [at_ms for at_ms, _ in rates[1:]] + [math.inf]
    parts = [
        (min(to_ms, end) - max(from_ms, at_ms), per_s)
        for (at_ms, per_s), end in zip(rates, ends, strict=True)
        if min(to_ms, end) > max(from_ms, at_ms)
    ]
    burst = max(admissions_allowed(per_s, 0) for _, per_s in parts)
    return sum(length_ms / 1000 * per_s for length_ms, per_s in parts) + burst


def order_inversions(places: Iterable[Place], slack_s: float = SNAPSHOT_SLACK_S) -> int:
    """
    Count the shoppers who were still told to wait after somebody behind them in their lane had been called.

    Only shoppers who were there count: one who had gone away is told nothing. One who asks within `slack_s` after the
    other's call may have been answered from the picture before it, which is no inversion. O(n log n).
    """
    inversions = 0
    earliest_behind: dict[str, float] = {}
    for place in sorted(places, key=lambda p: (p.lane, -p.number)):
        earliest = earliest_behind.get(place.lane)
        if earliest is not None and place.last_waiting_s is not None:
            inversions += place.last_waiting_s > earliest + slack_s
        if place.called_s is not None and (earliest is None or place.called_s < earliest):
            earliest_behind[place.lane] = place.called_s
    return inversions


def places_lost(places: Iterable[Place]) -> int:
    """
    Count the shoppers whose number changed, vanished, or was given to somebody else as well.
    """
    holders: dict[tuple[str, int], int] = {}
    lost = 0
    for place in places:
        key = (place.lane, place.number)
        doubled = key in holders
        holders[key] = 1
        lost += place.number_changed or place.vanished or doubled
    return lost


def eta_coverage(announcements: Iterable[Announcement]) -> float | None:
    """
    Return the share of announcements that came true, or None where nobody waited long enough to be told one.
    """
    kept = [announcement.kept for announcement in announcements]
    return sum(kept) / len(kept) if kept else None


def quantile(values: Iterable[float], q: float) -> float | None:
    """
    Return the q-quantile by linear interpolation between the two nearest values, or None of nothing.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    at = q * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)
