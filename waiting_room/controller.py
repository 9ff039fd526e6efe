"""
The steady hand: refreshes what workers know, takes the steps that are due, and puts a lost room back.

Every worker runs one. For each room one of them holds the lease and commits the steps; a step that another was faster
with is refused by the store, so that a lost lease or a second controller does no harm.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from waiting_room.core import polling
from waiting_room.core.agenda import Orders
from waiting_room.core.breaks import utc_text
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import StoreEmptyError, StoreError, StoreUnavailableError
from waiting_room.lobby import Lobby
from waiting_room.ports import Stage
from waiting_room.rooms import LaneNotes, Room

REFRESH_MS: Final = 1000
DISCOVER_MS: Final = 2000
_log = logging.getLogger(__name__)


class Controller:
    """
    Keep the rooms of one worker going. *owner* names this worker among all; *policies* are the configured rooms.
    """

    def __init__(self, lobby: Lobby, owner: str, policies: Mapping[str, Policy]) -> None:
        self._lobby = lobby
        self._owner = owner
        self._policies = policies
        self._waits = False
        self._flushed_ms = 0
        self._discovered_ms = 0

    async def open_rooms(self) -> None:
        """
        Create or update the configured rooms and see every room there is.

        Raises `StoreEmptyError` where one is missing that may have been lost a moment ago: it is to be asked for again,
        until others have put it back or have had the time to.
        """
        missing: StoreEmptyError | None = None
        for name, policy in self._policies.items():
            try:
                await self._lobby.store.configure(name, policy)
            except StoreEmptyError as error:
                missing = error
        if missing is not None:
            if not self._waits:
                _log.warning("a room is missing: others have a moment to put it back", extra={"room": missing.room})
            self._waits = True
            raise missing
        await self._discover()

    async def run(self) -> None:
        """
        Step until cancelled, four times a second.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self.step()
            due = max(due + TICK_MS / 1000, loop.time())
            await asyncio.sleep(due - loop.time())

    async def step(self) -> None:
        """
        Do what is due in each room; a store that does not answer costs this step and no more.
        """
        now_ms = self._lobby.clock_ms()
        for room in list(self._lobby.known.values()):
            try:
                await self._tend_or_restore(room, now_ms)
            except StoreEmptyError:
                room.lost = True
            except StoreUnavailableError as error:
                room.tally["tick", "failed"] += 1
                _log.debug("step missed", extra={"room": room.name, "reason": error.kind})
        await self._chores(now_ms)

    async def _chores(self, now_ms: int) -> None:
        try:
            if now_ms - self._flushed_ms >= polling.FLUSH_MS:
                self._flushed_ms = now_ms
                await self._flush()
            if now_ms - self._discovered_ms >= DISCOVER_MS:
                self._discovered_ms = now_ms
                await self._discover()
        except StoreError as error:
            _log.debug("chores missed", extra={"reason": str(error)})

    async def _tend_or_restore(self, room: Room, now_ms: int) -> None:
        if not room.lost:
            try:
                await self._tend(room, now_ms)
            except StoreEmptyError:
                room.lost = True
        if room.lost:
            await self._restore(room)

    async def _tend(self, room: Room, now_ms: int) -> None:
        last = room.view.snapshot
        held_by_another = last.owner not in {"", self._owner}
        if held_by_another and now_ms - room.viewed_ms < REFRESH_MS:
            return
        before = room.view
        await self._lobby.refresh(room.name)
        snapshot = room.view.snapshot
        if _is_another_life(snapshot, before.snapshot):
            _log.warning("new epoch", extra={"room": room.name, "epoch": snapshot.epoch})
            room.view, room.lost = before, True
            return
        step = plan(snapshot, self._owner)
        if step is not None:
            committed = await self._lobby.store.advance(room.name, step)
            room.tally["tick", "committed" if committed else "lost"] += 1
            if committed:
                _log_orders(room.name, step.orders)
                if step.orders.phase is None:
                    await self._open(room.name, snapshot)

    async def _open(self, name: str, snapshot: Snapshot) -> None:
        """
        Promise the draw of a pre-queue that has none yet, and open it when the operator's own time has come.

        A planned opening is carried out with the schedule. One that waits for a beacon's value is the operator's.
        """
        if snapshot.phase is not Phase.PREQUEUE:
            return
        if snapshot.promise is None:
            await self._lobby.promise(name)
        elif 0 < snapshot.opens_at_ms <= snapshot.now_ms and not snapshot.promise.source:
            await self._lobby.set_phase(name, Phase.OPEN)
            _log.info("a room was opened at its time", extra={"room": name})

    async def _restore(self, room: Room) -> None:
        last = room.view.snapshot
        lost = await self._lobby.store.restore(last, room.highest())
        seats = room.live_seats(self._lobby.clock_ms())
        if lost:
            stages = {seat: Stage("payment", since_ms) for seat, since_ms in room.paying.items()}
            await self._lobby.store.touch(room.name, seats, (), stages)
            await self._turn_away_again(room)
        await self._lobby.refresh(room.name)
        room.lost = False
        if lost:
            extra = {
                "room": room.name,
                "epoch": room.view.snapshot.epoch,
                "seats": len(seats),
                "issued": last.standard.issued,
            }
            _log.warning("room put back from this worker's memory", extra=extra)

    async def _turn_away_again(self, room: Room) -> None:
        """
        Tell a store that lost its list who is turned away: a loss of state lets nobody in by that.
        """
        now_ms = self._lobby.clock_ms()
        for seat, until_ms in room.revoked.seats.items():
            if until_ms > now_ms:
                await self._lobby.store.revoke(room.name, seat, "", until_ms - now_ms)
        for visitor, until_ms in room.revoked.visitors.items():
            if until_ms > now_ms:
                await self._lobby.store.revoke(room.name, "", visitor, until_ms - now_ms)

    async def _flush(self) -> None:
        for room in list(self._lobby.known.values()):
            if not room.lost:
                await self._tell_health(room)
                for lane, notes in list(room.lanes.items()):
                    await self._flush_lane(room, lane, notes)

    async def _tell_health(self, room: Room) -> None:
        """
        Hand on what gates saw of the shop; what the store misses is old when it is back, and is dropped.
        """
        health = room.take_health(self._lobby.clock_ms())
        if health is not None:
            await self._lobby.store.observe(room.name, health)

    async def _flush_lane(self, room: Room, lane: str, notes: LaneNotes) -> None:
        if notes.checkins.count == 0:
            return
        checkins, round_ = notes.take_checkins(), room.view.snapshot.round
        highest = max(notes.highest, checkins.highest)
        try:
            await self._lobby.store.flush(room.name, lane, checkins.chunks(), highest, round_)
        except StoreError:
            if room.view.snapshot.round == round_:
                _keep(notes, checkins.chunks())
            raise
        room.tally["flush",] += checkins.count

    async def _discover(self) -> None:
        names = await self._lobby.store.rooms()
        for name in names:
            if name not in self._lobby.known:
                await self._meet(name)
        missing = [name for name in self._policies if name not in names and name not in self._lobby.known]
        for name in missing:
            with suppress(StoreEmptyError):
                await self._lobby.configure(name, self._policies[name])

    async def _meet(self, name: str) -> None:
        """
        Serve a room from now on; one that is listed and holds nothing keeps no other from being served.
        """
        try:
            await self._lobby.refresh(name)
        except StoreEmptyError:
            _log.warning("a room is listed and holds nothing", extra={"room": name})


def _log_orders(room: str, asked: Orders) -> None:
    for entry in asked.done:
        extra = {"room": room, "do": entry.do, "at": utc_text(entry.at_ms), "rate_per_minute": entry.rate_per_minute}
        _log.info("the schedule was carried out", extra=extra)
    if asked.phase is not None:
        _log.info("a room changed its phase by itself", extra={"room": room, "phase": asked.phase.value})


def _is_another_life(now: Snapshot, before: Snapshot) -> bool:
    """
    Tell whether the store may have lost what it held *before*: it lives in another epoch, or was made anew, say by a
    worker that started while nobody could put the lost one back; and within a life versions only grow.
    """
    return now.life != before.life or now.version < before.version


def _keep(notes: LaneNotes, chunks: Mapping[int, bytes]) -> None:
    """
    Put check-ins back that could not be sent: during an outage nobody turns into a ghost.
    """
    for chunk, bits in chunks.items():
        notes.checkins.put_back(chunk, bits)
