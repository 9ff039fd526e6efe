"""
How long seats are held, and when they will end: learned from how many came in and how many went out.

A visitor is active for a while, and then gives the seat back or leaves it to its idle end. In a new sale nothing but
the former is seen until the first idle ends are due, so that seats seem to turn over faster than they do, and then many
end at once. A mean active time and a share that is left to idle ends tell how many of those who came in go out in each
moment. Every such pair is weighed by how well it has told that (the likelihood of Poisson's law, forgetting what was
long ago), and what is to come is played on from those inside.
"""

from collections import deque
from itertools import product
from math import ceil, exp, log, sqrt
from typing import Final, NamedTuple

_PARTS: Final = 60
"""The idle timeout is cut into so many parts,"""
_LONGEST_BIN_S: Final = 10.0
"""and each into bins no longer than this: in a longer one visitors come and go, and their ends are not understood."""
_AHEAD: Final = 2 * _PARTS
"""The course is played for two idle timeouts; by then it has become even."""
_STAGES: Final = 4
"""
Active time varies by half of its mean (Erlang's law, four stages): few leave in their first seconds, as the exponential
law would have it, and a sale would seem to be a slow one because of it.
"""
_EACH_STAGE: Final = tuple(range(_STAGES))
_SHORTEST_S: Final = 4.0
_LONGEST_S: Final = 600.0
_FINER: Final = 64
_RATIO: Final = 1.45
"""
Mean active times go by this ratio: from 4 s, or a 64th of an idle timeout that is short itself, to ten minutes or
twice the idle timeout. Likely neighbours are mixed, so that finer ones foretold nothing better.
"""
_LEFT: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares that are left to their idle end."""
_ASSUMED: Final = 0.4
"""Most likely, before anything is known, a seat is held for so much of the idle timeout; half of it is the mean."""
UNKNOWN_DOUBT: Final = log(2)
"""It may as well be half as long, or twice."""
_KEEP_S: Final = 1200.0
"""So long is remembered what told for a pair: the people of a sale change."""
_WORTH: Final = 0.25
"""No visitor lives by Erlang's law: what ends say for a pair counts a quarter, or the nearest pair would be certain."""
_LEAST_PLACE: Final = 1e-9
_TWICE: Final = 2.0
_STRAY: Final = 0.05
"""Ends in a bin that nothing explains."""
_SPREADS: Final = 2.0
_HELD: Final = 0.1
"""The doubt is two standard deviations, less what the range that is shown at first holds anyway."""
_UNLIKELY: Final = 0.02
_EVEN: Final = 0.01
"""Rates that differ by less are one step of a course."""


class Course(NamedTuple):
    """
    Hold how many come in per second: *steps* of so many seconds at so many per second, and *rate_per_s* ever after.
    """

    steps: tuple[tuple[float, float], ...]
    rate_per_s: float

    @property
    def lowest_per_s(self) -> float:
        """
        Return the least that comes in per second.
        """
        return min([self.rate_per_s, *(rate_per_s for _, rate_per_s in self.steps)])


class _Inside:
    """
    Hold those inside if they are active for *mean_s* on average: *active* by stage, and in *line* those who ceased to
    be so in each sixtieth of the last idle timeout of *idle_s*, the first of them first; of *bins* that make up such a
    part, *passed* are over, and those who ceased in them are the *latest*.
    """

    __slots__ = ("active", "bins", "idle_s", "latest", "line", "mean_s", "passed")

    def __init__(self, mean_s: float, idle_s: float, bins: int = 1) -> None:
        self.mean_s = mean_s
        self.idle_s = idle_s
        self.bins = bins
        self.active = [0.0] * _STAGES
        self.line = deque([0.0] * _PARTS)
        self.latest = 0.0
        self.passed = 0

    def stay(self, bin_s: float) -> float:
        """
        Return which share of a stage stays in it over a bin.
        """
        return exp(-_STAGES * bin_s / self.mean_s)

    def pass_by(self, stay: float, came: float) -> tuple[float, float]:
        """
        Let a bin pass in which *came*; return how many ceased to be active in it, and in that an idle timeout before.
        """
        active, moved = self.active, came
        for stage in _EACH_STAGE:
            before = active[stage] + moved
            active[stage] = stay * before
            moved = before - active[stage]
        over = self.line[0] / self.bins
        self.latest += moved
        self.passed += 1
        if self.passed == self.bins:
            self.line.append(self.latest)
            self.line.popleft()
            self.latest, self.passed = 0.0, 0
        return moved, over

    @property
    def idle(self) -> float:
        """
        Return how many ceased to be active within the last idle timeout.
        """
        return sum(self.line) + self.latest - self.line[0] * self.passed / self.bins

    def take(self, stay: float, came: float) -> float:
        """
        Take those who *came* in the bin that has passed, and return how many of them have ceased to be active.
        """
        active = self.active
        for stage in _EACH_STAGE:
            active[stage] += stay * came
            came -= stay * came
        self.line[-1] += came
        return came

    def fit(self, seats: float, left: float) -> None:
        """
        Have *seats* taken, where a share *left* of those who cease to be active keep theirs until the idle end.

        All are fewer or more in proportion; what is more than twice as many is taken to be as it always was.
        """
        told = sum(self.active) + left * self.idle
        part = min(_TWICE, seats / told) if told else 0.0
        more = max(0.0, seats - part * told)
        per_s = more / (self.mean_s + left * self.idle_s)
        self.active = [part * here + per_s * self.mean_s / _STAGES for here in self.active]
        self.line = deque(part * done + per_s * self.idle_s / _PARTS for done in self.line)
        self.latest = part * self.latest + per_s * self.idle_s / _PARTS * self.passed / self.bins


class _Known(NamedTuple):
    """
    Hold what is likely: the mean time *active_s*, the mean time *held_s* that a seat is held, with its standard
    deviation as a logarithm, and the weights of the likely ones *inside*; and of each mean the likely share that is
    *left* to idle ends.
    """

    active_s: float
    held_s: float
    deviation: float
    inside: tuple[tuple[float, int], ...]
    left: tuple[float, ...]


class Stays:
    """
    Learn how long seats are held that end *idle_s* after their visitor was seen for the last time.
    """

    __slots__ = (
        "_bin_s",
        "_bins",
        "_came",
        "_ended",
        "_held",
        "_inside",
        "_known",
        "_means_s",
        "_pairs",
        "_prior",
        "_span_s",
        "_weights",
        "idle_s",
    )

    def __init__(self, idle_s: float) -> None:
        self.idle_s = idle_s
        self._bins = ceil(idle_s / _PARTS / _LONGEST_BIN_S)
        self._bin_s = idle_s / _PARTS / self._bins
        self._means_s = _means_s(idle_s)
        self._pairs = tuple(product(self._means_s, _LEFT))
        self._held = tuple(log(mean_s + left * idle_s) for mean_s, left in self._pairs)
        self._prior = tuple(self._assumed(*pair) for pair in self._pairs)
        self._weights = list(self._prior)
        self._inside: tuple[_Inside, ...] = ()
        self._span_s, self._came, self._ended = 0.0, 0, 0
        self._known = self._summed_up()

    def _assumed(self, mean_s: float, left: float) -> float:
        return -0.5 * (log((mean_s / self.idle_s + left) / _ASSUMED) / UNKNOWN_DOUBT) ** 2

    def see(self, seats: int, came: int, ended: int, elapsed_s: float) -> None:
        """
        Learn that of *seats* and those who *came* since, *elapsed_s* ago, so many have *ended*.
        """
        if not self._inside:
            self._inside = tuple(_Inside(mean_s, self.idle_s, self._bins) for mean_s in self._means_s)
            self._fit(seats)
        self._span_s += elapsed_s
        self._came += came
        self._ended += ended
        if self._span_s < self._bin_s:
            return
        most, taken = _PARTS * self._bins, seats + came - ended
        bins = min(int(self._span_s / self._bin_s), most)
        # Who slept for longer than the idle timeout takes the last of it for all.
        part = self.idle_s / self._span_s if bins == most else 1.0
        came_in, went_out, keep = part * self._came, part * self._ended, exp(-self._span_s / _KEEP_S)
        for at, inside in enumerate(self._inside):
            self._weigh(at, inside, bins, came_in, went_out, max(0.0, taken + went_out), keep)
        self._span_s = 0.0 if bins == most else self._span_s - bins * self._bin_s
        self._came = self._ended = 0
        self._known = self._summed_up()
        self._fit(max(0, taken))

    def _weigh(self, at: int, inside: _Inside, bins: int, came: float, ended: float, seats: float, keep: float) -> None:
        """
        Let *bins* pass over those *inside* by one mean, and weigh its pairs by how many of *seats* they let end.
        """
        active, idle = sum(inside.active) + came, inside.idle
        stay = inside.stay(self._bin_s)
        passed = [inside.pass_by(stay, came / bins) for _ in range(bins)]
        done, over = sum(done for done, _ in passed), sum(over for _, over in passed)
        for place, left in enumerate(_LEFT, at * len(_LEFT)):
            told, assumed = active + left * idle, self._prior[place]
            due = _STRAY + (((1 - left) * done + left * over) * seats / told if told else 0.0)
            said = _WORTH * (ended * log(due) - due)
            self._weights[place] = assumed + keep * (self._weights[place] - assumed) + said

    def _fit(self, seats: int) -> None:
        """
        Hold those inside to the *seats* that are taken.

        If visits become longer, the people of a short mean have all gone in the books, and were seen to end no less
        than those of any other: what they said of the ends would never be wrong again.
        """
        for inside, left in zip(self._inside, self._known.left, strict=True):
            inside.fit(seats, left)

    def _summed_up(self) -> _Known:
        most = max(self._weights)
        self._weights = [weight - most for weight in self._weights]
        parts = [exp(weight) for weight in self._weights]
        total = sum(parts)
        mean = sum(part * each for part, each in zip(parts, self._held, strict=True)) / total
        square = sum(part * (each - mean) ** 2 for part, each in zip(parts, self._held, strict=True)) / total
        active_s = sum(part * mean_s for part, (mean_s, _) in zip(parts, self._pairs, strict=True)) / total
        rows = [parts[at : at + len(_LEFT)] for at in range(0, len(parts), len(_LEFT))]
        likely = [(sum(row), at) for at, row in enumerate(rows) if sum(row) > _UNLIKELY * total]
        whole = sum(part for part, _ in likely)
        weights = tuple((part / whole, at) for part, at in likely)
        return _Known(active_s, exp(mean), sqrt(square), weights, tuple(_left_of(row) for row in rows))

    @property
    def doubt(self) -> float:
        """
        Return by how much the time that seats are held may be off, as a logarithm.
        """
        return min(UNKNOWN_DOUBT, max(0.0, _SPREADS * self._known.deviation - _HELD))

    def course(self, seats: float, capacity: int, rate_per_s: float) -> Course:
        """
        Return how many come in from now on, where *seats* are taken, *rate_per_s* may come in and somebody always
        waits.
        """
        known = self._known
        left = max(0.0, known.held_s - known.active_s) / self.idle_s
        now = self._likely_inside(seats, left)
        play_s = self.idle_s / _PARTS
        most, stay = rate_per_s * play_s, now.stay(play_s)
        # Some of those who come in within a bin go out in it, and make room for others: in a long one for many.
        place, turned = 1 - (1 - left) * (1 - stay) ** _STAGES, capacity * play_s / known.active_s
        steps = [(0.0, -1.0)]
        for _ in range(_AHEAD):
            done, over = now.pass_by(stay, 0.0)
            seats -= (1 - left) * done + left * over
            free = capacity - seats
            came = max(0.0, min(most, free / max(place, _LEAST_PLACE), free + turned))
            seats += came - (1 - left) * now.take(stay, came)
            length_s, rate = steps[-1]
            if abs(came - rate * play_s) <= _EVEN * came:
                steps[-1] = (length_s + play_s, rate)
            else:
                steps.append((play_s, came / play_s))
        return Course(tuple(steps[1:]), min(rate_per_s, capacity / known.held_s))

    def _likely_inside(self, seats: float, left: float) -> _Inside:
        """
        Return those on *seats*, of whom a share *left* will leave theirs to its idle end.
        """
        now = _Inside(self._known.active_s, self.idle_s)
        for weight, at in self._known.inside if self._inside else ():
            inside = self._inside[at]
            for stage, here in enumerate(inside.active):
                now.active[stage] += weight * here
            for place, done in enumerate(inside.line):
                now.line[place] += weight * done
        now.fit(seats, left)
        return now


def _left_of(row: list[float]) -> float:
    total = sum(row)
    return sum(part * left for part, left in zip(row, _LEFT, strict=True)) / total if total else 0.0


def _means_s(idle_s: float) -> tuple[float, ...]:
    """
    Return the mean active times that are weighed: from a few seconds to the double of the idle timeout, or ten minutes.
    """
    shortest_s, longest_s = min(_SHORTEST_S, idle_s / _FINER), max(2 * idle_s, _LONGEST_S)
    return tuple(shortest_s * _RATIO**power for power in range(ceil(log(longest_s / shortest_s, _RATIO)) + 1))
