"""
Large crowds in bulk: the same store and the same controllers, and visitors that are numbers in arrays.

Of such a crowd one visitor in a hundred is played poll by poll, or five thousand of them. The others join, claim, shop
and leave one by one as the store sees it; their polls are check-ins by blocks of ranks, each block when its first one
is told to ask again.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Final

from waiting_room.core.outcomes import Called, Closed
from waiting_room.core.polling import DOOR_POLL_MS, jittered_ms, spread
from waiting_room.core.presence import CHUNK_BYTES
from waiting_room.core.view import View
from waiting_room.lobby import CLAIM_HOLD_S
from waiting_room.office import BATCH
from waiting_room.ports import Claim, ClaimCode, JoinCode
from waiting_room.simulation.crowd import GOODBYE, HIDDEN, NO_SHOW, RELEASES, Crowd
from waiting_room.simulation.drive import PROBE, run
from waiting_room.simulation.promises import Promises
from waiting_room.simulation.scenario import Scenario
from waiting_room.simulation.server import Server
from waiting_room.simulation.visitors import (
    CALLED,
    DONE,
    INSIDE,
    JOINING,
    LEFT,
    NO_SHOWN,
    STEP_MS,
    TURNED,
    WAITING,
    Visitors,
)
from waiting_room.simulation.worker import ROOM, Worker

SAMPLE: Final = 100
MOST_SAMPLED: Final = 5_000
"""Of a crowd in bulk, one in so many is played poll by poll, or so many: they tell a share to half a percent."""
_BLOCK_BYTES: Final = 64
_BLOCK_RANKS: Final = 8 * _BLOCK_BYTES
_CHUNK_BLOCKS: Final = CHUNK_BYTES // _BLOCK_BYTES
_ALWAYS: Final = 1 << 62
_HOLD_MS: Final = int(CLAIM_HOLD_S * 1000)
_HELD: Final = frozenset({ClaimCode.FULL, ClaimCode.PACED})

GIVE_UP, CLAIM, LOOK, END = range(4)


def stride_of(visitors: int) -> int:
    """
    Return of how many visitors of a crowd in bulk one is played poll by poll.
    """
    return max(SAMPLE, visitors // MOST_SAMPLED)


class Part:
    """
    Hold those of a lane who wait and have their page open, or hidden, as bits by rank; and when each block asks.

    A block's *told_ms* is the interval that its first waiting rank was told last, *polls* what that makes a second.
    """

    __slots__ = ("bits", "called", "due_ms", "first", "polls", "told_ms")

    def __init__(self, workers: int) -> None:
        self.bits = bytearray()
        self.due_ms = array("q")
        self.told_ms = array("q")
        self.polls = array("d")
        self.first = 0
        self.called = [1] * workers

    def add(self, rank: int, now_ms: int) -> None:
        """
        Let *rank* wait; a block that begins with it asks at the next second.
        """
        block = rank // _BLOCK_RANKS
        while block >= len(self.due_ms):
            self.bits.extend(bytes(_BLOCK_BYTES))
            self.due_ms.append(now_ms)
            self.told_ms.append(0)
            self.polls.append(0.0)
        self.bits[rank >> 3] |= 0x80 >> (rank & 7)

    def drop(self, rank: int) -> None:
        """
        Let *rank* wait no longer.
        """
        at = rank >> 3
        if at < len(self.bits):
            self.bits[at] &= ~(0x80 >> (rank & 7))


class Bulk:
    """
    Play all visitors of *crowd* but the sample, whom *visitors* play; what became of each is noted with theirs.
    """

    def __init__(
        self,
        scenario: Scenario,
        crowd: Crowd,
        promises: Promises,
        server: Server,
        visitors: Visitors,
        workers: Sequence[Worker],
    ) -> None:
        self._crowd = crowd
        self._promises = promises
        self._server = server
        self._visitors = visitors
        self._workers = workers
        self._hidden_ms = int(scenario.people.hidden_s * 1000)
        self._page_ms = max(1, int(scenario.people.page_s * 1000))
        self._parts: defaultdict[tuple[str, int], Part] = defaultdict(lambda: Part(len(workers)))
        self._coming: dict[str, list[int]] = {}
        self._buckets: defaultdict[int, list[int]] = defaultdict(list)
        self._next = promises.now_ms // STEP_MS + 1
        self._door: deque[tuple[int, int]] = deque()
        self._polls = 0.0
        self._second = 0
        self._acts: tuple[Callable[[int], None], ...] = (self._give_up, self._come, self._look, self._done)
        self._fresh: list[int] = []
        self._asks: dict[int, Claim] = {}

    def _later(self, who: int, act: int, at_ms: int) -> None:
        at = -(-at_ms // STEP_MS)
        if at < self._next:  # noqa: PLR1730 - several times for each visitor, and max() takes three times as long
            at = self._next
        self._buckets[at].append(who << 2 | act)

    def arrive(self, who: int) -> None:
        """
        Let *who* open the page, and join with all others of this step.
        """
        crowd = self._crowd
        self._visitors.state[who] = JOINING
        if crowd.patience_ms[who]:
            self._later(who, GIVE_UP, self._promises.now_ms + crowd.patience_ms[who])
        self._coming.setdefault(crowd.lanes[crowd.lane[who]], []).append(who)

    def due(self) -> None:
        """
        Let all those act whose time has come, and those at the door claim.
        """
        step, acts = self._promises.now_ms // STEP_MS, self._acts
        self._next = step + 1
        for worker_at, worker in enumerate(self._workers):
            self._hear(worker_at, worker)
        for code in self._buckets.pop(step, ()):
            acts[code & 3](code >> 2)
        self._claims()

    def join(self) -> None:
        """
        Let those join who came in this step.
        """
        now_ms, state, habits = self._promises.now_ms, self._visitors.state, self._crowd.habits
        for lane, crowd in self._coming.items():
            replies = run(self._server.join(ROOM, lane, [f"v{who}" for who in crowd]))
            parts = (self._parts[lane, 0], self._parts[lane, HIDDEN])
            for who, reply in zip(crowd, replies, strict=True):
                if reply.code is JoinCode.STRAIGHT:
                    self._enter(who, reply.hard_end_ms)
                elif reply.number:
                    state[who] = WAITING
                    hidden = habits[who] & HIDDEN
                    parts[hidden].add(reply.number, now_ms)
                    self._promises.present.due_ms[who] = 0 if hidden else _ALWAYS
                else:
                    self._visitors.told[reply.code.name.lower()] += 1
                    self._end(who, TURNED)
        self._coming.clear()

    def each_second(self) -> None:
        """
        Let the blocks check in whose turn it is, and count a second's polls.
        """
        if not self._parts:
            return
        self._second += 1
        worker = self._workers[self._second % len(self._workers)]
        room = worker.room
        assert room is not None
        for (lane, hidden), part in self._parts.items():
            for chunk, bits in self._check_in(worker, lane, hidden, part).items():
                room.lanes[lane].checkins.put_back(chunk, bytes(bits))
        self._polls += sum(sum(part.polls) for part in self._parts.values())
        whole = int(self._polls)
        self._polls -= whole
        self._visitors.count_polls(whole)

    def _check_in(self, worker: Worker, lane: str, hidden: int, part: Part) -> dict[int, bytearray]:
        """
        Return the check-ins of the blocks that ask, by chunks, and note when these ask again.
        """
        room = worker.room
        assert room is not None
        view, now_ms, found = room.view, self._promises.now_ms, dict[int, bytearray]()
        frontier = view.snapshot.lanes[lane].frontier
        while part.first < len(part.polls) and (part.first + 1) * _BLOCK_RANKS <= min(part.called):
            part.polls[part.first] = 0.0
            part.first += 1
        for block in range(part.first, len(part.due_ms)):
            if part.due_ms[block] > now_ms:
                continue
            bits = part.bits[block * _BLOCK_BYTES : (block + 1) * _BLOCK_BYTES]
            rank = max(frontier, block * _BLOCK_RANKS, 1)
            told = view.tell(lane, rank, view.position(lane, rank), stale=False)
            told_ms = 0 if isinstance(told, Called | Closed) else told.next_poll_ms
            told_ms = max(self._hidden_ms if hidden else 0, told_ms, 1000)
            part.told_ms[block], part.due_ms[block] = told_ms, now_ms + told_ms - told_ms % 1000
            each_ms = told_ms if told_ms == self._hidden_ms else self._mean_ms(view, lane, rank, told_ms)
            part.polls[block] = int.from_bytes(bits).bit_count() * 1000 / each_ms
            chunk, at = divmod(block, _CHUNK_BLOCKS)
            if chunk not in found:
                found[chunk] = bytearray(CHUNK_BYTES)
            found[chunk][at * _BLOCK_BYTES : (at + 1) * _BLOCK_BYTES] = bits
        return found

    @staticmethod
    def _mean_ms(view: View, lane: str, rank: int, told_ms: int) -> float:
        """
        Return the mean interval of the rest of a block whose first one, *rank*, was told *told_ms*, from three others.
        """
        rest = _BLOCK_RANKS - rank % _BLOCK_RANKS
        ranks = (rank + rest * place // 6 for place in (1, 3, 5))
        answers = (view.tell(lane, other, view.position(lane, other), stale=False) for other in ranks)
        each = [told_ms if isinstance(told, Called | Closed) else max(1, told.next_poll_ms) for told in answers]
        return len(each) / sum(1 / interval_ms for interval_ms in each)

    def _hear(self, worker_at: int, worker: Worker) -> None:
        """
        Let those come at their next poll whom *worker* knows to be called; each asks one worker.
        """
        room, state, habits = worker.room, self._visitors.state, self._crowd.habits
        if room is None:
            return
        for (lane, hidden), part in self._parts.items():
            frontier, book = room.view.snapshot.lanes[lane].frontier, self._promises.lanes[lane]
            since = part.called[worker_at]
            if frontier <= since:
                continue
            part.called[worker_at] = frontier
            count = len(self._workers)
            for rank in range(since + (worker_at - since) % count, min(frontier, len(part.bits) * 8), count):
                if not part.bits[rank >> 3] & 0x80 >> (rank & 7):
                    continue
                part.drop(rank)
                who = book.who(rank)
                state[who] = CALLED
                self._promises.present.gone(who)
                told_ms = part.told_ms[rank // _BLOCK_RANKS] or (self._hidden_ms if hidden else 1000)
                delay_ms = int(spread(rank, 3) * told_ms) + self._crowd.line_ms[who]
                self._later(who, END if habits[who] & NO_SHOW else CLAIM, self._promises.now_ms + delay_ms)

    def _come(self, who: int) -> None:
        if self._visitors.state[who] == CALLED:
            self._fresh.append(who)

    def _claims(self) -> None:
        """
        Let those claim who came in this step, after those who came before them: of these as many as get in, and all who
        were held for as long as a worker holds a claim.
        """
        now_ms, state, door = self._promises.now_ms, self._visitors.state, self._door
        size = 1
        while door:
            some = [door.popleft() for _ in range(min(size, len(door)))]
            held = self._claim([entry for entry in some if state[entry[1]] == CALLED])
            door.extendleft(reversed(held))
            if held:
                break
            size = min(BATCH, max(PROBE, 2 * size))
        while door and door[0][0] + _HOLD_MS <= now_ms:
            who = door.popleft()[1]
            self._later(who, CLAIM, now_ms + jittered_ms(DOOR_POLL_MS, who, 1))
        fresh, self._fresh = [(now_ms, who) for who in self._fresh], []
        for at in range(0, len(fresh), BATCH):
            door.extend(self._claim(fresh[at : at + BATCH]))

    def _claim(self, crowd: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """
        Send one batch of claims, of the moments they came and who they are, and return those that are held.
        """
        asks, claims = self._asks, []
        for _, who in crowd:
            claim = asks.get(who)
            if claim is None:
                number = self._promises.number[who]
                claim = asks[who] = Claim(self._crowd.lanes[self._crowd.lane[who]], number, f"v{who}", number)
            claims.append(claim)
        held = []
        for entry, reply in zip(crowd, run(self._server.claim(ROOM, claims)) if claims else (), strict=True):
            if reply.code in _HELD:
                held.append(entry)
                continue
            who = entry[1]
            if reply.hard_end_ms:
                self._enter(who, reply.hard_end_ms)
            else:
                self._visitors.told[reply.code.name.lower()] += 1
                self._end(who, TURNED)
        return held

    def _enter(self, who: int, hard_end_ms: int) -> None:
        """
        Let *who* shop. Looks at pages that change nothing about the end of the seat are left out: all but the last of
        each stay until its idle end, and that of one who gives the seat back.
        """
        self._asks.pop(who, None)
        now_ms, session_ms = self._promises.now_ms, self._crowd.session_ms[who]
        self._visitors.state[who] = INSIDE
        self._visitors.hard_end_ms[who] = hard_end_ms
        self._visitors.session_end_ms[who] = now_ms + session_ms
        self._later(who, END, now_ms + session_ms)
        self._plan_look(who, now_ms)

    def _plan_look(self, who: int, now_ms: int) -> None:
        left_ms = self._visitors.session_end_ms[who] - now_ms
        looks = (left_ms - 1) // self._page_ms
        before_idle = max(1, int(self._promises.idle_ms * 0.9) // self._page_ms)
        if looks > before_idle:
            self._later(who, LOOK, now_ms + before_idle * self._page_ms)
        elif looks > 0 and (not self._crowd.habits[who] & RELEASES or left_ms >= self._promises.idle_ms):
            self._later(who, LOOK, now_ms + looks * self._page_ms)

    def _look(self, who: int) -> None:
        visitors = self._visitors
        if visitors.state[who] == INSIDE and visitors.session_end_ms[who] > self._promises.now_ms:
            visitors.touched[self._seat(who)] = visitors.hard_end_ms[who]
            self._plan_look(who, self._promises.now_ms)

    def _done(self, who: int) -> None:
        """
        End the visit of *who*, or the wait of one who never comes.
        """
        visitors = self._visitors
        if visitors.state[who] == CALLED:
            self._end(who, NO_SHOWN)
        elif visitors.state[who] == INSIDE:
            self._end(who, DONE)
            if self._crowd.habits[who] & RELEASES:
                visitors.touched.pop(self._seat(who), None)
                visitors.released.append(self._seat(who))

    def _give_up(self, who: int) -> None:
        if self._visitors.state[who] in {WAITING, CALLED}:
            self.vanish(who, goodbye=bool(self._crowd.habits[who] & GOODBYE))

    def vanish(self, who: int, *, goodbye: bool) -> None:
        """
        Let *who* go, with a word to the room or without.
        """
        rank, lane = self._promises.number[who], self._crowd.lanes[self._crowd.lane[who]]
        self._parts[lane, self._crowd.habits[who] & HIDDEN].drop(rank)
        if goodbye:
            run(self._server.leave(ROOM, lane, rank, f"v{who}"))
        self._end(who, LEFT)

    def _end(self, who: int, state: int) -> None:
        self._asks.pop(who, None)
        self._visitors.state[who] = state
        self._visitors.ended += 1
        self._promises.present.gone(who)

    def _seat(self, who: int) -> str:
        return f"{self._crowd.lanes[self._crowd.lane[who]]}.{self._promises.number[who]}"
