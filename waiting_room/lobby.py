"""
The use cases of visitors and gates: join, ask, claim, leave, report. Awaits the store, and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from secrets import token_hex
from typing import Any, Final

from waiting_room.coalesce import RETRY_S, Coalescer
from waiting_room.cookies import TICKET_LIFE_S
from waiting_room.core import polling
from waiting_room.core.draw import SEED_BYTES
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.outcomes import Admitted, Called, Closed, Early, GateAnswer, Outcome, Paused, Refused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.core.shop import NOTHING_SAID, ShopWord
from waiting_room.core.snapshot import BEYOND
from waiting_room.core.view import STALE_MS
from waiting_room.errors import LaneUnknownError, RoomUnknownError, StoreEmptyError, StoreUnavailableError
from waiting_room.office import BATCH, Office
from waiting_room.ports import Claim, ClaimCode, ClaimReply, JoinCode, JoinReply, Stage, Store
from waiting_room.rooms import Room
from waiting_room.tokens import Ticket, Visitor

TICKET_LIFE_MS: Final = TICKET_LIFE_S * 1000
RETRY_MS: Final = 2000
"""Who cannot be served for want of the store is asked to come again after so long."""
CLAIM_HOLD_S: Final = 1.5
"""How long a claim waits at the door for its turn in the pace before the visitor is asked to try again."""
_HELD: Final = frozenset({ClaimCode.PACED, ClaimCode.FULL})


def _nobody_hears(_: JoinReply) -> None:
    pass


class Lobby(Office):
    """
    Serve visitors and gates of all rooms from one worker.

    *coalescer* makes what gathers joins and claims into batches; the others are as the office's.
    """

    def __init__(
        self,
        store: Store,
        clock_ms: Callable[[], int],
        coalescer: Callable[..., Coalescer[Any, Any]] = Coalescer,
        new_seed: Callable[[], str] = lambda: token_hex(SEED_BYTES),
    ) -> None:
        super().__init__(store, clock_ms, new_seed)
        self._desk: Callable[[str, str], Coalescer[str, JoinReply]] = cache(
            lambda name, lane: coalescer(lambda visitors: self.store.join(name, lane, visitors), BATCH)
        )
        self._door: Callable[[str], Coalescer[Claim, ClaimReply]] = cache(
            lambda name: coalescer(
                lambda claims: self.store.claim(name, claims),
                BATCH,
                keep=lambda reply: reply.code in _HELD,
                hold_s=CLAIM_HOLD_S,
                again_s=_until_next,
            )
        )

    def status(self, name: str, ticket: Ticket, seen: int | None = None) -> Outcome:
        """
        Return where *ticket* stands, without asking the store; counts as a check-in.

        *seen* is the position shown last: the answer never exceeds it, nor what this worker told before.
        """
        room = self.known.get(name)
        if room is None:
            raise RoomUnknownError(name)
        now_ms = self.clock_ms()
        if now_ms - ticket.issued_ms > TICKET_LIFE_MS:
            return Refused(Reason.TICKET_EXPIRED)
        if room.revoked and room.bars(ticket.lane, ticket.number, ticket.visitor, now_ms):
            return Refused(Reason.REVOKED)
        view, lane, number = room.view, ticket.lane, ticket.number
        rank = view.rank_of(lane, number)
        notes = room.lanes[lane]
        notes.checkins.add(rank)
        if view.gathering and view.is_early(lane, number):
            return self._early(room, number)
        position = view.position(lane, rank)
        if position:
            if position == BEYOND:
                return view.beyond(number)
            position = notes.positions.lowest(rank, position if seen is None or seen < 1 else min(position, seen))
        return view.tell(lane, number, position, stale=room.lost or now_ms - room.viewed_ms > STALE_MS)

    def _early(self, room: Room, number: int) -> Early | Closed:
        passed_ms = self.clock_ms() - room.viewed_ms
        return room.view.tell_early(number, passed_ms, stale=room.lost or passed_ms > STALE_MS)

    async def join(
        self,
        name: str,
        visitor: Visitor,
        ticket: Ticket | None = None,
        lane: str = STANDARD_LANE,
        hear: Callable[[JoinReply], None] = _nobody_hears,
        seen: int | None = None,
    ) -> tuple[Outcome, Ticket | None]:
        """
        Give *visitor* a place in *lane*, once: who bears a *ticket* of theirs keeps it, whatever the store remembers,
        and is answered as by `status` after *seen*.

        Where the store is asked and replies, *hear* is told its reply first.
        Raises `LaneUnknownError` where the room's settings name no such lane.
        """
        room = self.room(name)
        if ticket is not None:
            return self.status(name, ticket, seen), ticket
        if lane != STANDARD_LANE and all(entry.name != lane for entry in room.policy.lanes):
            raise LaneUnknownError(name, lane)
        if room.view.snapshot.phase is Phase.CLOSED and not room.stale(self.clock_ms()):
            return room.view.closed(), None
        try:
            reply = await self._desk(name, lane).submit(visitor.id)
        except StoreEmptyError:
            room.lost = True
            return self.put_off(Reason.RECOVERING), None
        except StoreUnavailableError:
            return self.put_off(Reason.STORE_AWAY), None
        hear(reply)
        return self._joined(room, lane, visitor, reply)

    def put_off(self, reason: Reason) -> Paused:
        """
        Ask one who has no place yet to come again.
        """
        return Paused(0, 0, polling.jittered_ms(RETRY_MS, self.clock_ms(), 0), reason)

    def _joined(self, room: Room, lane: str, visitor: Visitor, reply: JoinReply) -> tuple[Outcome, Ticket | None]:
        room.tally["join", reply.code.name.lower()] += 1
        if reply.code is JoinCode.CLOSED:
            return room.view.closed(), None
        if reply.code is JoinCode.DRAINING:
            return Refused(Reason.ROOM_DRAINING), None
        if reply.code is JoinCode.RECOVERING:
            return self.put_off(Reason.RECOVERING), None
        notes = room.lanes[lane]
        notes.highest = max(notes.highest, reply.number)
        ticket = Ticket(room.name, lane, reply.number, visitor.id, reply.now_ms)
        if reply.code is JoinCode.STRAIGHT:
            return self._admitted(room, ticket, reply.issued_ms, reply.hard_end_ms, "straight"), ticket
        outcome = self.status(room.name, ticket)
        if reply.code is JoinCode.EARLY and not room.view.gathering:
            # The pre-queue is younger than this worker's view: no position may be shown.
            return self._early(room, reply.number), ticket
        if isinstance(outcome, Waiting) and outcome.eta is not None and reply.code is JoinCode.NEW:
            notes.promise(room.view.rank_of(lane, reply.number), outcome.eta, self.clock_ms())
        return outcome, ticket

    def _admitted(self, room: Room, ticket: Ticket, issued_ms: int, hard_end_ms: int, way: str) -> Admitted:
        rank = room.view.rank_of(ticket.lane, ticket.number)
        seat = f"{ticket.lane}.{rank}"
        fresh = seat not in room.seats
        room.hold_seat(seat, hard_end_ms, self.clock_ms())
        if fresh:
            room.tally["admission", way] += 1
            room.waits_s.append(max(0, issued_ms - ticket.issued_ms) / 1000)
        return Admitted(ticket.number, seat, issued_ms, hard_end_ms, fresh)

    async def claim(self, name: str, ticket: Ticket, seen: int | None = None) -> Outcome:
        """
        Turn a called ticket into a seat: once, within capacity and pace; a repeated claim gives the same seat.

        A claim that comes before its turn in the pace is held for up to `CLAIM_HOLD_S`. One that meets a worker which
        has not heard of the call yet is answered as a status is, never with a position above *seen*.
        """
        room = self.room(name)
        now_ms = self.clock_ms()
        if now_ms - ticket.issued_ms > TICKET_LIFE_MS:
            return Refused(Reason.TICKET_EXPIRED)
        if room.bars(ticket.lane, ticket.number, ticket.visitor, now_ms):
            return Refused(Reason.REVOKED)
        rank = room.view.rank_of(ticket.lane, ticket.number)
        if room.view.position(ticket.lane, rank) > 0 or room.view.is_early(ticket.lane, ticket.number):
            return self.status(name, ticket, seen)
        room.keep_promise(ticket.lane, rank, now_ms)
        room.lanes[ticket.lane].checkins.add(rank)
        try:
            reply = await self._door(name).submit(Claim(ticket.lane, rank, ticket.visitor, ticket.number))
        except StoreEmptyError:
            room.lost = True
            return Called(ticket.number, RETRY_MS, Reason.RECOVERING)
        except StoreUnavailableError:
            return Called(ticket.number, polling.jittered_ms(RETRY_MS, ticket.number, 0), Reason.STORE_AWAY)
        return self._claimed(room, ticket, reply)

    def _claimed(self, room: Room, ticket: Ticket, reply: ClaimReply) -> Outcome:
        number = ticket.number
        room.tally["claim", reply.code.name.lower()] += 1
        match reply.code:
            case ClaimCode.ADMITTED | ClaimCode.SAME:
                return self._admitted(room, ticket, reply.issued_ms, reply.hard_end_ms, "claim")
            case ClaimCode.NOT_CALLED:
                # The store lost the step that called this visitor; it comes back from a worker's memory.
                return Called(number, RETRY_MS, Reason.RECOVERING)
            case ClaimCode.FULL:
                return Called(number, polling.jittered_ms(polling.DOOR_POLL_MS, number, 1), Reason.SEATS_FULL)
            case ClaimCode.PACED:
                return Called(number, polling.jittered_ms(polling.DOOR_POLL_MS, number, 2), Reason.RATE_REACHED)
            case ClaimCode.USED:
                return Refused(Reason.TICKET_USED)
            case ClaimCode.PAUSED:
                return room.view.paused(number, 0)
            case ClaimCode.CLOSED:
                return room.view.closed()
            case ClaimCode.RECOVERING:
                return Called(number, RETRY_MS, Reason.RECOVERING)

    async def leave(self, name: str, ticket: Ticket) -> bool:
        """
        Give a place or a seat back at once; return whether there was one.
        """
        room = self.room(name)
        try:
            left = await self._leave(room, ticket)
            if left is None:
                left = await self._leave(await self.refresh(name), ticket)
        except (StoreEmptyError, StoreUnavailableError):
            return False
        room.tally["leave",] += bool(left)
        return bool(left)

    async def _leave(self, room: Room, ticket: Ticket) -> bool | None:
        rank = room.view.rank_of(ticket.lane, ticket.number)
        room.drop_seats((f"{ticket.lane}.{rank}",))
        room.lanes[ticket.lane].checkins.drop(rank)
        return await self.store.leave(room.name, ticket.lane, rank, ticket.visitor, room.view.snapshot.round)

    async def report(
        self,
        name: str,
        touched: Mapping[str, int],
        released: Sequence[str],
        stages: Mapping[str, str] | None = None,
        revoked_version: str = "",
        shop: ShopWord = NOTHING_SAID,
    ) -> GateAnswer:
        """
        Do what a gate's report asks and tell it what it must know; the list of *revoked_version* is not told again.

        What it says of the shop is taken with it, or the whole report is answered as degraded, to be told once more.
        """
        room = self.room(name)
        room.saw(shop.health)
        now_ms = self.clock_ms()
        for seat, end_ms in touched.items():
            room.hold_seat(seat, end_ms, now_ms)
        entered = {seat: Stage(stage) for seat, stage in (stages or {}).items()}
        for seat, stage in entered.items():
            room.enter_stage(seat, stage.name, now_ms)
        try:
            await self._hear(name, shop)
            reply = await self.store.touch(name, touched, released, entered)
            if reply.revoked_version != room.revoked.version:
                await self.hear_revoked(room)
        except (StoreEmptyError, StoreUnavailableError) as error:
            room.lost = room.lost or isinstance(error, StoreEmptyError)
            return GateAnswer((), room.view.snapshot.phase, straight=False, now_ms=now_ms, degraded=True)
        room.drop_seats((*reply.gone, *released))
        room.tally["release",] += len(released)
        straight = reply.straight and not room.policy.invite_only
        known = revoked_version == room.revoked.version
        return GateAnswer(reply.gone, reply.phase, straight, reply.now_ms, revoked=None if known else room.revoked)

    async def _hear(self, name: str, shop: ShopWord) -> None:
        if shop.stock is not None:
            await self.store.stock(name, shop.stock)
        if shop.sold_out:
            await self.sell_out(name)


def _until_next(reply: ClaimReply) -> float:
    """
    Return when a held claim is to be tried again: a slow room's bucket holds one admission, and must not overflow.
    """
    return reply.again_ms / 1000 if reply.code is ClaimCode.PACED else RETRY_S
