"""
Rooms in memory, with the same verbs and the same replies as Redis: for simulations, and as the model that Redis is
held against step by step.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from waiting_room.core import plan as steps
from waiting_room.core import polling
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import STANDARD_LANE, Policy
from waiting_room.core.presence import chunk_of
from waiting_room.core.snapshot import Cohort, Snapshot
from waiting_room.errors import StoreEmptyError
from waiting_room.ports import Claim, ClaimCode, ClaimReply, JoinCode, JoinReply, TouchReply
from waiting_room.store.memory_room import ADMISSION, Held, Joined, MemoryRoom, ranks_of
from waiting_room.store.replies import numbers_of

JOINED_MS: Final = 60_000


class MemoryStore:
    """
    Keep rooms in this process; see `waiting_room.ports.Store` for what each verb guarantees.

    *now_ms* is the store's clock, which its owner moves.
    """

    def __init__(self, now_ms: int = 0, lane: str = STANDARD_LANE) -> None:
        self.now_ms = now_ms
        self._lane = lane
        self._rooms: dict[str, MemoryRoom] = {}

    def _room(self, name: str) -> MemoryRoom:
        try:
            return self._rooms[name]
        except KeyError:
            raise StoreEmptyError(name) from None

    def lose(self, name: str) -> None:
        """
        Forget a room, as a server does that restarts without its data.
        """
        self._rooms.pop(name, None)

    async def rooms(self) -> tuple[str, ...]:
        """
        Return the names of all rooms.
        """
        return tuple(sorted(self._rooms))

    async def configure(self, room: str, policy: Policy) -> bool:
        """
        Create the room or change its settings.
        """
        known = self._rooms.get(room)
        if known is None:
            now, slot_ms = self.now_ms, polling.slot_ms(0, policy)
            self._rooms[room] = MemoryRoom(policy, numbers_of(policy), now, slot_ms, now, now)
            return True
        known.refill(self.now_ms)
        known.policy, known.numbers = policy, numbers_of(policy)
        return False

    async def set_phase(self, room: str, phase: Phase) -> None:
        """
        Change the phase.
        """
        self._room(room).phase = phase

    async def join(self, room: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number, in order; or let them straight in.
        """
        state = self._room(room)
        state.refill(self.now_ms)
        state.purge(self.now_ms)
        found = {visitor: self._join(state, visitor) for visitor in dict.fromkeys(visitors)}
        return [found[visitor] for visitor in visitors]

    def _join(self, state: MemoryRoom, visitor: str) -> JoinReply:
        now = self.now_ms
        known = state.joined.get(visitor)
        if known is not None and known.until_ms > now:
            held = state.seats.get(f"{self._lane}.{known.number}")
            if held is not None:
                return JoinReply(JoinCode.STRAIGHT, known.number, held.issued_ms, held.hard_end_ms, now)
            if not known.seated:
                return JoinReply(JoinCode.SAME, known.number, 0, 0, now)
        if state.phase is Phase.CLOSED:
            return JoinReply(JoinCode.CLOSED, 0, 0, 0, now)
        if state.phase is Phase.DRAINING:
            return JoinReply(JoinCode.DRAINING, 0, 0, 0, now)
        straight = state.straight(now)
        if state.issued >= state.high_water:
            state.high_water = state.issued + steps.MARK_STEP
        state.issued += 1
        state.joined[visitor] = Joined(state.issued, straight, now + JOINED_MS)
        if not straight:
            state.present.add(state.issued)
            return JoinReply(JoinCode.NEW, state.issued, 0, 0, now)
        held = state.give_seat(f"{self._lane}.{state.issued}", now)
        state.claimed.add(state.issued)
        state.frontier = state.issued + 1
        state.version += 1
        return JoinReply(JoinCode.STRAIGHT, state.issued, now, held.hard_end_ms, now)

    async def flush(self, room: str, present: Mapping[int, bytes], highest: int) -> None:
        """
        Add check-ins.
        """
        state = self._room(room)
        for chunk, bits in present.items():
            state.present |= ranks_of(chunk, bits)
        if highest > state.issued:
            state.issued = highest
            state.high_water = max(state.high_water, highest)
            state.version += 1

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step if the room is still at its version.
        """
        state, now = self._room(room), self.now_ms
        if (state.epoch, state.version) != (step.epoch, step.version):
            return False
        state.refill(now)
        frontier = max(state.frontier, step.frontier)
        if step.called:
            state.note_cohort(Cohort(now, state.frontier, frontier, step.called))
        state.frontier = frontier
        if step.rotate:
            state.before, state.present = state.present, set()
            state.slot_at, state.slot_ms = now, step.slot_ms
        state.version += 1
        state.owner, state.owner_until = step.owner, now + steps.OWNER_MS
        state.expected = round(step.expected * 1000)
        state.no_show, state.leaving = round(step.no_show * 1e6), round(step.leaving_per_s * 1e6)
        state.high_water = max(state.high_water, step.high_water)
        state.lost, state.ticked = 0, now
        return True

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats.
        """
        state = self._room(room)
        state.refill(self.now_ms)
        state.purge(self.now_ms)
        return [self._claim(state, claim) for claim in claims]

    def _claim(self, state: MemoryRoom, claim: Claim) -> ClaimReply:
        now, seat = self.now_ms, f"{self._lane}.{claim.rank}"
        held = state.seats.get(seat)
        if held is not None:
            return ClaimReply(ClaimCode.SAME, held.issued_ms, held.hard_end_ms)
        refusal = self._refusal(state, claim.rank)
        if refusal in {ClaimCode.FULL, ClaimCode.PACED}:
            state.door[claim.rank] = now
        if refusal is not None:
            return ClaimReply(refusal, 0, 0, state.overflows_in_ms() if refusal is ClaimCode.PACED else 0)
        state.claimed.add(claim.rank)
        state.door.pop(claim.rank, None)
        state.joined[claim.visitor] = Joined(claim.rank, seated=True, until_ms=now + JOINED_MS)
        held = state.give_seat(seat, now)
        return ClaimReply(ClaimCode.ADMITTED, held.issued_ms, held.hard_end_ms)

    def _refusal(self, state: MemoryRoom, rank: int) -> ClaimCode | None:
        rules = (
            (rank in state.claimed, ClaimCode.USED),
            (state.phase is Phase.CLOSED, ClaimCode.CLOSED),
            (self.now_ms < state.recover_until, ClaimCode.RECOVERING),
            (state.phase is Phase.PAUSED, ClaimCode.PAUSED),
            (rank >= state.frontier, ClaimCode.NOT_CALLED),
            (len(state.seats) >= state.policy.capacity, ClaimCode.FULL),
            (state.tokens < ADMISSION, ClaimCode.PACED),
        )
        return next((code for applies, code in rules if applies), None)

    async def touch(self, room: str, seats: Mapping[str, int], released: Sequence[str]) -> TouchReply:
        """
        Keep seats in use and free others.
        """
        state, now = self._room(room), self.now_ms
        state.refill(now)
        state.purge(now)
        gone = tuple(seat for seat, hard_end_ms in seats.items() if not self._touch(state, seat, hard_end_ms))
        for seat in released:
            state.seats.pop(seat, None)
        state.peak = max(state.peak, len(state.seats))
        return TouchReply(gone, state.phase, state.straight(now), now)

    def _touch(self, state: MemoryRoom, seat: str, hard_end_ms: int) -> bool:
        now = self.now_ms
        end_ms = min(now + state.numbers["idle_ms"], hard_end_ms)
        held = state.seats.get(seat)
        if held is not None:
            held.end_ms = end_ms
            return True
        if now >= state.recover_until or hard_end_ms <= now or len(state.seats) >= state.policy.capacity:
            return False
        state.seats[seat] = Held(end_ms, now, hard_end_ms)
        rank = seat.rpartition(".")[2]
        if rank.isdecimal():
            state.frontier = max(state.frontier, int(rank) + 1)
        return True

    async def leave(self, room: str, rank: int, visitor: str) -> bool:
        """
        Give a place or a seat back.
        """
        state = self._room(room)
        seated = state.seats.pop(f"{self._lane}.{rank}", None) is not None
        waited = rank in state.present or rank in state.before
        state.present.discard(rank)
        state.before.discard(rank)
        state.joined.pop(visitor, None)
        return seated or waited

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """
        return self._room(room).read(room, self.now_ms)

    async def restore(self, last: Snapshot, highest: int) -> bool:
        """
        Put a lost room back from what was last known of it.
        """
        now, issued = self.now_ms, max(last.issued, highest)
        state = self._rooms.get(last.room)
        if state is None:
            numbers = numbers_of(last.policy)
            state = MemoryRoom(last.policy, numbers, now, last.slot_ms, now, now, version=0, frontier=0, high_water=0)
            self._rooms[last.room] = state
            state.recover(last, now)
        elif (last.epoch, last.version) > (state.epoch, state.version):
            state.recover(last, now)
        elif now >= state.recover_until:
            return False
        mark = max(issued, last.high_water)
        state.issued = max(state.issued, mark)
        state.high_water = max(state.high_water, mark)
        state.frontier = max(state.frontier, last.frontier)
        state.admitted = max(state.admitted, last.admitted)
        state.version += 1
        state.present |= ranks_of(chunk_of(last.frontier), last.presence.bits)
        return True

    async def close(self) -> None:
        """
        Give nothing back: there is nothing.
        """
