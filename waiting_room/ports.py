"""
What the use cases need from a store, in the words of the domain: no connection, no key, no transaction.

Every verb is atomic, idempotent by an id of the caller's, and takes the store's clock, never the caller's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from waiting_room.core.health import Health
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.revoked import Revoked
from waiting_room.core.snapshot import Snapshot


class JoinCode(IntEnum):
    """
    Tell what came of a join.
    """

    NEW = 1
    SAME = 2
    """this visitor joined a moment ago: the number is the one given then"""
    STRAIGHT = 3
    """nobody waits and a seat is free: admitted at once"""
    CLOSED = -1
    DRAINING = -2
    EARLY = 4
    """new, and without a rank until the draw"""
    RECOVERING = -7
    """the room is being put together after a loss: no number is given before every worker has added what it knows"""


class JoinReply(NamedTuple):
    """
    Give the number, and the seat's issue and hard end where the visitor was let straight through (else 0).
    """

    code: JoinCode
    number: int
    issued_ms: int
    hard_end_ms: int
    now_ms: int


class ClaimCode(IntEnum):
    """
    Tell what came of a claim.
    """

    ADMITTED = 1
    SAME = 2
    """the seat of an earlier claim of this ticket, still held"""
    NOT_CALLED = -1
    FULL = -2
    PACED = -3
    USED = -4
    PAUSED = -5
    CLOSED = -6
    RECOVERING = -7


class Claim(NamedTuple):
    """
    Ask for the seat of a called rank, which the holder of *number* (0: the same) has.
    """

    lane: str
    rank: int
    visitor: str
    number: int = 0


class ClaimReply(NamedTuple):
    """
    Give the seat's issue and hard end where there is one (else 0).

    *again_ms*: where the claim came before its turn, how long it takes until the door's bucket overflows.
    """

    code: ClaimCode
    issued_ms: int
    hard_end_ms: int
    again_ms: int = 0


class Stage(NamedTuple):
    """
    Name the stage that the shop has put a visit in, ``basket`` or ``payment``; *since_ms* is 0 for this moment.
    """

    name: str
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class TouchReply:
    """
    Name the touched seats that are no longer held, and what a gate must know of the room.

    *revoked_version* is that of the list of those who are turned away; it changes with the list.
    """

    gone: tuple[str, ...]
    phase: Phase
    straight: bool
    now_ms: int
    revoked_version: str


class Redemption(NamedTuple):
    """
    Ask for a use of the invitation with this id, which is for *uses* visitors until *expires_ms*, by *visitor*.
    """

    invitation: str
    uses: int
    expires_ms: int
    visitor: str


class RedeemCode(IntEnum):
    """
    Tell what came of an invitation.
    """

    NEW = 1
    SAME = 2
    """this visitor has used it before: that is one use"""
    USED = -1
    EXPIRED = -2


NO_STAGES: Final[Mapping[str, Stage]] = MappingProxyType({})


class Store(Protocol):
    """
    Keep the rooms. Raises `StoreUnavailableError` and `StoreEmptyError`, nothing else of its own.
    """

    async def rooms(self) -> tuple[str, ...]:
        """
        Return the names of all rooms.
        """

    async def configure(self, room: str, policy: Policy, *, rate_by_hand: bool = False) -> bool:
        """
        Create the room or change its settings; return whether it is new.

        A room that is missing may have been lost: it is made anew only when it has been missed for `PATIENCE_MS`, so
        that who remembers it can put it back; until then `StoreEmptyError` is raised. Where the store is known to hold
        all it ever held, and the room is not listed, it is new and made at once.

        A new room begins as its schedule says. A rate that a schedule has set stays, unless the settings bring another
        one or it was chosen *rate_by_hand*.
        """

    async def set_phase(
        self, room: str, phase: Phase, resume_at_ms: int = 0, notice: str = "", opening: Opening = WITHOUT_DRAW
    ) -> None:
        """
        Change the phase, as an operator says; a pause may have a time at which it goes on, and words of its own. A
        phase that admits holds the draw that was promised, as *opening* says.
        """

    async def promise(self, room: str, seed: str, source: str, opens_at_ms: int | None) -> bool:
        """
        Promise a draw to those who gather: a seed and an announcement (empty: none) are kept from the first time on,
        the opening may be said anew (0: as planned, None: as before). Return whether anybody gathers.
        """

    async def override(self, room: str, rate_per_minute: int | None) -> None:
        """
        Set the operator's rate, which holds until it is taken back with None.
        """

    async def stock(self, room: str, units: int | None) -> None:
        """
        Note how many units the shop has left to sell, None where nobody knows any more.
        """

    async def sell_out(self, room: str) -> None:
        """
        Close the room because nothing is left to sell; it is so until its phase is set.
        """

    async def observe(self, room: str, health: Health) -> None:
        """
        Keep for a while what gates saw of the shop, with the store's time.
        """

    async def join(self, room: str, lane: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number of *lane*, in order, however often they ask within a minute; or let them straight
        in, while nobody waits in any lane.
        """

    async def remembers(self, room: str, lane: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether a join of theirs would give the place in *lane* that the last one gave, or its
        seat, for it was made a moment ago.
        """

    async def flush(self, room: str, lane: str, present: Mapping[int, bytes], highest: int, round_: int = 0) -> None:
        """
        Add check-ins in *lane*, a bitmap for each chunk of ranks; *highest* is the highest number that any visitor
        showed. A lane that the room has lost is known again from then on. Ranks of another *round_* of draws than the
        room's are not those of today, and are left out.
        """

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step if the room is still at its version; return whether it was.
        """

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats, each once, within capacity and pace.
        """

    async def touch(
        self,
        room: str,
        seats: Mapping[str, int],
        released: Sequence[str],
        stages: Mapping[str, Stage] = NO_STAGES,
    ) -> TouchReply:
        """
        Keep *seats* (with the ends of their passes in ms) in use, note *stages* of seats, and free *released*.

        A seat in payment is held for as long as a payment may last, and longer where idle and hard end come later.
        """

    async def redeem(self, room: str, asked: Sequence[Redemption]) -> list[RedeemCode]:
        """
        Count each use that is asked for, in order, once for each visitor; never more than an invitation is for, and
        never after its end.
        """

    async def revoke(self, room: str, seat: str, visitor: str, for_ms: int) -> int:
        """
        Turn *seat*, or else *visitor*, away for *for_ms* (0 takes it back) and free what they hold; return how many
        seats were freed. Raises `RevokedFullError`.
        """

    async def revoked(self, room: str) -> Revoked:
        """
        Return who is turned away.
        """

    async def come_back(self, room: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether they lost a seat with a basket lately; the right to come back is used by that.
        """

    async def leave(self, room: str, lane: str, rank: int, visitor: str, round_: int = 0) -> bool | None:
        """
        Give a place of *lane* or a seat back; return whether there was one, or None where a draw has been held since
        the one of *round_*, of which *rank* is.
        """

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """

    async def restore(self, last: Snapshot, highest: Mapping[str, int]) -> bool:
        """
        Put a lost room back from what was last known of it, and from the *highest* number known of each lane; return
        whether anything had been lost.
        """

    async def audit(self, room: str, after: int, limit: int) -> list[tuple[int, str]]:
        """
        Return sequence and text of up to *limit* records of the admission log that come after the sequence *after*.
        """

    async def close(self) -> None:
        """
        Give back every connection.
        """
