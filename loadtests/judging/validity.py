"""
Whether a run may be judged at all: what the load generator itself did, against what it must keep to.

A generator that is late measures a calmer crowd than the one that was meant, and finds every shop better than it is.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

from loadtests.arrivals.check import LEVEL, ArrivalsCheck, check_arrivals
from loadtests.arrivals.rate import Rate
from loadtests.measuring.measures import Measures

START_LAG_MS: Final = 50.0
"""99 % of the shoppers start within this: below what any page takes."""
CPU_PEAK: Final = 0.75
"""Beyond it a generator's own queue begins to show in what it measures (by queueing: at 75 % one waits for three)."""


@dataclass(frozen=True, slots=True)
class Generator:
    """
    Say what the load generator did.

    Args:
        start_lag_p99_ms: how late 99 % of the shoppers at most started; None where nobody came.
        not_started: shoppers who were due and could not be started.
        unsent: requests that could not be sent, for want of open files or ports of its own.
        cpu_share: its share of a core over the run; of several processes that of the busiest.
        cpu_peak: likewise in its busiest 5 s.
        ceiling_share: the plan's peak as a share of what this machine was found to be able to start; None where it was
            not calibrated.
        arrivals_ks_p: how often chance alone makes the starts lie so far from their rate; None where no rate was
            to be kept.
        arrivals_dispersion: variance of the starts per second over their mean: 1 is chance, more comes in batches.
    """

    start_lag_p99_ms: float | None
    not_started: int
    unsent: int
    cpu_share: float
    cpu_peak: float
    ceiling_share: float | None
    arrivals_ks_p: float | None
    arrivals_dispersion: float | None = None

    @property
    def arrivals_ks_ok(self) -> bool | None:
        """
        Tell whether shoppers started as the rate says; None where there was none to be kept.
        """
        return None if self.arrivals_ks_p is None else self.arrivals_ks_p >= LEVEL

    @property
    def ok(self) -> bool:
        """
        Tell whether what was measured is worth anything.
        """
        on_time = self.start_lag_p99_ms is not None and self.start_lag_p99_ms <= START_LAG_MS
        whole = self.not_started == 0 and self.unsent == 0
        return on_time and whole and self.cpu_peak < CPU_PEAK and self.arrivals_ks_ok is not False

    def to_json(self) -> dict[str, Any]:
        """
        Return it as the result file has it.
        """
        return {**asdict(self), "arrivals_ks_ok": self.arrivals_ks_ok}


def generator_of(measures: Measures, rate: Rate | None, ceiling_share: float | None = None) -> Generator:
    """
    Return what the generator did in a run.

    Args:
        measures: what it found out.
        rate: at which all shoppers together were to come; None where nobody came by a clock.
        ceiling_share: see `Generator`.
    """
    check = None if rate is None or not measures.shoppers else _check(measures, rate)
    return Generator(
        measures.start_lag_p99_ms,
        measures.not_started,
        measures.unsent,
        measures.generator_cpu_share,
        measures.generator_cpu_peak,
        ceiling_share,
        check.p_value if check else None,
        check.dispersion if check else None,
    )


def _check(measures: Measures, rate: Rate) -> ArrivalsCheck:
    end_s = min(measures.duration_s, rate.length_s)
    # Who was due and started after the end counts at the end: left out, late starts would go unseen.
    started = sorted(
        min(shopper.arrival_s + shopper.start_lag_ms / 1000, end_s)
        for shopper in measures.shoppers
        if shopper.arrival_s <= end_s
    )
    return check_arrivals(started, rate, end_s)
