"""
Whole runs: the promises hold whatever fails, a broken engine is found out, and a run can be repeated.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from tests.simulation.makings import POLICY, RUSH, rush
from waiting_room.core.lanes import Lane
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot
from waiting_room.ports import ClaimCode
from waiting_room.simulation import CALM, BreachError, Change, People, Result, Scenario, Spike, simulate
from waiting_room.simulation.catalogue import spike_of
from waiting_room.simulation.scenario import ScenarioError
from waiting_room.store.memory import MemoryStore
from waiting_room.store.memory_lane import MemoryLane
from waiting_room.store.memory_room import MemoryRoom

pytestmark = pytest.mark.apart

SEEDS = 10


@cache
def rushed(seed: int) -> Result:
    """
    Return what comes of the rush of a seed, played once.
    """
    return simulate(rush(seed))


def test_no_promise_breaks_whatever_fails() -> None:
    """
    Crowds with skewed clocks, killed workers, partitions, lost replies, a promoted replica and an empty store.

    `waiting-room simulate --faults --seeds 200` plays more of them.
    """
    results = [rushed(seed) for seed in range(1, SEEDS + 1)]

    assert {result.tau_called for result in results} == {1.0}
    assert sum(result.unserved for result in results) == 0
    assert sum(result.admitted for result in results) > SEEDS * 100


def test_the_same_seed_plays_the_same_run() -> None:
    """Every figure and every second are equal."""
    one, two = rushed(3), simulate(rush(3))

    assert one == two
    assert one.series == two.series


def test_another_seed_plays_another_run() -> None:
    """The crowd and the faults are others."""
    assert rushed(1).series != rushed(2).series


def test_a_budget_far_too_small_makes_a_ghost_of_nobody() -> None:
    """Two polls a second for a thousand: a crowd is called within the slot in which it was told to ask in minutes."""
    crowd = People(no_shows=0.2, leaving_per_minute=0.1, hidden=0.1, session_s=60)
    policy = Policy(capacity=60, rate_per_minute=60, poll_budget_per_s=2)

    assert simulate(Scenario(policy, visitors=1000, spike=spike_of(300), people=crowd, workers=1)).tau_called == 1.0


def forget_capacity(store: MemoryStore, state: MemoryRoom, lane: MemoryLane, rank: int) -> ClaimCode | None:
    """Ask the door for everything but a free seat."""
    found = _REFUSAL(store, state, lane, rank)
    return None if found is ClaimCode.FULL else found


def overtake(state: MemoryRoom, now_ms: int) -> bool:
    """Let a newcomer straight in though others wait."""
    return len(state.seats) < state.policy.capacity and state.tokens >= 60_000 and now_ms >= state.recover_until


async def forget_the_mark(store: MemoryStore, last: Snapshot, highest: Mapping[str, int]) -> bool:
    """Put a lost room back with its counter as it was last seen."""
    unmarked = {name: replace(lane, high_water=0) for name, lane in last.lanes.items()}
    known = {name: min(lane.issued, highest[name]) for name, lane in last.lanes.items()}
    return await _RESTORE(store, replace(last, lanes=unmarked), known)


_REFUSAL, _RESTORE = MemoryStore._refusal, MemoryStore.restore


@pytest.mark.parametrize(
    ("place", "name", "mutant", "promise"),
    [
        (MemoryStore, "_refusal", forget_capacity, "seats never exceed capacity"),
        (MemoryRoom, "straight", overtake, "nobody goes in before a present visitor with a lower rank"),
        (MemoryStore, "restore", forget_the_mark, "no number is given twice"),
    ],
)
def test_a_broken_engine_is_found_out(
    monkeypatch: pytest.MonkeyPatch, place: type, name: str, mutant: object, promise: str
) -> None:
    """Each mutant breaks the promise it is about, and the error says how to see it again."""
    monkeypatch.setattr(place, name, mutant)
    caught = next(breach for breach in map(breach_of, range(1, 21)) if breach and breach.promise == promise)

    assert f"seed {caught.seed}, step {caught.step}" in str(caught)


def breach_of(seed: int) -> BreachError | None:
    """Return the promise that breaks in the rush of *seed*, None where all hold."""
    try:
        simulate(rush(seed))
    except BreachError as breach:
        return breach
    return None


def test_nonsense_is_refused_with_all_its_faults() -> None:
    """Every fault is named at once."""
    with pytest.raises(ScenarioError) as caught:
        simulate(Scenario(visitors=0, workers=0, people=People(no_shows=2)))

    assert {fault.where for fault in caught.value.faults} == {"visitors", "workers", "no_shows"}


def test_most_vanish_and_the_seats_stay_in_use() -> None:
    """Once the presence time is over, the ghosts in front cost the living nothing: somebody is always at the door."""
    crowd = replace(RUSH, faults=CALM, visitors=800, people=People(session_s=15, page_s=8))
    result = simulate(replace(crowd, changes=(Change(at_s=45, vanishes=0.8),)))
    seats, waiting = result.series["seats"], result.series["waiting"]
    crowded = [second for second in range(75, len(waiting)) if waiting[second] > 0]

    assert result.left > 400
    assert len(crowded) > 5
    assert min(seats[second] for second in crowded) >= 0.8 * POLICY.capacity


def test_limits_change_under_those_who_wait_and_shop() -> None:
    """Halved, the room throws nobody out; doubled, it fills; the promises hold throughout."""
    halved, doubled = {"capacity": 15, "rate_per_minute": 300}, {"capacity": 60, "rate_per_minute": 1200}
    changes = tuple(
        Change(at_s, settings)
        for at_s, settings in ((20, halved), (60, doubled), (75, halved), (90, {"rate_per_minute": 0}), (100, doubled))
    )
    result = simulate(replace(RUSH, faults=CALM, changes=changes))

    assert result.unserved == 0
    assert result.seats_lost == 0
    assert max(result.series["seats"]) > 30


def test_a_quiet_day_sends_everybody_straight_in() -> None:
    """With seats and pace to spare nobody sees a page."""
    policy = Policy(capacity=100, rate_per_minute=600)
    result = simulate(Scenario(policy, visitors=60, spike=Spike(0, 0, 300, 0), people=People(session_s=30)))

    assert (result.admitted, result.polls < 30, result.wait_p95_s is not None) == (60, True, True)


def test_under_overload_each_lane_keeps_its_part_and_its_order() -> None:
    """With weights 3 to 1 and a floor, three of four calls go to the loyal while both lanes wait; in each, in order."""
    policy = replace(RUSH.policy, lanes=(Lane("standard", 1.0, 0.1), Lane("loyal", 3.0)))
    people = People(session_s=15, page_s=8, no_shows=0.1, lanes={"loyal": 0.6})
    result = simulate(replace(RUSH, policy=policy, people=people, visitors=300, faults=CALM))

    assert result.lanes["loyal"].calls_share == pytest.approx(0.75, abs=0.05)
    assert [lane.tau_called for lane in result.lanes.values()] == [1.0, 1.0]
