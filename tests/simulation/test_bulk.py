"""
Crowds in bulk: the same promotion as one by one, held to the same promises.
"""

from dataclasses import replace

import pytest

from tests.simulation.makings import EVERYTHING, favour_the_first
from waiting_room.core import pacing
from waiting_room.core.lanes import Lane
from waiting_room.core.policy import Policy
from waiting_room.ports import ClaimCode
from waiting_room.simulation import BreachError, Change, People, Scenario, Spike, simulate
from waiting_room.simulation.bulk import stride_of
from waiting_room.simulation.scenario import BULK_VISITORS, ScenarioError
from waiting_room.store.memory import MemoryStore

pytestmark = pytest.mark.apart

CROWD = Scenario(
    Policy(capacity=300, rate_per_minute=1500),
    visitors=2500,
    spike=Spike(5, 5, 30, 20),
    people=People(no_shows=0.2, leaving_per_minute=0.1, hidden=0.1, session_s=25, page_s=10),
    bulk=True,
)


def test_both_ways_play_the_same_promotion() -> None:
    """Waits, seats in use and admissions differ by no more than the chance that a poll comes earlier or later."""
    bulk, single = simulate(CROWD), simulate(replace(CROWD, bulk=False))

    assert (bulk.played_singly, single.played_singly) == (25, 2500)
    assert bulk.wait_p50_s == pytest.approx(single.wait_p50_s, rel=0.1)
    assert bulk.wait_p95_s == pytest.approx(single.wait_p95_s, rel=0.1)
    assert bulk.admitted == pytest.approx(single.admitted, rel=0.03)
    assert bulk.left == pytest.approx(single.left, rel=0.1)
    assert bulk.seat_use == pytest.approx(single.seat_use, abs=0.03)
    assert bulk.polls == pytest.approx(single.polls, rel=0.4)
    assert (bulk.tau_called, bulk.unserved) == (1.0, 0)


LANES = replace(
    CROWD,
    policy=replace(CROWD.policy, lanes=(Lane("standard", 1.0, 0.1), Lane("loyal", 3.0), Lane("returning", 4.0))),
    people=replace(CROWD.people, lanes={"loyal": 0.4, "returning": 0.3}),
    visitors=1500,
)


def test_both_ways_play_the_same_lanes() -> None:
    """In each lane about as many get in, after about as long a wait, in their order; each has its part of the calls."""
    bulk, single = simulate(LANES), simulate(replace(LANES, bulk=False))

    for name, part in (("standard", 0.125), ("loyal", 0.375), ("returning", 0.5)):
        ours, theirs = bulk.lanes[name], single.lanes[name]
        assert ours.calls_share == pytest.approx(part, abs=0.01)
        assert ours.wait_p50_s == pytest.approx(theirs.wait_p50_s, rel=0.15, abs=3)
        assert ours.admitted == pytest.approx(theirs.admitted, rel=0.05)
        assert ours.tau_called == 1.0
    assert bulk.lanes_behind < 1
    assert bulk.unserved == 0


def test_the_same_seed_plays_the_same_run_in_bulk() -> None:
    """Every figure and every second are equal."""
    small = replace(CROWD, visitors=600)
    one, two = simulate(small), simulate(small)

    assert (one, one.series) == (two, two.series)


def test_most_of_a_crowd_in_bulk_vanish() -> None:
    """Who has vanished is never let in, and everybody else is through at the end."""
    result = simulate(replace(CROWD, policy=Policy(capacity=60), visitors=800, changes=(Change(40, vanishes=0.8),)))

    assert result.left > 200
    assert result.unserved == 0


def test_a_broken_engine_is_found_out_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The promises are held for all, not for the sample alone."""
    real = MemoryStore._refusal

    def blind(store: MemoryStore, *place: object) -> ClaimCode | None:
        found = real(store, *place)  # type: ignore[arg-type]
        return None if found is ClaimCode.FULL else found

    monkeypatch.setattr(MemoryStore, "_refusal", blind)

    with pytest.raises(BreachError, match="seats never exceed capacity"):
        simulate(replace(CROWD, people=People(session_s=60)))


def test_a_lane_that_is_passed_over_is_found_out_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of the lanes are held for all."""
    favour_the_first(monkeypatch)

    with pytest.raises(BreachError, match="no lane gets less than its part"):
        simulate(LANES)


def test_a_room_that_calls_nobody_is_found_out_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it goes on is held for all."""
    monkeypatch.setattr(pacing, "calls_due", lambda *_: 0.0)

    with pytest.raises(BreachError, match="nobody was called for"):
        simulate(replace(CROWD, visitors=600))


async def lose_check_ins(*_: object) -> None:
    """Take check-ins, and keep none."""


def test_a_store_that_forgets_who_is_there_is_found_out_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in the bulk who polls as told may be passed over."""
    monkeypatch.setattr(MemoryStore, "flush", lose_check_ins)

    with pytest.raises(BreachError, match="taken for a ghost"):
        simulate(replace(CROWD, people=People(session_s=120)))


def test_a_crowd_is_played_in_bulk_from_a_size_on_unless_something_forbids_it() -> None:
    """By itself for large and calm crowds; asked for with faults, it is refused."""
    large = replace(CROWD, visitors=BULK_VISITORS, bulk=None)

    assert large.in_bulk
    assert not replace(large, visitors=BULK_VISITORS - 1).in_bulk
    assert not replace(large, faults=EVERYTHING).in_bulk
    with pytest.raises(ScenarioError, match="one by one"):
        replace(CROWD, faults=EVERYTHING).checked()


@pytest.mark.parametrize(("visitors", "stride"), [(2_500, 100), (500_000, 100), (1_000_000, 200)])
def test_as_many_are_played_singly_as_tell_a_share(visitors: int, stride: int) -> None:
    """
    One in a hundred, and no more than five thousand.
    """
    assert stride_of(visitors) == stride
