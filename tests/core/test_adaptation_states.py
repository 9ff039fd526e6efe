"""
Adaptive admission between its steps: what flows out, when a shop is down and when it is back, and silence.

Whatever the law's numbers are: those that are named in it are taken from there.
"""

from dataclasses import replace

import pytest

from tests.core.test_adaptation import BROKEN, LIMITS, reading, settled
from tests.core.test_health import health
from waiting_room.core.adaptation import (
    AIM,
    BACK_ANSWERS,
    DOWN_ANSWERS,
    DOWN_SHARE,
    PUSH,
    SILENT_MS,
    Adaptation,
    Mode,
    adapt,
    begin,
    is_calm,
    lower_limit,
    measured,
    warmed_up,
)
from waiting_room.core.health import Health

FULL = replace(LIMITS, capacity=100)
"""As many seats as the settled room has inside."""
BUSY = health(requests=50, in_flight_ms=round(50 * LIMITS.latency_target_ms * AIM * 1.2))
"""A shop that is within its target, and not well within it."""


def at_work(state: Adaptation, steps: int, seen: Health, *, out: int) -> Adaptation:
    """
    Return the state after so many seconds in which *out* go out and as many come in, in a full room.
    """
    for second in range(1, steps + 1):
        state = adapt(state, reading(second, seen=seen, admitted=100 + out * second), FULL)
    return state


@pytest.mark.parametrize(
    ("step_s", "came", "more_inside", "out_per_s"), [(2, 6, 2, 2.0), (1, 0, 0, 0.0), (2, 1, 0, 0.5), (1, 3, -1, 4.0)]
)
def test_the_outflow_is_learnt_from_who_came_and_is_not_inside(
    step_s: int, came: int, more_inside: int, out_per_s: float
) -> None:
    """However often one looks, and whether the room fills or empties meanwhile."""
    state = settled()
    for step in range(1, 201):
        state = measured(state, reading(step_s * step, 100 + more_inside * step, admitted=100 + came * step))

    assert state.outflow == pytest.approx(out_per_s, rel=1e-4, abs=1e-4)


def test_a_second_look_in_the_same_moment_teaches_nothing() -> None:
    """Nobody can have gone out in no time."""
    assert measured(settled(), reading(0, 70, admitted=999)) == settled()


def test_a_room_begins_with_all_its_seats() -> None:
    """Until the shop shows that it bears less; and at its ceiling, where it does not warm up."""
    begun = begin(reading(0), LIMITS)

    assert (begun.limit, begun.rate) == (LIMITS.capacity, LIMITS.ceiling)
    assert warmed_up(begun, 0, LIMITS) == LIMITS.ceiling


def test_a_busy_shop_bears_what_goes_out() -> None:
    """In the long run, whether that is more or less than was known; a few inside are too many, so fewer follow."""
    for out in (1, 3):
        made = at_work(settled(outflow=float(out)), 400, BUSY, out=out)

        assert made.borne == pytest.approx(made.rate / 60)
        assert made.borne == pytest.approx(out, abs=0.2)


def test_who_leaves_a_slow_shop_and_is_not_followed_tells_nothing_of_what_it_bears() -> None:
    """A shop that has lost half is left by those whom it had let in before: four a second, where one may come in."""
    drained = adapt(settled(outflow=4.0, rate=60.0), reading(seen=BUSY, admitted=104), FULL)

    assert drained.borne == pytest.approx(2.0 + 0.04 * (1.0 - 2.0))


def test_a_quick_shop_may_bear_more_than_goes_out() -> None:
    """While it is not busy, less that goes out says nothing; more does."""
    assert at_work(settled(outflow=1.0), 400, health(), out=1).borne == 2.0
    assert at_work(settled(outflow=3.0), 400, health(), out=3).borne == pytest.approx(3.0, rel=0.01)


def test_where_nobody_is_missing_as_many_come_in_as_go_out() -> None:
    """Two a second are a hundred and twenty a minute."""
    assert adapt(settled(), reading(seen=health(), admitted=102), FULL).rate == pytest.approx(120)


def test_who_is_missing_comes_in_little_by_little() -> None:
    """Ten of a hundred: more than go out, and not all of them within a few seconds."""
    rate = adapt(settled(seats=90), reading(seats=90, seen=health(), admitted=102), FULL).rate

    assert 120 < rate < 300


def test_a_quick_shop_is_given_at_once_what_it_was_seen_to_bear() -> None:
    """Or most of it: nobody goes out, and it bore two a second."""
    still = settled(outflow=0.0)

    assert adapt(still, reading(seen=health()), FULL).rate == pytest.approx(60 * PUSH * 2)


def test_a_report_is_remembered_as_heard() -> None:
    """Also one of a shop that is down."""
    for seen in (health(), BROKEN):
        assert adapt(settled(), reading(7, seen=seen), LIMITS).heard_ms == 7000


def test_silence_counts_from_the_last_report() -> None:
    """Half a minute changes nothing; after another one the rate is half."""
    state = replace(settled(), at_ms=10**6, opened_ms=10**6, heard_ms=10**6)
    rates = {}
    for second in range(1, 2 * SILENT_MS // 1000 + 1):
        state = adapt(state, reading(1000 + second), LIMITS)
        rates[second] = state.rate

    assert state.mode is Mode.SILENT
    assert rates[SILENT_MS // 1000] == pytest.approx(120)
    assert rates[2 * SILENT_MS // 1000] == pytest.approx(60)


@pytest.mark.parametrize(
    ("seen", "down"),
    [
        (health(requests=2 * DOWN_ANSWERS, errors=round(2 * DOWN_ANSWERS * DOWN_SHARE)), True),
        (health(requests=DOWN_ANSWERS - 1, errors=DOWN_ANSWERS - 1), False),
        (health(requests=1000, errors=round(1000 * DOWN_SHARE) - 1), False),
        (Health(0, 1000, 0, 0, 2000), True),
        (Health(0, 1000, 0, 0, 1999), False),
        (Health(0, 1000, 1, 0, 2000), False),
        (Health(0, 0, 0, 0, 0), False),
    ],
)
def test_a_shop_that_fails_half_or_answers_nobody_is_down(seen: Health, down: bool) -> None:
    """A few errors are none, nor is one request that takes its time: two, all the while."""
    assert (adapt(settled(), reading(seen=seen), LIMITS).mode is Mode.HOLDING) is down


@pytest.mark.parametrize(
    ("requests", "errors", "back"),
    [
        (BACK_ANSWERS, 0, True),
        (BACK_ANSWERS - 1, 0, False),
        (100, round(50 * DOWN_SHARE), False),
        (100, round(50 * DOWN_SHARE) - 1, True),
    ],
)
def test_a_shop_is_back_when_hardly_any_answer_fails(requests: int, errors: int, back: bool) -> None:
    """Half as many as it takes to be down, so that it does not swing; and a few good ones at least."""
    held = settled(mode=Mode.HOLDING, rate=0.0)

    assert (adapt(held, reading(seen=health(requests=requests, errors=errors)), LIMITS).mode is Mode.FOLLOWING) is back


def test_the_limit_is_halved_once_when_a_shop_goes_down() -> None:
    """It stays so for as long as the shop is down, and somebody may always be inside."""
    held = adapt(settled(), reading(seen=BROKEN), LIMITS)

    assert held.limit == 50
    assert adapt(held, reading(2, seen=BROKEN), LIMITS).limit == 50
    assert adapt(settled(limit=1.5), reading(seen=BROKEN), LIMITS).limit == 1


@pytest.mark.parametrize("seen", [BROKEN._replace(in_flight_ms=0), Health(0, 1000, 0, 0, 50_000)])
def test_nobody_probes_a_shop_while_others_tell_how_it_is(seen: Health) -> None:
    """By their answers, or by having none."""
    assert adapt(settled(mode=Mode.HOLDING), reading(seen=seen), LIMITS).rate == 0


def test_a_shop_is_calm_below_its_aim_and_up_to_its_share_of_errors() -> None:
    """Both to the last."""
    aim_ms = round(AIM * LIMITS.latency_target_ms)
    errors = round(100 * LIMITS.error_target)

    assert is_calm(health(errors=errors), LIMITS)
    assert not is_calm(health(errors=errors + 1), LIMITS)
    assert is_calm(health(in_flight_ms=100 * aim_ms - 1), LIMITS)
    assert not is_calm(health(in_flight_ms=100 * aim_ms), LIMITS)


def test_somebody_may_be_inside_of_any_shop() -> None:
    """However badly it fares, and however few are there."""
    for seen in (health(errors=50), health(requests=1, in_flight_ms=60_000)):
        assert lower_limit(settled(limit=1.2), reading(seats=1), seen, LIMITS) == 1


def test_as_many_errors_as_may_be_are_no_reason() -> None:
    """The latency alone tells how many are too many."""
    slow, errors = health(in_flight_ms=200_000), round(100 * LIMITS.error_target)

    assert lower_limit(settled(), reading(), slow._replace(errors=errors), LIMITS) == lower_limit(
        settled(), reading(), slow, LIMITS
    )
