"""
Count what shoppers do and meet, second by second, and sum it up as `Measures`.

The recorder is pure: whoever calls it brings the time. One run has one recorder, in one thread.
"""

from collections import Counter
from typing import Protocol

from loadtests.engine.plan import RunPlan
from loadtests.journeys.browser import Answer
from loadtests.journeys.visit import Visit
from loadtests.measuring.cells import Result
from loadtests.measuring.histogram import Histogram, bucket_of, micros
from loadtests.measuring.measures import Measures, Outcome, Outcomes, Second, ShopperRecord
from loadtests.measuring.merge import Sums
from loadtests.measuring.tallies import CellTally, SecondTally, busiest_share
from loadtests.measuring.walks import Walks

MAX_PROBLEMS = 50


class Observer(Protocol):
    """
    Be told of single events while the run lasts, such as for /metrics.
    """

    def arrived(self, start_lag_s: float) -> None:
        """
        A shopper has set out, so much later than intended.
        """

    def shop_answered(self, result: Result, duration_s: float) -> None:
        """
        A request to the shop has ended, so long after its intended start.
        """

    def admitted(self, waited_s: float) -> None:
        """
        A shopper has got a first pass, so long after the join.
        """

    def order_seen(self) -> None:
        """
        A shopper has seen an order's number.
        """

    def ended(self, outcome: Outcome) -> None:
        """
        A shopper's visit has ended.
        """


class Unobserved:
    """
    Be the observer where nobody looks.
    """

    def arrived(self, start_lag_s: float) -> None:
        """
        Do nothing.
        """

    def shop_answered(self, result: Result, duration_s: float) -> None:
        """
        Do nothing.
        """

    def admitted(self, waited_s: float) -> None:
        """
        Do nothing.
        """

    def order_seen(self) -> None:
        """
        Do nothing.
        """

    def ended(self, outcome: Outcome) -> None:
        """
        Do nothing.
        """


class Recorder:
    """
    Take down one run.

    Args:
        plan: the run's plan.
        observer: is told of every event as well.

    Its `walks` are told by shoppers which way they go.
    """

    def __init__(self, plan: RunPlan, observer: Observer) -> None:
        self._plan = plan
        self._observer = observer
        self._overload = plan.overload_s or (0.0, plan.duration_s + plan.drain_s)
        self._open: dict[int, Visit] = {}
        self._waiting = 0
        self._taken_s = 0
        self.walks = Walks()
        self._forget()

    def _forget(self) -> None:
        """
        Begin to count anew; visits that last stay open.
        """
        self._seconds: dict[int, SecondTally] = {}
        self._records: list[ShopperRecord] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._cells: dict[tuple[int, str, Result], CellTally] = {}
        self._room: dict[str, Histogram] = {}
        self._room_errors = 0
        self._lag = Histogram()
        self._latency = Histogram()
        self._service = Histogram()
        self._problems: Counter[str] = Counter()
        self._gains: dict[str, Counter[str]] = {}
        self.not_started = 0
        self.unsent = 0

    @property
    def in_flight(self) -> int:
        """
        Return how many shoppers are on their visit now, waiting ones included.
        """
        return len(self._open)

    @property
    def waiting(self) -> int:
        """
        Return how many shoppers are in the waiting room now.
        """
        return self._waiting

    @property
    def outcomes(self) -> Outcomes:
        """
        Return how visits ended so far.
        """
        return Outcomes(**{outcome.value: self._outcomes[outcome] for outcome in Outcome})

    @property
    def start_lag_p99_ms(self) -> float | None:
        """
        Return the start lag so far.
        """
        return self._lag.percentile_ms(99)

    def arrived(self, i: int, arrival_s: float, started_s: float, stream: str, kind: str) -> Visit:
        """
        Open the notes on a shopper who sets out.
        """
        visit = Visit(i, arrival_s, started_s, self._plan.seed, stream, kind)
        self._open[i] = visit
        self._at(arrival_s).arrivals += 1
        self._lag.record((started_s - arrival_s) * 1000)
        self._observer.arrived(started_s - arrival_s)
        return visit

    def shop_answered(self, name: str, result: Result, due_s: float, answer: Answer) -> None:
        """
        Note a request to the shop that has ended.

        Args:
            name: which kind of page.
            result: what came of it.
            due_s: when it was meant to be sent.
            answer: when it was sent and when it ended.
        """
        second = self._at(answer.ended_s)
        second.requests += 1
        second.errors += result.failed
        cell = self._cell(due_s, name, result)
        cell.requests += 1
        from_intent_ms = (answer.ended_s - due_s) * 1000
        self._observer.shop_answered(result, from_intent_ms / 1000)
        if answer.status == 0 and result is not Result.ABANDONED:
            return  # a broken connection took no time to serve
        served_us, late_us = micros((answer.ended_s - answer.sent_s) * 1000), micros(from_intent_ms)
        served, late = bucket_of(served_us), bucket_of(late_us)
        cell.service.add(served_us, served)
        cell.latency.add(late_us, late)
        if result is Result.TO_ROOM:
            return  # no page of the shop's
        second.latency.add(late_us, late)
        if self._overload[0] <= due_s < self._overload[1]:
            self._latency.add(late_us, late)
            self._service.add(served_us, served)

    def room_answered(self, verb: str, answer: Answer, *, fine: bool) -> None:
        """
        Note a request to the waiting room that has ended.
        """
        if fine:
            self._room.setdefault(verb, Histogram()).record((answer.ended_s - answer.sent_s) * 1000)
        else:
            self._room_errors += 1

    def entered_room(self, visit: Visit) -> None:
        """
        Note that a shopper was sent to the waiting room.
        """
        if not visit.in_room:
            visit.in_room = True
            self._waiting += 1

    def left_room(self, visit: Visit) -> None:
        """
        Note that a shopper is out of the waiting room, let in or not.
        """
        if visit.in_room:
            visit.in_room = False
            self._waiting -= 1

    def admitted(self, visit: Visit, at_s: float, token: str | None) -> None:
        """
        Note a pass.
        """
        first = visit.admitted_s is None
        visit.admitted(at_s, token)
        self._at(at_s).admitted += 1
        if first:
            self._observer.admitted(visit.waited_s or 0.0)

    def order_seen(self, at_s: float) -> None:
        """
        Note that a shopper sees an order's number.
        """
        self._at(at_s).orders += 1
        self._observer.order_seen()

    def tried(self, visit: Visit) -> None:
        """
        Note that one who means no good tries to get what is not theirs.
        """
        visit.tried += 1

    def gained(self, visit: Visit, what: str) -> None:
        """
        Note that one who means no good got what one honest visitor would not have got.

        Args:
            visit: whose.
            what: of a small closed set, such as `pass`, `page` or `place`.
        """
        visit.gained += 1
        self._gains.setdefault(visit.kind, Counter())[what] += 1

    def problem(self, text: str) -> None:
        """
        Note something that went wrong, in words for the report.
        """
        if text in self._problems or len(self._problems) < MAX_PROBLEMS:
            self._problems[text] += 1

    def ended(self, visit: Visit, outcome: Outcome, at_s: float) -> None:
        """
        Close the notes on a shopper, once; a second closing changes nothing.
        """
        if self._open.pop(visit.i, None) is None:
            return
        self.left_room(visit)
        self._outcomes[outcome] += 1
        self._records.append(visit.record(outcome, at_s))
        self._observer.ended(outcome)

    def end_all(self, at_s: float) -> None:
        """
        Close the notes on everybody who is still inside.
        """
        for visit in list(self._open.values()):
            self.ended(visit, Outcome.UNFINISHED, at_s)

    def close_second(self, t: int, cpu_share: float) -> Second:
        """
        Note the state at the end of second *t*, and return the second as it stands.
        """
        tally = self._at(t)
        tally.waiting = self._waiting
        tally.in_shop = self.in_flight - self._waiting
        tally.cpu_share = cpu_share
        return tally.second(t)

    def take(
        self, *, started_at_ms: int, duration_s: float, scheduled: int, cpu_share: float, interrupted: bool
    ) -> Measures:
        """
        Return everything noted since the last time, and forget it: merged, all that was taken is the whole.

        Args:
            started_at_ms: the run's zero in ms since 1970.
            duration_s: how long the run lasted, drain included.
            scheduled: how many shoppers the list had.
            cpu_share: the generator's processor time per second over the run.
            interrupted: whether it was ended before its time.
        """
        # A second in which nothing happened stands there too, once.
        end_s = max(self._seconds, default=-1) + 1
        whole = sorted(self._seconds.keys() | range(self._taken_s, end_s))
        seconds = tuple(self._at(t).second(t) for t in whole)
        self._taken_s = max(self._taken_s, end_s)
        noted = Sums(
            run=self._plan.name,
            seed=self._plan.seed,
            started_at_ms=started_at_ms,
            overload=self._overload,
            interrupted=interrupted,
            duration_s=duration_s,
            cpu_share=cpu_share,
            cpu_peak=busiest_share([second.cpu_share for second in seconds]),
            scheduled=scheduled,
            not_started=self.not_started,
            unsent=self.unsent,
            room_errors=self._room_errors,
            outcomes=self.outcomes,
            seconds=seconds,
            latency=self._latency,
            service=self._service,
            lag=self._lag,
            cells=tuple(self._cells[key].cell(*key) for key in sorted(self._cells)),
            room=self._room,
            problems=self._problems,
            gains=self._gains,
            walks=self.walks.take(),
            shoppers=self._records,
        )
        self._forget()
        return noted.measures()

    def _cell(self, due_s: float, step: str, result: Result) -> CellTally:
        key = (max(0, int(due_s)), step, result)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = CellTally()
        return cell

    def _at(self, at_s: float) -> SecondTally:
        t = max(0, int(at_s))
        tally = self._seconds.get(t)
        if tally is None:
            tally = self._seconds[t] = SecondTally()
        return tally
