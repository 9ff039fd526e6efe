"""
How long the wait will be: a range, from what is measured.

With n live people ahead, admissions at μ per second and each waiting one leaving at θ per second,
``dn/dt = -μ - θn`` gives ``T = ln(1 + θn/μ)/θ``, and n/μ as θ → 0.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import exp, expm1, log, log1p, log2
from typing import Final, NamedTuple

from waiting_room.core.flow import Outlook
from waiting_room.core.lanes import portions
from waiting_room.core.outcomes import Eta
from waiting_room.core.polling import Intervals
from waiting_room.core.reasons import Longer
from waiting_room.core.snapshot import Cohort, Snapshot

_MEASURE_MS: Final = 30_000
_TRUST_MS: Final = 8000
_ENOUGH: Final = 300
"""So many calls tell the rate: a fast room's is that of its last ten seconds, and follows a rate that changes."""
CLASSES: Final = 12
SHORTEST_S: Final = 4.0
"""Spreads are kept for waits of 4 s, 8 s, ... up to more than two hours."""
_STEEPEST: Final = 0.6
"""Less than ln 2: from one class to the next a range moves less than the wait itself."""
_AT_LEAST: Final = 0.02
_MOST_LEFT: Final = 40.0
"""e to this power is more than any crowd."""
_NOBODY_LEAVES: Final = 1e-12
"""Below this the two formulas differ by less than a float can tell: the wait never falls with more people ahead."""

_FULL: Final = 0.97
"""A room whose seats let in so much of its rate goes by its rate."""
_LEAST_FILL: Final = 1.02
"""A shop that is not full is filled by a little more than go out of it; the law of adaptation may rest for a moment."""
_SLACK_S: Final = 3.0
"""What a tick, a snapshot and a poll can add to any wait."""
_EARLY_S: Final = 1.5
"""By so much calls that come in bursts shorten any wait."""
_OLD: Final = 0.7
"""An answer is looked at until the next one comes: seven of ten looks fall into so much of the time until then."""
_USUAL: Final = 0.4
"""A range that a doubt has made wider by more, as a logarithm, holds by that: nothing is learned about the rest."""
_HEARD: Final = 0.5
"""A call is heard of late by anything up to the longest delay: by half of it on average."""
_STEPS: Final = (*range(100), *(int(100 * 1.01**power) for power in range(1400)))
"""Places for which a range is worked out; those between share one, which differs by less than a hundredth."""


def wait_s(ahead: float, rate_per_s: float, leaving_per_s: float) -> float:
    """
    Return the time until *ahead* people have been called or have left.
    """
    if ahead <= 0:
        return 0.0
    left_share = leaving_per_s * ahead / rate_per_s
    if left_share < _NOBODY_LEAVES:
        return ahead / rate_per_s
    return log1p(left_share) / leaving_per_s


def call_rate_per_s(snapshot: Snapshot, lane: str) -> float:
    """
    Return how many present people of *lane* are called per second: measured over the last half minute where that is
    known.

    Where nobody was called in that time the lane's part of the plan counts, unless every seat is taken: then nobody
    knows (0).
    """
    recent = _recent(snapshot.lanes[lane].cohorts, snapshot.now_ms)
    if not recent:
        return _planned(snapshot, lane) if snapshot.seats < snapshot.capacity else 0.0
    span_ms = snapshot.now_ms - recent[0].at_ms
    if span_ms < _TRUST_MS:
        return _planned(snapshot, lane)
    return _called(recent) * 1000 / span_ms


def _planned(snapshot: Snapshot, lane: str) -> float:
    return part_of(snapshot, lane) * snapshot.rate_per_s / (1 - snapshot.no_show)


def part_of(snapshot: Snapshot, lane: str) -> float:
    """
    Return the share of the calls that goes to *lane* while others wait as they do now.
    """
    waiting = [entry for entry in snapshot.line_up if entry.name == lane or snapshot.lanes[entry.name].waiting]
    return portions(waiting, snapshot.policy.lane_order)[lane]


def _recent(cohorts: Sequence[Cohort], now_ms: int) -> list[Cohort]:
    """
    Return the cohorts of the last half minute; in a fast room as many of the last ones as are enough to count in.
    """
    recent: list[Cohort] = []
    counted = 0
    for cohort in reversed(cohorts):
        age_ms = now_ms - cohort.at_ms
        if age_ms > _MEASURE_MS:
            break
        recent.insert(0, cohort)
        if counted >= _ENOUGH and age_ms >= _TRUST_MS:
            break
        counted += cohort.present
    return recent


def _called(cohorts: list[Cohort]) -> int:
    return sum(cohort.present for cohort in cohorts[1:])


class _Stage(NamedTuple):
    """
    Hold a part of a wait: it begins at *from_s*, for those who have *ahead* people before them at first; each of the
    *rate_per_s* who are called then stands for *grown* of them, for others have left by then.
    """

    from_s: float
    ahead: float
    grown: float
    rate_per_s: float


def _from_s(stage: _Stage) -> float:
    return stage.from_s


def _ahead(stage: _Stage) -> float:
    return stage.ahead


class Reach(NamedTuple):
    """
    Hold who is reached when, in *stages*, while *leaving_per_s* of those who wait give up.
    """

    stages: tuple[_Stage, ...]
    leaving_per_s: float

    def wait_s(self, ahead: float) -> float:
        """
        Return the time until *ahead* people have been called or have left.
        """
        stage = self.stages[bisect_right(self.stages, ahead, key=_ahead) - 1]
        return stage.from_s + wait_s((ahead - stage.ahead) / stage.grown, stage.rate_per_s, self.leaving_per_s)

    def ahead_after(self, seconds: float) -> float:
        """
        Return how many people are called or leave within *seconds*: the inverse of `wait_s`.
        """
        stage = self.stages[bisect_right(self.stages, seconds, key=_from_s) - 1]
        return stage.ahead + stage.grown * ahead_after(seconds - stage.from_s, stage.rate_per_s, self.leaving_per_s)


class Pace(NamedTuple):
    """
    Hold how people of one lane are called: in *steps* of so many seconds and so many per second, while seats fill or
    those too many end, and *rate_per_s* from then on. *by_seats*: it is the seats that limit.
    """

    rate_per_s: float
    steps: tuple[tuple[float, float], ...] = ()
    by_seats: bool = False

    def reach(self, leaving_per_s: float) -> Reach:
        """
        Return who is reached when.
        """
        stages, from_s, ahead, grown = [], 0.0, 0.0, 1.0
        for seconds, rate_per_s in self.steps:
            stages.append(_Stage(from_s, ahead, grown, rate_per_s))
            ahead += grown * ahead_after(seconds, rate_per_s, leaving_per_s)
            grown *= exp(min(_MOST_LEFT, leaving_per_s * seconds))
            from_s += seconds
        return Reach((*stages, _Stage(from_s, ahead, grown, self.rate_per_s)), leaving_per_s)


def pace(snapshot: Snapshot, lane: str, outlook: Outlook) -> Pace:
    """
    Return how the people of *lane* are called, by the rate or by the seats, whichever limits.

    Where nobody has measured which share of those called come, it is the snapshot's.
    """
    known = min(1.0, 1 - snapshot.no_show) if outlook.turnout is None else outlook.turnout
    part = part_of(snapshot, lane) / known
    course, rate_per_s = outlook.course, snapshot.rate_per_s if snapshot.capacity else 0.0
    if course is None:
        found = _with_shop(snapshot, outlook.per_seat_s, part) if rate_per_s else None
        return found or Pace(call_rate_per_s(snapshot, lane))
    if course.lowest_per_s < _FULL * rate_per_s:
        steps = tuple((seconds, part * step_per_s) for seconds, step_per_s in course.steps)
        return Pace(part * course.rate_per_s, steps, by_seats=True)
    return Pace(part * rate_per_s)


def _with_shop(snapshot: Snapshot, each: float, part: float) -> Pace | None:
    """
    Return how people are called in a room that follows its shop; None where the rate alone limits.

    With a shop that bears C visitors, of whom each goes λ times a second, and r admissions a second at the most,
    ``ds/dt = r - λs``: where r > λC the shop is full after ``ln((r - λs)/(r - λC))/λ``, and from then on λC are
    admitted. Those beyond C go without a successor, for ``ln(s/C)/λ``.
    """
    state = snapshot.shop.adaptation
    borne = snapshot.capacity if state is None else state.limit
    ends, rate_per_s = each * borne, snapshot.rate_limit / 60
    if not borne or ends >= rate_per_s:
        return None
    seats = snapshot.seats + snapshot.expected
    if seats >= borne:
        return Pace(part * ends, ((log(seats / borne) / each, 0.0),) if seats > borne else ())
    rate_per_s = min(rate_per_s, max(snapshot.rate_per_s, _LEAST_FILL * ends))
    filled_s = log((rate_per_s - each * seats) / (rate_per_s - ends)) / each
    return Pace(part * ends, ((filled_s, part * rate_per_s),))


def ahead_after(seconds: float, rate_per_s: float, leaving_per_s: float) -> float:
    """
    Return how many people are called or leave within *seconds*: the inverse of `wait_s`.
    """
    if leaving_per_s * seconds < _NOBODY_LEAVES:
        return rate_per_s * seconds
    return rate_per_s * expm1(min(_MOST_LEFT, leaving_per_s * seconds)) / leaving_per_s


class Spread(NamedTuple):
    """
    Hold by how much waits are shorter and longer than the formula says, as logarithms of the relation; for waits of
    `SHORTEST_S`, twice as long, four times and so on, with what lies between in proportion.
    """

    early: tuple[float, ...]
    late: tuple[float, ...]

    @classmethod
    def of(cls, early: Sequence[float], late: Sequence[float]) -> "Spread":
        """
        Return a spread by which a longer wait has the later range, at both ends: neighbours may differ by so much only.
        """
        low, high = list(early), list(late)
        for index in range(1, CLASSES):
            low[index] = min(low[index], low[index - 1] + _STEEPEST)
            high[index] = max(high[index], high[index - 1] - _STEEPEST)
        return cls(tuple(low), tuple(high))

    def around(self, seconds: float) -> tuple[float, float]:
        """
        Return the factors of the early and the late end for a wait of *seconds*.
        """
        place = min(CLASSES - 1.0, log2(seconds / SHORTEST_S)) if seconds > SHORTEST_S else 0.0
        below = int(place)
        above, part = min(below + 1, CLASSES - 1), place - below
        early = self.early[below] + part * (self.early[above] - self.early[below])
        late = self.late[below] + part * (self.late[above] - self.late[below])
        return exp(-max(_AT_LEAST, early)), exp(late)


UNKNOWN: Final = Spread.of([min(1.0, 0.2 + 0.00075 * 2**index) for index in range(CLASSES)], [0.12] * CLASSES)
"""
Before anything is measured: a fifth shorter and an eighth longer. Longer waits begin earlier: a part of those who leave
do so without a word, and are counted when their presence slots are over.
"""


class Forecast:
    """
    Tell visitors how long they will wait, in a room that calls them at *pace*, where *leaving_per_s* of those who wait
    give up, and waits are off by *spread*; by *doubt* more at the early and the late end, as logarithms. Each range is
    worked out when it is first asked for. *longer*: why waits have become longer lately. *intervals*: when visitors ask
    again; a budget for polls that is too small for the rate makes answers old and calls heard of late. *trust*: what a
    wait that keeps to its range tells of the early and of the late end, between 0 and 1.
    """

    __slots__ = (
        "_intervals",
        "_later",
        "_made",
        "_pace",
        "_reach",
        "_sooner",
        "_spread",
        "heard_late_s",
        "longer",
        "trust",
    )

    def __init__(
        self,
        pace: Pace | float,
        leaving_per_s: float,
        spread: Spread = UNKNOWN,
        doubt: tuple[float, float] = (0.0, 0.0),
        longer: Longer | None = None,
        intervals: Intervals | None = None,
    ) -> None:
        self.longer = longer
        self._intervals = intervals
        self._pace = pace if isinstance(pace, Pace) else Pace(pace)
        self.heard_late_s = 0.0 if intervals is None else intervals.heard_late_s(self._pace.rate_per_s)
        self._reach = self._pace.reach(leaving_per_s)
        self._spread = spread
        self._sooner, self._later = exp(-doubt[0]), exp(doubt[1])
        self.trust = exp(-max(0.0, doubt[0] - _USUAL)), exp(-max(0.0, doubt[1] - _USUAL))
        self._made: list[Eta | None] = [None] * (len(_STEPS) + 1)

    def eta(self, ahead: int) -> Eta | None:
        """
        Return the range in which the turn comes, or None where nobody is called at present.
        """
        step = bisect_right(_STEPS, ahead)
        return self._made[step] or self._make(step)

    def _make(self, step: int) -> Eta | None:
        if self._pace.rate_per_s <= 0:
            return None
        ahead = _STEPS[step - 1]
        soon = self._reach.wait_s(ahead)
        late = self._reach.wait_s(_STEPS[step] - 1 if step < len(_STEPS) else ahead)
        low = max(0.0, soon * self._spread.around(soon)[0] * self._sooner - _EARLY_S)
        high = max(late * self._spread.around(late)[1], late * (1 + _AT_LEAST)) * self._later + _SLACK_S
        if self._intervals is not None:
            asks_s, late_s = self._intervals.asked_late_s(ahead + 1, low)
            low, high = max(0.0, low - _OLD * late_s), max(high + _HEARD * self.heard_late_s, asks_s)
        made = self._made[step] = Eta(round(low, 1), round(high, 1))
        return made

    def ahead_after(self, seconds: float) -> int:
        """
        Return how many people are called or leave within *seconds*.
        """
        return int(self._reach.ahead_after(seconds)) if self._pace.rate_per_s > 0 else 0
