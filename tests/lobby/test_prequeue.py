"""
From the pre-queue through the opening: what visitors are told, by one worker and by several.
"""

import asyncio
from dataclasses import replace

import pytest

from tests.lobby.clock import timeless
from tests.lobby.house import POLICY, ROOM, House, Worker, house, names
from waiting_room.core.draw import DrawError
from waiting_room.core.outcomes import Called, Early, Paused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.tokens import Ticket

SLOW = replace(POLICY, capacity=2, rate_per_minute=60)


async def gathered(home: House, count: int, opens_in_s: float | None = None) -> list[Ticket]:
    """
    Begin a pre-queue, and let visitors join it at the workers in turn.
    """
    worker = home.workers[0]
    opens_at_ms = None if opens_in_s is None else home.clock_ms() + int(opens_in_s * 1000)
    await worker.lobby.prequeue(ROOM, opens_at_ms)
    for other in home.workers:
        await other.lobby.refresh(ROOM)
    joined = [await home.workers[index % home.size].join(name) for index, name in enumerate(names(count))]
    return [ticket for _, ticket in joined if ticket is not None]


def told(worker: Worker, ticket: Ticket) -> object:
    """
    Return what a worker answers a poll.
    """
    return worker.lobby.status(ROOM, ticket)


@timeless
async def test_the_early_are_told_when_it_opens_and_no_position() -> None:
    """
    The time runs by the store's clock, and polls are spread after the opening.
    """
    home = await house()
    tickets = await gathered(home, 3, 20)
    first = told(home.workers[0], tickets[0])
    await home.live(5)
    later = told(home.workers[0], tickets[0])

    assert isinstance(first, Early)
    assert isinstance(later, Early)
    assert (first.number, first.opens_in_ms, first.reason) == (1, 20_000, Reason.PREQUEUE)
    assert later.opens_in_ms is not None
    assert 14_000 <= later.opens_in_ms <= 16_000
    assert (await home.see()).standard.frontier == 1


@timeless
async def test_the_room_opens_by_itself_at_its_time() -> None:
    """
    Nobody need be awake; an announced beacon is waited for.
    """
    home = await house()
    await gathered(home, 3, 2)
    await home.live(3)

    waits = await house()
    await waits.workers[0].lobby.prequeue(ROOM, waits.clock_ms() + 2000, "drand 5")
    await waits.live(3)

    assert (await home.see()).phase is Phase.OPEN
    assert (await waits.see()).phase is Phase.PREQUEUE


@timeless
async def test_a_pre_queue_that_a_schedule_began_gets_its_promise() -> None:
    """
    Whoever begins it, a seed is there within a step.
    """
    home = await house()
    await home.store.set_phase(ROOM, Phase.PREQUEUE)
    await home.live(1)

    assert (await home.see()).promise is not None


@timeless
async def test_an_opening_needs_the_beacon_that_was_announced() -> None:
    """
    Without its value, with one that nobody announced, and again with the right one.
    """
    home = await house()
    lobby = home.workers[0].lobby
    await lobby.prequeue(ROOM, source="drand 5")
    with pytest.raises(DrawError, match="is missing"):
        await lobby.act(ROOM, "open", {})
    await lobby.act(ROOM, "open", {"beacon": "8e5c1b"})
    with pytest.raises(DrawError, match="was not announced"):
        await lobby.act(ROOM, "open", {"beacon": "8e5c1b"})

    assert (await home.see()).draws[-1].beacon == "8e5c1b"


@timeless
async def test_the_seed_is_told_to_nobody_before_the_opening() -> None:
    """
    Neither to anybody nor to the operator; after it to all.
    """
    home = await house()
    await gathered(home, 3)
    lobby = home.workers[0].lobby
    promise = (await home.see()).promise
    assert promise is not None
    before = repr((lobby.admin_state(ROOM), lobby.room(ROOM).view.snapshot))
    await lobby.set_phase(ROOM, Phase.OPEN)

    assert promise.seed not in before
    assert promise.commitment in before
    assert lobby.public_state(ROOM)["draws"][-1]["seed"] == promise.seed


@timeless
async def test_two_workers_tell_the_same_order_and_it_is_the_draws() -> None:
    """
    Positions are the ranks of the draw, whoever answers; whoever comes late stands behind.
    """
    home = await house(SLOW, size=2)
    tickets = await gathered(home, 30)
    await home.workers[0].lobby.set_phase(ROOM, Phase.OPEN)
    await home.workers[1].lobby.refresh(ROOM)
    _, late = await home.workers[1].join("late")
    assert late is not None
    everybody = [*tickets, late]
    answers = [[told(worker, ticket) for ticket in everybody] for worker in home.workers]
    order = (await home.see()).standard

    assert [[answer.position for answer in said if isinstance(answer, Waiting)] for said in answers] == [
        [order.rank_of(ticket.number) for ticket in everybody]
    ] * 2
    assert order.rank_of(late.number) == 31


@timeless
async def test_calls_follow_the_draw_and_a_shown_position_never_rises() -> None:
    """
    Everybody polls as told; each is called after all of lower rank, and nobody is passed over.
    """
    home = await house(size=2, capacity=1000, rate_per_minute=300)
    tickets = await gathered(home, 40)
    await home.workers[0].lobby.set_phase(ROOM, Phase.OPEN)
    order = (await home.see()).standard
    shown: dict[int, int] = {}
    for step in range(60):
        called, waiting = [0], [99]
        for ticket in tickets:
            answer = told(home.workers[step % 2], ticket)
            if isinstance(answer, Waiting):
                assert answer.position <= shown.get(ticket.number, answer.position)
                shown[ticket.number] = answer.position
                waiting.append(order.rank_of(ticket.number))
            elif isinstance(answer, Called):
                called.append(order.rank_of(ticket.number))
        assert max(called) < min(waiting)
        await home.live(0.25)

    assert (await home.see()).standard.frontier == 41
    assert len(shown) > 20


@timeless
async def test_who_went_away_before_the_opening_delays_nobody_for_long() -> None:
    """
    All count as present for one slot; after it only those who have come.
    """
    home = await house(SLOW)
    tickets = await gathered(home, 50)
    await home.workers[0].lobby.set_phase(ROOM, Phase.OPEN)
    at_once = (await home.see()).waiting
    for _ in range(80):
        for ticket in tickets[:5]:
            told(home.workers[0], ticket)
        await home.live(1)

    assert at_once == 50
    assert (await home.see()).waiting <= 5


@timeless
async def test_a_join_that_is_retried_during_the_opening_keeps_one_place() -> None:
    """
    Before, at and after it: one number, which the draw has put somewhere once.
    """
    home = await house(SLOW, size=2)
    await gathered(home, 5)
    first, second = home.workers
    before = await first.join("anna")
    opened = asyncio.gather(first.lobby.set_phase(ROOM, Phase.OPEN), second.join("anna"))
    _, during = await opened
    after = await second.join("anna")
    tickets = [ticket for _, ticket in (before, during, after) if ticket is not None]

    assert {ticket.number for ticket in tickets} == {6}
    assert (await home.see()).draws[-1].lanes == (("standard", 1, 6),)


@timeless
async def test_a_worker_that_has_not_heard_of_the_draw_does_no_harm() -> None:
    """
    Its check-ins are of numbers: late ones are left out, and nobody is taken for somebody else.
    """
    home = await house(SLOW, size=2)
    tickets = await gathered(home, 20)
    first, second = home.workers
    for ticket in tickets[:10]:
        told(second, ticket)
    await first.lobby.set_phase(ROOM, Phase.OPEN)
    gathered_before = second.room.lanes["standard"].take_checkins()
    await home.store.flush(ROOM, "standard", gathered_before.chunks(), gathered_before.highest, 0)
    snapshot = await home.see()

    assert snapshot.standard.fresh.strip(b"\0") == b""
    assert snapshot.waiting == 20


@timeless
async def test_a_leave_that_crosses_the_draw_gives_back_the_right_place() -> None:
    """
    The worker looks again and names the rank that the draw has given.
    """
    home = await house(SLOW, size=2)
    tickets = await gathered(home, 10)
    first, second = home.workers
    await first.lobby.set_phase(ROOM, Phase.OPEN)
    order = (await home.see()).standard
    ticket = next(ticket for ticket in tickets if order.rank_of(ticket.number) != ticket.number)
    told(first, ticket)
    await first.controller.step()
    await home.live(1.5)
    left = await second.lobby.leave(ROOM, ticket)
    snapshot = await home.see()
    there = replace(snapshot.standard, frontier=1)

    assert left
    assert there.fresh[order.rank_of(ticket.number) >> 3] & (0x80 >> (order.rank_of(ticket.number) & 7)) == 0


@timeless
async def test_a_draw_survives_the_loss_of_everything() -> None:
    """
    Workers put ranks and phase back, and the calls go on in the same order.
    """
    home = await house(SLOW, size=2)
    tickets = await gathered(home, 20)
    await home.workers[0].lobby.set_phase(ROOM, Phase.OPEN)
    await home.live(1)
    ranks = [(await home.see()).standard.rank_of(ticket.number) for ticket in tickets]
    home.store.lose(ROOM)
    await home.live(5)
    after = await home.see()

    assert (after.phase, after.epoch) == (Phase.OPEN, 2)
    assert [after.standard.rank_of(ticket.number) for ticket in tickets] == ranks


@timeless
async def test_a_promise_survives_the_loss_of_everything() -> None:
    """
    The commitment that was published stays the one that is kept.
    """
    home = await house(size=2)
    await gathered(home, 20, 600)
    before = await home.see()
    home.store.lose(ROOM)
    await home.live(5)
    after = await home.see()

    assert (after.phase, after.promise, after.opens_at_ms) == (Phase.PREQUEUE, before.promise, before.opens_at_ms)
    assert after.standard.early_from == 1


@timeless
async def test_who_joins_with_a_worker_that_has_not_heard_of_the_pre_queue_sees_no_position() -> None:
    """
    A position that the draw could worsen is never shown.
    """
    home = await house(SLOW, size=2)
    await home.workers[0].lobby.prequeue(ROOM)
    answer, _ = await home.workers[1].join("anna")

    assert isinstance(answer, Early)


@timeless
async def test_who_was_waiting_before_the_pre_queue_is_told_to_wait_on() -> None:
    """
    They keep position and place, before all who will be drawn.
    """
    home = await house(SLOW)
    tickets = await home.fill(names(3))
    await gathered(home, 3)
    answer = told(home.workers[0], tickets[2])

    assert isinstance(answer, Paused)
    assert (answer.position, answer.number) == (3, 3)
