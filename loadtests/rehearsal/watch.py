"""
One run while it lasts: what is seen of it each second, and at its end all facts.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from loadtests.judging.facts import Books, Played, RoomFacts
from loadtests.judging.live import Follower
from loadtests.measuring.measures import Measures
from loadtests.rehearsal.brief import Course
from loadtests.rehearsal.changes import TimeLine
from loadtests.rehearsal.progress import Progress
from waiting_room.core.draw import Draw
from waiting_room.errors import WaitingRoomError


class BrokenOffError(WaitingRoomError):
    """
    A criterion that ends the run has failed for longer than its grace.
    """


@dataclass(slots=True)
class Watch:
    """
    Look on, and do what is due.

    Args:
        show: where progress is shown.
        course: what is played.
        state: asks the room what it tells of itself; None without a room.
        books: reads the shop's books; None where they cannot be read.
        time_line: what happens during the run.
        follower: the criteria that may end it.
        first: what the room told before the run.
    """

    show: Progress
    course: Course
    state: Callable[[], dict[str, Any] | None] | None
    books: Callable[[], Books | None]
    time_line: TimeLine | None
    follower: Follower
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)
    zero_ms: int = 0
    _asker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _asked: tuple[float, Future[dict[str, Any] | None]] | None = None

    def tick(self, line: dict[str, Any]) -> None:
        """
        Show a second's figures, ask the room for its seats, and hold the criteria against it.
        """
        ended_s = float(line["t"]) + 1
        self.zero_ms = self.zero_ms or round((time.time() - ended_s) * 1000)
        if self.time_line is not None:
            self.time_line.begin(ended_s)
        self.lines.append(line)
        self.show.tick(line)
        self._look(ended_s)
        if broken := self.follower.hear(line):
            raise BrokenOffError(broken)

    def beat(self) -> None:
        """
        Do what is due on the time line; called several times a second.
        """
        if self.time_line is not None:
            self.time_line.advance()

    def played(self, measures: Measures) -> Played:
        """
        Return the run with all that is known of it.
        """
        self._heard()
        self._asker.shutdown()
        line = self.time_line
        if line is not None:
            line.finish(complete=not measures.interrupted)
        return Played(
            measures=measures,
            capacity=self.course.capacity,
            plateau_s=self.course.plateau_s,
            books=self.books(),
            room=self._room(measures),
            scenario=self.course.scenario,
            changes=tuple(deed.to_json() for deed in line.deeds) if line is not None else (),
        )

    def failures(self) -> list[str]:
        """
        Return a sentence on each change that could not be made.
        """
        return self.time_line.failures() if self.time_line is not None else []

    def _admitted(self, last: dict[str, Any]) -> int | None:
        # A room of the user's has let others in before.
        if last.get("admitted_total") is None:
            return None
        return _whole(last["admitted_total"]) - _whole(self.first.get("admitted_total"))

    def _look(self, at_s: float) -> None:
        # A room whose store is away answers late, and the time line must not wait for it.
        if self.state is None or (self._asked is not None and not self._asked[1].done()):
            return
        self._heard()
        self._asked = (at_s, self._asker.submit(self.state))

    def _heard(self) -> None:
        if self._asked is None:
            return
        at_s, answer = self._asked
        facts, self._asked = answer.result(), None
        if facts is not None and "seats" in facts:
            self.last = facts
            self.samples.append({"t": at_s, "seats": facts["seats"], "waiting": facts.get("waiting") or 0})

    def _room(self, measures: Measures) -> RoomFacts | None:
        if self.state is None:
            return None
        policy, last = self.course.scenario.room, self.state() or self.last
        rate = float(policy.get("rate_per_minute", self.first.get("rate_per_minute", 0))) / 60
        steps = self.time_line.rates if self.time_line is not None else []
        zero = measures.started_at_ms
        return RoomFacts(
            rate_per_s=rate,
            capacity=int(policy.get("capacity", self.first.get("capacity", 0))),
            seats_peak=last.get("seats_peak", max((int(s["seats"]) for s in self.samples), default=None)),
            admitted_total=self._admitted(last),
            by_s=tuple(self.samples),
            rates_per_s=tuple((zero + at_s * 1000, per_s) for at_s, per_s in sorted(steps)),
            draws=draws_of(last),
        )


def _whole(value: Any) -> int:
    return int(value or 0)


def draws_of(state: dict[str, Any]) -> tuple[Draw, ...]:
    """
    Return the draws that a room has published.
    """
    return tuple(
        Draw(told["seed"], told["commitment"], told["beacon"] or "", lane, int(part["first"]), int(part["size"]))
        for told in state.get("draws") or ()
        if told.get("seed")
        for lane, part in told["lanes"].items()
    )
