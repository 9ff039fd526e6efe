"""
Short words for what tests do with a store.
"""

from dataclasses import replace

from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CheckIns
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


async def call(store: Store, ranks: int) -> int:
    """
    Move the frontier over *ranks* more people; return the new frontier.
    """
    snapshot = await store.snapshot(ROOM)
    step = plan(snapshot, "test")
    assert step is not None
    frontier = snapshot.frontier + ranks
    assert await store.advance(ROOM, replace(step, frontier=frontier, called=ranks, rotate=False))
    return frontier


async def rotate(store: Store) -> None:
    """
    Begin a new presence slot.
    """
    step = plan(await store.snapshot(ROOM), "test")
    assert step is not None
    snapshot = await store.snapshot(ROOM)
    assert await store.advance(ROOM, replace(step, frontier=snapshot.frontier, called=0, rotate=True))


async def check_in(store: Store, *ranks: int) -> None:
    """
    Let *ranks* show that they are there.
    """
    gathered = CheckIns()
    for rank in ranks:
        gathered.add(rank)
    await store.flush(ROOM, gathered.chunks(), gathered.highest)


async def claim(store: Store, rank: int) -> ClaimCode:
    """
    Claim the seat of *rank*.
    """
    return (await store.claim(ROOM, [Claim("standard", rank, f"v{rank}")]))[0].code


def pass_time(store: MemoryStore | RedisStore, ms: int) -> None:
    """
    Move the store's clock.
    """
    assert store.now_ms is not None
    store.now_ms += ms
