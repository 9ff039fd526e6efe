"""
Rooms in Redis or Valkey: each verb is one short script, and every reply becomes a value here.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from waiting_room.core import plan as steps
from waiting_room.core import polling
from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import STANDARD_LANE, Policy
from waiting_room.core.presence import CHUNK_BYTES, CHUNK_RANKS, chunk_of, chunks_between
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import StoreEmptyError
from waiting_room.ports import Claim, ClaimReply, JoinReply, TouchReply
from waiting_room.store import keys as names
from waiting_room.store import replies
from waiting_room.store.connection import Connection
from waiting_room.store.keys import RoomKeys

COHORTS_KEPT: Final = 300
"""One for each second of the longest useful memory: five minutes."""
MAX_BATCH: Final = 500
"""Lua unpacks some thousand values; a batch of 500 joins blocks Redis for about 2 ms."""
MAX_TOUCHED: Final = 2000
"""A reply of more than some 8,000 values fails in Lua, after it has done its work."""
CHUNKS_A_READ: Final = 64


class RedisStore:
    """
    Keep rooms in Redis; see `waiting_room.ports.Store` for what each verb guarantees.

    *now_ms*, where given, stands for the store's clock: tests choose the instant.
    """

    def __init__(self, connection: Connection, now_ms: int | None = None, lane: str = STANDARD_LANE) -> None:
        self._connection = connection
        self._lane = lane
        self._first: dict[str, int] = {}
        self._met: dict[str, str] = {}
        self.now_ms = now_ms

    @property
    def _now(self) -> str:
        return "" if self.now_ms is None else str(self.now_ms)

    async def _script(self, name: str, room: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        if name != "snapshot":
            await self._meet(room)
        reply = await self._connection.script(name, keys, arguments)
        if reply == replies.EMPTY:
            raise StoreEmptyError(room)
        return reply

    async def _meet(self, room: str) -> None:
        """
        Look at a room before anything else is done to it on a server that this worker has not met.

        It may be a replica that has lost the last writes: the snapshot then begins a new epoch. A join that came first
        would be given a number that somebody else has.
        """
        run = await self._connection.run_marker()
        if self._met.get(room) == run:
            return
        with suppress(StoreEmptyError):
            await self.snapshot(room)
        self._met[room] = run

    async def rooms(self) -> tuple[str, ...]:
        """
        Return the names of all rooms.
        """
        found = await self._connection.run("rooms", lambda: self._connection.client.smembers(names.ROOMS))
        return tuple(sorted(name.decode() for name in found))

    async def configure(self, room: str, policy: Policy) -> bool:
        """
        Create the room or change its settings; return whether it is new.
        """
        keys = RoomKeys(room)
        run = await self._connection.run_marker()
        head = [self._now, run, policy.to_json(), steps.MARK_STEP, polling.slot_ms(0, policy)]
        new = await self._script("configure", room, [keys.meta, keys.policy], [*head, *_numbers(policy)])
        await self._connection.run("rooms", lambda: self._connection.client.sadd(names.ROOMS, room))
        return bool(new)

    async def set_phase(self, room: str, phase: Phase) -> None:
        """
        Change the phase.
        """
        await self._script("set_phase", room, [RoomKeys(room).meta], [phase.value])

    async def join(self, room: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number, in order; or let them straight in.
        """
        found: dict[str, JoinReply] = {}
        waiting = list(dict.fromkeys(visitors))
        while waiting:
            first, batch = self._first.get(room, 0), waiting[:MAX_BATCH]
            reply = await self._script(
                "join", room, self._join_keys(room, first, batch), [self._now, self._lane, first]
            )
            answers = dict(zip(batch, replies.read_joins(reply), strict=True))
            found |= {visitor: answer for visitor, answer in answers.items() if isinstance(answer, JoinReply)}
            if replies.BEYOND_MARK in answers.values():
                await self._raise_mark(room)
            self._first[room] = chunk_of(reply[1] + 1)
            waiting = [visitor for visitor in waiting if visitor not in found]
        return [found[visitor] for visitor in visitors]

    def _join_keys(self, room: str, first: int, batch: Sequence[str]) -> list[str]:
        keys = RoomKeys(room)
        chunks = (first, first + 1)
        return [
            *(keys.meta, keys.seats, keys.holders),
            *(keys.present(self._lane, chunk) for chunk in chunks),
            *(keys.claimed(self._lane, chunk) for chunk in chunks),
            *(keys.joined(visitor) for visitor in batch),
        ]

    async def _raise_mark(self, room: str) -> None:
        await self._script("raise_mark", room, [RoomKeys(room).meta], [steps.MARK_STEP])
        await self._connection.wait_for_replica()

    async def flush(self, room: str, present: Mapping[int, bytes], highest: int) -> None:
        """
        Add check-ins.
        """
        keys = RoomKeys(room)
        bitmaps = [keys.present(self._lane, chunk) for chunk in present]
        await self._script("flush", room, [keys.meta, keys.scratch, *bitmaps], [highest, *present.values()])

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step if the room is still at its version.
        """
        keys = RoomKeys(room)
        turned = chunks_between(step.low, step.high) if step.rotate else range(0)
        slots = [key for chunk in turned for key in self._slots(keys, chunk)]
        arguments: list[str | int] = [
            *(self._now, step.epoch, step.version, step.owner, steps.OWNER_MS, step.frontier, step.called),
            round(step.expected * 1000),
            *(round(step.no_show * 1e6), round(step.leaving_per_s * 1e6)),
            *(step.high_water, step.slot_ms, int(step.rotate), COHORTS_KEPT),
        ]
        return bool(await self._script("advance", room, [keys.meta, keys.cohorts, *slots], arguments))

    def _slots(self, keys: RoomKeys, chunk: int) -> tuple[str, str]:
        return keys.present(self._lane, chunk), keys.present_before(self._lane, chunk)

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats.
        """
        keys = RoomKeys(room)
        found: list[ClaimReply] = []
        for at in range(0, len(claims), MAX_BATCH):
            batch = claims[at : at + MAX_BATCH]
            pairs = [(keys.claimed(c.lane, chunk_of(c.rank)), keys.joined(c.visitor)) for c in batch]
            named = [keys.meta, keys.seats, keys.holders, keys.door, *(key for pair in pairs for key in pair)]
            reply = await self._script("claim", room, named, [self._now, self._lane, *(c.rank for c in batch)])
            found.extend(replies.read_claims(reply))
        return found

    async def touch(self, room: str, seats: Mapping[str, int], released: Sequence[str]) -> TouchReply:
        """
        Keep seats in use and free others.
        """
        keys, pairs, gone = RoomKeys(room), list(seats.items()), list[str]()
        while True:
            batch, pairs = pairs[:MAX_TOUCHED], pairs[MAX_TOUCHED:]
            freed = () if pairs else released
            touched = [part for pair in batch for part in pair]
            arguments = [self._now, len(batch), *touched, *freed]
            reply = await self._script("touch", room, [keys.meta, keys.seats, keys.holders], arguments)
            answer = replies.read_touch([reply[0], reply[1].decode(), *reply[2:]], [seat for seat, _ in batch])
            gone += answer.gone
            if not pairs:
                return replace(answer, gone=tuple(gone))

    async def leave(self, room: str, rank: int, visitor: str) -> bool:
        """
        Give a place or a seat back.
        """
        keys = RoomKeys(room)
        named = [keys.meta, keys.seats, keys.holders, keys.joined(visitor), *self._slots(keys, chunk_of(rank))]
        return bool(await self._script("leave", room, named, [f"{self._lane}.{rank}", rank]))

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """
        keys = RoomKeys(room)
        run = await self._connection.run_marker()
        named = [keys.meta, keys.seats, keys.holders, keys.cohorts, keys.policy, keys.door]
        reply = await self._script("snapshot", room, named, [self._now, run, steps.RECOVERY_MS, DOOR_MS])
        text = [part.decode() if isinstance(part, bytes) else part for part in reply]
        counters = replies.read_counters(room, text)
        waiting, called = counters.waiting_chunks, counters.called_chunks
        present = await self._bitmaps({chunk: keys.present(self._lane, chunk) for chunk in waiting})
        before = await self._bitmaps({chunk: keys.present_before(self._lane, chunk) for chunk in waiting})
        claimed = await self._bitmaps({chunk: keys.claimed(self._lane, chunk) for chunk in called})
        return replies.assemble_snapshot(counters, present, before, claimed)

    async def _bitmaps(self, named: Mapping[int, str]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        chunks = list(named)
        for at in range(0, len(chunks), CHUNKS_A_READ):
            part = chunks[at : at + CHUNKS_A_READ]
            values = await self._connection.many("bitmaps", [named[chunk] for chunk in part])
            found |= {chunk: value for chunk, value in zip(part, values, strict=True) if value}
        return found

    async def restore(self, last: Snapshot, highest: int) -> bool:
        """
        Put a lost room back from what was last known of it.
        """
        keys = RoomKeys(last.room)
        run = await self._connection.run_marker()
        issued = max(last.issued, highest)
        arguments = [
            *(self._now, run, steps.RECOVERY_MS, last.epoch, issued, last.frontier, max(last.high_water, issued)),
            *(last.admitted, last.phase.value, last.policy.to_json(), last.slot_ms, last.version),
            *_numbers(last.policy),
        ]
        begun = await self._script("restore", last.room, [keys.meta, keys.policy], arguments)
        if begun:
            await self._connection.run("rooms", lambda: self._connection.client.sadd(names.ROOMS, last.room))
            await self.flush(last.room, _bitmaps_of(last), issued)
        return bool(begun)

    async def close(self) -> None:
        """
        Give back every connection.
        """
        await self._connection.close()


def _numbers(policy: Policy) -> list[str | int]:
    return [part for pair in replies.numbers_of(policy).items() for part in pair]


def _bitmaps_of(last: Snapshot) -> dict[int, bytes]:
    base = last.frontier // CHUNK_RANKS
    bits = last.presence.bits
    cut = (bits[at : at + CHUNK_BYTES].rstrip(b"\0") for at in range(0, len(bits), CHUNK_BYTES))
    return {base + index: part for index, part in enumerate(cut) if part}
