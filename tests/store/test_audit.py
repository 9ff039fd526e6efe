"""
The admission log in both stores: what each verb notes, and what is written down of it.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, claim, lose, make_anew, pass_time, proof, tick, visitors
from tests.store.conftest import START_MS, AnyStore
from waiting_room.core.audit import Record
from waiting_room.core.phase import Phase
from waiting_room.core.plan import RECOVERY_MS, plan
from waiting_room.core.recording import EVENTS_KEPT, QUIET_MS, RECORD_EVENTS, RECORD_MS
from waiting_room.ports import Claim, Store
from waiting_room.store.memory import MemoryStore


async def journal(store: AnyStore) -> list[str]:
    """
    Return the acts that are to be written down, without their times, after a second.
    """
    pass_time(store, RECORD_MS)
    events = (await store.snapshot(ROOM)).events
    assert events is not None
    return [f"{act} {values}".strip() for act, _, values in (event.split(":") for event in events)]


async def join(store: Store, names: list[str]) -> None:
    """
    Let visitors join, the first of them straight in where the room allows it.
    """
    await store.join(ROOM, "standard", names)


async def fill(store: AnyStore, count: int) -> None:
    """
    Let visitors join while nobody is let straight in.
    """
    await store.set_phase(ROOM, Phase.PAUSED)
    await join(store, visitors(count))
    await store.set_phase(ROOM, Phase.OPEN)


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, POLICY)


async def test_a_new_room_notes_its_limits(store: AnyStore) -> None:
    """From the first event on it is known what was allowed; the same settings once more are no event."""
    await store.configure(ROOM, POLICY)

    assert await journal(store) == ["created", "phase open", "limits 3,600"]


async def test_changes_by_an_operator_are_noted(store: AnyStore) -> None:
    """Limits and phases, as of the moment from which they hold."""
    await tick(store)
    await store.configure(ROOM, replace(POLICY, capacity=7))
    await store.configure(ROOM, replace(POLICY, capacity=7, rate_per_minute=60))
    await store.set_phase(ROOM, Phase.PAUSED)

    assert await journal(store) == ["limits 7,600", "limits 7,60", "phase paused"]


async def test_a_slower_step_is_noted(store: AnyStore) -> None:
    """The rate in force is what the proof goes by, whoever lowered it."""
    step = plan(await tick(store), "test")
    assert step is not None
    snapshot = await store.snapshot(ROOM)
    assert await store.advance(ROOM, replace(step, version=snapshot.version, rate_per_minute=30, link=None))

    assert await journal(store) == ["limits 3,30"]


async def test_every_way_in_and_out_is_noted_in_order(store: AnyStore) -> None:
    """Straight through, called, claimed, released, left, expired: each with its seats, as it happened."""
    await tick(store)
    await join(store, visitors(4))
    await call(store, 2)
    pass_time(store, 1000)
    await claim(store, 2)
    await claim(store, 3)
    await store.touch(ROOM, {}, ["standard.1", "standard.77"])
    await store.leave(ROOM, "standard", 2, "v2")
    pass_time(store, 10_000)

    assert await journal(store) == [
        "straight standard.1",
        "called standard,2,4,2",
        "claimed standard.2",
        "claimed standard.3",
        "released standard.1",
        "left standard.2",
        "expired standard.3",
    ]


async def test_what_changes_nothing_is_not_noted(store: AnyStore) -> None:
    """Repeated joins and claims, refusals, seats that nobody held."""
    await tick(store)
    await join(store, ["v1"])
    seen = await journal(store)
    await join(store, ["v1"])
    await store.claim(ROOM, [Claim("standard", 1, "v1"), Claim("standard", 9, "v9")])
    await store.touch(ROOM, {}, ["standard.5"])
    await store.leave(ROOM, "standard", 9, "v9")

    assert seen == await journal(store) == ["straight standard.1"]


async def test_a_record_is_due_after_a_second(store: AnyStore) -> None:
    """What happens within a second is one record; a quiet room is recorded once a minute."""
    await tick(store)
    await join(store, ["v1"])
    pass_time(store, RECORD_MS - 1)
    assert (await store.snapshot(ROOM)).events is None
    pass_time(store, 1)
    await tick(store)
    await store.touch(ROOM, {}, ["standard.1"])
    pass_time(store, RECORD_MS)
    await tick(store)
    pass_time(store, QUIET_MS - 1)
    assert (await tick(store)).events == ()
    assert (await store.snapshot(ROOM)).head.sequence == 3
    pass_time(store, 1)
    await tick(store)

    assert (await store.snapshot(ROOM)).head.sequence == 4
    assert (await proof(store)).proven


async def test_a_full_second_is_written_down_early(store: AnyStore) -> None:
    """So many events do not wait for the second to end."""
    await tick(store)
    for _ in range(RECORD_EVENTS):
        await store.set_phase(ROOM, Phase.OPEN)

    assert (await store.snapshot(ROOM)).events is not None


async def test_what_happens_after_the_snapshot_goes_into_the_next_record(store: AnyStore) -> None:
    """Exactly what a record tells is taken from the journal."""
    snapshot = await store.snapshot(ROOM)
    step = plan(snapshot, "test")
    assert step is not None
    await store.stock(ROOM, 2)
    assert await store.advance(ROOM, step)

    assert await journal(store) == ["limits 2,600"]


async def test_the_log_cannot_fork(store: AnyStore) -> None:
    """Of two controllers that saw the same, one writes."""
    await join(store, ["v1"])
    snapshot = await store.snapshot(ROOM)
    one, two = plan(snapshot, "one"), plan(snapshot, "two")
    assert one is not None
    assert two is not None

    assert [await store.advance(ROOM, one), await store.advance(ROOM, two)] == [True, False]
    assert [sequence for sequence, _ in await store.audit(ROOM, 0, 10)] == [1]


async def test_a_full_journal_holds_up_nobody(store: AnyStore) -> None:
    """What comes while nobody writes is counted; the record says how much, and the proof that it is broken there."""
    await fill_journal(store)
    await join(store, ["v1"])
    await tick(store)
    record = Record.parse((await store.audit(ROOM, 0, 1))[0][1])
    verdict = await proof(store)

    assert (record.lost, len(record.events), record.seats) == (1, EVENTS_KEPT, 1)
    assert [flaw.kind for flaw in verdict.flaws] == ["lost"]
    assert (await store.snapshot(ROOM)).events_lost == 0


async def fill_journal(store: AnyStore) -> None:
    """
    Note as many events as are kept: three are there from the beginning.
    """
    if isinstance(store, MemoryStore):
        for _ in range(EVENTS_KEPT - 3):
            await store.set_phase(ROOM, Phase.OPEN)
    else:
        client = store._connection.client
        await client.rpush(f"wr:{{{ROOM}}}:events", *[f"phase:{START_MS}:open"] * (EVENTS_KEPT - 3))


async def test_the_log_keeps_its_last_records(store: AnyStore) -> None:
    """As many as the setting says; what is left is proven, and says where it begins."""
    await store.configure(ROOM, replace(POLICY, audit_records=100))
    for _ in range(103):
        pass_time(store, QUIET_MS)
        await tick(store)
    verdict = await proof(store)

    assert (verdict.proven, verdict.first, verdict.last, verdict.records) == (True, 4, 103, 100)
    assert [sequence for sequence, _ in await store.audit(ROOM, 50, 2)] == [51, 52]


async def test_a_lost_log_goes_on_from_what_a_worker_remembers(store: AnyStore) -> None:
    """The next record follows the head that was remembered, and the log says that something was lost."""
    await fill(store, 5)
    await call(store, 2)
    pass_time(store, 1000)
    await claim(store, 1)
    await tick(store)
    last = await store.snapshot(ROOM)
    await lose(store)
    await store.restore(last, {})
    await store.touch(ROOM, {"standard.1": START_MS + 30_000}, [])
    pass_time(store, RECOVERY_MS)
    await tick(store)
    (sequence, text), *_ = await store.audit(ROOM, 0, 10)
    record = Record.parse(text)

    assert (sequence, record.previous) == (last.head.sequence + 1, last.head.hash)
    assert [event.partition(":")[0] for event in record.events] == ["epoch", "phase", "remembered", "called", "back"]
    assert (await proof(store)).proven


async def test_a_room_that_was_made_anew_keeps_its_log(store: AnyStore) -> None:
    """What the new room did is proven; the head that a worker remembers is named in it."""
    await fill(store, 3)
    await tick(store)
    await tick(store)
    last = await tick(store)
    assert last.head.sequence == 1
    await lose(store)
    await make_anew(store)
    await join(store, ["v1"])
    await store.restore(last, {})
    pass_time(store, RECOVERY_MS)
    await tick(store)
    verdict = await proof(store)

    assert (verdict.proven, verdict.first, verdict.admitted) == (True, 1, 1)
    assert any(last.head.hash in note for note in verdict.notes)
