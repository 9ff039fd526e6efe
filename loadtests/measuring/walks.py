"""
Which way shoppers went from each page, and whether that is what their transition tables say.

What was taken is counted when a shopper sets out for the next page. A shop that fails, or a queue that is left, makes
visits shorter; of those who went on from a page, the table's shares must have gone each way all the same. So the
measured visits N of a page are held against N = e + D P, where D counts those who went on from each page: the traffic
equation of the visit ratios with what was really there. The difference is a martingale with the variance
sum of D p (1 - p), which bounds what chance can do.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import ClassVar, Final

from loadtests.documents import STRICT

Z_MOST: Final = 4.0
"""Standard deviations from what was expected; beyond it, chance is an explanation in one of 16,000 cases."""
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Walked:
    """
    Hold the ways that shoppers of one kind went.

    Args:
        taken: how many set out on each way, as "from>to"; ">home" counts those who began at home.
        shares: what the table says of each way: of those who go on, how many take it.
        ratios: how often a visit comes to each state where nothing comes between, as computed before the run.
    """

    taken: dict[str, int] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    __pydantic_config__: ClassVar = STRICT

    def plus(self, other: "Walked") -> "Walked":
        """
        Return the ways of both: of two processes of one run.
        """
        taken = dict(sorted((Counter(self.taken) + Counter(other.taken)).items()))
        return Walked(taken, self.shares or other.shares, self.ratios or other.ratios)


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """
    Compare how often a state was visited with what the table says.

    Args:
        state: the page, or the end of the visit.
        predicted: visits per shopper, computed before the run; more than those measured where visits were cut short.
        measured: visits per shopper, as they were.
        visits: how many came.
        expected: how many were to come, from what was left of the visits.
        z: the difference in standard deviations; 0 where there is none.
        ok: whether chance explains it.
    """

    state: str
    predicted: float
    measured: float
    visits: int
    expected: float
    z: float
    ok: bool


class Walks:
    """
    Count the ways while a run lasts.
    """

    def __init__(self) -> None:
        self._plans: dict[str, Walked] = {}
        self._taken: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def begin(self, kind: str, plan: Callable[[], Walked]) -> None:
        """
        Make *kind* known; *plan* is asked once for the table's shares and ratios.
        """
        if kind not in self._plans:
            self._plans[kind] = plan()

    def step(self, kind: str, before: str, to: str) -> None:
        """
        Note that a shopper of *kind* sets out from *before* ("" at the beginning) to *to*.
        """
        self._taken[kind][f"{before}>{to}"] += 1

    def take(self) -> dict[str, Walked]:
        """
        Return the ways by kind that were taken since the last time, and forget them.
        """
        taken, self._taken = self._taken, defaultdict(Counter)
        return {
            kind: Walked(dict(sorted(ways.items())), self._plans[kind].shares, self._plans[kind].ratios)
            for kind, ways in sorted(taken.items())
        }


def check_ratios(walked: Walked) -> tuple[RatioCheck, ...]:
    """
    Return, for each state of the table and each that was come to, whether it was visited as often as the table says.
    """
    gone_on: Counter[str] = Counter()
    came: Counter[str] = Counter()
    begun = 0
    for way, count in walked.taken.items():
        before, _, to = way.partition(">")
        came[to] += count
        if before:
            gone_on[before] += count
        else:
            begun += count
    means, variances = _expected(walked.shares, gone_on, begun)
    return tuple(
        _check(state, walked.ratios.get(state, 0.0), came[state], begun, means[state], variances[state])
        for state in dict.fromkeys((*walked.ratios, *came))
    )


def _expected(
    shares: Mapping[str, float], gone_on: Mapping[str, int], begun: int
) -> tuple[dict[str, float], dict[str, float]]:
    means: defaultdict[str, float] = defaultdict(float)
    variances: defaultdict[str, float] = defaultdict(float)
    for way, share in shares.items():
        before, _, to = way.partition(">")
        leaving = gone_on[before] if before else begun
        means[to] += leaving * share
        variances[to] += leaving * share * (1 - share)
    return means, variances


def _check(state: str, predicted: float, visits: int, begun: int, expected: float, variance: float) -> RatioCheck:
    off = visits - expected
    z = off / sqrt(variance) if variance > _ROUNDING else 0.0
    ok = abs(z) <= Z_MOST if variance > _ROUNDING else abs(off) <= _ROUNDING * max(1, visits)
    return RatioCheck(state, predicted, visits / begun if begun else 0.0, visits, expected, z, ok)
