"""
A room that keeps its own hours: what is planned is carried out, by one worker or several, in time or late.
"""

import logging
from dataclasses import replace
from typing import Any

import pytest

from tests.lobby.clock import timeless, trip
from tests.lobby.house import POLICY, ROOM, START_MS, House, house, names
from waiting_room.core.calendar import Entry, local_text
from waiting_room.core.outcomes import Admitted, Closed, Paused, Refused
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.errors import PolicyError
from waiting_room.lobby import Lobby
from waiting_room.store.memory import MemoryStore


def planned(*entries: tuple[int, str], **changes: Any) -> Policy:
    """
    Return the policy with entries, each some seconds after the start.
    """
    schedule = tuple(Entry(local_text(START_MS + 1000 * second, "UTC"), do) for second, do in entries)
    return replace(POLICY, schedule=schedule, **changes)


async def act(home: House, action: str, **values: Any) -> None:
    """
    Let an operator act, by way of the first worker.
    """
    home.clock_ms()
    await home.workers[0].lobby.act(ROOM, action, values)


@timeless
async def test_a_day_goes_by_itself() -> None:
    """Closed, open, a break, open again, closed; whoever came in the break keeps the place."""
    home = await house(planned((10, "open"), (20, "pause"), (40, "open"), (60, "close")), size=3)
    early, _ = await home.workers[1].join("early")
    await home.live(10.25)
    first, _ = await home.workers[2].join("first")
    await home.live(10.25)
    during, ticket = await home.workers[0].join("during")
    await home.live(21)
    assert ticket is not None
    after = await home.workers[0].lobby.claim(ROOM, ticket)
    await home.live(20)
    late, _ = await home.workers[1].join("late")

    assert early == Closed(opens_in_ms=10_000)
    assert isinstance(first, Admitted)
    assert isinstance(during, Paused)
    assert during.reason is Reason.TECHNICAL_BREAK
    assert during.resumes_in_ms == pytest.approx(19_500, abs=1000)
    assert isinstance(after, Admitted)
    assert late == Closed()


@timeless
async def test_what_was_missed_while_no_worker_ran_is_carried_out_once(caplog: pytest.LogCaptureFixture) -> None:
    """In order and late; a second worker that starts later does nothing again."""
    caplog.set_level(logging.INFO, "waiting_room.controller")
    home = await house(planned((5, "pause"), (10, "drain")))
    home.workers = []
    await trip(30)
    await home.add("late")
    await home.live(1)
    await home.add("later")
    await home.live(5)

    assert (await home.see()).phase is Phase.DRAINING
    assert [vars(record)["do"] for record in caplog.records if "schedule" in record.message] == ["pause", "drain"]


@timeless
async def test_an_operator_overrules_until_the_next_entry() -> None:
    """Who reopens after a planned pause stays open, and the planned end comes all the same."""
    home = await house(planned((5, "pause"), (20, "close")), size=2)
    await home.live(6)
    await act(home, "open")
    await home.live(10)
    between = (await home.see()).phase
    await home.live(5)

    assert (between, (await home.see()).phase) == (Phase.OPEN, Phase.CLOSED)


@timeless
async def test_a_break_says_when_it_goes_on_and_keeps_the_order() -> None:
    """Everybody is told, nobody is called, and afterwards they go in by their numbers."""
    home = await house(capacity=1000)
    tickets = await home.fill(names(30))
    await act(home, "pause", **{"for": "2m", "message": "Back in two minutes"})
    stood = (await home.see()).standard.frontier
    told = [home.workers[0].lobby.status(ROOM, ticket) for ticket in tickets]
    await home.live(119)
    during = (await home.see()).standard.frontier
    await home.live(3)

    assert all(isinstance(one, Paused) and one.resumes_in_ms == 120_000 for one in told)
    assert [one.position for one in told if isinstance(one, Paused)] == list(range(1, 31))
    assert during == stood
    assert (await home.see()).standard.frontier > stood


@timeless
async def test_a_worker_remembers_seats_over_a_break() -> None:
    """Redis lost during a break gets them back, though nobody has used the shop for longer than the idle time."""
    home = await house(idle_timeout_s=10)
    outcome, _ = await home.workers[0].join("anna")
    assert isinstance(outcome, Admitted)
    await act(home, "pause", **{"for": "5m"})
    await home.live(60)
    home.store.lose(ROOM)
    await home.live(5)

    assert (await home.see()).seats == 1


@timeless
async def test_resume_goes_back_to_what_was_before() -> None:
    """A room that drained drains on; one that was closed and then paused opens."""
    home = await house()
    await act(home, "drain")
    await act(home, "pause")
    await act(home, "resume")
    drained = (await home.see()).phase
    await act(home, "close")
    await act(home, "pause")
    await act(home, "resume")

    assert (drained, (await home.see()).phase) == (Phase.DRAINING, Phase.OPEN)


@pytest.mark.parametrize(
    ("action", "values"), [("open", {"for": "5m"}), ("pause", {"for": "5"}), ("pause", {"till": "12:00"})]
)
async def test_what_means_nothing_changes_nothing(action: str, values: dict[str, Any]) -> None:
    """The fault says so, and the room stays as it is."""
    store = MemoryStore(START_MS)
    lobby = Lobby(store, lambda: store.now_ms)
    await lobby.configure(ROOM, POLICY)
    with pytest.raises(PolicyError):
        await lobby.act(ROOM, action, values)

    assert (await store.snapshot(ROOM)).phase is Phase.OPEN


@timeless
async def test_a_drain_serves_those_who_joined_before_it_and_nobody_else() -> None:
    """Everybody whose number was given by then goes in, in order; who comes after is told so and gets no number."""
    home = await house(planned((10, "drain")), capacity=1000)
    tickets = await home.fill(names(30))
    await home.live(10.25)
    late, ticket = await home.workers[0].join("late")
    await home.live(10)
    seen = await home.see()

    assert (late, ticket) == (Refused(Reason.ROOM_DRAINING), None)
    assert seen.standard.issued == tickets[-1].number
    assert seen.standard.frontier > tickets[-1].number
