"""
The steady hand: steps, leases, outages, and a room that was lost and comes back.
"""

import asyncio

import pytest

from tests.lobby.clock import timeless, trip
from tests.lobby.house import POLICY, ROOM, house, names
from waiting_room.core.outcomes import Called, Paused, Waiting
from waiting_room.core.plan import OWNER_MS
from waiting_room.core.reasons import Reason
from waiting_room.core.view import STALE_MS
from waiting_room.tokens import Ticket


@timeless
async def test_as_many_are_under_way_as_the_door_needs() -> None:
    """At ten a second: those who go in until the first ones come, and a second's more; not all who wait."""
    home = await house(capacity=1000)
    await home.fill(names(200))
    await home.live(0.25)
    first = (await home.see()).standard.frontier - 1
    await home.live(1)
    then = (await home.see()).standard.frontier - 1

    assert 20 <= first <= 50
    assert first <= then <= first + 22


@timeless
async def test_two_controllers_call_no_more_than_one() -> None:
    """The lease goes to one of them; the other watches."""
    home = await house(size=3, capacity=1000)
    await home.fill(names(200))
    await home.live(2)
    committed = [worker.room.tally["tick", "committed"] for worker in home.workers]

    assert sorted(committed)[:2] == [0, 0]
    assert (await home.see()).owner == home.workers[committed.index(max(committed))].controller._owner


@timeless
async def test_another_takes_over_when_the_holder_falls_silent() -> None:
    """Within the lease and a refresh."""
    home = await house(size=2, capacity=1000)
    await home.fill(names(200))
    await home.live(1)
    dead, alive = home.workers
    home.workers = [alive]
    stood = (await home.see()).standard.frontier
    await home.live(OWNER_MS / 1000 + 1.25)

    assert (await home.see()).owner == alive.controller._owner != dead.controller._owner
    assert (await home.see()).standard.frontier > stood


@timeless
async def test_a_step_that_another_was_faster_with_is_counted_and_harmless() -> None:
    """The room changed between reading and committing: nothing is called twice."""
    home = await house(size=2, capacity=1000)
    await home.fill(names(50))
    await trip(0.25)
    home.clock_ms()
    first, second = (worker.controller for worker in home.workers)
    await asyncio.gather(first.step(), second.step())
    tallies = [worker.room.tally for worker in home.workers]

    assert sum(tally["tick", "committed"] for tally in tallies) == 1


@timeless
async def test_run_steps_four_times_a_second_until_it_is_cancelled() -> None:
    """On the loop's clock."""
    home = await house()
    running = asyncio.create_task(home.workers[0].controller.run())
    for _ in range(20):
        await trip(0.25)
        home.clock_ms()
    running.cancel()

    assert 18 <= home.workers[0].line.calls.count("snapshot") <= 24


@timeless
async def test_an_outage_costs_no_place_and_raises_nothing() -> None:
    """Polls are answered from the last view and say so; joins are put off; a claim keeps its right."""
    home = await house(capacity=1000)
    tickets = await home.fill(names(300))
    await home.live(1)
    worker = home.workers[0]
    worker.line.cut = True
    await home.live(STALE_MS / 1000 + 1)
    waiting = worker.lobby.status(ROOM, tickets[-1])
    claimed = await worker.lobby.claim(ROOM, tickets[0])
    joined, none = await worker.join("late")
    report = await worker.lobby.report(ROOM, {"standard.1": home.clock_ms() + 60_000}, [])
    left = await worker.lobby.leave(ROOM, tickets[5])

    assert isinstance(waiting, Waiting)
    assert (waiting.reason, waiting.eta) == (Reason.STORE_AWAY, None)
    assert isinstance(claimed, Called)
    assert claimed.reason is Reason.STORE_AWAY
    assert isinstance(joined, Paused)
    assert (joined.reason, none) == (Reason.STORE_AWAY, None)
    assert (report.degraded, report.gone, report.straight) == (True, (), False)
    assert left is False
    worker.line.cut = False
    await home.live(1)
    after = worker.lobby.status(ROOM, tickets[-1])
    assert isinstance(after, Waiting)
    assert after.reason is Reason.QUEUE_WAIT


@timeless
async def test_nobody_becomes_a_ghost_by_an_outage() -> None:
    """Check-ins that could not be sent are sent when the store is back, highest number and all."""
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(5))
    worker = home.workers[0]
    await home.live(14)
    worker.line.cut = True
    for ticket in (*tickets, Ticket(ROOM, "standard", 900, "of another epoch", home.clock_ms())):
        worker.lobby.status(ROOM, ticket)
    await home.live(3)
    worker.line.cut = False
    await home.live(16)

    assert (await home.see()).waiting == 6
    assert (await home.see()).standard.issued == 900


@timeless
async def test_one_room_s_trouble_is_not_another_s() -> None:
    """A room that is listed and not there is passed over; the others are served, and new ones found."""
    home = await house()
    await home.store.configure("aaa", POLICY)
    await home.store.configure("zzz", POLICY)
    listed = await home.store.rooms()
    home.store.lose("aaa")

    async def rooms() -> tuple[str, ...]:
        return listed

    home.store.rooms = rooms  # type: ignore[method-assign]
    late = await home.add("late")

    assert late.lobby.rooms() == ("toys", "zzz")


@pytest.mark.parametrize("verb", ["snapshot", "flush", "rooms", "advance"])
def test_a_step_survives_whatever_fails(verb: str) -> None:
    """The next step finds the store back, and goes on."""

    @timeless
    async def story() -> None:
        home = await house(capacity=1000)
        tickets = await home.fill(names(300))
        worker = home.workers[0]
        original = type(home.store).__dict__[verb]
        failing = {"on": True}

        async def failed(*args: object) -> object:
            from waiting_room.errors import StoreUnavailableError  # noqa: PLC0415

            if failing["on"]:
                raise StoreUnavailableError("timeout", verb)
            return await original(home.store, *args)

        setattr(home.store, verb, failed)
        worker.lobby.status(ROOM, tickets[-1])
        await home.live(3)
        failing["on"] = False
        stood = (await home.see()).standard.frontier
        await home.live(1.5)

        assert (await home.see()).standard.frontier > stood

    story()
