"""
The use cases: join, ask, claim, leave and report, over a store in memory.
"""

import asyncio
from dataclasses import replace

import pytest

from tests.lobby.clock import timeless, trip
from tests.lobby.house import ROOM, called, house, names
from tests.store.acts import moved
from waiting_room.core.outcomes import Admitted, Called, Refused, Waiting
from waiting_room.core.plan import Advance, plan
from waiting_room.core.reasons import Reason
from waiting_room.core.snapshot import Snapshot
from waiting_room.lobby import CLAIM_HOLD_S, TICKET_LIFE_MS
from waiting_room.tokens import Ticket


@timeless
async def test_the_first_visitor_goes_straight_in() -> None:
    """Nobody waits and a seat is free: a seat at once, and a ticket that proves it."""
    home = await house()
    outcome, ticket = await home.workers[0].join("anna")

    assert isinstance(outcome, Admitted)
    assert ticket is not None
    assert (outcome.seat, ticket.number, ticket.visitor) == ("standard.1", 1, "anna")


@timeless
async def test_a_retried_straight_join_finds_the_same_seat() -> None:
    """A lost answer costs neither a second seat nor a number."""
    home = await house()
    first, _ = await home.workers[0].join("anna")
    again, _ = await home.workers[0].join("anna")
    assert isinstance(first, Admitted)
    assert isinstance(again, Admitted)

    assert (again.seat, again.hard_end_ms) == (first.seat, first.hard_end_ms)
    assert (first.fresh, again.fresh) == (True, False)
    assert (await home.see()).seats == 1


@timeless
async def test_doubled_and_concurrent_joins_give_one_place() -> None:
    """One visitor in ten tabs at two workers at once: one number."""
    home = await house(size=2)
    await home.fill(["early"])
    joined = await asyncio.gather(*(home.workers[at % 2].join("anna") for at in range(10)))

    assert {ticket.number for _, ticket in joined if ticket} == {2}
    assert (await home.see()).standard.issued == 2


@timeless
async def test_a_ticket_is_worth_more_than_the_store_s_memory() -> None:
    """Who bears a ticket keeps its place, long after the store has forgotten the join; it is not even asked."""
    home = await house(rate_per_minute=0)
    (ticket,) = await home.fill(["anna"])
    await home.live(120)
    home.workers[0].line.calls.clear()
    outcome, kept = await home.workers[0].join("anna", ticket)

    assert isinstance(outcome, Waiting)
    assert kept is ticket
    assert home.workers[0].line.calls == []


@timeless
async def test_many_joins_take_few_round_trips() -> None:
    """A thousand at once go in two calls, in their order."""
    home = await house(rate_per_minute=0)
    await home.fill(["early"])
    worker = home.workers[0]
    worker.line.calls.clear()
    joined = await asyncio.gather(*(worker.join(name) for name in names(1000)))

    assert [ticket.number for _, ticket in joined if ticket] == list(range(2, 1002))
    assert worker.line.calls.count("join") <= 3


@timeless
async def test_status_asks_nothing_of_the_store() -> None:
    """A thousand polls, no call."""
    home = await house()
    (ticket,) = await home.fill(["anna"])
    home.workers[0].line.calls.clear()
    for _ in range(1000):
        home.workers[0].lobby.status(ROOM, ticket)

    assert home.workers[0].line.calls == []


@timeless
async def test_who_polls_stays_and_who_is_silent_becomes_a_ghost() -> None:
    """After two slots only those who asked are counted; the others keep their places."""
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(10))
    for _ in range(70):
        home.workers[0].lobby.status(ROOM, tickets[6])
        await home.live(1)

    assert (await home.see()).waiting == 1
    assert home.workers[0].lobby.status(ROOM, tickets[6]) == home.workers[0].lobby.status(ROOM, tickets[6], 1)


@timeless
async def test_a_shown_position_never_rises_though_ghosts_return() -> None:
    """Nine before him fall silent and come back: the last one's place only gets better."""
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(10))
    shown = []
    for second in range(120):
        outcome = home.workers[0].lobby.status(ROOM, tickets[-1])
        assert isinstance(outcome, Waiting)
        shown.append(outcome.position)
        if second > 60:
            for ghost in tickets[:-1]:
                home.workers[0].lobby.status(ROOM, ghost)
        await home.live(1)

    assert shown[0] == 10
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] == 1
    assert (await home.see()).waiting == 10


@timeless
async def test_another_worker_never_shows_more_than_was_seen() -> None:
    """The page says what it showed last; a worker that never saw this visitor keeps to it."""
    home = await house(size=2, rate_per_minute=0)
    tickets = await home.fill(names(10))
    outcome = home.workers[1].lobby.status(ROOM, tickets[-1], seen=4)
    later = home.workers[1].lobby.status(ROOM, tickets[-1])
    assert isinstance(outcome, Waiting)
    assert isinstance(later, Waiting)

    assert (outcome.position, later.position) == (4, 4)


@pytest.mark.parametrize("seen", [0, -5])
def test_a_position_that_cannot_be_is_not_believed(seen: int) -> None:
    """Nought and less were never shown."""

    @timeless
    async def story() -> None:
        home = await house(rate_per_minute=0)
        tickets = await home.fill(names(3))
        outcome = home.workers[0].lobby.status(ROOM, tickets[-1], seen=seen)
        assert isinstance(outcome, Waiting)

        assert outcome.position == 3

    story()


@timeless
async def test_a_ticket_from_before_a_loss_teaches_the_counter() -> None:
    """A number far above all that is known is honest, for it is signed: it is never given out again."""
    home = await house(rate_per_minute=0)
    await home.fill(["early"])
    old = Ticket(ROOM, "standard", 40_000, "old", home.clock_ms())
    outcome = home.workers[0].lobby.status(ROOM, old)
    await home.live(2)
    _, ticket = await home.workers[0].join("new")
    assert isinstance(outcome, Waiting)
    assert ticket is not None

    assert outcome.position == 40_000
    assert ticket.number == 40_001


@timeless
async def test_an_old_ticket_is_over() -> None:
    """After a day, for the store no longer knows which were used; a claim with it is refused as well as a poll."""
    home = await house()
    tickets = await home.fill(names(2))
    await called(home, tickets)
    old = replace(tickets[0], issued_ms=home.clock_ms() - TICKET_LIFE_MS - 1)

    assert home.workers[0].lobby.status(ROOM, old) == Refused(Reason.TICKET_EXPIRED)
    assert await home.workers[0].lobby.claim(ROOM, old) == Refused(Reason.TICKET_EXPIRED)
    assert (await home.see()).seats == 0


@timeless
async def test_a_called_ticket_becomes_a_seat_and_a_retried_claim_the_same() -> None:
    """Once, however often it is asked for and at which worker."""
    home = await house(size=2)
    tickets = await home.fill(names(2))
    await called(home, tickets)
    first = await home.workers[0].lobby.claim(ROOM, tickets[0])
    again = await home.workers[1].lobby.claim(ROOM, tickets[0])
    assert isinstance(first, Admitted)
    assert isinstance(again, Admitted)

    assert (first.seat, first.hard_end_ms) == (again.seat, again.hard_end_ms)
    assert (await home.see()).seats == 1


@timeless
async def test_who_is_not_called_claims_in_vain_and_loses_nothing() -> None:
    """The answer is the place, and the store is not asked."""
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(3))
    home.workers[0].line.calls.clear()
    outcome = await home.workers[0].lobby.claim(ROOM, tickets[2])

    assert isinstance(outcome, Waiting)
    assert outcome.position == 3
    assert home.workers[0].line.calls == []


@timeless
async def test_a_claim_waits_at_the_door_for_its_turn() -> None:
    """Eight called ones at ten a second and a bucket of two and a half: all are in within the hold."""
    home = await house(claim_window_s=60)
    tickets = await home.fill(names(8))
    await called(home, tickets)
    begun = home.clock_ms()

    async def clock() -> None:
        while True:
            home.clock_ms()
            await trip(0.05)

    ticking = asyncio.create_task(clock())
    outcomes = await asyncio.gather(*(home.workers[0].lobby.claim(ROOM, ticket) for ticket in tickets))
    ticking.cancel()

    assert {type(outcome) for outcome in outcomes} == {Admitted}
    assert home.clock_ms() - begun <= CLAIM_HOLD_S * 1000


@timeless
async def test_a_full_room_lets_a_claim_wait_and_then_says_why() -> None:
    """No seat within the hold: still called, with the reason, and the right is kept."""
    home = await house(capacity=1, rate_per_minute=60_000)
    tickets = await home.fill(names(2))
    await called(home, tickets[:1])
    await home.workers[0].lobby.claim(ROOM, tickets[0])
    await home.store.advance(ROOM, _calls_all(await home.see()))
    await home.workers[0].lobby.refresh(ROOM)
    refused = await home.workers[0].lobby.claim(ROOM, tickets[1])
    await home.workers[0].lobby.leave(ROOM, tickets[0])
    admitted = await home.workers[0].lobby.claim(ROOM, tickets[1])

    assert isinstance(refused, Called)
    assert refused.reason is Reason.SEATS_FULL
    assert isinstance(admitted, Admitted)


def _calls_all(snapshot: Snapshot) -> Advance:
    step = plan(snapshot, snapshot.owner)
    assert step is not None
    return moved(step, frontier=snapshot.standard.issued + 1, called=1)


@timeless
async def test_a_ticket_is_used_once() -> None:
    """When the visit is over its ticket buys no second one."""
    home = await house()
    tickets = await home.fill(names(1))
    await called(home, tickets)
    await home.workers[0].lobby.claim(ROOM, tickets[0])
    await home.workers[0].lobby.report(ROOM, {}, ["standard.1"])

    assert await home.workers[0].lobby.claim(ROOM, tickets[0]) == Refused(Reason.TICKET_USED)


@timeless
async def test_who_leaves_is_gone_at_once_and_stays_gone() -> None:
    """
    The page polled a moment ago: its check-in, not yet sent, must not bring the visitor back.

    It once did, with the next flush, and those behind waited two slots for nobody.
    """
    home = await house(rate_per_minute=0)
    tickets = await home.fill(names(3))
    lobby = home.workers[0].lobby
    lobby.status(ROOM, tickets[0])

    assert await lobby.leave(ROOM, tickets[0])
    await home.live(3)
    assert (await home.see()).waiting == 2
    assert not await lobby.leave(ROOM, tickets[0])


@timeless
async def test_who_leaves_a_seat_frees_it() -> None:
    """The next one has it at once."""
    home = await house(capacity=1)
    _, ticket = await home.workers[0].join("anna")
    assert ticket is not None

    assert await home.workers[0].lobby.leave(ROOM, ticket)
    assert (await home.see()).seats == 0
