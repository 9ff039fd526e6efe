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
from typing import Final, NamedTuple

from loadtests.forecast.course import EMPTY, Course, Limits, Moment
from loadtests.forecast.inflow import Inflow

SAMPLES: Final = 240
"""Moments at which the length of the line is worked out; it costs a look at every cell in line."""
_LOT: Final = 8
"""Those who ask late come in lots of so many steps: each costs a look at every moment."""
EXPECTED: Final = 0.5
EXPECTED_S: Final = 0.5
"""A line is over when fewer are expected than are let in within half a second, or half a person: the room then lets
newcomers straight in past them (`store.memory_room.leaves_over`)."""
LONGEST_STEPS: Final = 60_000
"""A line that has not emptied after so many steps is told as one that does not."""


def course_of(
    inflows: Sequence[Inflow],
    limits: Sequence[Limits],
    step_s: float,
    opens_s: float = 0.0,
    *,
    hears_s: float = 0.0,
    burst_s: float = 0.0,
    learns_s: float = 0.0,
    door_s: float = 0.0,
) -> Course:
    """
    Return what becomes of the *inflows*, until nobody waits any more.

    While nobody waits people go straight in. Once one must wait, all others stand behind, and nobody hears of a turn
    before asking for the first time: the room loses so long at the beginning of a line, and it is over when few of
    those who were called are still expected.

    Args:
        inflows: who comes; all of as many steps.
        limits: what room and shop bear, the first from 0, in the order of time.
        step_s: the length of a step; waits are exact to about half of it.
        opens_s: when the room opens, by a draw among those who have come until then; 0 for one that is open.
        hears_s: how long after joining people ask for the first time.
        burst_s: for how long admissions that nobody used are saved up.
        learns_s: how long it takes, in the first line, until the room knows how many do not come when called: so long
            it reckons with all of them.
        door_s: for how long those who were called stand at the door in the end: nobody leaves from there.
    """
    line = _Line(inflows, limits, step_s, round(opens_s / step_s), hears_s, burst_s, learns_s, door_s)
    return line.run()


class _Late(NamedTuple):
    """
    Hold people who were called and have not heard of it: of which inflow, how many had come, when, and how long they
    will have waited when they ask.
    """

    place: int
    came: float
    cell: int
    wait_s: float


@dataclass(slots=True)
class _Line:
    inflows: Sequence[Inflow]
    limits: Sequence[Limits]
    step_s: float
    drawn: int
    hears_s: float
    burst_s: float
    learns_s: float
    door_s: float
    queued: bool = False
    lasted_s: float = 0.0
    over: int = 0
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
    lates: defaultdict[int, list[_Late]] = field(default_factory=lambda: defaultdict(list))

    def run(self) -> Course:
        steps = len(self.inflows[0].came)
        self.admitted = [0.0] * len(self.inflows)
        self.called = [0.0] * len(self.inflows)
        self.stays = [[] for _ in self.inflows]
        self.saved = self._depth(self.limits[0].rate_per_s)
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
            if at >= steps and self.head >= steps and not self.lates:
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
        used = 0.0 if at < self._opens() else self._admit(at, income, most)
        self.learns_s -= self.step_s if self.queued else 0.0
        self.lasted_s = self.lasted_s + self.step_s if self.queued else 0.0
        self.saved = min(self._depth(limits.rate_per_s), max(0.0, self.saved + income - used))

    def _opens(self) -> int:
        """
        Return the first step in which somebody goes in: after a draw, when those who were drawn have asked.
        """
        return self.drawn + round((self.hears_s + self.burst_s) / self.step_s) if self.drawn else 0

    def _admit(self, at: int, income: float, most: float) -> float:
        """
        Let the head of the line in, *most* people, and return how many it was; *income* of them come with the step.
        """
        step_s, used = self.step_s, self._admit_late(at, most)
        if self.head < self.drawn:
            used += self._admit_drawn(at, most - used)
        steps = min(at + 1, len(self.inflows[0].came))
        entered = [0.0] * len(self.inflows)
        while self.head < steps and self.head >= self.drawn:
            begins_s = self._when_s(at, used, income)
            age_s = begins_s - (self.head + 0.5) * step_s
            free = self._free(most, used, income)
            # Their turns come while the cell is worked off: in the mean half of that later.
            wanted = self._wanted(age_s)
            if income:
                age_s += min(wanted, free) / income * step_s / 2
                wanted = self._wanted(age_s)
            if self.queued and wanted and age_s < self.hears_s > 0:
                break
            if wanted > free and free <= EMPTY:
                self.queued |= self.head >= self.over
                break
            share = self.head_left if wanted <= free else self.head_left * free / wanted
            self._call(at, share, begins_s, age_s, entered)
            if wanted > free:
                used, self.queued = used + free, self.queued or self.head >= self.over
                self.head_left -= share
                break
            used += wanted
            self.head, self.head_left = self.head + 1, 1.0
            self.offered.append(max(0.0, self._when_s(at, used, income) - self.head * step_s))
        self._enter(at, entered)
        if self.lasted_s > self.hears_s and (steps - self.head) * step_s <= self.hears_s + 2 * step_s:
            coming = sum(inflow.comes * sum(inflow.came[self.head : steps]) for inflow in self.inflows)
            if coming < max(EXPECTED, EXPECTED_S * income / step_s):
                # Those who are still expected go in as the pace allows, and make no new line.
                self.queued, self.over = False, steps
        return used

    def _free(self, most: float, used: float, income: float) -> float:
        """
        Return how many more may go in within this step.

        Where it is known who comes, one who meets no line takes a whole admission, of those there are when they come.
        """
        if self.queued or not any(inflow.patiences for inflow in self.inflows):
            return most - used
        there = min(self._depth(income / self.step_s), self.saved + income / 2)
        return min(most - used, max(0.0, math.floor(there - used + EMPTY)))

    def _depth(self, rate_per_s: float) -> float:
        return max(1.0, self.burst_s * rate_per_s) if self.burst_s else 0.0

    def _call(self, at: int, share: float, begins_s: float, age_s: float, entered: list[float]) -> None:
        """
        Call the *share* of the head cell that waits for it after *age_s*, and add those who come to *entered*.
        """
        come = 0.0
        for place, inflow in enumerate(self.inflows):
            called = share * inflow.came[self.head] * inflow.stays(self.head, self._patient_s(age_s))
            comes, late = (inflow.comes, inflow.late) if self.queued else (1.0, 0.0)
            self.called[place] += called * (1 - late)
            entered[place] += called * comes
            come += called * comes
            if called * late:
                self._put_off(at, place, called * late, self.head, age_s)
        self._note_served(begins_s, max(0.0, age_s), come)

    def _put_off(self, at: int, place: int, people: float, cell: int, age_s: float) -> None:
        """
        Let *people* of a cell come when they ask next; their patience is the law's, and they come in a few large lots.
        """
        inflow = self.inflows[place]
        wait_s = inflow.late_s * max(1, math.ceil(age_s / inflow.late_s))
        asks = max(at + 1, cell + round(wait_s / self.step_s))
        lot = self.lates[asks + -asks % _LOT]
        came = people / max(EMPTY, inflow.patience.stays(age_s))
        if lot and lot[-1].place == place:
            came, cell = came + lot[-1].came, lot.pop().cell
        lot.append(_Late(place, came, cell, wait_s))

    def _still(self, late: _Late, waited_s: float) -> float:
        """
        Return how many of those who are *late* are still there when they have waited so long.
        """
        return late.came * self.inflows[late.place].patience.stays(waited_s)

    def _admit_late(self, at: int, most: float) -> float:
        """
        Let those in who were called before and ask only now; return how many of *most* they use.
        """
        used, entered = 0.0, [0.0] * len(self.inflows)
        for late in self.lates.pop(at, ()):
            there = self._still(late, late.wait_s)
            go = min(there, most - used)
            used, entered[late.place] = used + go, entered[late.place] + go
            self.called[late.place] += go
            self._note_served(at * self.step_s, late.wait_s, go)
            if there - go > EMPTY:
                left = late.came * (1 - go / there)
                self.lates[at + 1].append(late._replace(came=left, wait_s=late.wait_s + self.step_s))
        self._enter(at, entered)
        return used

    def _when_s(self, at: int, used: float, income: float) -> float:
        """
        Return when in a step so many have been let in: what was saved up at once, the others as they come.
        """
        return (at + (min(1.0, max(0.0, used - self.saved) / income) if income else 1.0)) * self.step_s

    def _patient_s(self, age_s: float) -> float:
        """
        Return how long people of the head cell had to be patient, who go in *age_s* after they came.
        """
        return max(min(age_s, self.hears_s), age_s - self.door_s)

    def _wanted(self, age_s: float) -> float:
        """
        Return how many admissions what is left of the head cell asks for, *age_s* after it came.
        """
        wanted = 0.0
        for inflow in self.inflows:
            comes = inflow.comes if self.queued and self.learns_s <= 0 else 1.0
            wanted += inflow.came[self.head] * inflow.stays(self.head, self._patient_s(age_s)) * comes
        return self.head_left * wanted

    def _admit_drawn(self, at: int, allowance: float) -> float:
        """
        Let in those who came before the opening, of all moments alike; return how many of *allowance* that were.
        """
        there = [self._there(place, 0, self.drawn, at) for place in range(len(self.inflows))]
        wanted: float = self.head_left * sum(
            i.comes * sum(people) for i, people in zip(self.inflows, there, strict=True)
        )
        share = self.head_left if wanted <= allowance else self.head_left * allowance / wanted
        entered = []
        now_s = (at + 0.5) * self.step_s
        for place, inflow in enumerate(self.inflows):
            called, middle = share * sum(there[place]), self.drawn // 2
            self.called[place] += called * (1 - inflow.late)
            entered.append(called * inflow.comes)
            if called * inflow.late and middle < len(inflow.came):
                self._put_off(at, place, called * inflow.late, middle, (at - middle) * self.step_s)
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
        if people > EMPTY:
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
        waiting, asleep = [], [0.0] * len(self.inflows)
        for late in (late for some in self.lates.values() for late in some):
            asleep[late.place] += self._still(late, (at - late.cell - 0.5) * self.step_s)
        for place in range(len(self.inflows)):
            first, count = (0, self.drawn) if self.head < self.drawn else (self.head, 1)
            people = self._there(place, first, at, at)
            waiting.append(sum(people) - (1 - self.head_left) * sum(people[:count]) + asleep[place])
        left = (
            max(0.0, sum(inflow.came[:at]) - called - there)
            for inflow, called, there in zip(self.inflows, self.called, waiting, strict=True)
        )
        totals = (tuple(waiting), tuple(self.admitted), tuple(left), tuple(self.called))
        self.moments.append(Moment(at * self.step_s, *totals, self.inside, tuple(asleep)))

    def _there(self, place: int, first: int, until: int, at: int) -> list[float]:
        """
        Return who is still there at the end of step *at* - 1 of those who came in the steps from *first* to *until*.
        """
        inflow = self.inflows[place]
        until = min(until, len(inflow.came))
        if first >= until:
            return []
        if inflow.patiences:
            waits = ((k, (at - k - 0.5) * self.step_s) for k in range(first, until))
            return [inflow.came[k] * inflow.stays(k, waited_s) for k, waited_s in waits]
        # Of those who came in step k, as many are there as stay for at - k - 1/2 steps.
        return list(map(mul, inflow.came[first:until], self._stays(place, at)[at - 1 - first :: -1]))
