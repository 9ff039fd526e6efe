"""
Play a journal again, and tell each act that was not allowed at its moment.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from waiting_room.core.audit import ENDS, Act, Broken, Event, Record
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import RECOVERY_MS
from waiting_room.core.standby import CALM_MS

Breach = tuple[Broken, str]
WINDOWS_S: Final = (1, 10, 60)
_ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""
DEPTHS_MS: Final = frozenset({0, TICK_MS, CALM_MS})
"""The depths of the door's bucket that a room has: in shadow, where no bound is kept, in a queue, in a calm standby."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Name records in which the door had a bucket of *depth_ms* instead of a tick's: 0 is no bound on anything.

    It lasted from the limits in record *first* to those in record *last*, or to the log's end; *admitted* went in.
    """

    depth_ms: int
    first: int
    last: int
    admitted: int

    def __str__(self) -> str:
        kept = "neither rate, capacity nor order was kept (shadow)"
        if self.depth_ms:
            kept = f"{self.depth_ms / 1000:g} s' worth of the rate could go in at once (standby)"
        return f"records {self.first} to {self.last}: {kept}; {self.admitted:,} were let in"


class Pace:
    """
    Hold admissions against the rate, in windows of every length at once.

    A bucket that is one tick deep, full at the beginning, runs dry exactly when some window of w seconds that ends now
    held more than rate × w and one tick's burst; the rate may change within the window. A room's mode may ask for
    another depth, or for no bound.
    """

    def __init__(self) -> None:
        self.rate = 0
        self.depth_ms = TICK_MS
        self.most = [0] * len(WINDOWS_S)
        self._tokens: int | None = None
        self._at_ms = 0
        self._full_ms = 0
        self._since_full = 0
        self._recent = tuple(deque[tuple[int, int]]() for _ in WINDOWS_S)
        self._inside = [0] * len(WINDOWS_S)

    def set_rate(self, rate: int, at_ms: int, depth_ms: int | None = None) -> None:
        """
        Go on at *rate* admissions per minute, with a bucket that is *depth_ms* of it deep: 0 is no bound at all.
        """
        if self._tokens is not None:
            self._refill(at_ms)
        self.rate = rate
        self.depth_ms = self.depth_ms if depth_ms is None else depth_ms

    def forget(self) -> None:
        """
        Go on with a full bucket: nothing is known of how many it held.
        """
        self._tokens = None

    def set_clock_back(self, at_ms: int) -> None:
        """
        Go on by the clock of another server, which may be behind.
        """
        self._at_ms = min(self._at_ms, at_ms)

    def _refill(self, at_ms: int) -> None:
        depth = max(_ADMISSION, self.rate * self.depth_ms)
        tokens = depth if self._tokens is None else self._tokens + max(0, at_ms - self._at_ms) * self.rate
        if tokens >= depth:
            tokens, self._full_ms, self._since_full = depth, at_ms, 0
        self._tokens, self._at_ms = tokens, max(self._at_ms, at_ms)

    def admit(self, count: int, at_ms: int) -> str | None:
        """
        Let *count* in; return in words which window held too many, where one did.
        """
        self._measure(count, at_ms)
        self._refill(at_ms)
        assert self._tokens is not None
        if not self.depth_ms:
            return None
        self._tokens -= count * _ADMISSION
        self._since_full += count
        if self._tokens >= 0:
            return None
        excess = -(self._tokens // _ADMISSION)
        window_s, allowed = (at_ms - self._full_ms) / 1000, self._since_full - excess
        self._tokens, self._since_full = self._tokens % _ADMISSION, allowed
        return f"{allowed + excess} went in within {window_s:g} s, and {allowed} were allowed"

    def _measure(self, count: int, at_ms: int) -> None:
        for index, (seconds, recent) in enumerate(zip(WINDOWS_S, self._recent, strict=True)):
            recent.append((at_ms, count))
            self._inside[index] += count
            while recent[0][0] <= at_ms - seconds * 1000:
                self._inside[index] -= recent.popleft()[1]
            self.most[index] = max(self.most[index], self._inside[index])


class Replay:
    """
    Play the records of one log in their order.

    Seats that were taken before the log began are counted and have no names.
    """

    def __init__(self) -> None:
        self.admissions = 0
        self.ended = 0
        self.most_seats = 0
        self.notes: list[str] = []
        self._stretches: list[Stretch] = []
        self._open: Stretch | None = None
        self._known = False
        self._pace = Pace()
        self._phase = Phase.CLOSED
        self._capacity = 0
        self._frontier: dict[str, int] = {}
        self._held: set[str] = set()
        self._nameless = 0
        self._admitted: set[str] = set()
        self._recover_until_ms = 0
        self._last_ms = 0
        self._sequence = 0
        self._plays: dict[Act, Callable[[Event], Iterator[Breach]]] = {
            Act.CREATED: self._create,
            Act.LIMITS: self._limit,
            Act.PHASE: self._change_phase,
            Act.CALLED: self._call,
            Act.CLAIMED: self._claim,
            Act.STRAIGHT: self._enter,
            Act.BACK: self._put_back,
            Act.EPOCH: self._begin_epoch,
            Act.REMEMBERED: self._remember,
            **dict.fromkeys(ENDS, self._end),
        }

    @property
    def most(self) -> Sequence[int]:
        """
        Return the most admissions in any window, for each of `WINDOWS_S`.
        """
        return self._pace.most

    @property
    def seats(self) -> int:
        """
        Return how many seats are held.
        """
        return len(self._held) + self._nameless

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """
        Return where the door had another bound than a tick's burst, or none, in their order.
        """
        return tuple(self._stretches) if self._open is None else (*self._stretches, self._closed(self._open))

    def _closed(self, stretch: Stretch) -> Stretch:
        return replace(stretch, last=self._sequence, admitted=self.admissions - stretch.admitted)

    def forget(self) -> None:
        """
        Go on from what the next record states: what led to it is not known.
        """
        self._known = False

    def play(self, record: Record) -> Iterator[Breach]:
        """
        Play one record; yield what was not allowed.
        """
        self._sequence = record.sequence
        try:
            events = [Event.parse(text) for text in record.events]
        except ValueError:
            yield Broken.UNREADABLE, "it holds an event that is none"
            return
        if events and events[0].act is Act.CREATED and record.sequence == 1:
            self._known = True
        if not self._known or record.lost:
            yield from self._take(record, events)
            return
        for event in events:
            if event.at_ms < self._last_ms:
                self.notes.append(
                    f"record {record.sequence}: the clock was set back by {self._last_ms - event.at_ms} ms"
                )
            self._last_ms = event.at_ms
            yield from self._do(event)
        yield from self._compare(record)

    def _do(self, event: Event) -> Iterator[Breach]:
        try:
            yield from self._plays[event.act](event)
        except ValueError:
            yield Broken.UNREADABLE, f"it holds an event that is none: {str(event)[:80]}"

    def _take(self, record: Record, events: Sequence[Event]) -> Iterator[Breach]:
        """
        Begin with the state that *record* states; remember whom it admitted, and what it tells of a loss.
        """
        for event in events:
            if event.act in {Act.CLAIMED, Act.STRAIGHT}:
                self._admitted.update(event.values)
                self.admissions += len(event.values)
            if event.act in ENDS:
                self.ended += len(event.values)
            if event.act in {Act.EPOCH, Act.REMEMBERED}:
                yield from self._do(event)
        if record.sequence == 1 and not record.lost:
            self.notes.append("record 1: it does not begin with the making of the room, and is taken as it stands")
        self._held, self._nameless = set(), record.seats
        self._pace.forget()
        self._resume(record)
        self._known = True

    def _resume(self, record: Record) -> None:
        self._pace.set_rate(record.rate_per_minute, record.at_ms)
        self._capacity, self._phase = record.capacity, Phase(record.phase)
        self._frontier = dict(record.frontier)
        self.most_seats = max(self.most_seats, record.seats)

    def _compare(self, record: Record) -> Iterator[Breach]:
        """
        Hold the state that *record* states against what its events led to, and go on with the former.
        """
        pairs = {
            "seats": (record.seats, self.seats),
            "capacity": (record.capacity, self._capacity),
            "rate_per_minute": (record.rate_per_minute, self._pace.rate),
            "phase": (record.phase, self._phase.value),
        } | {f"frontier of {lane}": (rank, self._frontier.get(lane, 1)) for lane, rank in record.frontier.items()}
        for name, (stated, played) in pairs.items():
            if stated != played:
                yield Broken.STATE, f"it states {name} {stated}, and its events lead to {played}"
        if record.seats != self.seats:
            self._held, self._nameless = set(), record.seats
        self._resume(record)

    def _create(self, event: Event) -> Iterator[Breach]:
        if self._sequence != 1:
            yield Broken.STATE, "the room was made a second time"
        self._last_ms = event.at_ms

    def _limit(self, event: Event) -> Iterator[Breach]:
        capacity, rate, *more = map(int, event.values)
        depth_ms = more[0] if more else TICK_MS
        if len(more) > 1 or depth_ms not in DEPTHS_MS:
            yield (
                Broken.UNREADABLE,
                f"it holds limits that no room has, and is held to a tick's burst: {str(event)[:80]}",
            )
            depth_ms = TICK_MS
        self._capacity = capacity
        if depth_ms != self._pace.depth_ms:
            if self._open is not None:
                self._stretches.append(self._closed(self._open))
            # While it lasts, *admitted* holds how many were let in before it.
            began = Stretch(depth_ms, self._sequence, self._sequence, self.admissions)
            self._open = began if depth_ms != TICK_MS else None
        self._pace.set_rate(rate, event.at_ms, depth_ms)

    def _change_phase(self, event: Event) -> Iterator[Breach]:
        (phase,) = event.values
        self._phase = Phase(phase)
        return iter(())

    def _call(self, event: Event) -> Iterator[Breach]:
        lane, low, high, _ = event.values
        frontier = self._frontier.get(lane, 1)
        if int(low) != frontier or int(high) < frontier:
            yield Broken.OVERTAKEN, f"the frontier of {lane} went from {low} to {high}, and it stood at {frontier}"
        self._frontier[lane] = int(high)

    def _claim(self, event: Event) -> Iterator[Breach]:
        for seat in event.values:
            lane, rank = _place(seat)
            frontier = self._frontier.get(lane, 1)
            if rank >= frontier:
                yield Broken.OVERTAKEN, f"{seat} was let in before its call: the frontier stood at {frontier}"
            yield from self._admit(seat)
        yield from self._check_admissions(event)

    def _enter(self, event: Event) -> Iterator[Breach]:
        for seat in event.values:
            lane, rank = _place(seat)
            frontier = self._frontier.get(lane, 1)
            if rank > frontier and self._pace.depth_ms:
                yield Broken.OVERTAKEN, f"{seat} went straight in past those from {frontier} on, not called yet"
            self._frontier[lane] = max(frontier, rank + 1)
            yield from self._admit(seat)
        yield from self._check_admissions(event)

    def _admit(self, seat: str) -> Iterator[Breach]:
        if seat in self._admitted:
            yield Broken.TWICE, f"{seat} was let in a second time"
        self._admitted.add(seat)
        yield from self._take_seat(seat)

    def _take_seat(self, seat: str) -> Iterator[Breach]:
        self._held.add(seat)
        self.most_seats = max(self.most_seats, self.seats)
        if self.seats > self._capacity and self._pace.depth_ms:
            yield Broken.CAPACITY, f"{seat} was the {self.seats}th inside, with {self._capacity} seats"

    def _check_admissions(self, event: Event) -> Iterator[Breach]:
        self.admissions += len(event.values)
        allowed = self._phase.admits if event.act is Act.CLAIMED else self._phase is Phase.OPEN
        if not allowed:
            yield Broken.REST, f"{len(event.values)} were let in while the room was {self._phase.value}"
        if event.at_ms < self._recover_until_ms:
            yield Broken.REST, f"{len(event.values)} were let in while the room recovered"
        too_many = self._pace.admit(len(event.values), event.at_ms)
        if too_many:
            yield Broken.RATE, too_many

    def _put_back(self, event: Event) -> Iterator[Breach]:
        if event.at_ms >= self._recover_until_ms:
            yield Broken.STATE, f"{len(event.values)} seats were put back, and nothing had been lost"
        for seat in event.values:
            lane, rank = _place(seat)
            self._frontier[lane] = max(self._frontier.get(lane, 1), rank + 1)
            yield from self._take_seat(seat)

    def _end(self, event: Event) -> Iterator[Breach]:
        for seat in event.values:
            if seat in self._held:
                self._held.remove(seat)
            elif self._nameless:
                self._nameless -= 1
            else:
                yield Broken.STATE, f"{seat} ended, and nobody held it"
        self.ended += len(event.values)

    def _begin_epoch(self, event: Event) -> Iterator[Breach]:
        (epoch,) = event.values
        self._recover_until_ms = event.at_ms + RECOVERY_MS
        self._pace.set_clock_back(event.at_ms)
        self.notes.append(f"record {self._sequence}: epoch {int(epoch)} began, for the store may have lost something")
        return iter(())

    def _remember(self, event: Event) -> Iterator[Breach]:
        sequence, head = event.values
        self.notes.append(f"record {self._sequence}: a worker remembered the head {int(sequence)}:{head}")
        return iter(())


def _place(seat: str) -> tuple[str, int]:
    """
    Return lane and rank of a seat.
    """
    lane, _, rank = seat.rpartition(".")
    return lane, int(rank)
