"""
Count what shoppers do and meet, second by second, and sum it up as `Measures`.

The recorder is pure: whoever calls it brings the time. One run has one recorder, in one thread.
"""

from collections import Counter
from typing import Protocol

from loadtests.engine.plan import RunPlan
from loadtests.journeys.browser import Answer
from loadtests.journeys.visit import Visit
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Outcome, Outcomes, Second, ShopperRecord
from loadtests.measuring.tallies import PageTally, Result, SecondTally, busiest_share

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


class Recorder:
    """
    Take down one run.

    Args:
        plan: the run's plan.
        observer: is told of every event as well.
    """

    def __init__(self, plan: RunPlan, observer: Observer) -> None:
        self._plan = plan
        self._observer = observer
        self._overload = plan.overload_s or (0.0, plan.duration_s + plan.drain_s)
        self._seconds: dict[int, SecondTally] = {}
        self._open: dict[int, Visit] = {}
        self._records: list[ShopperRecord] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._pages: dict[str, PageTally] = {}
        self._room: dict[str, Histogram] = {}
        self._room_errors = 0
        self._lag = Histogram()
        self._latency = Histogram()
        self._service = Histogram()
        self._problems: Counter[str] = Counter()
        self._waiting = 0
        self.not_started = 0

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
        tally = self._at(answer.ended_s)
        page = self._pages.setdefault(name, PageTally())
        tally.requests += 1
        page.results[result] += 1
        if result in (Result.ERROR, Result.ABANDONED):
            tally.errors += 1
        from_intent_ms = (answer.ended_s - due_s) * 1000
        self._observer.shop_answered(result, from_intent_ms / 1000)
        # A way to the room is no page of the shop's, and a broken connection took no time to serve.
        if result is Result.TO_ROOM or (answer.status == 0 and result is not Result.ABANDONED):
            return
        from_sending_ms = (answer.ended_s - answer.sent_s) * 1000
        page.service.record(from_sending_ms)
        tally.latency.record(from_intent_ms)
        if self._overload[0] <= due_s < self._overload[1]:
            self._latency.record(from_intent_ms)
            self._service.record(from_sending_ms)

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

    def measures(
        self, *, started_at_ms: int, duration_s: float, scheduled: int, cpu_share: float, interrupted: bool
    ) -> Measures:
        """
        Return everything noted.

        Args:
            started_at_ms: the run's zero in ms since 1970.
            duration_s: how long the run lasted, drain included.
            scheduled: how many shoppers the list had.
            cpu_share: the generator's processor time per second over the run.
            interrupted: whether it was ended before its time.
        """
        pages = {name: page.measure() for name, page in sorted(self._pages.items())}
        requests = sum(page.requests for page in pages.values())
        errors = sum(page.errors + page.abandoned for page in pages.values())
        seconds = tuple(self._at(t).second(t) for t in range(max(self._seconds, default=-1) + 1))
        return Measures(
            run=self._plan.name,
            seed=self._plan.seed,
            started_at_ms=started_at_ms,
            duration_s=duration_s,
            interrupted=interrupted,
            overload=self._overload,
            arrivals=self.outcomes.total,
            scheduled=scheduled,
            not_started=self.not_started,
            start_lag_p50_ms=self._lag.percentile_ms(50),
            start_lag_p99_ms=self._lag.percentile_ms(99),
            start_lag_max_ms=self._lag.highest_us / 1000 if self._lag.counts else None,
            generator_cpu_share=cpu_share,
            generator_cpu_peak=busiest_share([second.cpu_share for second in seconds]),
            outcomes=self.outcomes,
            shop_p95_ms=self._latency.percentile_ms(95),
            shop_service_p95_ms=self._service.percentile_ms(95),
            shop_requests=requests,
            shop_errors=errors,
            error_ratio=errors / requests if requests else 0.0,
            seconds=seconds,
            latency=self._latency,
            service=self._service,
            pages=pages,
            room=dict(sorted(self._room.items())),
            room_errors=self._room_errors,
            problems=dict(self._problems.most_common()),
            shoppers=tuple(sorted(self._records, key=lambda record: record.i)),
        )

    def _at(self, at_s: float) -> SecondTally:
        t = max(0, int(at_s))
        tally = self._seconds.get(t)
        if tally is None:
            tally = self._seconds[t] = SecondTally()
        return tally
