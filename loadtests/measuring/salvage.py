"""
What is left of a run whose load generator broke down: its words of each second. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from loadtests.engine.plan import RunPlan
from loadtests.measuring.measures import Measures, Outcomes, Second
from loadtests.measuring.merge import Sums

_SECOND: Final = tuple(item.name for item in fields(Second) if item.name != "latency")


def salvaged(plan: RunPlan, lines: Sequence[Mapping[str, Any]], started_at_ms: int) -> Measures | None:
    """
    Return the measures that follow from the lines of a run's progress; None where there is none.

    Who had come and had no outcome yet counts as unfinished. The shoppers' own records are lost, and so are the cells.

    Args:
        plan: what the generator was to do.
        lines: what it told, one line a second.
        started_at_ms: the run's zero in ms since 1970.
    """
    if not lines:
        return None
    seconds = tuple(Second(**{name: line[name] for name in _SECOND}) for line in lines)
    known = Outcomes(**lines[-1]["outcomes"])
    came = sum(second.arrivals for second in seconds)
    sums = Sums(
        run=plan.name,
        seed=plan.seed,
        started_at_ms=started_at_ms,
        overload=plan.overload_s or (0.0, plan.duration_s + plan.drain_s),
        interrupted=True,
        duration_s=float(seconds[-1].t + 1),
        cpu_share=sum(second.cpu_share for second in seconds) / len(seconds),
        cpu_peak=max(second.cpu_share for second in seconds),
        scheduled=len(plan.arrivals()),
        not_started=int(lines[-1]["not_started"]),
        room_errors=0,
        outcomes=replace(known, unfinished=known.unfinished + max(0, came - known.total)),
        seconds=seconds,
    )
    asked, failed = (sum(getattr(second, name) for second in seconds) for name in ("shop_requests", "shop_errors"))
    return replace(
        sums.measures(),
        shop_requests=asked,
        shop_errors=failed,
        error_ratio=failed / asked if asked else 0.0,
        start_lag_p99_ms=lines[-1]["start_lag_p99_ms"],
        problems={"the load generator broke down: of the shoppers only sums are left": 1},
    )
