"""
What visitors do: join, ask when told, claim, shop, leave, vanish. No object stands for one; arrays hold them all.
"""

from array import array
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Outcome, Paused, Refused, Waiting
from waiting_room.simulation.bearers import Bearers
from waiting_room.simulation.crowd import DOUBLE, GOODBYE, NO_SHOW, RELEASES, Crowd
from waiting_room.simulation.drive import Slot, begin, run
from waiting_room.simulation.promises import PLACE, Promises
from waiting_room.simulation.scenario import Scenario
from waiting_room.simulation.tally import Tally
from waiting_room.simulation.watch import Watch
from waiting_room.simulation.worker import ROOM, Worker
from waiting_room.tokens import Invitation, Ticket, Visitor

STEP_MS: Final = 50
RETRY_MS: Final = 2000
"""How long a page waits for an answer before it asks again."""
ON_TIME_MS: Final = 2 * STEP_MS
REOPEN_MS: Final = 5000
"""Who meets a closed room that says when it opens looks again after this time."""

AWAY, JOINING, WAITING, CALLED, INSIDE, LEFT, NO_SHOWN, TURNED, DONE = range(9)

ASK: Final = 0
JOIN: Final = 1
LOOK: Final = 2
GIVE_UP: Final = 3


class Visitors:
    """
    Let every visitor of *crowd* go their way; *pick* names the worker that answers a request, None where none lives.

    *goes_shopping* takes those who go in, where a shop is played; otherwise a session ends by itself.
    """

    def __init__(
        self,
        scenario: Scenario,
        crowd: Crowd,
        promises: Promises,
        tally: Tally,
        watch: Watch,
        pick: Callable[[int], Worker | None],
    ) -> None:
        count = scenario.visitors
        self._people = scenario.people
        self._crowd = crowd
        self._promises = promises
        self._tally = tally
        self._watch = watch
        self._pick = pick
        self._bearers = Bearers(scenario.links, crowd)
        self._draw = Random(f"visitors:{scenario.seed}").random
        self._hidden_ms = int(scenario.people.hidden_s * 1000)
        self._page_ms = int(scenario.people.page_s * 1000)
        self._lost = scenario.people.lost_replies
        self.now_ms = promises.start_ms
        self.state = bytearray(count)
        self.tickets: list[Ticket | None] = [None] * count
        self.shown = array("l", [0]) * count
        self.heard_ms = array("q", [0]) * count
        self.hard_end_ms = array("q", [0]) * count
        self.session_end_ms = array("q", [0]) * count
        self._answered_by: list[Worker | None] = [None] * count
        self.buckets: dict[int, list[int]] = {}
        self.touched: dict[str, int] = {}
        self.released: list[str] = []
        self.told: Counter[str] = Counter()
        self.ended = 0
        self.goes_shopping: Callable[[int], None] | None = None
        self._acts = (self._ask, self._join, self._look, self._give_up)

    def later(self, who: int, act: int, delay_ms: int) -> None:
        """
        Let *who* do *act* after *delay_ms*, at the next step of the clock.
        """
        at = -(-(self.now_ms + delay_ms) // STEP_MS)
        bucket = self.buckets.get(at)
        if bucket is None:
            self.buckets[at] = [who << 2 | act]
        else:
            bucket.append(who << 2 | act)

    def due(self, now_ms: int) -> None:
        """
        Let all those act whose time has come.
        """
        self.now_ms = now_ms
        acts = self._acts
        for code in self.buckets.pop(now_ms // STEP_MS, ()):
            acts[code & 3](code >> 2)

    def arrive(self, who: int) -> None:
        """
        Let *who* open the page.
        """
        self.state[who] = JOINING
        patience_ms = self._crowd.patience_ms[who]
        if patience_ms:
            self.later(who, GIVE_UP, patience_ms)
        self._join(who)
        if self._crowd.habits[who] & DOUBLE:
            self._join(who)

    def _join(self, who: int) -> None:
        if self.state[who] != JOINING:
            return
        worker = self._pick(who)
        if worker is None:
            self.later(who, JOIN, RETRY_MS)
        elif (link := self._bearers.at_the_door(who)) is not None:
            begin(worker.entrance.join(ROOM, Visitor(f"v{who}"), None, link), who, partial(self._joined, worker))
        else:
            lane = self._crowd.lanes[self._crowd.lane[who]]
            begin(worker.lobby.join(ROOM, Visitor(f"v{who}"), lane=lane), who, partial(self._joined, worker))

    def _joined(self, worker: Worker, who: int, answer: tuple[Outcome, Ticket | None]) -> None:
        outcome, ticket = answer
        if self._lost and self._draw() < self._lost:
            self.later(who, JOIN, RETRY_MS)
            return
        if self.state[who] != JOINING:
            known = self.tickets[who]
            if ticket is not None and known is not None and ticket.number != known.number:
                raise self._promises.breach(PLACE, f"visitor {who} bears {known.number} and was told {ticket.number}")
            return
        if ticket is None:
            self._put_off(who, outcome)
            return
        self.tickets[who] = ticket
        self.state[who] = WAITING
        self._watch.asked(who, ticket.lane, outcome, worker.room)
        self._hear(who, outcome)

    def _put_off(self, who: int, outcome: Outcome) -> None:
        if isinstance(outcome, Paused):
            self.later(who, JOIN, outcome.next_poll_ms)
        elif isinstance(outcome, Closed) and outcome.opens_in_ms is not None:
            self.later(who, JOIN, REOPEN_MS)
        elif isinstance(outcome, Refused) and self._bearers.is_in_vain(outcome):
            self.told[f"{outcome.reason}"] += 1
            self._bearers.drop(who)
            self._join(who)
        else:
            self._sent_away(who, outcome)

    def _move(self, who: int, worker: Worker, link: Invitation) -> None:
        """
        Let *who*, who waits in a lane, show the invitation to another one.
        """
        seen, self._answered_by[who] = self.shown[who] or None, worker
        begin(worker.entrance.join(ROOM, Visitor(f"v{who}"), self.tickets[who], link, seen=seen), who, self._moved)

    def _moved(self, who: int, answer: tuple[Outcome, Ticket | None]) -> None:
        outcome, ticket = answer
        if self.state[who] != WAITING:
            return
        if ticket is not None:
            self._bearers.drop(who)
            if ticket != self.tickets[who]:
                self.tickets[who] = ticket
                self.shown[who] = 0
        self._hear(who, outcome)

    def _ask(self, who: int) -> None:
        state = self.state[who]
        if state == CALLED:
            self._claim(who)
            return
        if state != WAITING:
            return
        worker = self._pick(who)
        if worker is None:
            self.later(who, ASK, RETRY_MS)
            self._promises.unsteady(who)
            return
        self._tally.polls += 1
        ticket = self.tickets[who]
        assert ticket is not None
        link = self._bearers.in_the_queue(who)
        if link is not None and not worker.line.cut:
            self._watch.heard(who, ticket.lane)
            self._move(who, worker, link)
            return
        same = self._answered_by[who] is worker
        self._answered_by[who] = worker
        outcome = worker.lobby.status(ROOM, ticket, None if same else self.shown[who] or None)
        self._watch.asked(who, ticket.lane, outcome, worker.room)
        if worker.line.cut:
            self._promises.present.gone(who)
            self._promises.unsteady(who)
        if self._lost and self._draw() < self._lost:
            self.later(who, ASK, RETRY_MS)
            self._promises.present.gone(who)
            return
        self._hear(who, outcome, faithful=not worker.line.cut)

    def _claim(self, who: int) -> None:
        worker = self._pick(who)
        if worker is None:
            self.later(who, ASK, RETRY_MS)
            return
        ticket = self.tickets[who]
        assert ticket is not None
        self._watch.heard(who, ticket.lane)
        self._answered_by[who] = worker
        begin(worker.lobby.claim(ROOM, ticket, self.shown[who] or None), who, self._claimed)

    def _claimed(self, who: int, outcome: Outcome) -> None:
        if self.state[who] != CALLED:
            return
        if self._lost and self._draw() < self._lost:
            self.later(who, ASK, RETRY_MS)
            return
        self._hear(who, outcome)

    def _hear(self, who: int, outcome: Outcome, *, faithful: bool = True) -> None:
        """
        Take an answer in, and do what it says.
        """
        kind = type(outcome)
        if kind is Waiting:
            self._wait(who, outcome, faithful)  # type: ignore[arg-type]
        elif kind is Called:
            self._go(who, outcome.next_poll_ms)  # type: ignore[union-attr]
        elif kind is Admitted:
            self._enter(who, outcome)  # type: ignore[arg-type]
        elif kind is Early:
            self.later(who, ASK, self._crowd.line_ms[who] + outcome.next_poll_ms)  # type: ignore[union-attr]
            on_time = faithful and self._crowd.asks_as_told(who)
            self._asked(who, outcome.next_poll_ms if on_time else None)  # type: ignore[union-attr]
        elif kind is Paused:
            self._promises.present.gone(who)
            if self.state[who] == WAITING:
                self._tally.told(who, self.now_ms, -1.0, -1.0) if not who % self._tally.stride else None
            self.later(who, ASK, outcome.next_poll_ms)  # type: ignore[union-attr]
        else:
            self._sent_away(who, outcome)

    def _wait(self, who: int, outcome: Waiting, faithful: bool) -> None:
        now_ms = self.now_ms
        _, position, eta, next_poll_ms, _, _ = outcome
        before = self.shown[who]
        if before and position > before:
            self._promises.told(who, before, position)
        self.shown[who] = position
        self.state[who] = WAITING
        if not who % self._tally.stride:
            if eta is None:
                self._tally.told(who, now_ms, -1.0, -1.0)
            else:
                self._tally.told(who, now_ms, eta.low_s, eta.high_s)
        self.later(who, ASK, self._crowd.asks_in_ms(who, next_poll_ms, self._hidden_ms))
        if self._crowd.asks_as_told(who):
            self._asked(who, next_poll_ms if faithful else None)
        else:
            self._promises.present.gone(who)
            self._promises.unsteady(who)

    def _asked(self, who: int, next_poll_ms: int | None) -> None:
        """
        Note until when *who* is there who was told to ask again in *next_poll_ms*; None: who does not ask as told.
        """
        until_ms = 0 if next_poll_ms is None else self.now_ms + next_poll_ms + ON_TIME_MS
        self._promises.present.told(who, self.now_ms, until_ms)

    def _go(self, who: int, next_poll_ms: int) -> None:
        """
        Claim at once when called, and as told when told again; over a slow line it comes later.
        """
        line_ms = self._crowd.line_ms[who]
        if self.state[who] == CALLED:
            self.later(who, ASK, line_ms + next_poll_ms)
            return
        self.heard_ms[who] = self.now_ms
        self._promises.present.gone(who)
        self._tally.called(who, self.now_ms, self.arrived_ms(who))
        if self._crowd.habits[who] & NO_SHOW:
            self._end(who, NO_SHOWN)
            return
        self.state[who] = CALLED
        self.later(who, ASK, line_ms) if line_ms else self._claim(who)

    def arrived_ms(self, who: int) -> int:
        """
        Return when *who* came.
        """
        return self._promises.start_ms + self._crowd.arrival_ms[who]

    def _enter(self, who: int, outcome: Admitted) -> None:
        if not self.heard_ms[who]:
            self.heard_ms[who] = self.now_ms
            self._tally.called(who, self.now_ms, self.arrived_ms(who))
        self._promises.present.gone(who)
        self.state[who] = INSIDE
        self.hard_end_ms[who] = outcome.hard_end_ms
        if self.goes_shopping is not None:
            self.goes_shopping(who)
            return
        session_ms = self._crowd.session_ms[who]
        self.session_end_ms[who] = self.now_ms + session_ms
        self.later(who, LOOK, min(self._page_ms, session_ms))

    def is_inside(self, who: int) -> bool:
        """
        Return whether *who* has a seat, as far as they know.
        """
        return self.state[who] == INSIDE

    def touch(self, who: int) -> None:
        """
        Let the gate note that *who* has asked for a page.
        """
        self.touched[self._seat(who)] = self.hard_end_ms[who]

    def finish(self, who: int, *, releases: bool) -> None:
        """
        End the visit of *who*, who gives the seat back or leaves it to its idle end.
        """
        if self.state[who] != INSIDE:
            return
        seat = self._seat(who)
        self._end(who, DONE)
        if releases:
            self.touched.pop(seat, None)
            self.released.append(seat)

    def _seat(self, who: int) -> str:
        ticket = self.tickets[who]
        assert ticket is not None
        return f"{ticket.lane}.{self._promises.rank[who]}"

    def _look(self, who: int) -> None:
        """
        Look at a page of the shop, or be done.
        """
        if self.state[who] != INSIDE:
            return
        left_ms = self.session_end_ms[who] - self.now_ms
        if left_ms > 0:
            self.touch(who)
            self.later(who, LOOK, min(self._page_ms, left_ms))
            return
        self.finish(who, releases=bool(self._crowd.habits[who] & RELEASES))

    def shut_out(self, who: int) -> None:
        """
        End the visit of *who*, whose seat is gone.
        """
        if self.state[who] == INSIDE:
            self.told["pass_ended"] += 1
            self._end(who, DONE)

    def _give_up(self, who: int) -> None:
        if self.state[who] in {JOINING, WAITING, CALLED}:
            self.vanish(who, goodbye=bool(self._crowd.habits[who] & GOODBYE))

    def vanish(self, who: int, *, goodbye: bool) -> None:
        """
        Let *who* go, with a word to the room or without.
        """
        ticket = self.tickets[who]
        worker = self._pick(who)
        if goodbye and ticket is not None and worker is not None:
            run(worker.lobby.leave(ROOM, ticket))
        self._end(who, LEFT)

    def _sent_away(self, who: int, outcome: Outcome) -> None:
        if isinstance(outcome, Closed | Refused):
            self.told[f"{outcome.reason}"] += 1
        self._end(who, TURNED)

    def _end(self, who: int, state: int) -> None:
        self.state[who] = state
        self.ended += 1
        self._promises.present.gone(who)
        self.tickets[who] = self.tickets[who] if state == LEFT else None
        self._answered_by[who] = None

    def count_polls(self, polls: int) -> None:
        """
        Count *polls* that were not played one by one.
        """
        self._tally.polls += polls

    def unanswered(self, slots: list[Slot[Any, Any]]) -> None:
        """
        Let those ask again whose worker died before it answered.
        """
        for slot in slots:
            self.later(slot.who, JOIN if self.state[slot.who] == JOINING else ASK, RETRY_MS)
