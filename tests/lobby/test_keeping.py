"""
The use cases of gates and operators: reports, phases, rooms, and what is public.
"""

import pytest

from tests.lobby.clock import timeless, trip
from tests.lobby.house import ROOM, called, house, names
from waiting_room.core.outcomes import Admitted, Closed, Paused, Refused
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.errors import RoomUnknownError
from waiting_room.lobby import Lobby
from waiting_room.ports import Claim
from waiting_room.tokens import Ticket, Visitor


@timeless
async def test_a_gate_keeps_seats_and_hears_what_is_gone() -> None:
    """Touched seats live on, unknown ones are gone, released ones are free."""
    home = await house()
    outcome, _ = await home.workers[0].join("anna")
    assert isinstance(outcome, Admitted)
    touched = {"standard.1": outcome.hard_end_ms, "standard.99": outcome.hard_end_ms}
    answer = await home.workers[0].lobby.report(ROOM, touched, [])
    after = await home.workers[0].lobby.report(ROOM, {}, ["standard.1"])

    assert answer.gone == ("standard.99",)
    assert (after.gone, after.degraded) == ((), False)
    assert (await home.see()).seats == 0


@timeless
async def test_a_worker_does_not_hoard_seats_that_are_over() -> None:
    """
    Those who never come back are forgotten when their idle time is over, also by the worker that let them in.

    They once stayed in memory for the life of the process: a few million a month.
    """
    home = await house(capacity=10_000, rate_per_minute=60_000, idle_timeout_s=1, max_session_s=10)
    worker = home.workers[0]
    for number in range(6000):
        outcome, _ = await worker.join(f"v{number}")
        assert isinstance(outcome, Admitted)
        await trip(0.01)
        home.clock_ms()

    assert (await home.see()).seats_peak <= 101
    assert len(worker.room.seats) < 2000


@pytest.mark.parametrize(
    ("phase", "outcome"), [(Phase.CLOSED, Closed()), (Phase.DRAINING, Refused(Reason.ROOM_DRAINING))]
)
def test_a_room_that_takes_nobody_says_so(phase: Phase, outcome: object) -> None:
    """No ticket is given."""

    @timeless
    async def story() -> None:
        home = await house()
        await home.workers[0].lobby.set_phase(ROOM, phase)

        assert await home.workers[0].join("anna") == (outcome, None)

    story()


@timeless
async def test_a_paused_room_gives_places_and_no_seats() -> None:
    """The place is kept, and the pause is the reason."""
    home = await house()
    await home.workers[0].lobby.set_phase(ROOM, Phase.PAUSED)
    outcome, ticket = await home.workers[0].join("anna")
    await home.live(5)
    assert ticket is not None

    assert isinstance(outcome, Paused)
    assert (outcome.number, outcome.position, outcome.reason) == (1, 1, Reason.ROOM_PAUSED)
    assert (await home.see()).standard.frontier == 1


@timeless
async def test_a_claim_during_a_pause_keeps_its_right() -> None:
    """Called before, admitted after."""
    home = await house()
    tickets = await home.fill(names(1))
    await called(home, tickets)
    await home.store.set_phase(ROOM, Phase.PAUSED)
    paused = await home.workers[0].lobby.claim(ROOM, tickets[0])
    await home.store.set_phase(ROOM, Phase.OPEN)
    admitted = await home.workers[0].lobby.claim(ROOM, tickets[0])

    assert isinstance(paused, Paused)
    assert isinstance(admitted, Admitted)


@timeless
async def test_a_room_that_is_none_is_an_error() -> None:
    """Every use case says so by the same exception."""
    home = await house()
    lobby = home.workers[0].lobby
    ticket = Ticket("nowhere", "standard", 1, "anna", 1)

    for call in (
        lobby.join("nowhere", Visitor("anna")),
        lobby.claim("nowhere", ticket),
        lobby.leave("nowhere", ticket),
    ):
        with pytest.raises(RoomUnknownError):
            await call
    for ask in (lobby.policy, lobby.public_state, lobby.admin_state):
        with pytest.raises(RoomUnknownError):
            ask("nowhere")
    with pytest.raises(RoomUnknownError):
        lobby.status("nowhere", ticket)


@timeless
async def test_a_room_that_another_worker_made_is_found() -> None:
    """Within two seconds, without a restart."""
    home = await house(size=2)
    await home.workers[0].lobby.configure("books", home.policy)
    await home.live(2.5)

    assert isinstance(home.workers[1].lobby, Lobby)
    assert home.workers[1].lobby.rooms() == ("toys", "books")


@timeless
async def test_what_is_public_names_nobody() -> None:
    """Counters and settings only."""
    home = await house()
    await home.fill(["anna-with-a-name"])
    await home.store.claim(ROOM, [Claim("standard", 1, "anna-with-a-name")])
    state = home.workers[0].lobby.public_state(ROOM)

    assert set(state) == {
        "room", "phase", "mode", "rate_per_minute", "capacity", "seats", "frontier", "issued", "waiting", "lanes",
        "admitted_total", "sold_out", "message", "opens_in_s", "resumes_in_s", "audit_head", "draws", "as_of_ms",
    }  # fmt: skip
    assert "anna" not in repr(state) + repr(home.workers[0].lobby.admin_state(ROOM))
