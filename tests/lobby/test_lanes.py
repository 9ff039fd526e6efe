"""
Several lanes in one room, from the join to the seat, over workers that are moved by a clock.
"""

import pytest

from tests.lobby.clock import timeless
from tests.lobby.house import ROOM, House, house, names
from waiting_room.core.lanes import Lane
from waiting_room.core.outcomes import Admitted, Waiting
from waiting_room.core.phase import Phase
from waiting_room.entrance import Entrance
from waiting_room.errors import LaneUnknownError
from waiting_room.tokens import Invitation, Ticket, Visitor

LANES = (Lane("loyal", weight=3, entry="invitation"), Lane("standard"))


async def fill(home: House, lane: str, count: int) -> list[Ticket]:
    """
    Let *count* visitors join *lane* while nobody goes straight in; return their tickets.
    """
    await home.store.set_phase(ROOM, Phase.PAUSED)
    lobby = home.workers[0].lobby
    joined = [await lobby.join(ROOM, Visitor(f"{lane} {name}"), None, lane) for name in names(count)]
    await home.store.set_phase(ROOM, Phase.OPEN)
    for worker in home.workers:
        await worker.lobby.refresh(ROOM)
    return [ticket for _, ticket in joined if ticket is not None]


@timeless
async def test_a_ticket_bears_its_lane() -> None:
    """The numbers of two lanes begin at 1 each, and a position counts the own lane alone."""
    home = await house(lanes=LANES, rate_per_minute=0)
    loyal, standard = await fill(home, "loyal", 2), await fill(home, "standard", 3)
    told = [home.workers[0].lobby.status(ROOM, ticket) for ticket in (loyal[-1], standard[-1])]

    assert [(ticket.lane, ticket.number) for ticket in (loyal[-1], standard[-1])] == [("loyal", 2), ("standard", 3)]
    assert [one.position for one in told if isinstance(one, Waiting)] == [2, 3]


@timeless
async def test_a_lane_that_is_not_in_the_settings_takes_nobody() -> None:
    """Not even one that the room still serves."""
    home = await house(lanes=LANES)
    await home.workers[0].lobby.configure(ROOM, home.policy.parse({}))

    for lane in ("loyal", "unheard-of"):
        with pytest.raises(LaneUnknownError, match=lane):
            await home.workers[0].lobby.join(ROOM, Visitor("anna"), None, lane)


@timeless
async def test_an_invitation_that_does_not_count_shows_no_later_place_either() -> None:
    """It is shown at a worker that never saw this visitor, who waits with a ticket: as with one and no invitation."""
    home = await house(size=2, lanes=LANES, rate_per_minute=0)
    waits = (await fill(home, "standard", 10))[-1]
    entrance = Entrance(home.workers[1].lobby)
    outdated = Invitation(ROOM, "loyal", "link", 1, expires_ms=1)
    told = [await entrance.join(ROOM, Visitor(waits.visitor), waits, link, seen=4) for link in (outdated, None)]

    assert [ticket for _, ticket in told] == [waits, waits]
    assert [one.position for one, _ in told if isinstance(one, Waiting)] == [4, 4]


@timeless
async def test_calls_keep_to_the_weights() -> None:
    """Of forty who are called, thirty are loyal: three to one; each claims a seat of the own lane."""
    home = await house(lanes=LANES, capacity=40, rate_per_minute=60_000)
    loyal, standard = await fill(home, "loyal", 90), await fill(home, "standard", 90)
    await home.live(0.25)
    called = {name: lane.frontier - 1 for name, lane in (await home.see()).lanes.items()}
    lobby = home.workers[0].lobby
    await lobby.refresh(ROOM)
    seats = [await lobby.claim(ROOM, ticket) for ticket in (loyal[29], standard[9])]

    assert called == {"loyal": 30, "standard": 10}
    assert [one.seat for one in seats if isinstance(one, Admitted)] == ["loyal.30", "standard.10"]
    assert isinstance(await lobby.claim(ROOM, loyal[30]), Waiting)


@timeless
async def test_check_ins_of_all_lanes_are_sent() -> None:
    """Who polls stays, in whichever lane; after two slots the silent ones are ghosts."""
    home = await house(lanes=LANES, rate_per_minute=0)
    loyal, standard = await fill(home, "loyal", 3), await fill(home, "standard", 3)
    for _ in range(70):
        for ticket in (loyal[1], standard[2]):
            home.workers[0].lobby.status(ROOM, ticket)
        await home.live(1)
    room = await home.see()

    assert {name: lane.waiting for name, lane in room.lanes.items()} == {"loyal": 1, "standard": 1}
    assert room.lanes["loyal"].presence.holds(2)


@timeless
async def test_all_lanes_survive_a_loss() -> None:
    """The store comes back empty: a worker's memory puts every lane back, and each place is where it was."""
    home = await house(size=2, lanes=LANES, rate_per_minute=0)
    loyal, standard = await fill(home, "loyal", 3), await fill(home, "standard", 4)
    home.store.lose(ROOM)
    await home.live(5)
    room = await home.see()
    told = [home.workers[1].lobby.status(ROOM, ticket) for ticket in (loyal[-1], standard[-1])]

    assert {name: lane.waiting for name, lane in room.lanes.items()} == {"loyal": 3, "standard": 4}
    assert [one.position for one in told if isinstance(one, Waiting)] == [3, 4]


@timeless
async def test_the_public_state_tells_who_waits_where() -> None:
    """By lane, and all together."""
    home = await house(lanes=LANES, rate_per_minute=0)
    await fill(home, "loyal", 2)
    await fill(home, "standard", 3)
    state = home.workers[0].lobby.public_state(ROOM)

    assert state["waiting"] == 5
    assert {name: lane["waiting"] for name, lane in state["lanes"].items()} == {"loyal": 2, "standard": 3}
