"""
Why a run may not be judged, in sentences: one for each check of its honesty that failed. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from loadtests.judging.thresholds import Check

_RUNS: Final = {"with_room": "With the room", "without_room": "Without the room"}
_SAID: Final[Mapping[str, str]] = {
    "start_lag_p99_ms": "1 in 100 shoppers started {value:,.0f} ms late or more, so waits look shorter than they are.",
    "not_started": "{value:,.0f} of the plan's shoppers could not be started, so a smaller crowd came than was meant.",
    "unsent": "{value:,.0f} requests could not be sent, as the generator had no open file or port left, and count as "
    "errors of the shop.",
    "generator_cpu_peak": "the load generator took {value:.0%} of a core at its busiest, so times hold its own delays.",
    "arrivals_ks_p": "shoppers did not start as their rate says, so another crowd came than was meant.",
    "unaccounted": "{value:,.0f} shoppers are not accounted for, so no count of them can be relied on.",
    "changes_failed": "{value:,.0f} of the time line's changes failed, so another scenario was played than was meant.",
}
"""By the figure that is checked."""
_TOO_SLOW: Final = frozenset({"start_lag_p99_ms", "not_started", "generator_cpu_peak"})
_REMEDY: Final = (
    "The load generator could not keep up: run the rehearsal on a machine with more free processor time, or with a "
    "smaller crowd."
)
_NO_MEANS: Final = (
    "The load generator ran out of open files or ports: raise their limits (ulimit -n, net.ipv4.ip_local_port_range), "
    "or send a smaller crowd."
)


def doubts(checks: Sequence[Check]) -> Iterator[str]:
    """
    Yield what makes runs worth nothing, and what to do where the load generator is to blame.
    """
    failed = [check for check in checks if check.threshold.kind == "validity" and not check.ok]
    for check in failed:
        if check.value is not None:
            said = _SAID[check.threshold.field].format(value=check.value)
            yield f"{_RUNS[check.threshold.run]}, {said}"
    if any(check.threshold.field in _TOO_SLOW and check.value is not None for check in failed):
        yield _REMEDY
    if any(check.threshold.field == "unsent" and check.value for check in failed):
        yield _NO_MEANS
