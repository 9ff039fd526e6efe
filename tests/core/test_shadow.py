"""
What the room would have done while everybody passes: the model against queues that can be worked out by hand.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY
from waiting_room.core import shadow
from waiting_room.core.pacing import burst
from waiting_room.core.policy import Policy
from waiting_room.core.shadow import MOST_LUMPS, Look, Shadow

STEP_MS = 250


def look(policy: Policy = POLICY, now_ms: int = NOW_MS, admitted: int = 0, seats: int = 0) -> Look:
    """
    Return what is seen of a room with these settings.
    """
    return Look(now_ms, admitted, seats, policy.capacity, policy.rate_per_s, burst(policy.rate_per_s))


def play(policy: Policy, arrivals: list[int], stay_steps: int = 10**6) -> Shadow:
    """
    Let *arrivals* come, one number for each step, each staying for *stay_steps*; return the model in the end.
    """
    room = look(policy)
    model = shadow.watch(None, room)
    admitted = 0
    for step, came in enumerate(arrivals, start=1):
        admitted += came
        seats = sum(arrivals[max(0, step - stay_steps) : step])
        room = room._replace(now_ms=NOW_MS + step * STEP_MS, admitted=admitted, seats=seats)
        model = shadow.watch(model, room)
    return model


def test_a_quiet_day_has_no_queue() -> None:
    """Below rate and capacity nobody would have waited."""
    found = play(POLICY, [2] * 40, stay_steps=20)

    assert (found.came, found.waited, found.longest_queue, found.longest_wait_ms) == (80, 0, 0, 0)


def test_a_burst_waits_as_long_as_the_rate_takes() -> None:
    """600 at once, at ten a second and with seats enough: the last one goes in after a minute."""
    found = play(replace(POLICY, capacity=1000), [600] + [0] * 260)

    assert found.waited == pytest.approx(600 - 2.5, abs=1)
    assert found.longest_queue == pytest.approx(597.5, abs=1)
    assert found.longest_wait_ms / 1000 == pytest.approx(59.75, abs=0.5)
    assert found.waiting == 0


def test_full_seats_make_the_queue_longer() -> None:
    """With 100 seats that nobody leaves, the others wait for ever, and the oldest wait grows."""
    found = play(POLICY, [300] + [0] * 400)

    assert found.waiting == pytest.approx(200, abs=1)
    assert found.longest_wait_ms == pytest.approx(100_000, abs=500)


def test_those_inside_go_as_the_real_ones_do() -> None:
    """
    By Little's law: 10 a second who stay 20 s fill 200 places; with 100 seats half of them can be served.

    In a minute 600 come and some 300 + 100 get in (the first hundred find the seats free).
    """
    found = play(replace(POLICY, rate_per_minute=6000), [2, 3] * 240, stay_steps=80)

    assert found.came == 1200
    assert found.inside == pytest.approx(100, abs=1)
    assert found.waiting == pytest.approx(1200 - 100 - 5 * 110, rel=0.15)


def test_it_begins_with_those_who_are_inside() -> None:
    """A room that is switched over in the middle of a sale is not empty."""
    model = shadow.watch(None, look(seats=70, admitted=500))

    assert (model.inside, model.came, model.admitted) == (70, 0, 500)


def test_a_counter_that_fell_begins_it_anew() -> None:
    """After a loss of state there is nothing to subtract from."""
    model = play(POLICY, [50] * 5)
    fallen = shadow.watch(model, look(now_ms=model.at_ms + STEP_MS, admitted=3))

    assert (fallen.came, fallen.since_ms) == (0, model.at_ms + STEP_MS)


@given(st.lists(st.integers(0, 400), max_size=120), st.integers(0, 300), st.integers(0, 6000), st.integers(1, 200))
def test_nobody_is_lost_or_made_up(arrivals: list[int], capacity: int, rate: int, stay: int) -> None:
    """Who came waits or went in; seats are kept to; who waited is not more than who came; lumps are few."""
    found = play(replace(POLICY, capacity=capacity, rate_per_minute=rate), arrivals, stay)

    assert found.came == sum(arrivals)
    assert -1e-6 <= found.inside <= capacity + 1e-6
    assert -1e-6 <= found.waiting <= found.came + 1e-6
    assert found.waiting - 1e-6 <= found.longest_queue <= found.came + 1e-6
    assert -1e-6 <= found.waited <= found.came + 1e-6
    assert found.wait_ms <= found.longest_wait_ms + STEP_MS
    assert len(found.queue) <= MOST_LUMPS + 1


@given(st.lists(st.integers(0, 400), max_size=80))
def test_what_is_written_is_read_again(arrivals: list[int]) -> None:
    """The model goes to the store between two steps, and to another worker."""
    found = play(POLICY, arrivals, 50)
    again = shadow.read(found.to_text())

    assert again is not None
    assert again.as_dict() == found.as_dict()
    assert len(found.to_text()) < 2000


def test_nothing_is_no_model() -> None:
    """A room that never was in shadow has none."""
    assert shadow.read("") is None


KNOWN = Shadow(
    since_ms=NOW_MS - 90_000, at_ms=NOW_MS, admitted=500, seats=80, inside=60.1234, tokens=1.5, came=300,
    waited=120.4, longest_queue=44.6, longest_wait_ms=12_500,
    queue=(shadow.Lump(NOW_MS - 7500, 20.25), shadow.Lump(NOW_MS - 250, 3.5)),
)  # fmt: skip


def test_what_operators_are_told() -> None:
    """People in whole numbers, times in seconds."""
    assert KNOWN.as_dict() == {
        "since_ms": NOW_MS - 90_000,
        "came": 300,
        "would_have_waited": 120,
        "waiting": 24,
        "wait_s": 7.5,
        "longest_queue": 45,
        "longest_wait_s": 12.5,
    }


def test_the_store_keeps_the_model_to_a_thousandth_of_a_person() -> None:
    """In as few characters as that takes."""
    text = KNOWN.to_text()

    assert shadow.read(text) == replace(KNOWN, inside=60.123)
    assert " " not in text
    assert shadow.read("") is None


def test_a_second_look_in_the_same_moment_changes_nothing() -> None:
    """It is no beginning."""
    model = play(POLICY, [300, 5])

    assert shadow.watch(model, look(now_ms=model.at_ms, admitted=305, seats=model.seats)) == model


def test_whoever_comes_behind_others_waits() -> None:
    """Two and a half of six hundred go in, and of the five who come next nobody does."""
    before, after = play(POLICY, [600]), play(POLICY, [600, 5])

    assert after.waited == pytest.approx(before.waited + 5)


def test_admissions_that_are_not_used_drop_in_at_the_rate() -> None:
    """Two and a half in a tick of a quarter of a second: half an admission after a twentieth of it."""
    model = replace(play(POLICY, [0]), tokens=0.0)

    assert shadow.watch(model, look(now_ms=model.at_ms + 50)).tokens == pytest.approx(0.5, rel=1e-6)


def test_a_long_queue_is_kept_in_fewer_lumps_and_the_older_ones_say_when() -> None:
    """The first stays as it is; of the others each two become one."""
    policy = replace(POLICY, capacity=0)
    queue, longer = play(policy, [1] * MOST_LUMPS).queue, play(policy, [1] * (MOST_LUMPS + 1)).queue

    assert [lump.people for lump in queue] == [1] * MOST_LUMPS
    assert [lump.people for lump in longer] == [1, *[2] * (MOST_LUMPS // 2)]
    assert longer[1].at_ms == queue[1].at_ms
