"""
Rooms in Redis or Valkey: each verb is one short script, and every reply becomes a value here.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from waiting_room.core import plan as steps
from waiting_room.core import polling
from waiting_room.core.agenda import NO_RATE, first_phase, first_rate
from waiting_room.core.health import KEPT, MOST_MS, Health
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.presence import chunk_of
from waiting_room.core.recording import RECORD_EVENTS, RECORD_MS
from waiting_room.core.revoked import MOST_REVOKED, Revoked
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import RevokedFullError, StoreEmptyError
from waiting_room.ports import NO_STAGES, Claim, ClaimReply, JoinReply, RedeemCode, Redemption, Stage, TouchReply
from waiting_room.store import arguments as sent
from waiting_room.store import keys as names
from waiting_room.store import replies
from waiting_room.store.connection import Connection
from waiting_room.store.crowds import Crowds, slots
from waiting_room.store.keys import RoomKeys

MAX_BATCH: Final = 500
"""Lua unpacks some thousand values; a batch of 500 joins blocks Redis for about 2 ms."""
MAX_TOUCHED: Final = 250
"""So many seats block Redis for less than a millisecond; joins have their turn before the next."""
CHUNKS_A_FLUSH: Final = 16
"""A million ranks: their 128 KiB block Redis for a quarter of a millisecond."""


class RedisStore:
    """
    Keep rooms in Redis; see `waiting_room.ports.Store` for what each verb guarantees.

    *now_ms*, where given, stands for the store's clock: tests choose the instant.
    """

    def __init__(self, connection: Connection, now_ms: int | None = None) -> None:
        self._connection = connection
        self._first: dict[tuple[str, str], int] = {}
        self._lanes: dict[str, tuple[str, ...]] = {}
        self._met: dict[str, str] = {}
        self._rounds: dict[str, int] = {}
        self._crowds = Crowds(connection)
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

    async def configure(self, room: str, policy: Policy, *, rate_by_hand: bool = False) -> bool:
        """
        Create the room or change its settings; return whether it is new.
        """
        keys = RoomKeys(room)
        run = await self._connection.run_marker()
        lanes = ",".join(lane.name for lane in policy.lanes)
        head = [self._now, run, policy.to_json(), steps.MARK_STEP, polling.slot_ms(0, policy)]
        begun = await self._beginning(policy)
        patience_ms = 0 if await self._is_new(room) else steps.PATIENCE_MS
        rest = [lanes, policy.rate_per_minute, int(rate_by_hand), *begun, patience_ms, *sent.numbers(policy)]
        named = [keys.meta, keys.policy, keys.events, keys.audit, keys.missed]
        new = await self._script("configure", room, named, [*head, *rest])
        await self._connection.run("rooms", lambda: self._connection.client.sadd(names.ROOMS, room))
        if new:
            await self.begin()
        return bool(new)

    async def begin(self) -> None:
        """
        Note that the server holds all it ever held: rooms that it does not know are new, and need not be waited for.
        """
        await self._connection.run("begin", lambda: self._connection.client.set(names.BEGUN, 1))

    async def _is_new(self, room: str) -> bool:
        """
        Return whether a room that is missing was never there.
        """
        client = self._connection.client
        begun = await self._connection.run("begun", lambda: client.exists(names.BEGUN))
        return bool(begun) and not await self._connection.run("rooms", lambda: client.sismember(names.ROOMS, room))

    async def _beginning(self, policy: Policy) -> tuple[str, int]:
        """
        Return phase and rate with which a room begins that is made now.
        """
        if not policy.planned:
            return Phase.OPEN.value, NO_RATE
        now_ms = self.now_ms
        if now_ms is None:
            seconds, micros = await self._connection.run("time", self._connection.client.time)
            now_ms = seconds * 1000 + micros // 1000
        return first_phase(policy.planned, now_ms).value, first_rate(policy.planned, now_ms)

    async def set_phase(
        self, room: str, phase: Phase, resume_at_ms: int = 0, notice: str = "", opening: Opening = WITHOUT_DRAW
    ) -> None:
        """
        Change the phase, as an operator says, with the draw that was promised.
        """
        drawing = [opening.beacon, opening.slot_ms, round(opening.no_show * 1e6)]
        keys = RoomKeys(room)
        arguments = [self._now, phase.value, resume_at_ms, notice, *drawing]
        await self._script("set_phase", room, [keys.meta, keys.events], arguments)

    async def promise(self, room: str, seed: str, source: str, opens_at_ms: int | None) -> bool:
        """
        Promise a draw to those who gather.
        """
        opens_at = "" if opens_at_ms is None else opens_at_ms
        return bool(await self._script("promise", room, [RoomKeys(room).meta], [seed, source, opens_at]))

    async def override(self, room: str, rate_per_minute: int | None) -> None:
        """
        Set the operator's rate, or take it back.
        """
        await self._script("override", room, [RoomKeys(room).meta], [sent.or_nothing(rate_per_minute)])

    async def stock(self, room: str, units: int | None) -> None:
        """
        Note how many units are left to sell.
        """
        keys = RoomKeys(room)
        await self._script("stock", room, [keys.meta, keys.events], [self._now, sent.or_nothing(units)])

    async def sell_out(self, room: str) -> None:
        """
        Close the room because nothing is left to sell.
        """
        keys = RoomKeys(room)
        await self._script("sell_out", room, [keys.meta, keys.events], [self._now])

    async def observe(self, room: str, health: Health) -> None:
        """
        Keep what gates saw of the shop.
        """
        keys = RoomKeys(room)
        await self._script("observe", room, [keys.meta, keys.health], [self._now, health.encode(), MOST_MS, KEPT])

    async def join(self, room: str, lane: str, visitors: Sequence[str]) -> list[JoinReply]:
        """
        Give each visitor one number of *lane*, in order; or let them straight in.
        """
        found: dict[str, JoinReply] = {}
        waiting = list(dict.fromkeys(visitors))
        while waiting:
            first, batch = self._first.get((room, lane), 0), waiting[:MAX_BATCH]
            round_ = self._rounds.get(room, 0)
            keys = sent.join_keys(RoomKeys(room), lane, first, round_, batch)
            reply = await self._script("join", room, keys, [self._now, lane, first, round_])
            answers = dict(zip(batch, replies.read_joins(reply), strict=True))
            found |= {visitor: answer for visitor, answer in answers.items() if isinstance(answer, JoinReply)}
            if replies.BEYOND_MARK in answers.values():
                await self._raise_mark(room, lane)
            self._first[room, lane], self._rounds[room] = chunk_of(reply[1] + 1), reply[2]
            waiting = [visitor for visitor in waiting if visitor not in found]
        return [found[visitor] for visitor in visitors]

    async def remembers(self, room: str, lane: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether a join would give what the last one gave.
        """
        keys = RoomKeys(room)
        values = await self._connection.many("remembers", [keys.joined(lane, visitor) for visitor in visitors])
        seats = [None if value is None else replies.joined_seat(lane, value) for value in values]
        asked = [seat for seat in seats if seat]
        held = dict.fromkeys(asked, False)
        if asked:
            client = self._connection.client
            holders = await self._connection.run("remembers", lambda: client.hmget(keys.holders, asked))
            held = {seat: holder is not None for seat, holder in zip(asked, holders, strict=True)}
        return [seat is not None and held.get(seat, True) for seat in seats]

    async def _raise_mark(self, room: str, lane: str) -> None:
        await self._script("raise_mark", room, [RoomKeys(room).meta], [lane, steps.MARK_STEP])
        await self._connection.wait_for_replica()

    async def flush(self, room: str, lane: str, present: Mapping[int, bytes], highest: int, round_: int = 0) -> None:
        """
        Add check-ins of *lane*.
        """
        keys = RoomKeys(room)
        chunks = list(present)
        for at in range(0, max(1, len(chunks)), CHUNKS_A_FLUSH):
            part = chunks[at : at + CHUNKS_A_FLUSH]
            named = [keys.meta, keys.scratch, *(keys.present(lane, chunk, round_) for chunk in part)]
            await self._script("flush", room, named, [lane, highest, round_, *(present[chunk] for chunk in part)])

    async def advance(self, room: str, step: Advance) -> bool:
        """
        Commit a step if the room is still at its version.
        """
        named, arguments = sent.of_advance(RoomKeys(room), step, self._now)
        return bool(await self._script("advance", room, named, arguments))

    async def claim(self, room: str, claims: Sequence[Claim]) -> list[ClaimReply]:
        """
        Turn called ranks into seats.
        """
        keys = RoomKeys(room)
        found: list[ClaimReply] = []
        for at in range(0, len(claims), MAX_BATCH):
            named, arguments = sent.of_claims(keys, claims[at : at + MAX_BATCH], self._now)
            reply = await self._script("claim", room, named, arguments)
            found.extend(replies.read_claims(reply))
        return found

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
        keys, pairs, said, gone = RoomKeys(room), list(seats.items()), list(stages.items()), list[str]()
        named = [keys.meta, keys.seats, keys.holders, keys.events, keys.ended]
        while True:
            batch, pairs = pairs[:MAX_TOUCHED], pairs[MAX_TOUCHED:]
            # A stage comes after the seats: one that is put back must be there first.
            entered, said = ([], said) if pairs else (said[:MAX_TOUCHED], said[MAX_TOUCHED:])
            last = not pairs and not said
            arguments = [
                *(self._now, len(batch), len(entered)),
                *(part for pair in batch for part in pair),
                *(part for seat, stage in entered for part in (seat, stage.name, stage.since_ms or "")),
                *(released if last else ()),
            ]
            reply = await self._script("touch", room, named, arguments)
            answer = replies.read_touch([reply[0], reply[1].decode(), *reply[2:]], [seat for seat, _ in batch])
            gone += answer.gone
            if last:
                return replace(answer, gone=tuple(gone))

    async def redeem(self, room: str, asked: Sequence[Redemption]) -> list[RedeemCode]:
        """
        Count uses of invitations, once for each visitor.
        """
        keys = RoomKeys(room)
        named = [keys.meta, *(keys.invitation(use.invitation) for use in asked)]
        arguments = [self._now, *(part for use in asked for part in use[1:])]
        return [RedeemCode(code) for code in await self._script("redeem", room, named, arguments)]

    async def revoke(self, room: str, seat: str, visitor: str, for_ms: int) -> int:
        """
        Turn a seat or a visitor away for a time, and free what they hold.
        """
        keys = RoomKeys(room)
        named = [keys.meta, keys.seats, keys.holders, keys.events, keys.ended, keys.revoked]
        whom = ("s", seat) if seat else ("v", visitor)
        freed = int(await self._script("revoke", room, named, [self._now, for_ms, MOST_REVOKED, *whom]))
        if freed < 0:
            raise RevokedFullError(room, MOST_REVOKED)
        return freed

    async def revoked(self, room: str) -> Revoked:
        """
        Return who is turned away.
        """
        keys = RoomKeys(room)
        return replies.read_revoked(await self._script("revoked", room, [keys.meta, keys.revoked], [self._now]))

    async def come_back(self, room: str, visitors: Sequence[str]) -> list[bool]:
        """
        Tell of each visitor whether they lost a seat with a basket lately.
        """
        keys = RoomKeys(room)
        reply = await self._script("come_back", room, [keys.meta, keys.ended], [self._now, *visitors])
        return [answer == 1 for answer in reply]

    async def leave(self, room: str, lane: str, rank: int, visitor: str, round_: int = 0) -> bool | None:
        """
        Give a place or a seat back.
        """
        keys = RoomKeys(room)
        both = slots(keys, lane, chunk_of(rank), round_)
        named = [keys.meta, keys.seats, keys.holders, keys.events, keys.joined(lane, visitor), *both]
        left = await self._script("leave", room, named, [self._now, f"{lane}.{rank}", rank, round_])
        return None if left == replies.ANOTHER_ROUND else bool(left)

    async def snapshot(self, room: str) -> Snapshot:
        """
        Return the room as it is at this moment.
        """
        keys = RoomKeys(room)
        run = await self._connection.run_marker()
        arguments = [self._now, run, steps.RECOVERY_MS, DOOR_MS, RECORD_MS, RECORD_EVENTS, steps.MARK_STEP]
        while True:
            lanes = self._lanes.get(room, (STANDARD_LANE,))
            lists = [key for lane in lanes for key in (keys.cohorts(lane), keys.door(lane))]
            named = [keys.meta, keys.seats, keys.holders, keys.events, keys.ended, keys.policy, keys.health, *lists]
            reply = await self._script("snapshot", room, named, arguments)
            text = [part.decode() if isinstance(part, bytes) else part for part in reply]
            counters = replies.read_counters(room, text, lanes)
            if not counters.missing:
                return replies.assemble_snapshot(counters, await self._crowds.read(keys, counters))
            self._lanes[room] = (*counters.lanes, *counters.missing)

    async def restore(self, last: Snapshot, highest: Mapping[str, int]) -> bool:
        """
        Put a lost room back from what was last known of it.
        """
        keys = RoomKeys(last.room)
        run = await self._connection.run_marker()
        issued = {name: max(lane.issued, highest.get(name, 0)) for name, lane in last.lanes.items()}
        named, arguments = sent.of_restore(keys, last, issued, self._now, run)
        begun = await self._script("restore", last.room, named, arguments)
        if begun:
            await self._connection.run("rooms", lambda: self._connection.client.sadd(names.ROOMS, last.room))
            for name in last.lanes:
                await self.flush(last.room, name, sent.bitmaps_of(last, name), issued[name], last.round)
        return bool(begun)

    async def audit(self, room: str, after: int, limit: int) -> list[tuple[int, str]]:
        """
        Return records of the admission log.
        """
        begin = f"{after + 1}-0"
        found = await self._connection.run(
            "audit", lambda: self._connection.client.xrange(RoomKeys(room).audit, begin, "+", limit)
        )
        return [(int(id_.partition(b"-")[0]), fields[b"record"].decode()) for id_, fields in found]

    async def close(self) -> None:
        """
        Give back every connection.
        """
        await self._connection.close()
