"""
Who comes when called: a mean, a crowd that has gone, and how soon that is noticed.
"""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, snapshot
from waiting_room.core.estimate import Forecast
from waiting_room.core.snapshot import Cohort, Snapshot
from waiting_room.core.turnout import Turnout, share_now

SHARES = st.lists(st.floats(0, 0.9), max_size=40)


def seen(*no_shows: float) -> Turnout:
    """
    Return what was learned of a room that was seen each second.
    """
    turnout = Turnout()
    for no_show in no_shows:
        turnout.see(snapshot(no_show=no_show), 1.0)
    return turnout


def called(present: int, came: int, age_ms: int, no_show: float = 0.25) -> Snapshot:
    """
    Return a room of whose *present* people, called *age_ms* ago, so many came; half of these stand at the door.
    """
    at_door = came // 2
    one = Cohort(NOW_MS - age_ms, 1, 1 + present, present, came - at_door, at_door)
    return snapshot(range(100, 300), frontier=100, issued=300, cohorts=(one,), no_show=no_show)


def test_before_the_first_no_show_nothing_is_known() -> None:
    """A room begins with none: that one does not come later is no change."""
    assert seen(0.0, 0.0).share is None
    assert seen(0.0, 0.0, 0.4).share == 0.6
    assert seen(0.0, 0.0, 0.4).higher == seen(0.0, 0.0, 0.4).breaks == 0


def test_a_share_that_wanders_is_taken_in_its_mean_of_a_minute() -> None:
    """One second of a smaller one counts for a sixtieth."""
    assert seen(0.2, 0.4).share == pytest.approx(0.8 - 0.2 * (1 - exp(-1 / 60)))


def test_a_share_that_jumps_is_taken_at_once() -> None:
    """From eight of ten to four is a jump, and no other crowd yet."""
    turnout = seen(0.2, 0.6)

    assert turnout.share == pytest.approx(0.4)
    assert turnout.breaks == 0


@pytest.mark.parametrize(("no_shows", "breaks"), [((0.2, 0.9), 1), ((0.2, 0.9, 0.9), 1), ((0.2, 0.9, 0.2), 2)])
def test_a_crowd_of_which_hardly_anybody_comes_is_another_one(no_shows: tuple[float, ...], breaks: int) -> None:
    """And so is the one that stands behind it; each is counted once."""
    assert seen(*no_shows).breaks == breaks


def test_behind_a_crowd_that_has_gone_as_many_may_come_as_before() -> None:
    """The share may be eight times as high again; when it is, nothing is left of that."""
    assert seen(0.2, 0.9).higher == pytest.approx(log(8), abs=0.01)
    assert seen(0.2, 0.9, 0.2).higher == 0
    assert seen(0.2, *(0.9,) * 60).higher == pytest.approx(log(8), rel=0.06)


def test_what_differs_by_itself_is_no_crowd_that_has_gone() -> None:
    """A little less than a third; what is more counts three times at first, so that no range jumps."""
    assert seen(0.0, 0.1, 0.42).higher == 0
    assert 0 < seen(0.1, 0.46).higher < 3 * (log(9 / 5.4) - 0.45) + 0.01


@pytest.mark.parametrize(
    ("present", "came", "age_ms", "share"),
    [
        (12, 0, 5000, 1 / 14),  # nobody comes any more
        (12, 2, 5000, 3 / 14),  # as few as hardly ever by chance
        (12, 3, 5000, 0.75),  # as few as by chance in one of ten sales
        (12, 5, 5000, 0.75),  # fewer than should, by chance
        (12, 8, 5000, 0.75),  # hardly fewer than should
        (8, 0, 5000, 1 / 10),  # just enough to tell
        (7, 0, 5000, 0.75),  # too few to tell
        (12, 0, 4000, 1 / 14),  # most would have asked
        (12, 0, 3900, 0.75),  # they have not asked yet
        (12, 0, 12_000, 1 / 14),  # just lately
        (12, 0, 12_100, 0.75),  # long ago
    ],
)
def test_calls_that_nobody_answers_tell_at_once_that_a_crowd_has_gone(
    present: int, came: int, age_ms: int, share: float
) -> None:
    """Where far fewer of the last calls were answered than chance allows, they count and not the room's measure."""
    assert share_now(called(present, came, age_ms)) == pytest.approx(share)


@pytest.mark.parametrize(("came_before", "share"), [(0, 1 / 14), (6, 0.75)])
def test_the_last_calls_count_together(came_before: int, share: float) -> None:
    """Six and six are enough to tell, and who came of the first is no less there for those who did not."""
    first, second = (Cohort(NOW_MS - 5000, low, low + 6, 6, came) for low, came in ((1, came_before), (7, 0)))
    room = snapshot(range(100, 300), frontier=100, issued=300, cohorts=(first, second), no_show=0.25)

    assert share_now(room) == pytest.approx(share)


def test_a_share_that_was_higher_is_forgotten_within_a_quarter_of_an_hour() -> None:
    """After ten minutes six tenths of it are left."""
    assert seen(0.2, *(0.9,) * 600).higher == pytest.approx(log(8) * exp(-0.5), abs=0.02)


def test_a_crowd_that_changes_slowly_stays_the_same() -> None:
    """Eight of ten come, and ten minutes later one of four."""
    assert seen(*(0.2 + 0.55 * second / 600 for second in range(601))).breaks == 0


@given(SHARES, st.integers(0, 50), st.integers(0, 50), st.integers(0, 20_000))
def test_whatever_is_seen_a_share_is_one(no_shows: list[float], present: int, came: int, age_ms: int) -> None:
    """Above nothing, and no more than all; and the range is never narrowed by it."""
    turnout = seen(*no_shows)
    turnout.see(called(present, min(present, came), age_ms), 1.0)

    assert turnout.share is not None
    assert 0 < turnout.share <= 1
    assert turnout.higher >= 0


@given(st.floats(0, 2), st.floats(0, 2))
def test_what_a_kept_range_tells_is_less_with_more_doubt(early: float, late: float) -> None:
    """All of it with the doubt that a room has in the best of times."""
    trust = Forecast(1.0, 0.0, doubt=(early, late)).trust

    assert all(0 < part <= 1 for part in trust)
    assert trust == pytest.approx((exp(-max(0.0, early - 0.4)), exp(-max(0.0, late - 0.4))))
