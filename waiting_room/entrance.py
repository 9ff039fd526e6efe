"""
Who may join which lane: everybody the standard one, those who are invited or come back another, and some none.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from waiting_room.coalesce import Coalescer
from waiting_room.core import polling
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.newcomers import Delay, Whence
from waiting_room.core.outcomes import Early, Outcome, Paused, Refused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.errors import StoreEmptyError, StoreUnavailableError
from waiting_room.lobby import Lobby
from waiting_room.office import BATCH
from waiting_room.ports import JoinCode, JoinReply, RedeemCode, Redemption
from waiting_room.rooms import Room
from waiting_room.tokens import Invitation, Ticket, Visitor

SOONEST_MS: Final = 1000
"""Nobody is asked to come again sooner: `Retry-After` is in whole seconds."""
HERD_MS: Final = 4000
"""Over so long, and half of their wait, those are spread who come again without a booking."""
Place = tuple[Outcome, Ticket | None]


class Entrance:
    """
    Stand before the lobby's joins, and send each visitor to their lane; *coalescer* makes what gathers uses of rights.

    What a network is given of new places is shared among so many *workers*, each of which counts for itself.
    """

    def __init__(
        self, lobby: Lobby, coalescer: Callable[..., Coalescer[Any, Any]] = Coalescer, workers: int = 1
    ) -> None:
        self._lobby = lobby
        self._workers = workers
        self._put_off_so_far = 0
        self._redeemer: Callable[[str], Coalescer[Redemption, RedeemCode]] = cache(
            lambda name: coalescer(lambda uses: lobby.store.redeem(name, uses), BATCH)
        )
        self._returns: Callable[[str], Coalescer[str, bool]] = cache(
            lambda name: coalescer(lambda visitors: lobby.store.come_back(name, visitors), BATCH)
        )
        self._repeats: Callable[[str], Coalescer[str, bool]] = cache(
            lambda name: coalescer(lambda visitors: lobby.store.remembers(name, STANDARD_LANE, visitors), BATCH)
        )

    async def join(
        self,
        name: str,
        visitor: Visitor,
        ticket: Ticket | None = None,
        invitation: Invitation | None = None,
        whence: Whence | None = None,
        seen: int | None = None,
    ) -> Place:
        """
        Give *visitor* a place in the lane that is theirs, once: who bears a *ticket* keeps it, and is shown no position
        above *seen*.

        Only an *invitation* to another lane moves somebody who still waits; where it does not count, they stay where
        they are. It is counted as used before the place is given, once for each visitor, so that a join that is tried
        again costs no second use.

        Who has neither ticket nor right may have to come again, where the room bounds the new places of a network and
        it is known *whence* they come.
        """
        room = self._lobby.room(name)
        if room.revoked.bars("", visitor.id, self._lobby.clock_ms()):
            return Refused(Reason.REVOKED), None
        if ticket is not None and (invitation is None or invitation.lane == ticket.lane):
            return await self._lobby.join(name, visitor, ticket, seen=seen)
        try:
            if ticket is not None and invitation is not None:
                return await self._move(room, visitor, ticket, invitation, seen)
            if invitation is None:
                return await self._uninvited(room, visitor, whence)
            refusal = await self._refusal(room, visitor, invitation)
        except StoreEmptyError:
            room.lost = True
            return self._lobby.put_off(Reason.RECOVERING), None
        except StoreUnavailableError:
            return self._lobby.put_off(Reason.STORE_AWAY), None
        if refusal is not None:
            return refusal, None
        return await self._lobby.join(name, visitor, lane=invitation.lane)

    async def _uninvited(self, room: Room, visitor: Visitor, whence: Whence | None) -> Place:
        policy = room.policy
        lane = return_lane(policy)
        if lane and await self._returns(room.name).submit(visitor.id):
            return await self._lobby.join(room.name, visitor, lane=lane)
        if policy.invite_only:
            return Refused(Reason.INVITATION_NEEDED), None
        if whence is None or not policy.joins_per_address:
            return await self._lobby.join(room.name, visitor, lane=STANDARD_LANE)
        return await self._newcomer(room, visitor, whence)

    async def _newcomer(self, room: Room, visitor: Visitor, whence: Whence) -> Place:
        """
        Give a place to one of a network, as far as its part of them goes; what gives no new place costs it nothing.
        """
        per_minute = max(1.0, room.policy.joins_per_address / self._workers)
        delay = room.newcomers.take(
            whence.network, visitor.id if whence.known else "", per_minute, self._lobby.clock_ms()
        )
        if delay is not None:
            if not (whence.known and await self._repeats(room.name).submit(visitor.id)):
                room.tally["put_off",] += 1
                return Refused(Reason.NETWORK_BUSY, self._told_ms(delay)), None
            if delay.booked:
                room.newcomers.give_back(whence.network, per_minute, visitor.id)
            return await self._lobby.join(room.name, visitor, lane=STANDARD_LANE)
        heard: list[JoinReply] = []
        place = await self._lobby.join(room.name, visitor, lane=STANDARD_LANE, hear=heard.append)
        if not any(_is_new(reply) for reply in heard):
            room.newcomers.give_back(whence.network, per_minute)
        return place

    def _told_ms(self, delay: Delay) -> int:
        """
        Return when to come again: bookings lie apart by themselves, all others would come as a herd.
        """
        self._put_off_so_far += 1
        apart_ms = 0 if delay.booked else HERD_MS + delay.wait_ms // 2
        return max(SOONEST_MS, int(delay.wait_ms + apart_ms * polling.spread(self._put_off_so_far, 0)))

    async def _move(
        self, room: Room, visitor: Visitor, ticket: Ticket, invitation: Invitation, seen: int | None
    ) -> Place:
        kept = self._lobby.status(room.name, ticket, seen)
        if not isinstance(kept, Waiting | Paused | Early) or await self._refusal(room, visitor, invitation) is not None:
            return kept, ticket
        outcome, given = await self._lobby.join(room.name, visitor, lane=invitation.lane)
        if given is None:
            return kept, ticket
        await self._lobby.leave(room.name, ticket)
        return outcome, given

    async def _refusal(self, room: Room, visitor: Visitor, invitation: Invitation) -> Outcome | None:
        """
        Return why *invitation* lets nobody in, or None where it does; a closed room takes no use of it.
        """
        entries = {lane.name: lane.entry for lane in room.policy.lanes}
        if entries.get(invitation.lane, "return") == "return":
            return Refused(Reason.INVITATION_INVALID)
        if room.view.snapshot.phase is Phase.CLOSED:
            return room.view.closed()
        use = Redemption(invitation.id, invitation.uses, invitation.expires_ms, visitor.id)
        code = await self._redeemer(room.name).submit(use)
        match code:
            case RedeemCode.USED:
                return Refused(Reason.INVITATION_USED)
            case RedeemCode.EXPIRED:
                return Refused(Reason.INVITATION_EXPIRED)
            case _:
                return None


async def revoke(lobby: Lobby, name: str, *, seat: str = "", visitor: str = "", for_ms: int) -> int:
    """
    Turn a seat or a visitor away for *for_ms* (0 takes it back); return how many seats were freed by that.
    """
    room = lobby.room(name)
    freed = await lobby.store.revoke(name, seat, visitor, for_ms)
    await lobby.hear_revoked(room)
    return freed


def _is_new(reply: JoinReply) -> bool:
    """
    Tell whether a place was given that was not there before; a seat that is found again was issued earlier.
    """
    straight = reply.code is JoinCode.STRAIGHT and reply.issued_ms == reply.now_ms
    return straight or reply.code in {JoinCode.NEW, JoinCode.EARLY}


def return_lane(policy: Policy) -> str:
    """
    Return the lane for those who come back, or nothing where the room has none.
    """
    if len(policy.lanes) == 1:
        return ""
    return next((lane.name for lane in policy.lanes if lane.entry == "return"), "")
