"""
Rooms in memory, with the same verbs and the same replies as Redis: for simulations, and as the model that Redis is
held against step by step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from waiting_room.core import plan as steps
from waiting_room.core.audit import Act
from waiting_room.core.health import KEPT, MOST_MS, Health
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.revoked import MOST_REVOKED, Revoked
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import RevokedFullError, StoreEmptyError
from waiting_room.ports import (
    NO_STAGES,
    Claim,
    ClaimCode,
    ClaimReply,
    JoinCode,
    JoinReply,
    RedeemCode,
    Redemption,
    Stage,
    TouchReply,
)
from waiting_room.store.memory_begin import begun, put_back
from waiting_room.store.memory_lane import Joined, MemoryLane
from waiting_room.store.memory_room import MemoryRoom
from waiting_room.store.memory_step import commit
from waiting_room.store.replies import numbers_of

JOINED_MS: Final = 60_000
_AT_DOOR: Final = frozenset({ClaimCode.FULL, ClaimCode.PACED})
_REFUSED: Final = {code: ClaimReply(code, 0, 0) for code in ClaimCode}
_RESTING: Final = frozenset({Phase.PAUSED, Phase.PREQUEUE})


class MemoryStore:
    """
    Keep rooms in this process; see `waiting_room.ports.Store` for what each verb guarantees.

    *now_ms* is the store's clock, which its owner moves. A new store is known to hold all it ever held (*begun*).
    """

    def __init__(self, now_ms: int = 0) -> None:
        self.now_ms = now_ms
        self.begun = True
        self._rooms: dict[str, MemoryRoom] = {}
        self._missed: dict[str, int] = {}

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
        self._missed.pop(name, None)
        self.begun = False

    async def rooms(self) -> tuple[str, ...]:
        """
        Return the names of all rooms.
        """
        return tuple(sorted(self._rooms))

    async def configure(self, room: str, policy: Policy, *, rate_by_hand: bool = False) -> bool:
        """
        Create the room or change its settings.
        """
        known, now = self._rooms.get(room), self.now_ms
        new = known is None
        if known is None:
            if not self.begun and now < self._missed.setdefault(room, now) + steps.PATIENCE_MS:
                raise StoreEmptyError(room)
            known = self._rooms[room] = begun(policy, now)
            self.begun = True
        self._missed.pop(room, None)
        known.refill(now)
        known.version += 0 if new else 1
        before = () if new else known.limits
        known.settle(policy, numbers_of(policy), now, by_hand=rate_by_hand and not new)
        if known.limits != before:
            known.turn(now)
        for lane in policy.lanes:
            there = known.lane(lane.name)
            there.high_water = there.high_water or steps.MARK_STEP
        if new and known.phase is Phase.PREQUEUE:
            known.gather(self.now_ms)
        return new

    async def set_phase(
        self, room: str, phase: Phase, resume_at_ms: int = 0, notice: str = "", opening: Opening = WITHOUT_DRAW
    ) -> None:
        """
        Change the phase, as an operator says.
        """
        state = self._room(room)
        state.change_phase(phase, self.now_ms, resume_at_ms, notice, opening)
        state.agenda = replace(state.agenda, phase_set_ms=self.now_ms)
        state.version += 1

    async def promise(self, room: str, seed: str, source: str, opens_at_ms: int | None) -> bool:
        """
        Promise a draw to those who gather.
        """
        state = self._room(room)
        if not state.gathers:
            return False
        state.draws.promise(seed, source, opens_at_ms)
        return True

    async def override(self, room: str, rate_per_minute: int | None) -> None:
        """
        Set the operator's rate, or take it back.
        """
        self._room(room).override = rate_per_minute

    async def stock(self, room: str, units: int | None) -> None:
        """
        Note how many units are left to sell.
        """
        state = self._room(room)
        before = state.capacity
        state.supply(units)
        if state.capacity != before:
            state.journal.note(Act.LIMITS, self.now_ms, state.limits)

    async def sell_out(self, room: str) -> None:
        """
        Close the room because nothing is left to sell.
        """
        await self.set_phase(room, Phase.CLOSED)
        self._room(room).sold_out = True

    async def observe(self, room: str, health: Health) -> None:
        """
        Keep what gates saw of the shop.
        """
        state = self._room(room)
        state.health.append(health._replace(at_ms=self.now_ms))
        state.health = [record for record in state.health[-KEPT:] if record.at_ms >= self.now_ms - MOST_MS]

    async def join(self, room: str, lane: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number of *lane*, in order; or let them straight in.
        """
        state = self._room(room)
        state.refill(self.now_ms)
        state.purge(self.now_ms)
        entered: list[str] = []
        calm = state.crowded
        found = {visitor: self._join(state, lane, visitor, entered) for visitor in dict.fromkeys(visitors)}
        state.journal.note(Act.STRAIGHT, self.now_ms, entered)
        if state.crowded != calm:
            state.turn(self.now_ms)
        return [found[visitor] for visitor in visitors]

    async def remembers(self, room: str, lane: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether a join would give what the last one gave.
        """
        state = self._room(room)
        state.purge(self.now_ms)
        known = [state.joined.get((lane, visitor)) for visitor in visitors]
        return [join is not None and (not join.rank or f"{lane}.{join.rank}" in state.seats.held) for join in known]

    def _join(self, state: MemoryRoom, name: str, visitor: str, entered: list[str]) -> JoinReply:
        now, lane = self.now_ms, state.lane(name)
        known = state.joined.get((name, visitor))
        if known is not None:
            held = state.seats.held.get(f"{name}.{known.rank or known.number}")
            if held is not None:
                return JoinReply(JoinCode.STRAIGHT, known.number, held.issued_ms, held.hard_end_ms, now)
            if not known.rank:
                return JoinReply(JoinCode.SAME, known.number, 0, 0, now)
        if state.phase is Phase.CLOSED:
            return JoinReply(JoinCode.CLOSED, 0, 0, 0, now)
        if state.phase is Phase.DRAINING:
            return JoinReply(JoinCode.DRAINING, 0, 0, 0, now)
        if now < state.recover_until:
            return JoinReply(JoinCode.RECOVERING, 0, 0, 0, now)
        straight = state.straight(now)
        if lane.issued >= lane.high_water:
            lane.high_water = lane.issued + steps.MARK_STEP
        lane.issued += 1
        state.remember(name, visitor, Joined(lane.issued, lane.issued if straight else 0, now + JOINED_MS))
        if not straight:
            if state.policy.mode == "standby" and not state.crowded:
                state.crowded = now
            lane.present.add(lane.issued)
            return JoinReply(JoinCode.EARLY if state.gathers else JoinCode.NEW, lane.issued, 0, 0, now)
        entered.append(f"{name}.{lane.issued}")
        held = state.give_seat(entered[-1], visitor, now)
        lane.calls.claim(lane.issued)
        lane.frontier = max(lane.frontier, lane.issued + 1)
        state.version += 1
        return JoinReply(JoinCode.STRAIGHT, lane.issued, now, held.hard_end_ms, now)

    async def flush(self, room: str, lane: str, present: Mapping[int, bytes], highest: int, round_: int = 0) -> None:
        """
        Add check-ins of *lane*.
        """
        state = self._room(room)
        there = state.lane(lane)
        for chunk, bits in present.items() if round_ == state.draws.round else ():
            there.present.join(chunk, bits)
        if highest > there.issued:
            there.lift(highest, 0, highest)
            state.version += 1

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step if the room is still at its version.
        """
        state = self._room(room)
        if (state.epoch, state.version) != (step.epoch, step.version):
            return False
        commit(state, step, self.now_ms)
        return True

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats.
        """
        state = self._room(room)
        state.refill(self.now_ms)
        state.purge(self.now_ms)
        entered: list[str] = []
        rests = self._rests(state)
        replies = [self._claim(state, claim, entered, rests) for claim in claims]
        state.journal.note(Act.CLAIMED, self.now_ms, entered)
        return replies

    def _claim(self, state: MemoryRoom, claim: Claim, entered: list[str], rests: ClaimCode | None) -> ClaimReply:
        name, rank, visitor, number = claim
        now, seat = self.now_ms, f"{name}.{rank}"
        held = state.seats.held.get(seat)
        if held is not None:
            return ClaimReply(ClaimCode.SAME, held.issued_ms, held.hard_end_ms)
        lane = state.lanes.get(name) or MemoryLane(frontier=0)
        refusal = self._refusal(state, lane, rank)
        if rests is not None and refusal is not ClaimCode.USED:
            refusal = rests
        if refusal is not None:
            if refusal in _AT_DOOR:
                lane.calls.wait(rank, now)
            if refusal is ClaimCode.PACED:
                return ClaimReply(refusal, 0, 0, state.overflows_in_ms())
            return _REFUSED[refusal]
        lane.calls.claim(rank)
        state.remember(name, visitor, Joined(number or rank, rank, now + JOINED_MS))
        held = state.give_seat(seat, visitor, now)
        entered.append(seat)
        return ClaimReply(ClaimCode.ADMITTED, held.issued_ms, held.hard_end_ms)

    def _rests(self, state: MemoryRoom) -> ClaimCode | None:
        """
        Return why nobody goes in now, or None.
        """
        if state.phase is Phase.CLOSED:
            return ClaimCode.CLOSED
        if self.now_ms < state.recover_until:
            return ClaimCode.RECOVERING
        return ClaimCode.PAUSED if state.phase in _RESTING or state.policy.mode == "hold" else None

    def _refusal(self, state: MemoryRoom, lane: MemoryLane, rank: int) -> ClaimCode | None:
        if rank in lane.calls.claimed:
            return ClaimCode.USED
        if rank >= lane.frontier:
            return ClaimCode.NOT_CALLED
        if state.full:
            return ClaimCode.FULL
        return ClaimCode.PACED if state.tokens < state.price else None

    async def touch(
        self,
        room: str,
        seats: Mapping[str, int],
        released: Sequence[str],
        stages: Mapping[str, Stage] = NO_STAGES,
    ) -> TouchReply:
        """
        Keep seats in use, note their stages, and free others.
        """
        state, now = self._room(room), self.now_ms
        state.refill(now)
        state.purge(now)
        back: list[str] = []
        gone = tuple(seat for seat, end_ms in seats.items() if not self._touch(state, seat, end_ms, back))
        state.journal.note(Act.BACK, now, back)
        for seat, stage in stages.items():
            state.seats.enter(seat, stage.name, stage.since_ms, now, state.numbers)
        state.end_seats(Act.RELEASED, now, released)
        state.peak = max(state.peak, len(state.seats))
        version = f"{state.epoch}.{state.rights.changes}"
        return TouchReply(gone, state.phase, state.straight(now), now, version)

    def _touch(self, state: MemoryRoom, seat: str, hard_end_ms: int, back: list[str]) -> bool:
        now = self.now_ms
        held = state.seats.held.get(seat)
        if held is not None:
            state.seats.keep(seat, held, now, state.numbers)
            return True
        if now >= state.recover_until or hard_end_ms <= now or state.full:
            return False
        state.seats.take(seat, now, hard_end_ms, "", state.numbers)
        back.append(seat)
        lane, _, rank = seat.rpartition(".")
        if rank.isdecimal() and "." not in lane:
            state.lane(lane).lift(0, int(rank) + 1, 0)
        return True

    async def redeem(self, room: str, asked: Sequence[Redemption]) -> list[RedeemCode]:
        """
        Count uses of invitations, once for each visitor.
        """
        rights = self._room(room).rights
        return [rights.redeem(use, self.now_ms) for use in asked]

    async def revoke(self, room: str, seat: str, visitor: str, for_ms: int) -> int:
        """
        Turn a seat or a visitor away for a time, and free what they hold.
        """
        state = self._room(room)
        if not state.rights.revoke(seat, visitor, for_ms, self.now_ms):
            raise RevokedFullError(room, MOST_REVOKED)
        if for_ms <= 0:
            return 0
        theirs = [seat] if seat else state.seats.of(visitor)
        return state.end_seats(Act.REVOKED, self.now_ms, theirs)

    async def revoked(self, room: str) -> Revoked:
        """
        Return who is turned away.
        """
        state = self._room(room)
        return state.rights.revoked(state.epoch, self.now_ms)

    async def come_back(self, room: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether they lost a seat with a basket lately.
        """
        return [self._room(room).rights.come_back(visitor, self.now_ms) for visitor in visitors]

    async def leave(self, room: str, lane: str, rank: int, visitor: str, round_: int = 0) -> bool | None:
        """
        Give a place or a seat back.
        """
        state = self._room(room)
        if state.draws.round != round_:
            return None
        there = state.lanes.get(lane) or MemoryLane()
        seated = state.end_seats(Act.LEFT, self.now_ms, [f"{lane}.{rank}"]) > 0
        waited = (there.present.discard(rank), there.before.discard(rank))
        state.joined.pop((lane, visitor), None)
        return seated or any(waited)

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """
        return self._room(room).read(room, self.now_ms)

    async def restore(self, last: Snapshot, highest: Mapping[str, int]) -> bool:
        """
        Put a lost room back from what was last known of it.
        """
        known = self._rooms.get(last.room)
        self._missed.pop(last.room, None)
        back = put_back(known, last, highest, self.now_ms)
        self._rooms[last.room] = back or self._rooms[last.room]
        return back is not None

    async def audit(self, room: str, after: int, limit: int) -> list[tuple[int, str]]:
        """
        Return records of the admission log.
        """
        state = self._rooms.get(room)
        return [record for record in state.journal.records if record[0] > after][:limit] if state else []

    async def close(self) -> None:
        """
        Give nothing back: there is nothing.
        """
