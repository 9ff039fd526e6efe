"""
The admission log of a room that anything may happen to.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.acts import POLICY, ROOM, make_anew, proof, tick, visitors
from tests.store.conftest import START_MS
from waiting_room.core.phase import Phase
from waiting_room.core.proof import Verdict
from waiting_room.core.recording import QUIET_MS, RECORD_MS
from waiting_room.core.snapshot import Snapshot
from waiting_room.ports import Claim, ClaimCode
from waiting_room.store.memory import MemoryStore
from waiting_room.store.memory_lane import MemoryLane
from waiting_room.store.memory_room import MemoryRoom
from waiting_room.store.redis import RedisStore


async def test_a_room_made_again_begins_a_new_log(redis_store: RedisStore) -> None:
    """An operator who deletes a room's hash leaves records behind, which must not stop the next room's log."""
    await redis_store.configure(ROOM, POLICY)
    await tick(redis_store)
    await redis_store._connection.client.delete(f"wr:{{{ROOM}}}:meta")
    await make_anew(redis_store)
    await tick(redis_store)
    verdict = await proof(redis_store)

    assert (verdict.proven, verdict.first, verdict.records) == (True, 1, 1)


def test_an_unknown_room_has_no_records() -> None:
    """Nothing is made up."""
    assert asyncio.run(MemoryStore().audit("lost", 0, 10)) == []


PLACES = st.tuples(st.sampled_from(["standard", "loyal"]), st.integers(-1, 5))
"""A lane, and how far behind its frontier: most are called, and some twice."""
DEEDS = st.one_of(
    st.tuples(st.just("time"), st.sampled_from([1, 100, 250, 999, 1000, 4000, 11_000])),
    st.tuples(st.just("join"), st.sampled_from(["standard", "loyal"]), st.integers(1, 9)),
    st.tuples(st.just("tick")),
    st.tuples(st.just("rush"), st.integers(1, 9), st.sampled_from([0, 250, 1000, 9000])),
    st.tuples(st.just("rush"), st.integers(1, 9), st.sampled_from([0, 250, 1000, 9000])),
    st.tuples(st.just("claim"), st.lists(PLACES, min_size=1, max_size=4)),
    st.tuples(st.just("touch"), st.lists(PLACES, max_size=3), st.lists(PLACES, max_size=2)),
    st.tuples(st.just("leave"), PLACES),
    st.tuples(st.just("phase"), st.sampled_from([Phase.OPEN] * 5 + [*Phase])),
    st.tuples(st.just("limits"), st.integers(0, 5), st.sampled_from([60, 600, 60_000])),
    st.tuples(st.just("remember")),
    st.tuples(st.just("lose"), st.booleans()),
)


class Life:
    """
    Lead a room in memory through what may happen to it.
    """

    def __init__(self) -> None:
        self.store = MemoryStore(START_MS)
        self.last: Snapshot | None = None
        self.visitor = 0

    async def lead(self, deeds: list[tuple[Any, ...]]) -> Verdict:
        """Do all that is asked, write the rest down, and return what the log proves."""
        await self.store.configure(ROOM, POLICY)
        for name, *values in deeds:
            await getattr(self, f"do_{name}")(*values)
        self.store.now_ms += QUIET_MS
        await tick(self.store)
        return await proof(self.store)

    async def _ranks(self, places: list[tuple[str, int]]) -> list[tuple[str, int]]:
        lanes = (await self.store.snapshot(ROOM)).lanes
        return [(lane, max(1, lanes[lane].frontier - back)) for lane, back in places if lane in lanes]

    async def do_time(self, ms: int) -> None:
        """The store's clock moves."""
        self.store.now_ms += ms

    async def do_join(self, lane: str, count: int) -> None:
        """Newcomers join a lane."""
        self.visitor += count
        await self.store.join(ROOM, lane, visitors(count, self.visitor))

    async def do_tick(self) -> None:
        """The controller takes a step."""
        self.store.now_ms += RECORD_MS // 2
        await tick(self.store)

    async def do_rush(self, count: int, ms: int) -> None:
        """Newcomers join, are called as the room allows, and claim at once."""
        await self.do_join("standard", count)
        await self.do_tick()
        self.store.now_ms += ms
        await self.do_claim([("standard", back) for back in range(count, -1, -1)])

    async def do_claim(self, places: list[tuple[str, int]]) -> None:
        """Ranks claim, called or not."""
        await self.store.claim(ROOM, [Claim(lane, rank, f"v{rank}") for lane, rank in await self._ranks(places)])

    async def do_touch(self, used: list[tuple[str, int]], done: list[tuple[str, int]]) -> None:
        """A gate reports seats in use and seats done."""
        ends_ms = {f"{lane}.{rank}": self.store.now_ms + 20_000 for lane, rank in await self._ranks(used)}
        await self.store.touch(ROOM, ends_ms, [f"{lane}.{rank}" for lane, rank in await self._ranks(done)])

    async def do_leave(self, place: tuple[str, int]) -> None:
        """A visitor goes."""
        for lane, rank in await self._ranks([place]):
            await self.store.leave(ROOM, lane, rank, f"v{rank}")

    async def do_phase(self, phase: Phase) -> None:
        """An operator changes the phase."""
        await self.store.set_phase(ROOM, phase)

    async def do_limits(self, capacity: int, rate: int) -> None:
        """An operator changes the limits."""
        await self.store.configure(ROOM, replace(POLICY, capacity=capacity, rate_per_minute=rate))

    async def do_remember(self) -> None:
        """A worker takes a snapshot that it may have to restore from."""
        self.last = await self.store.snapshot(ROOM)

    async def do_lose(self, anew: bool) -> None:
        """The store forgets the room; it is put back, at times after somebody made it anew."""
        if self.last is not None:
            self.store.lose(ROOM)
            if anew:
                await make_anew(self.store)
            await self.store.restore(self.last, {})
            await self.do_tick()


EVERYBODY = [("standard", back) for back in range(9, -3, -1)]
DAY: list[tuple[Any, ...]] = [
    *(("limits", 9, 600), ("rush", 9, 1000), ("limits", 2, 600), ("time", 1000), ("claim", EVERYBODY)),
    *(("time", 11_000), ("claim", EVERYBODY), ("phase", Phase.PAUSED), ("time", 1000), ("claim", EVERYBODY)),
]


class Broken(MemoryStore):
    """
    Keep rooms as a store does that has forgotten one of the door's rules.
    """

    def __init__(self, forgotten: ClaimCode) -> None:
        super().__init__(START_MS)
        self.forgotten = forgotten

    def _refusal(self, state: MemoryRoom, lane: MemoryLane, rank: int) -> ClaimCode | None:
        """Refuse, but not for the rule that is forgotten."""
        refusal = super()._refusal(state, lane, rank)
        rests = refusal is not ClaimCode.USED and super()._rests(state) is self.forgotten
        return None if rests or refusal is self.forgotten else refusal

    def _rests(self, state: MemoryRoom) -> ClaimCode | None:
        """Rest, but not for the rule that is forgotten."""
        rests = super()._rests(state)
        return None if rests is self.forgotten else rests


@pytest.mark.parametrize(
    ("forgotten", "kind"),
    [
        (ClaimCode.NOT_CALLED, "overtaken"),
        (ClaimCode.FULL, "capacity"),
        (ClaimCode.PACED, "rate"),
        (ClaimCode.USED, "twice"),
        (ClaimCode.PAUSED, "rest"),
    ],
)
def test_a_store_that_forgot_a_rule_is_found_by_its_log(forgotten: ClaimCode, kind: str) -> None:
    """Each promise, broken by the store itself, which notes and chains all that it does as ever."""
    life = Life()
    life.store = Broken(forgotten)

    assert kind in {flaw.kind for flaw in asyncio.run(life.lead(DAY)).flaws}


def test_the_same_day_is_proven_where_no_rule_is_forgotten() -> None:
    """So that it is the rule which the test above finds missing."""
    assert asyncio.run(Life().lead(DAY)).flaws == ()


@settings(max_examples=80)
@given(st.lists(DEEDS, min_size=5, max_size=50))
def test_the_log_of_any_history_is_proven(deeds: list[tuple[Any, ...]]) -> None:
    """Crowds, operators, gates and losses: what the store allows, the proof finds in order."""
    assert asyncio.run(Life().lead(deeds)).flaws == ()
