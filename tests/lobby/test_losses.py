"""
A room that was lost, and comes back from what workers remember.
"""

from tests.lobby.clock import timeless, trip
from tests.lobby.house import POLICY, ROOM, House, house, names
from waiting_room.core.outcomes import Admitted, Paused, Waiting
from waiting_room.core.plan import MARK_STEP, PATIENCE_MS, RECOVERY_MS
from waiting_room.core.reasons import Reason


async def lose(home: House) -> None:
    """
    Restart the store without its data.
    """
    home.store.lose(ROOM)


async def settle(home: House) -> None:
    """
    Let the recovery pass.
    """
    await home.live(RECOVERY_MS / 1000 + 1.5)


@timeless
async def test_a_lost_room_is_put_back_from_a_worker_s_memory() -> None:
    """Frontier, presence, seats and settings; new numbers begin above all that may have been given."""
    home = await house()
    straight, _ = await home.workers[0].join("inside")
    tickets = await home.fill(names(100))
    await home.live(1)
    before = (await home.workers[0].lobby.refresh(ROOM)).view.snapshot
    await lose(home)
    await home.live(1)
    after = await home.see()

    assert isinstance(straight, Admitted)
    assert (after.epoch, after.policy, after.standard.frontier) == (before.epoch + 1, POLICY, before.standard.frontier)
    assert (after.seats, after.waiting) == (before.seats, before.waiting)
    assert after.recovering
    shown = home.workers[0].lobby.status(ROOM, tickets[-1])
    assert isinstance(shown, Waiting)
    assert shown.reason is Reason.RECOVERING
    put_off, none = await home.workers[0].join("new")
    assert isinstance(put_off, Paused)
    assert (put_off.reason, none) == (Reason.RECOVERING, None)
    await settle(home)
    _, new = await home.workers[0].join("new")
    assert new is not None
    assert new.number > MARK_STEP


@timeless
async def test_admissions_go_on_after_the_recovery() -> None:
    """And in the old order: the first of those who wait is the next to be called."""
    home = await house()
    tickets = await home.fill(names(100))
    await home.live(1)
    frontier = (await home.see()).standard.frontier
    await lose(home)
    await settle(home)
    for worker in home.workers:
        await worker.lobby.refresh(ROOM)

    assert (await home.see()).standard.frontier > frontier
    claimed = await home.workers[0].lobby.claim(ROOM, tickets[frontier - 1])
    assert isinstance(claimed, Admitted)


@timeless
async def test_who_joined_after_the_last_view_keeps_the_place() -> None:
    """The worker gave the number: its check-in survives the loss, although no view ever held it."""
    home = await house(rate_per_minute=0)
    await home.fill(names(10))
    await home.live(1)
    worker = home.workers[0]
    _, late = await worker.join("late")
    assert late is not None
    await lose(home)
    joined, _ = await worker.join("unlucky")
    worker.line.cut = True
    worker.lobby.status(ROOM, late)
    await home.live(3)
    worker.line.cut = False
    await settle(home)

    assert isinstance(joined, Paused)
    assert joined.reason is Reason.RECOVERING
    assert (await home.see()).standard.presence.holds(late.number)


@timeless
async def test_two_workers_restore_one_after_the_other() -> None:
    """Each adds what it alone remembers: the seats it gave, the later frontier."""
    home = await house(size=2, capacity=20)
    first, second = home.workers
    for worker, name in ((first, "a"), (second, "b")):
        outcome, _ = await worker.join(name)
        assert isinstance(outcome, Admitted)
        await home.live(0.5)
    await home.fill(names(30))
    await home.live(1.25)
    await second.lobby.refresh(ROOM)
    before = (await first.lobby.refresh(ROOM)).view.snapshot
    await lose(home)
    home.clock_ms()
    await first.controller.step()
    await trip(0.5)
    home.clock_ms()
    await second.controller.step()
    await home.live(1.5)
    after = await home.see()

    assert after.epoch == before.epoch + 1
    assert (after.seats, after.standard.frontier) == (before.seats, before.standard.frontier)
    assert not any(worker.room.lost for worker in home.workers)


@timeless
async def test_a_released_seat_does_not_come_back_by_a_loss() -> None:
    """What gates gave back is forgotten by the worker too."""
    home = await house()
    await home.workers[0].join("inside")
    await home.workers[0].lobby.report(ROOM, {}, ["standard.1"])
    await lose(home)
    await home.live(1)

    assert (await home.see()).seats == 0


@timeless
async def test_a_used_ticket_buys_no_second_seat_after_a_loss() -> None:
    """Its seat is put back, and its claim finds that seat."""
    home = await house(size=1)
    outcome, ticket = await home.workers[0].join("inside")
    assert isinstance(outcome, Admitted)
    assert ticket is not None
    await home.fill(names(5))
    await lose(home)
    await settle(home)
    for worker in home.workers:
        await worker.lobby.refresh(ROOM)
    again = await home.workers[0].lobby.claim(ROOM, ticket)
    assert isinstance(again, Admitted)

    assert again.seat == outcome.seat


@timeless
async def test_a_starting_worker_waits_for_those_who_remember() -> None:
    """
    It starts when the store has just lost everything, and makes no room of its own: it would give the first numbers
    again, and fill the seats, before the others had put the room back.
    """
    home = await house()
    tickets = await home.fill(names(40))
    await home.live(1)
    before = (await home.workers[0].lobby.refresh(ROOM)).view.snapshot
    await lose(home)
    late = await home.add("worker of a new process")
    assert ROOM not in late.lobby.known
    await home.live(0.5)
    after = await home.see()

    assert late.opened
    assert (after.born_ms, after.epoch, after.waiting) == (before.born_ms, before.epoch + 1, before.waiting)
    await settle(home)
    _, new = await late.join("new")
    assert new is not None
    assert new.number > tickets[-1].number


@timeless
async def test_a_room_that_nobody_remembers_is_made_anew_when_it_was_missed_for_long_enough() -> None:
    """However many workers start at once, they wait once, all for the same time."""
    home = House(POLICY)
    home.store.begun = False
    for name in ("one", "two", "three"):
        await home.add(name)
        await trip(0.5)
    assert not any(worker.opened for worker in home.workers)
    await home.live(PATIENCE_MS / 1000 - 1.75)
    assert not any(worker.opened for worker in home.workers)
    await home.live(0.25)

    assert all(worker.opened for worker in home.workers)
    assert (await home.see()).epoch == 1


@timeless
async def test_a_room_that_was_made_anew_yields_to_the_one_that_is_remembered() -> None:
    """The only worker that remembers was cut off for longer than anybody waited, and the new room has gone far."""
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(40))
    await home.live(1)
    first = home.workers[0]
    before = first.room.view.snapshot
    first.line.cut = True
    await lose(home)
    late = await home.add("late")
    await home.live(60)
    assert late.room.view.snapshot.version > before.version
    first.line.cut = False
    await home.live(5)
    after = await home.see()
    _, new = await late.join("new")

    assert (after.born_ms, after.epoch) == (before.born_ms, 2)
    assert new is not None
    assert new.number > tickets[-1].number


@timeless
async def test_two_losses_within_a_second_give_no_number_twice() -> None:
    """
    Between them one worker puts the room back and gives numbers as soon as it may; then another puts it back, which has
    seen nothing of that.
    """
    home = await house(size=2, rate_per_minute=0)
    first, second = home.workers
    await home.fill(names(40))
    await home.live(1.25)
    await lose(home)
    second.line.cut = True
    await home.live(RECOVERY_MS / 1000 + 0.25)
    _, given = await first.join("between")
    first.line.cut, second.line.cut = True, False
    await lose(home)
    await home.live(0.5)
    first.line.cut = False
    put_off, none = await second.join("after")
    await settle(home)
    _, after = await second.join("after")

    assert given is not None
    assert after is not None
    assert (type(put_off), none) == (Paused, None)
    assert after.number > given.number
    assert (await home.see()).waiting >= 41
