"""
The waiting room as a fluid: how long one who comes at t must wait, if people leave as they lose patience.

The offered wait v(t) of a first-come-first-served queue with patience follows

    dv/dt = lambda(t) * Fc(v) / mu(t + v) - 1,    v >= 0,

where lambda is the rate of arrivals, Fc the share that is still there after a wait, and mu the rate of admissions at
the moment of the turn (Whitt, Operations Research 54, 2006, doi 10.1287/opre.1050.0227; arXiv 1806.00773 for rates
that change). It is solved in its conserved form: the people who come within a step are one cell of the line, cells are
admitted from its head as far as rate and seats go, and each loses on the way those whose patience has ended. Who came,
went in, left and waits sums up exactly in every step, and limits may change with time and with what happened before.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Final

from loadtests.forecast.patience import STAYS, Patience

SAMPLES: Final = 240
"""Moments at which the length of the line is worked out; it costs a look at every cell in line."""
LONGEST_STEPS: Final = 60_000
"""A line that has not emptied after so many steps is told as one that does not."""
_EMPTY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Inflow:
    """
    Describe people of one kind who come to the room.

    Args:
        name: what to call them.
        came: how many come in each step.
        patience: how long they stay.
        comes: the share of those called who come in; for the others somebody else is called at once. Who meets no line
            goes straight in, whoever it is.
        seats: how long their seats are held, as (seconds, share); empty where seats are no matter.
    """

    name: str
    came: tuple[float, ...]
    patience: Patience = STAYS
    comes: float = 1.0
    seats: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Say what the room and the shop bear from a moment on.

    Args:
        from_s: the moment.
        rate_per_s: admissions per second.
        seats: how many may be inside.
        shop_per_s: how many visits the shop can serve to their end per second; seats come back no faster.
    """

    from_s: float
    rate_per_s: float
    seats: float = math.inf
    shop_per_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Moment:
    """
    Tell how things stand at one moment.

    Args:
        at_s: the moment.
        waiting: how many wait, by inflow.
        admitted, left: how many have been let in and have lost patience so far, by inflow.
        called: how many have been let in or called in vain, by inflow.
        inside: how many seats are held.
    """

    at_s: float
    waiting: tuple[float, ...]
    admitted: tuple[float, ...]
    left: tuple[float, ...]
    called: tuple[float, ...]
    inside: float


@dataclass(frozen=True, slots=True)
class Course:
    """
    Hold what the fluid does.

    Args:
        step_s: the length of a step.
        offered_s: the wait of one who comes at the k-th step's beginning and never leaves; as far as it is known.
        served: (moment, wait, people) of those let in, in the order of their turns; of those drawn at an opening, by
            groups of who came when.
        moments: how things stand, at even distances, to the end.
        cleared_s: when the line was empty after the longest wait, 0 if there was none; None where that does not come.
    """

    step_s: float
    offered_s: tuple[float, ...]
    served: tuple[tuple[float, float, float], ...]
    moments: tuple[Moment, ...]
    cleared_s: float | None

    def wait_at(self, at_s: float) -> float | None:
        """
        Return the offered wait at *at_s*; None beyond what is known.
        """
        place = at_s / self.step_s
        k = int(place)
        if k < 0 or k + 1 >= len(self.offered_s):
            return None
        before, after = self.offered_s[k], self.offered_s[k + 1]
        return before + (after - before) * (place - k)

    def longest(self, until_s: float = math.inf) -> tuple[float, float]:
        """
        Return the longest wait of those whose turn comes before *until_s*, and when they had come; (0, 0) if none.
        """
        waits = ((wait_s, k * self.step_s) for k, wait_s in enumerate(self.offered_s))
        return max((wait for wait in waits if wait[0] + wait[1] <= until_s), default=(0.0, 0.0))

    def quantile(self, q: float, until_s: float = math.inf) -> float | None:
        """
        Return the wait that the share *q* of those let in before *until_s* do not exceed; None where nobody is.
        """
        waits = sorted((wait_s, people) for at_s, wait_s, people in self.served if at_s <= until_s)
        left = q * sum(people for _, people in waits)
        for wait_s, people in waits:
            left -= people
            if left <= _EMPTY:
                return wait_s
        return None


def course_of(
    inflows: Sequence[Inflow],
    limits: Sequence[Limits],
    step_s: float,
    opens_s: float = 0.0,
    *,
    hears_s: float = 0.0,
    burst_s: float = 0.0,
) -> Course:
    """
    Return what becomes of the *inflows*, until nobody waits any more.

    While nobody waits people go straight in. Once one must wait, all others stand behind, and nobody hears of a turn
    before asking for the first time: the room loses so long at the beginning of a line, and the line does not end
    before there is a gap in the arrivals of that length.

    Args:
        inflows: who comes; all of as many steps.
        limits: what room and shop bear, the first from 0, in the order of time.
        step_s: the length of a step; waits are exact to about half of it.
        opens_s: when the room opens, by a draw among those who have come until then; 0 for one that is open.
        hears_s: how long after joining people ask for the first time.
        burst_s: for how long admissions that nobody used are saved up.
    """
    line = _Line(inflows, limits, step_s, round(opens_s / step_s), hears_s, burst_s)
    return line.run()


@dataclass(slots=True)
class _Line:
    inflows: Sequence[Inflow]
    limits: Sequence[Limits]
    step_s: float
    drawn: int
    hears_s: float
    burst_s: float
    queued: bool = False
    saved: float = 0.0
    head: int = 0
    head_left: float = 1.0
    inside: float = 0.0
    due: float = 0.0
    offered: list[float] = field(default_factory=lambda: [0.0])
    served: list[tuple[float, float, float]] = field(default_factory=list)
    admitted: list[float] = field(default_factory=list)
    called: list[float] = field(default_factory=list)
    ends: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    moments: list[Moment] = field(default_factory=list)
    stays: list[list[float]] = field(default_factory=list)

    def run(self) -> Course:
        steps = len(self.inflows[0].came)
        self.admitted = [0.0] * len(self.inflows)
        self.called = [0.0] * len(self.inflows)
        self.stays = [[] for _ in self.inflows]
        self.saved = self.burst_s * self.limits[0].rate_per_s
        last_limits_s = self.limits[-1].from_s
        every = max(1, steps // SAMPLES)
        at, which, cleared_s = 0, 0, None
        while at < LONGEST_STEPS:
            now_s = at * self.step_s
            while which + 1 < len(self.limits) and self.limits[which + 1].from_s <= now_s + self.step_s / 2:
                which += 1
            limits = self.limits[which]
            self._come_back(at, limits)
            self._step(at, limits)
            at += 1
            if at % every == 0:
                self._note(at)
            if at >= steps and self.head >= steps:
                cleared_s = self._cleared_s()
                break
            if limits.rate_per_s <= 0 and now_s > last_limits_s and at >= steps:
                break
        self._note(at)
        return Course(self.step_s, tuple(self.offered), tuple(self.served), tuple(self.moments), cleared_s)

    def _cleared_s(self) -> float:
        """
        Return when the line was empty first after the one who waits longest had come.
        """
        longest = max(range(len(self.offered)), key=self.offered.__getitem__)
        empty_s = 2 * self.step_s + 1.25 * self.hears_s
        if self.offered[longest] <= empty_s:
            return 0.0
        after = range(longest, len(self.offered))
        empty = next((k for k in after if self.offered[k] <= empty_s), len(self.offered) - 1)
        return empty * self.step_s + self.offered[empty]

    def _come_back(self, at: int, limits: Limits) -> None:
        """
        Free the seats whose visits end in this step, as many as the shop can serve.
        """
        self.due += self.ends.pop(at, 0.0)
        back = min(self.due, limits.shop_per_s * self.step_s)
        self.due -= back
        self.inside = max(0.0, self.inside - back)

    def _step(self, at: int, limits: Limits) -> None:
        """
        Let in who may go in within this step, and save up what nobody used.
        """
        income = limits.rate_per_s * self.step_s
        most = min(self.saved + income, max(0.0, limits.seats - self.inside))
        used = 0.0 if at < self.drawn else self._admit(at, income, most)
        self.saved = min(self.burst_s * limits.rate_per_s, max(0.0, self.saved + income - used))

    def _admit(self, at: int, income: float, most: float) -> float:
        """
        Let the head of the line in, *most* people, and return how many it was; *income* of them come with the step.
        """
        step_s, used = self.step_s, 0.0
        if self.head < self.drawn:
            used = self._admit_drawn(at, most)
        steps = min(at + 1, len(self.inflows[0].came))
        entered = [0.0] * len(self.inflows)
        while self.head < steps and self.head >= self.drawn:
            begins_s = self._when_s(at, used, income)
            age_s = begins_s - (self.head + 0.5) * step_s
            # Their turns come while the cell is worked off: in the mean half of that later.
            wanted = self._wanted(age_s)
            if income:
                age_s += min(wanted, most - used) / income * step_s / 2
                wanted = self._wanted(age_s)
            if self.queued and wanted and age_s < self.hears_s > 0:
                break
            if wanted > most - used and most - used <= _EMPTY:
                self.queued = True
                break
            share = self.head_left if wanted <= most - used else self.head_left * (most - used) / wanted
            people = 0.0
            for place, inflow in enumerate(self.inflows):
                called = share * inflow.came[self.head] * inflow.patience.stays(age_s)
                self.called[place] += called
                entered[place] += called * (inflow.comes if self.queued else 1.0)
                people += called * (inflow.comes if self.queued else 1.0)
            self._note_served(begins_s, max(0.0, age_s), people)
            if wanted > most - used:
                used, self.queued = most, True
                self.head_left -= share
                break
            used += wanted
            self.head, self.head_left = self.head + 1, 1.0
            self.offered.append(max(0.0, self._when_s(at, used, income) - self.head * step_s))
        self._enter(at, entered)
        if self.queued and (steps - self.head) * step_s <= self.hears_s + 2 * step_s:
            left = sum(sum(inflow.came[self.head : steps]) for inflow in self.inflows)
            self.queued = left >= 1
        return used

    def _when_s(self, at: int, used: float, income: float) -> float:
        """
        Return when in a step so many have been let in: what was saved up at once, the others as they come.
        """
        return (at + (min(1.0, max(0.0, used - self.saved) / income) if income else 1.0)) * self.step_s

    def _wanted(self, age_s: float) -> float:
        """
        Return how many admissions what is left of the head cell asks for, *age_s* after it came.
        """
        wanted = 0.0
        for inflow in self.inflows:
            comes = inflow.comes if self.queued else 1.0
            wanted += inflow.came[self.head] * inflow.patience.stays(age_s) * comes
        return self.head_left * wanted

    def _admit_drawn(self, at: int, allowance: float) -> float:
        """
        Let in those who came before the opening, of all moments alike; return how many of *allowance* that were.
        """
        there = [
            list(map(mul, inflow.came[: self.drawn], self._stays(place, at)[at - 1 :: -1]))
            for place, inflow in enumerate(self.inflows)
        ]
        wanted: float = self.head_left * sum(
            i.comes * sum(people) for i, people in zip(self.inflows, there, strict=True)
        )
        share = self.head_left if wanted <= allowance else self.head_left * allowance / wanted
        entered = []
        now_s = (at + 0.5) * self.step_s
        for place, inflow in enumerate(self.inflows):
            self.called[place] += share * sum(there[place])
            entered.append(share * inflow.comes * sum(there[place]))
        width = max(1, self.drawn // 16)
        for first in range(0, self.drawn, width):
            people = sum(
                share * i.comes * sum(p[first : first + width]) for i, p in zip(self.inflows, there, strict=True)
            )
            self._note_served(now_s, now_s - (first + min(width, self.drawn - first) / 2) * self.step_s, people)
        self._enter(at, entered)
        if wanted > allowance:
            self.head_left -= share
            return allowance
        self.head, self.head_left = self.drawn, 1.0
        self.offered += [now_s - k * self.step_s for k in range(1, self.drawn + 1)]
        self.offered[0] = now_s
        return wanted

    def _note_served(self, now_s: float, wait_s: float, people: float) -> None:
        if people > _EMPTY:
            self.served.append((now_s, wait_s, people))

    def _enter(self, at: int, entered: Sequence[float]) -> None:
        for place, (inflow, people) in enumerate(zip(self.inflows, entered, strict=True)):
            self.admitted[place] += people
            for held_s, share in inflow.seats if people else ():
                self.inside += people * share
                self.ends[at + max(1, round(held_s / self.step_s))] += people * share

    def _stays(self, place: int, at: int) -> list[float]:
        """
        Return who is still there at the end of step *at* - 1 of those who came in step *at* - 1, *at* - 2 … 0.
        """
        known, patience = self.stays[place], self.inflows[place].patience
        while len(known) < at:
            known.append(patience.stays((len(known) + 0.5) * self.step_s))
        return known

    def _note(self, at: int) -> None:
        """
        Note how things stand after *at* steps.
        """
        waiting, left = [], []
        for place, inflow in enumerate(self.inflows):
            come = inflow.came[:at]
            first, count = (0, self.drawn) if self.head < self.drawn else (self.head, 1)
            known = self._stays(place, at)
            # Of those who came in step k, as many are there as stay for at - k - 1/2 steps.
            people = list(map(mul, come[first:], known[at - 1 - first :: -1] if at > first else ()))
            there = sum(people) - (1 - self.head_left) * sum(people[:count])
            waiting.append(there)
            left.append(max(0.0, sum(come) - self.called[place] - there))
        totals = (tuple(waiting), tuple(self.admitted), tuple(left), tuple(self.called))
        self.moments.append(Moment(at * self.step_s, *totals, self.inside))
