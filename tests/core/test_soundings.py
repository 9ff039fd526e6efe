"""
Ranges that learn how far they are off.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.estimate import CLASSES, UNKNOWN, Forecast, Spread
from waiting_room.core.flow import Flow
from waiting_room.core.outcomes import Eta
from waiting_room.core.phase import Phase
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.soundings import Soundings
from waiting_room.core.view import View

CROWD = range(1, 4001)
PLANNED_PER_S = 10.0


def queue(called_by: Callable[[float], float], seconds: int) -> Iterator[Snapshot]:
    """
    Return the room each second, where *called_by* tells how many of a large crowd have been called by then.
    """
    for second in range(seconds):
        frontier = 1 + int(called_by(second))
        room = snapshot([rank for rank in CROWD if rank >= frontier], frontier=frontier, issued=CROWD[-1])
        yield replace(room, now_ms=NOW_MS + 1000 * second)


def watch(rooms: Iterable[Snapshot], soundings: Soundings) -> Spread:
    """
    Let *soundings* see the rooms, each in a view that goes by what they learned before; return what they learned.
    """
    for room in rooms:
        soundings.see(View(room, {"standard": soundings.spread}), "standard")
    return soundings.spread


def test_waits_that_are_as_told_narrow_the_range() -> None:
    """Ten a second, as forecast: the late side shrinks below what is assumed before anything is known."""
    spread = watch(queue(lambda second: 10 * second, 120), Soundings())

    assert spread.late[2] < UNKNOWN.late[2]
    assert spread.late[3] < UNKNOWN.late[3]


@pytest.mark.parametrize(("really", "side"), [(15, "early"), (6, "late")])
def test_a_side_that_is_missed_widens_until_it_holds(really: int, side: str) -> None:
    """Half as fast again, or much slower than forecast: the range reaches the true wait on that side, not the other."""
    spread = watch(queue(lambda second: really * second, 240), Soundings())
    low, high = Forecast(PLANNED_PER_S, 0.0, spread).eta(160) or Eta(0, 0)
    truly_s = 160 / really

    assert low <= truly_s * 1.07
    assert truly_s <= high * 1.07
    assert (spread.early[2] > spread.late[2]) is (side == "early")


def test_four_of_five_waits_lie_inside_however_they_are_spread() -> None:
    """A pace that wanders by half: after a while a fifth of the soundings miss, a tenth on each side."""
    random, done, pace = Random(3), [0.0], 10.0
    for _ in range(380):
        pace = min(15.0, max(5.0, pace + random.uniform(-2, 2)))
        done.append(done[-1] + pace)
    soundings, kept = Soundings(), []
    told: dict[int, tuple[int, Eta]] = {}
    for second, room in enumerate(queue(lambda second: done[int(second)], 380)):
        view = View(room, {"standard": soundings.spread})
        soundings.see(view, "standard")
        for rank in [rank for rank in told if rank < room.lanes["standard"].frontier]:
            at, eta = told.pop(rank)
            kept.append(eta.low_s <= second - at <= eta.high_s)
        shown = view.eta("standard", 201)
        if shown is not None and second >= 60:
            told[room.lanes["standard"].frontier + 200] = (second, shown)

    assert 0.7 <= sum(kept) / len(kept) <= 0.95


def test_a_wait_that_is_over_its_range_is_learned_before_it_ends() -> None:
    """Nobody is called any more: the range is known to be wrong as soon as it is over."""
    spread = watch(queue(lambda second: 0 * second, 60), Soundings())

    assert spread.late[0] > UNKNOWN.late[0]


def test_a_longer_wait_that_was_never_seen_is_wider_by_less_than_a_shorter_one() -> None:
    """Nobody is called: what is learned of four seconds counts for an hour, but twice as many calls vary by less."""
    late = watch(queue(lambda second: 0 * second, 11), Soundings()).late
    wider = [learned - assumed for learned, assumed in zip(late, UNKNOWN.late, strict=True)]

    assert wider[0] > 0.5
    assert all(far == pytest.approx(0.71 * near) for near, far in pairwise(wider))


def broken(breaks: int) -> Spread:
    """
    Return what is known after two minutes of an even queue, in whose last second the crowd has broken so many times.
    """
    soundings = Soundings()
    *before, last = queue(lambda second: 10 * second, 120)
    watch(before, soundings)
    view = View(last, {"standard": soundings.spread})
    view.breaks = breaks
    soundings.see(view, "standard")
    return soundings.spread


def test_of_a_crowd_that_is_another_one_less_than_nothing_is_known() -> None:
    """What was learned of those before is as wrong as what was told to them, and what is measured changes still."""
    assert broken(0).late[2] < UNKNOWN.late[2]
    assert broken(1).early == pytest.approx([side + 0.6 for side in UNKNOWN.early])
    assert broken(1).late == pytest.approx([side + 0.6 for side in UNKNOWN.late])


def narrowed(*capacities: int) -> float:
    """
    Return by how much the late side of short waits is narrower after some seconds of even calls in a room that had each
    of the *capacities* before.
    """
    soundings, flow = Soundings(), Flow()
    for at, room in enumerate(queue(lambda second: 10 * second, 10)):
        capacity = capacities[at] if at < len(capacities) else POLICY.capacity
        flow.see(replace(room, policy=replace(POLICY, capacity=capacity)))
        if at >= len(capacities):
            soundings.see(View(room, flow=flow), "standard")
    return UNKNOWN.late[0] - soundings.spread.late[0]


def test_a_wait_that_a_doubt_has_held_narrows_the_range_by_less() -> None:
    """There were four times as many seats a moment ago: the range is wide by that, whatever the room measures."""
    calm, doubted = narrowed(POLICY.capacity, POLICY.capacity), narrowed(4 * POLICY.capacity, POLICY.capacity)

    assert 0 < doubted < 0.5 * calm


def test_the_first_waits_teach_more_than_later_ones() -> None:
    """What is assumed of a class is soon forgotten: the early side shrinks by less each time."""
    soundings, seen = Soundings(), list[float]()
    for room in queue(lambda second: 10 * second, 200):
        soundings.see(View(room, {"standard": soundings.spread}), "standard")
        if not seen or seen[-1] != soundings.spread.early[2]:
            seen.append(soundings.spread.early[2])
    moved = [before - after for before, after in pairwise(seen)]

    assert moved[0] > 3 * moved[-1] > 0


@pytest.mark.parametrize("changes", [{"phase": Phase.PAUSED}, {"recover_until_ms": NOW_MS + 10_000_000}])
def test_an_operator_s_pause_is_no_wrong_forecast(changes: dict[str, Any]) -> None:
    """Whoever waited over a pause was told of it."""
    soundings = Soundings()
    watch(queue(lambda second: 10 * second, 20), soundings)
    before = soundings.spread
    paused = (replace(room, **changes) for room in queue(lambda second: 200 + 0 * second, 300))
    watch(paused, soundings)

    assert soundings.spread == before


@given(
    st.lists(st.floats(-0.2, 1.5), min_size=CLASSES, max_size=CLASSES),
    st.lists(st.floats(-0.2, 1.5), min_size=CLASSES, max_size=CLASSES),
    st.floats(0.01, 1000), st.floats(0, 0.05),
)  # fmt: skip
def test_a_learned_range_never_improves_by_more_people_ahead(
    early: list[float], late: list[float], rate_per_s: float, leaving_per_s: float
) -> None:
    """Whatever was learned of which class, both ends are monotone, and the formula's own answer lies between them."""
    forecast = Forecast(rate_per_s, leaving_per_s, Spread.of(early, late))
    told = [forecast.eta(ahead) or Eta(0, 0) for ahead in [*range(0, 120, 7), *(int(120 * 1.3**k) for k in range(40))]]

    assert all(one.low_s <= one.high_s for one in told)
    assert all(near.low_s <= far.low_s and near.high_s <= far.high_s for near, far in pairwise(told))


# A room of fifty: only waits of four seconds can be sounded, of the one behind forty others. At ten a second they are
# told 1.8 to 7.5 s and to ask again in 2.2 s; the first sounding looks at the answer 0.618 of that later and hears of
# its call 0.414 of a poll of the next one later, so that what it sees of a wait is 0.4484 s shorter.
ASKS_S, LOW_S, HIGH_S = 2.2, 1.8, 7.5
FIRST_MS = 1000 * ASKS_S * (0.618_034 - 0.414_214)
SECOND_MS = 1000 + 1000 * ASKS_S * (2 * 0.618_034 - 1 - 2 * 0.414_214)
KEPT, MISSED = -1 / 9, 8 / 9


def moved(*looks: tuple[int, int], waiting: int = 50) -> tuple[float, float]:
    """
    Return by how much both sides of the shortest class have moved after *looks* at a room of *waiting* people: of each
    the ms since the first look, and the frontier.
    """
    soundings = Soundings()
    for at_ms, frontier in ((0, 1), *looks):
        room = snapshot(range(frontier, waiting + 1), frontier=frontier, issued=waiting)
        soundings.see(View(replace(room, now_ms=NOW_MS + at_ms)), "standard")
    spread = soundings.spread
    return round(spread.early[0] - UNKNOWN.early[0], 9), round(spread.late[0] - UNKNOWN.late[0], 9)


def step(wait: int) -> float:
    """
    Return by how much the *wait*-th wait moves a side: the first by seven times as much as the last.
    """
    return 0.06 * (1 + 8 / (1 + wait / 4))


@pytest.mark.parametrize(
    ("called_ms", "early", "late"),
    [
        (500, MISSED, 0),
        (int(1000 * LOW_S + FIRST_MS), MISSED, 0),
        (int(1000 * LOW_S + FIRST_MS) + 1, KEPT, KEPT),
        (int(1000 * HIGH_S + FIRST_MS), KEPT, KEPT),
        (int(1000 * HIGH_S + FIRST_MS) + 1, 0, MISSED),
    ],
)
def test_a_wait_is_judged_from_the_look_at_the_answer_to_the_poll_that_hears_of_the_call(
    called_ms: int, early: float, late: float
) -> None:
    """
    To the millisecond; who is called at once hears of it no sooner than the next poll. A side that was missed tells
    nothing of the other.
    """
    assert moved((called_ms, 42)) == pytest.approx((step(1) * early, step(1) * late))


def test_a_wait_that_goes_on_is_late_once_its_range_is_over() -> None:
    """A millisecond earlier nothing is known, though others have been called."""
    over_ms = int(1000 * HIGH_S + FIRST_MS) + 1

    assert moved((over_ms - 1, 41)) == (0, 0)
    assert moved((over_ms, 41)) == pytest.approx((0, step(1) * MISSED))


def test_short_waits_are_sounded_once_a_second() -> None:
    """The second looks and hears at other moments than the first, and so is late before it."""
    over_ms = int(1000 * HIGH_S + SECOND_MS) + 1

    assert moved((999, 1), (over_ms, 1)) == (0, 0)
    assert moved((1000, 1), (over_ms - 1, 1)) == (0, 0)
    assert moved((1000, 1), (over_ms, 1)) == pytest.approx((0, step(1) * MISSED))


def test_the_second_wait_teaches_less_than_the_first() -> None:
    """Both kept to their range."""
    assert moved((1000, 1), (4000, 42)) == pytest.approx(((step(1) + step(2)) * KEPT,) * 2)


def test_nobody_is_sounded_where_nobody_waits() -> None:
    """Forty wait: none of them stands behind forty."""
    assert moved((5000, 41), waiting=40) == (0, 0)
    assert moved((5000, 42), waiting=41) == pytest.approx((step(1) * KEPT, step(1) * KEPT))


def test_where_calls_are_heard_of_late_a_wait_lasts_until_then() -> None:
    """By the same part of that delay as of a poll: the range reaches as far, and is judged as told."""
    policy = replace(POLICY, poll_budget_per_s=20)
    soundings, crowd = Soundings(), range(1, 3001)
    first = View(snapshot(crowd, issued=3000, policy=policy))
    forecast = first.forecast("standard")
    told = forecast.eta(40) or Eta(0, 0)
    hears_s = (first.interval_s(1, Eta(0, 0)) + forecast.heard_late_s) * 0.414_214
    over_ms = int(1000 * (told.high_s - hears_s + first.interval_s(41, told) * 0.618_034)) + 1

    soundings.see(first, "standard")
    soundings.see(View(replace(first.snapshot, now_ms=NOW_MS + over_ms - 1)), "standard")
    assert soundings.spread.late[0] == UNKNOWN.late[0]
    soundings.see(View(replace(first.snapshot, now_ms=NOW_MS + over_ms)), "standard")

    assert forecast.heard_late_s > 10
    assert soundings.spread.late[0] == pytest.approx(UNKNOWN.late[0] + step(1) * MISSED)
