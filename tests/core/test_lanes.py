"""
Lanes: their settings, and how calls are shared among them.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, lane, lanes, presence
from waiting_room.core import polling
from waiting_room.core.estimate import Forecast, call_rate_per_s
from waiting_room.core.lanes import DEFAULT_LANES, LANE_ORDERS, MAX_LANES, Lane, portions, share
from waiting_room.core.outcomes import Waiting
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Cohort
from waiting_room.core.view import View
from waiting_room.errors import PolicyError

MANY = 10**9
ORDERS = st.sampled_from(LANE_ORDERS)
DUE = st.lists(st.sampled_from([0, 1, 1, 2, 3, 7, 30, 300, 5000]), max_size=40)
LOYAL = Policy(lanes=(Lane("loyal", weight=3), Lane("standard")))


@st.composite
def line_ups(draw: st.DrawFn) -> tuple[Lane, ...]:
    """
    Make one to eight lanes whose floors are together 1 at most.
    """
    count = draw(st.integers(1, MAX_LANES))
    weights = draw(st.lists(st.floats(0.01, 100), min_size=count, max_size=count))
    floors = draw(st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.1]), min_size=count, max_size=count))
    return tuple(Lane(f"l{at}", weights[at], floors[at]) for at in range(count))


def dealt(due: list[int], line_up: tuple[Lane, ...], order: str, waiting: dict[str, int]) -> dict[str, int]:
    """
    Return what each lane has got after steps of *due* calls, while *waiting* people stand there at every step.
    """
    got, owed = dict.fromkeys(waiting, 0), dict[str, float]()
    for one in due:
        calls, owed = share(one, line_up, order, waiting, owed)
        got = {name: got[name] + calls[name] for name in got}
    return got


@given(line_ups(), ORDERS)
def test_the_parts_are_the_whole(line_up: tuple[Lane, ...], order: str) -> None:
    """They add up to 1, and none is below its floor."""
    parts = portions(line_up, order)

    assert sum(parts.values()) == pytest.approx(1)
    assert all(parts[one.name] >= one.floor - 1e-9 for one in line_up)


def test_weights_divide_the_calls() -> None:
    """Three to one, unless the floor of the smaller one is higher."""
    assert portions((Lane("a", 3), Lane("b", 1)), "weighted") == {"a": 0.75, "b": 0.25}
    assert portions((Lane("a", 3), Lane("b", 1, floor=0.4)), "weighted") == {"a": 0.6, "b": 0.4}


def test_strict_order_leaves_the_others_their_floors() -> None:
    """The first lane has all the rest."""
    three = (Lane("a"), Lane("b", floor=0.1), Lane("c", floor=0.2))

    assert portions(three, "strict") == pytest.approx({"a": 0.7, "b": 0.1, "c": 0.2})


@given(
    line_ups(), ORDERS, st.integers(0, 400), st.lists(st.integers(0, 60), min_size=8, max_size=8),
    st.lists(st.floats(-1, 1), min_size=8, max_size=8),
)  # fmt: skip
def test_every_due_call_is_given_while_somebody_waits(
    line_up: tuple[Lane, ...], order: str, due: int, crowds: list[int], owed: list[float]
) -> None:
    """No more than wait in each lane, none negative, and all that are due or all who wait."""
    waiting = {one.name: crowd for one, crowd in zip(line_up, crowds, strict=False)}
    calls, left = share(due, line_up, order, waiting, dict(zip(waiting, owed, strict=False)))

    assert sum(calls.values()) == min(due, sum(waiting.values()))
    assert all(0 <= calls[name] <= waiting[name] for name in waiting)
    assert all(left[name] == 0 for name in waiting if calls[name] == waiting[name])


@settings(max_examples=60)
@given(line_ups(), ORDERS, DUE)
def test_nobody_is_a_call_away_from_their_part(line_up: tuple[Lane, ...], order: str, due: list[int]) -> None:
    """Over any number of steps of any size: the error of each lane is below one call."""
    got = dealt(due, line_up, order, dict.fromkeys((one.name for one in line_up), MANY))
    parts = portions(line_up, order)

    assert all(abs(got[name] - sum(due) * parts[name]) < 1 for name in got)


@pytest.mark.parametrize("step", [1, 2, 7, 100_000])
def test_weights_are_held_to_a_hundredth(step: int) -> None:
    """Five to three to two, whether calls come one by one or a hundred thousand at once."""
    line_up = (Lane("a", 5), Lane("b", 3), Lane("c", 2))
    got = dealt([step] * max(1, 1000 // step), line_up, "weighted", {"a": MANY, "b": MANY, "c": MANY})
    whole = sum(got.values())

    assert [got[name] / whole for name in "abc"] == pytest.approx([0.5, 0.3, 0.2], rel=0.01)


@pytest.mark.parametrize("order", LANE_ORDERS)
def test_no_lane_starves_below_its_floor(order: str) -> None:
    """A tenth for the last one, against a hundred times its weight and in strict order."""
    got = dealt([1] * 1000, (Lane("a", 100), Lane("b", 1, floor=0.1)), order, {"a": MANY, "b": MANY})

    assert got["b"] >= 99


def test_strict_order_serves_the_first_lane_first() -> None:
    """The second has what the first leaves."""
    line_up = (Lane("a"), Lane("b"))

    assert share(5, line_up, "strict", {"a": 3, "b": 9}, {})[0] == {"a": 3, "b": 2}


def test_an_empty_lane_saves_nothing_up() -> None:
    """Nobody waited there for a thousand calls: who comes then has the usual part, not a thousand at once."""
    line_up = (Lane("a"), Lane("b"))
    owed: dict[str, float] = {}
    for _ in range(1000):
        _, owed = share(1, line_up, "weighted", {"a": MANY, "b": 0}, owed)

    assert share(4, line_up, "weighted", {"a": MANY, "b": MANY}, owed)[0] == {"a": 2, "b": 2}


def test_a_policy_keeps_its_lanes_and_their_order() -> None:
    """From a table and back, as JSON as well; without one there is the lane standard."""
    table = {"vip": {"weight": 3, "floor": 0.1, "entry": "invitation"}, "standard": {}}
    policy = Policy.parse({"lanes": table, "lane_order": "strict"})

    assert policy.lanes == (Lane("vip", 3.0, 0.1, "invitation"), Lane("standard"))
    assert list(policy.as_dict()["lanes"]) == ["vip", "standard"]
    assert Policy.parse(policy.as_dict()) == policy
    assert Policy().lanes == DEFAULT_LANES


def test_all_faults_of_a_table_come_at_once() -> None:
    """Each with its place."""
    table: dict[str, Any] = {
        "Vip": {}, "a": {"weight": 0}, "b": {"floor": 0.7, "weight": True}, "c": {"floor": 0.7, "entry": "all"},
        "d": {"wieght": 2}, "e": 5, "f": {"floor": -1},
    }  # fmt: skip
    with pytest.raises(PolicyError) as caught:
        Policy.parse({"lanes": table}, "rooms.toys")

    assert sorted(fault.where.removeprefix("rooms.toys.") for fault in caught.value.faults) == [
        "lanes", "lanes", "lanes.Vip", "lanes.a.weight", "lanes.b.weight", "lanes.c.entry", "lanes.d.wieght",
        "lanes.e", "lanes.f.floor",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({f"l{at}": {} for at in range(MAX_LANES)} | {"standard": {}}, "9 lanes are too many"),
        ({"standard": {"entry": "invitation"}}, "the lane standard is for anyone"),
        ({}, "there is no lane standard"),
        ("loyal", "'loyal' is no table of lanes"),
        ({"standard": {"weight": 10**400}}, f"1{'0' * 39} is out of range"),
    ],
)
def test_what_is_no_table_of_lanes_is_refused(table: Any, what: str) -> None:
    """Too many, no standard one, a standard one for few, no table at all, a weight beyond what a float holds."""
    with pytest.raises(PolicyError) as caught:
        Policy.parse({"lanes": table})

    assert [fault.what for fault in caught.value.faults] == [what]


def test_a_step_calls_each_lane_in_its_own_order() -> None:
    """Eight seats, three to one: six of the loyal ones and two of the others, by their ranks."""
    policy = replace(LOYAL, capacity=8)
    made = plan(lanes(policy, loyal=lane(range(1, 50)), standard=lane(range(100, 150), frontier=100)), "me")
    assert made is not None

    assert made.called == 8
    assert [(one.called, one.frontier) for one in made.lanes.values()] == [(6, 7), (2, 102)]


def test_all_calls_go_to_the_lane_in_which_people_wait() -> None:
    """And the frontier of an empty one steps over its ghosts."""
    made = plan(lanes(replace(LOYAL, capacity=8), loyal=lane(issued=70), standard=lane(range(1, 50))), "me")
    assert made is not None

    assert [(one.called, one.frontier) for one in made.lanes.values()] == [(0, 71), (8, 9)]


def test_those_called_in_all_lanes_are_expected() -> None:
    """Seats that are promised in one lane are not given away in the other."""
    called = (Cohort(NOW_MS, 1, 5, 4),)
    room = lanes(replace(LOYAL, capacity=8), loyal=lane(frontier=5, cohorts=called), standard=lane(range(1, 50)))
    made = plan(room, "me")
    assert made is not None

    assert made.called == 4


def test_a_lane_that_is_no_longer_named_is_served_to_its_end() -> None:
    """Its people keep their places, by a weight of 1."""
    room = lanes(replace(POLICY, capacity=4), standard=lane(range(1, 50)), gone=lane(range(1, 50)))
    made = plan(room, "me")
    assert made is not None

    assert [one.called for one in made.lanes.values()] == [2, 2]


def test_positions_count_those_of_the_own_lane() -> None:
    """Rank 3 of the one is behind two, of the other behind nobody; in an unknown lane everybody counts."""
    view = View(lanes(LOYAL, loyal=lane([1, 2, 3]), standard=lane([3])))

    assert [view.position(name, 3) for name in ("loyal", "standard", "unheard-of")] == [3, 1, 3]


def test_the_wait_goes_by_the_part_of_the_lane() -> None:
    """Of ten a second three quarters are called in the lane of weight three."""
    room = lanes(LOYAL, loyal=lane(range(1, 100)), standard=lane(range(1, 100)))

    assert [call_rate_per_s(room, name) for name in room.lanes] == pytest.approx([7.5, 2.5])


def test_the_rate_of_a_lane_is_measured_by_its_own_calls() -> None:
    """What is called in the other says nothing of this one."""
    called = tuple(Cohort(NOW_MS - age_ms, 1, 11, 10) for age_ms in range(10_000, 0, -1000))
    room = lanes(LOYAL, loyal=lane(range(20, 99), frontier=20, cohorts=called), standard=lane(range(1, 100)))

    assert [call_rate_per_s(room, name) for name in room.lanes] == pytest.approx([9.0, 2.5])


def test_a_ticket_of_an_unknown_lane_is_told_to_wait() -> None:
    """The room lost it: the place stands in the ticket, and no time is promised."""
    said = View(lanes(LOYAL, loyal=lane(), standard=lane())).tell("late", 7, 7, stale=False)

    assert isinstance(said, Waiting)
    assert (said.number, said.position, said.eta) == (7, 7, None)


@settings(max_examples=30)
@given(st.integers(1, MAX_LANES), st.integers(1, 3000), st.integers(1, 2000), st.floats(0.01, 100))
def test_crowds_in_many_lanes_poll_within_one_budget(count: int, each: int, budget: int, rate_per_s: float) -> None:
    """There are as many next ones as there are lanes; together they ask no more often than in one."""
    policy = Policy(poll_budget_per_s=budget)
    far_ms = polling.far_interval_ms(count * each, policy)
    longest_ms = polling.longest_ms(polling.slot_ms(count * each, policy, each / rate_per_s))
    intervals, forecast = polling.Intervals(far_ms, longest_ms, policy, count), Forecast(rate_per_s, 0.0)
    polls = 0.0
    for position in range(1, each + 1):
        eta = forecast.eta(position - 1)
        assert eta is not None
        polls += count * 1000 / intervals.at(position, eta.low_s)

    assert polls < budget


def test_leaving_is_measured_over_all_lanes() -> None:
    """Of four in one lane and four in the other one each is silent after twenty seconds: 1.25 % a second."""
    silent = lane([1, 2, 3, 4], fresh=b"\x70")
    assert presence([1, 2, 3]).bits[:1] == b"\x70"
    room = replace(lanes(LOYAL, loyal=silent, standard=silent), slot_at_ms=NOW_MS - 20_000, slot_ms=20_000)
    made = plan(room, "me")
    assert made is not None

    assert made.leaving_per_s == pytest.approx(0.0125)
