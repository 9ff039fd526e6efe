"""
Short words for what tests do with a store.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from waiting_room.core.plan import PATIENCE_MS, Advance, plan
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CheckIns
from waiting_room.core.proof import Verdict, verify
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import StoreEmptyError
from waiting_room.ports import Claim, ClaimCode, Store
from waiting_room.store.memory import MemoryStore
from waiting_room.store.redis import RedisStore

ROOM = "toys"
POLICY = Policy(capacity=3, rate_per_minute=600, idle_timeout_s=10, max_session_s=40, claim_window_s=20)


def visitors(count: int, first: int = 1) -> list[str]:
    """
    Return the names of *count* visitors.
    """
    return [f"v{number}" for number in range(first, first + count)]


def moved(step: Advance, lane: str = "standard", **changes: Any) -> Advance:
    """
    Return *step* with other values for one lane.
    """
    return replace(step, lanes={**step.lanes, lane: replace(step.lanes[lane], **changes)})


async def still(store: Store) -> Advance:
    """
    Return a step that calls nobody.
    """
    snapshot = await store.snapshot(ROOM)
    step = plan(snapshot, "test")
    assert step is not None
    for name, lane in snapshot.lanes.items():
        step = moved(step, name, frontier=lane.frontier, called=0)
    return replace(step, rotate=False)


async def call(store: Store, ranks: int, lane: str = "standard") -> int:
    """
    Move the frontier of *lane* over *ranks* more people; return the new frontier.
    """
    step = await still(store)
    frontier = step.lanes[lane].frontier + ranks
    assert await store.advance(ROOM, moved(step, lane, frontier=frontier, called=ranks))
    return frontier


async def rotate(store: Store) -> None:
    """
    Begin a new presence slot.
    """
    assert await store.advance(ROOM, replace(await still(store), rotate=True))


async def check_in(store: Store, *ranks: int, lane: str = "standard") -> None:
    """
    Let *ranks* show that they are there.
    """
    gathered = CheckIns()
    for rank in ranks:
        gathered.add(rank)
    await store.flush(ROOM, lane, gathered.chunks(), gathered.highest)


async def claim(store: Store, rank: int, lane: str = "standard") -> ClaimCode:
    """
    Claim the seat of *rank*.
    """
    return (await store.claim(ROOM, [Claim(lane, rank, f"v{rank}")]))[0].code


def pass_time(store: MemoryStore | RedisStore, ms: int) -> None:
    """
    Move the store's clock.
    """
    assert store.now_ms is not None
    store.now_ms += ms


async def tick(store: Store) -> Snapshot:
    """
    Take a controller's step; return the snapshot that it was planned from.
    """
    snapshot = await store.snapshot(ROOM)
    step = plan(snapshot, "test")
    assert step is not None
    assert await store.advance(ROOM, step)
    return snapshot


async def lose(store: MemoryStore | RedisStore) -> None:
    """
    Forget everything, as a server does that restarts without its data.
    """
    if isinstance(store, MemoryStore):
        store.lose(ROOM)
    else:
        await store._connection.client.flushall()


async def make_anew(store: MemoryStore | RedisStore, policy: Policy = POLICY) -> None:
    """
    Make a room that was lost anew, as somebody does who knows nothing of it, when it has been missed for long enough.
    """
    with suppress(StoreEmptyError):
        await store.configure(ROOM, policy)
    pass_time(store, PATIENCE_MS)
    assert await store.configure(ROOM, policy)


async def proof(store: Store) -> Verdict:
    """
    Return what the log proves, held against the room's own head.
    """
    records = await store.audit(ROOM, 0, 100_000)
    return verify([text for _, text in records], [(await store.snapshot(ROOM)).head])
