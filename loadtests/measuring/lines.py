"""
What the load generator tells once a second, and how the words of several processes become one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from loadtests import documents
from loadtests.documents import STRICT
from loadtests.engine.plan import RunName
from loadtests.measuring.measures import Outcomes, Second
from loadtests.measuring.merge import merged_outcomes, merged_seconds


@dataclass(frozen=True, slots=True)
class Line:
    """
    Tell how a run stands at the end of a second.

    Args:
        run: which run.
        second: the second that has ended.
        start_lag_p99_ms: the start lag so far; of several processes that of the worst, so the truth is at most this.
        not_started: shoppers so far who were due and could not be started.
        outcomes: how visits ended so far.
    """

    run: RunName
    second: Second
    start_lag_p99_ms: float | None
    not_started: int
    outcomes: Outcomes

    __pydantic_config__: ClassVar = STRICT

    def figures(self) -> dict[str, Any]:
        """
        Return the figures by name, those of the second among the others.
        """
        second = {name: value for name, value in asdict(self.second).items() if name != "latency"}
        return {
            "run": self.run,
            **second,
            "start_lag_p99_ms": self.start_lag_p99_ms,
            "not_started": self.not_started,
            "outcomes": asdict(self.outcomes),
        }

    def to_json(self) -> str:
        """
        Return the line as JSON; `from_json` gives back an equal one.
        """
        return documents.encode(self)

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "line") -> Self:
        """
        Return the line that *text* describes.

        Raises:
            DocumentError: it is something else.
        """
        return documents.decode(cls, text, where)


def merged_line(lines: Sequence[Line]) -> Line:
    """
    Return what several processes, one line each, tell of the same second.
    """
    [second] = merged_seconds([line.second] for line in lines)
    lags = [line.start_lag_p99_ms for line in lines if line.start_lag_p99_ms is not None]
    return Line(
        lines[0].run,
        second,
        max(lags, default=None),
        sum(line.not_started for line in lines),
        merged_outcomes(line.outcomes for line in lines),
    )


@dataclass(slots=True)
class Chorus:
    """
    Hold the lines of several processes until all who still run have told of a second.

    Args:
        workers: how many processes there are.
    """

    workers: int
    _last: dict[int, Line] = field(default_factory=dict)
    _told: dict[int, dict[int, Line]] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)

    def heard(self, worker: int, line: Line) -> Iterator[Line]:
        """
        Take a worker's line, and yield what has become whole by it, in order.
        """
        self._last[worker] = line
        self._told.setdefault(line.second.t, {})[worker] = line
        yield from self._whole()

    def ended(self, worker: int) -> Iterator[Line]:
        """
        Wait for a worker no longer, and yield what has become whole by that.
        """
        self._gone.add(worker)
        yield from self._whole()

    def _whole(self) -> Iterator[Line]:
        running = set(range(self.workers)) - self._gone
        if not running <= self._last.keys():
            return
        reached = min((self._last[worker].second.t for worker in running), default=max(self._told, default=-1))
        for t in sorted(t for t in self._told if t <= reached):
            told = self._told.pop(t)
            # What somebody counted up to the end still counts after it.
            final = [_idle(self._last[worker], t) for worker in self._gone - told.keys() if worker in self._last]
            yield merged_line([*told.values(), *final])


def _idle(line: Line, t: int) -> Line:
    nothing = Second(t, 0, 0, 0, None, None, 0, 0, 0, 0, 0.0)
    return Line(line.run, nothing, line.start_lag_p99_ms, line.not_started, line.outcomes)
