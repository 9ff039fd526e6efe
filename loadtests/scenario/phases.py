"""
The phases of a run, from who comes and who waits: calm, rise, peak, drain, recovery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, get_args

from loadtests.arrivals.rate import Rate, expected_count, overload_window
from loadtests.documents import STRICT

PhaseName = Literal["calm", "rise", "peak", "drain", "recovery"]
PHASES: Final[tuple[PhaseName, ...]] = get_args(PhaseName)

RISEN: Final = 0.1
"""The rise begins where the rate has gone so far from calm to peak; rise times are measured from 10 % everywhere."""
HIGH: Final = 0.8
"""The peak is where the rate is beyond so much of the way."""
NO_SPIKE: Final = 1.2
"""A peak of less than so many times the lowest rate is a calm run."""
GONE: Final = 0.05
"""The queue is gone where less than so much of its greatest length is left."""


@dataclass(frozen=True, slots=True)
class Phase:
    """
    Name a part of a run.

    Args:
        name: which.
        from_s, to_s: from when to when, in seconds from the run's zero.
    """

    name: PhaseName
    from_s: float
    to_s: float

    __pydantic_config__: ClassVar = STRICT


def phases_of(rate: Rate, waiting_by_s: Sequence[float], end_s: float) -> tuple[Phase, ...]:
    """
    Return the phases of a run, one after the other without a gap; those that last no time are left out.

    Calm lasts until the rate has gone a tenth of the way from its lowest to its peak; the peak from the first to the
    last moment beyond eight tenths of it, with all that lies between several summits; the drain until the queue is
    gone. A run without a spike is calm to its end.

    Args:
        rate: the total rate of all streams.
        waiting_by_s: how many waited in each second, measured or predicted (`backlog`); empty where nobody did.
        end_s: when the run ends.
    """
    peak = rate.peak_per_s
    rise_to = _first_peak_s(rate)
    low = min((per_s for at_s, per_s in rate.corners if at_s <= rise_to), default=0.0)
    risen = overload_window(rate, low + RISEN * (peak - low))
    high = overload_window(rate, low + HIGH * (peak - low))
    if peak <= NO_SPIKE * low or risen is None or high is None:
        return (Phase("calm", 0.0, end_s),)
    drained_s = max(high[1], _gone_s(waiting_by_s, high[1], end_s))
    marks = (0.0, risen[0], high[0], high[1], drained_s, max(end_s, drained_s))
    return tuple(
        Phase(name, round(min(from_s, end_s), 3), round(min(to_s, end_s), 3))
        for name, from_s, to_s in zip(PHASES, marks, marks[1:], strict=False)
        if min(from_s, end_s) < min(to_s, end_s)
    )


def backlog(rate: Rate, admitted_per_s: Sequence[float]) -> list[float]:
    """
    Return how many wait at the end of each second, if so many can be let in in each and nobody leaves.
    """
    waiting, line = 0.0, []
    before = 0.0
    for second, admitted in enumerate(admitted_per_s):
        come = expected_count(rate, second + 1.0)
        waiting = max(0.0, waiting + come - before - admitted)
        before = come
        line.append(waiting)
    return line


def _first_peak_s(rate: Rate) -> float:
    return next((at_s for at_s, per_s in rate.corners if per_s == rate.peak_per_s), 0.0)


def _gone_s(waiting_by_s: Sequence[float], after_s: float, end_s: float) -> float:
    # A short queue is chance, not a queue: one that never held more than a few people is gone at once.
    few = max(2.0, GONE * max(waiting_by_s, default=0.0))
    return next((float(second) for second, n in enumerate(waiting_by_s) if second >= after_s and n <= few),
                end_s if waiting_by_s else after_s)  # fmt: skip
