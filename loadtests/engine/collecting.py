"""
What the workers of a run report to who leads it, piece by piece, put together: with what a lost worker leaves open.
"""

from dataclasses import dataclass, field, replace

from loadtests.engine.plan import RunPlan
from loadtests.measuring.measures import Measures, Outcomes
from loadtests.measuring.merge import Sums, merge


@dataclass(slots=True)
class Collection:
    """
    Put a run together from reports.

    Args:
        plan: the whole run, with the number of workers that drive it.
    """

    plan: RunPlan
    _parts: dict[int, Measures] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)

    def heard(self, worker: int, measures: Measures, *, last: bool) -> None:
        """
        Take what a worker found since its last report.
        """
        known = self._parts.get(worker)
        self._parts[worker] = merge([known, measures]) if known else measures
        if last:
            self._done.add(worker)

    @property
    def complete(self) -> bool:
        """
        Tell whether every worker has made its last report.
        """
        return len(self._done) == self.plan.workers

    def measures(self) -> Measures | None:
        """
        Return what the run found, or None where nobody has reported anything.

        The shoppers of a worker who was lost, and whose end therefore nobody knows, count as not started: the run's
        sums stay true, and a run with any of them is invalid.
        """
        if not self._parts:
            return None
        return merge(
            known if worker in self._done else self._lost(worker, known)
            for worker in range(self.plan.workers)
            for known in [self._parts.get(worker) or self._nothing(worker)]
        )

    def _nothing(self, worker: int) -> Measures:
        any_part = next(iter(self._parts.values()))
        return Sums(
            run=any_part.run,
            seed=any_part.seed,
            started_at_ms=any_part.started_at_ms,
            overload=any_part.overload,
            interrupted=True,
            duration_s=0.0,
            cpu_share=0.0,
            cpu_peak=0.0,
            scheduled=len(self.plan.shares()[worker].share()),
            not_started=0,
            room_errors=0,
            outcomes=Outcomes(),
        ).measures()

    def _lost(self, worker: int, known: Measures) -> Measures:
        return replace(
            known,
            interrupted=True,
            not_started=known.scheduled - known.arrivals,
            problems={**known.problems, f"worker {worker} was lost before its last report": 1},
        )
