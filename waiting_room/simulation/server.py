"""
The store of a simulation: that in memory, watched at every verb, and able to fail as a server does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from waiting_room.core import plan as steps
from waiting_room.core.audit import Act
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import StoreUnavailableError
from waiting_room.ports import NO_STAGES, Claim, ClaimReply, JoinReply, RedeemCode, Redemption, Stage, TouchReply
from waiting_room.simulation.promises import Promises
from waiting_room.store.memory import MemoryStore
from waiting_room.store.memory_room import MemoryRoom


class Server(MemoryStore):
    """
    Keep the room, tell *promises* what each verb did, and lose it as asked.

    As with Redis, a server that takes over has a run marker of its own, which the first verb notices.
    """

    def __init__(self, now_ms: int, promises: Promises) -> None:
        super().__init__(now_ms)
        self._promises = promises
        self._run = 1
        self._run_seen: dict[str, int] = {}
        self._replica: dict[str, MemoryRoom] = {}

    def settled(self, name: str) -> Mapping[str, int] | None:
        """
        Return the seats that are held in a room which has recovered from a loss, with their ends; None before that.
        """
        state = self._rooms.get(name)
        if state is None or self._run_seen.get(name) != self._run or self.now_ms < state.recover_until:
            return None
        return {seat: held.end_ms for seat, held in state.seats.held.items()}

    def replicate(self) -> None:
        """
        Bring the replica to this moment.
        """
        self._replica = deepcopy(self._rooms)

    def promote(self) -> None:
        """
        Let the replica take over, without what was written since `replicate`.
        """
        self._rooms = self._replica
        self._run += 1

    def wipe(self) -> None:
        """
        Come back empty.
        """
        self._rooms, self._replica, self._run_seen, self._missed = {}, {}, {}, {}
        self.begun = False
        self._run += 1

    def _room(self, name: str) -> MemoryRoom:
        """
        Return a room, in a new epoch above the high-water mark where another server had written last.
        """
        state = super()._room(name)
        if self._run_seen.setdefault(name, self._run) == self._run:
            return state
        self._run_seen[name] = self._run
        state.epoch, state.began, state.version = state.epoch + 1, self.now_ms, 1
        for lane in state.lanes.values():
            lane.leave_out(lane.issued, lane.high_water)
            lane.lift(0, 0, lane.high_water + steps.MARK_STEP)
        state.recover_until = self.now_ms + steps.RECOVERY_MS
        state.owner, state.owner_until = "", 0
        state.journal.note(Act.EPOCH, self.now_ms, [state.epoch])
        return state

    def _wait_for_replica(self, room: str, lane: str) -> None:
        """
        Let the replica have the high-water mark, as a join does that raises it.
        """
        copy = self._replica.get(room)
        if copy is not None:
            copy.lane(lane).lift(0, 0, self._rooms[room].lane(lane).high_water)

    async def configure(self, room: str, policy: Policy, *, rate_by_hand: bool = False) -> bool:
        """
        Create the room or change its settings.
        """
        new = await super().configure(room, policy, rate_by_hand=rate_by_hand)
        self._run_seen.setdefault(room, self._run)
        self._promises.configured(policy)
        return new

    async def set_phase(
        self, room: str, phase: Phase, resume_at_ms: int = 0, notice: str = "", opening: Opening = WITHOUT_DRAW
    ) -> None:
        """
        Change the phase, as an operator says.
        """
        await super().set_phase(room, phase, resume_at_ms, notice, opening)
        self._promises.changed(phase)

    async def redeem(self, room: str, asked: Sequence[Redemption]) -> list[RedeemCode]:
        """
        Count uses of invitations.
        """
        codes = await super().redeem(room, asked)
        self._promises.redeemed(asked, codes)
        return codes

    async def join(self, room: str, lane: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number.
        """
        replies = await super().join(room, lane, visitors)
        self._wait_for_replica(room, lane)
        self._promises.joined(lane, visitors, replies)
        return replies

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats.
        """
        replies = await super().claim(room, claims)
        self._promises.claimed(claims, replies)
        return replies

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step.
        """
        committed = await super().advance(room, step)
        if committed:
            self._promises.advanced(step)
        return committed

    async def touch(
        self,
        room: str,
        seats: Mapping[str, int],
        released: Sequence[str],
        stages: Mapping[str, Stage] = NO_STAGES,
    ) -> TouchReply:
        """
        Keep seats in use and free others.
        """
        reply = await super().touch(room, seats, released, stages)
        self._promises.touched(seats, released, reply)
        return reply

    async def leave(self, room: str, lane: str, rank: int, visitor: str, round_: int = 0) -> bool | None:
        """
        Give a place or a seat back.
        """
        left = await super().leave(room, lane, rank, visitor, round_)
        self._promises.left(visitor)
        return left

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """
        found = await super().snapshot(room)
        self._promises.seen(found)
        return found

    async def restore(self, last: Snapshot, highest: Mapping[str, int]) -> bool:
        """
        Put a lost room back.
        """
        self._run_seen.setdefault(last.room, self._run)
        restored = await super().restore(last, highest)
        if restored:
            self._promises.restored(last)
        return restored


class Line:
    """
    Stand between a worker and the server: while *cut* nothing gets through, and once the worker has *opened*, of a
    share of *timeouts* the reply is lost, though the command ran.
    """

    def __init__(self, server: Server, timeouts: float, random: Random) -> None:
        self._server = server
        self._timeouts = timeouts
        self._random = random
        self.cut = False
        self.opened = False

    def mend(self) -> None:
        """
        Let everything through again.
        """
        self.cut = False

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._server, verb)

        async def send(*arguments: Any, **options: Any) -> Any:
            if self.cut:
                raise StoreUnavailableError("timeout", f"{verb} did not get through")
            reply = await call(*arguments, **options)
            if self._timeouts and self.opened and self._random.random() < self._timeouts:
                raise StoreUnavailableError("timeout", f"the reply to {verb} did not get through")
            return reply

        return send
