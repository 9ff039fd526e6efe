"""
The rooms that a worker serves, and the use cases of their operator. Awaits the store, and nothing else.
"""

from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any, Final

from waiting_room.core import told
from waiting_room.core.breaks import read_break
from waiting_room.core.calendar import next_opening_ms
from waiting_room.core.draw import SEED_BYTES, DrawError
from waiting_room.core.opening import opening_of, read_beacon, read_prequeue
from waiting_room.core.phase import ACTIONS, Phase
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import opening_faults, source_faults
from waiting_room.core.view import View
from waiting_room.errors import Fault, PolicyError, RoomUnknownError, StoreEmptyError
from waiting_room.ports import Store
from waiting_room.rooms import Room

BATCH: Final = 500
"""So many joins, claims or records go in one call at the most."""


class Office:
    """
    Hold what one worker knows of its rooms, and do to them what an operator asks for.

    *clock_ms* is this process' clock; it times what is stale and never decides about places or seats. *new_seed* makes
    the secret of a draw.
    """

    def __init__(
        self, store: Store, clock_ms: Callable[[], int], new_seed: Callable[[], str] = lambda: token_hex(SEED_BYTES)
    ) -> None:
        self.store = store
        self.clock_ms = clock_ms
        self.new_seed = new_seed
        self.known: dict[str, Room] = {}

    def rooms(self) -> tuple[str, ...]:
        """
        Return the names of the rooms that this worker serves.
        """
        return tuple(self.known)

    def room(self, name: str) -> Room:
        """
        Return what is held of a room, or raise `RoomUnknownError`.
        """
        try:
            return self.known[name]
        except KeyError:
            raise RoomUnknownError(name) from None

    def policy(self, name: str) -> Policy:
        """
        Return the settings of a room.
        """
        return self.room(name).policy

    async def refresh(self, name: str) -> Room:
        """
        Take a new snapshot of a room; a room seen for the first time is served from then on.
        """
        snapshot = await self.store.snapshot(name)
        room = self.known.get(name)
        if room is None:
            room = self.known[name] = Room(name, View(snapshot), self.clock_ms())
        else:
            room.see(snapshot, self.clock_ms())
        if room.revoked.version != snapshot.revoked_version:
            await self.hear_revoked(room)
        return room

    async def hear_revoked(self, room: Room) -> None:
        """
        Learn who is turned away now.
        """
        room.revoked = room.revoked.followed_by(await self.store.revoked(room.name))

    def public_state(self, name: str) -> dict[str, Any]:
        """
        Return what anybody may know of a room; nothing of any visitor.
        """
        return told.public_state(self.room(name).view.snapshot)

    def admin_state(self, name: str) -> dict[str, Any]:
        """
        Return what an operator may know of a room.
        """
        return told.admin_state(self.room(name).view.snapshot)

    async def audit(self, name: str, after: int = 0, limit: int = BATCH) -> list[tuple[int, str]]:
        """
        Return sequence and text of the records of the admission log that come after the sequence *after*.
        """
        return await self.store.audit(self.room(name).name, after, limit)

    async def configure(self, name: str, policy: Policy, *, rate_by_hand: bool = False) -> None:
        """
        Create a room or change its settings, and see it at once; *rate_by_hand* ends a rate that a schedule has set.

        Whoever plans another opening means it: it ends a pre-queue that was to end at the operator's own time.

        Raises `StoreEmptyError` while the room may be lost and on its way back: see `waiting_room.ports.Store`.
        """
        before = self.known[name].policy.planned if name in self.known else policy.planned
        try:
            await self.store.configure(name, policy, rate_by_hand=rate_by_hand)
        except StoreEmptyError:
            if name in self.known:
                self.known[name].lost = True
            raise
        seen = (await self.refresh(name)).view.snapshot
        opening_ms = next_opening_ms(policy.planned, seen.now_ms)
        if seen.opens_at_ms and opening_ms not in {None, next_opening_ms(before, seen.now_ms)}:
            await self.promise(name, 0)

    async def set_phase(
        self, name: str, phase: Phase, resume_at_ms: int = 0, notice: str = "", beacon: str = ""
    ) -> None:
        """
        Change the phase of a room, and see it at once; the first one that admits after a pre-queue holds the draw.

        Raises `DrawError` where the *beacon* that was announced is missing, or there is one that was not.
        """
        snapshot = self.room(name).view.snapshot
        if phase.admits:
            faults = opening_faults(snapshot.promise, beacon)
            if faults:
                raise DrawError(faults)
        await self.store.set_phase(name, phase, resume_at_ms, notice, opening_of(snapshot, beacon))
        await self.refresh(name)

    async def prequeue(self, name: str, opens_at_ms: int | None = None, source: str = "") -> None:
        """
        Let visitors gather before the opening, and promise them a draw; both may be said again, to set another time.

        *opens_at_ms*: when the room opens, whatever is planned (0: as planned, None: as before). *source* announces a
        beacon.
        """
        faults = source_faults(source)
        if faults:
            raise DrawError(faults)
        await self.store.set_phase(self.room(name).name, Phase.PREQUEUE)
        await self.promise(name, opens_at_ms, source)

    async def promise(self, name: str, opens_at_ms: int | None = None, source: str = "") -> None:
        """
        Promise a draw to those who gather, if nobody has: the seed is kept in the store, and shown to nobody till then.
        """
        await self.store.promise(name, self.new_seed(), source, opens_at_ms)
        await self.refresh(name)

    async def act(self, name: str, action: str, values: Mapping[str, Any]) -> None:
        """
        Do what an operator asks for with one of `ACTIONS`; a pause may be a break (`read_break`), a pre-queue
        says when it ends, an opening the value of its beacon.

        A room that was paused while it drained goes on draining. Raises `PolicyError` for *values* that mean nothing.
        """
        snapshot = (await self.refresh(self.room(name).name)).view.snapshot
        phase, resume_at_ms, notice, beacon = ACTIONS[action], 0, "", ""
        if phase is Phase.PREQUEUE:
            await self.prequeue(name, *read_prequeue(values, snapshot.policy.timezone, snapshot.now_ms))
            return
        if phase is Phase.PAUSED:
            resume_at_ms, notice = read_break(values, snapshot.policy.timezone, snapshot.now_ms)
        elif action == "open":
            beacon = read_beacon(values)
        elif values:
            raise PolicyError(tuple(Fault(key, f"means nothing to {action}", "leave it out") for key in values))
        elif action == "resume" and snapshot.phase is Phase.PAUSED:
            phase = snapshot.agenda.resume_to
        await self.set_phase(name, phase, resume_at_ms, notice, beacon)

    async def override(self, name: str, rate_per_minute: int | None) -> None:
        """
        Set a room's rate by hand until it is taken back with None, and see it at once.
        """
        await self.store.override(self.room(name).name, rate_per_minute)
        await self.refresh(name)

    async def stock(self, name: str, units: int | None) -> None:
        """
        Note how many units the shop has left to sell, None where nobody knows any more, and see it at once.
        """
        await self.store.stock(self.room(name).name, units)
        await self.refresh(name)

    async def sell_out(self, name: str) -> None:
        """
        Close a room because nothing is left to sell, and see it at once.
        """
        await self.store.sell_out(self.room(name).name)
        await self.refresh(name)
