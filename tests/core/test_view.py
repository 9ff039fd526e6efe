"""
What a visitor is told from a snapshot.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, lane, lanes, snapshot
from waiting_room.core.agenda import Agenda
from waiting_room.core.calendar import Entry, local_text
from waiting_room.core.draw import Draw, Order, commitment
from waiting_room.core.estimate import Forecast
from waiting_room.core.outcomes import Called, Closed, Early, Paused, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.polling import CALLED_POLL_MS, DEGRADED_POLL_MS
from waiting_room.core.reasons import Reason
from waiting_room.core.snapshot import BEYOND, Snapshot
from waiting_room.core.view import View


def told(room: Snapshot, rank: int, *, stale: bool = False) -> Waiting | Called | Paused | Closed:
    """
    Return what *rank* is told.
    """
    view = View(room)
    return view.tell("standard", rank, view.position("standard", rank), stale=stale)


def test_positions_count_those_who_are_there() -> None:
    """Ghosts stand in nobody's way."""
    view = View(snapshot([3, 5, 900]))

    assert [view.position("standard", rank) for rank in (3, 5, 900)] == [1, 2, 3]


def test_a_returning_ghost_sees_its_old_place() -> None:
    """Between those who are there, before its check-in is known."""
    assert View(snapshot([3, 5, 900])).position("standard", 4) == 2


def test_who_is_called_has_position_nothing() -> None:
    """All ranks below the frontier."""
    assert View(snapshot([7], frontier=7)).position("standard", 6) == 0


def test_who_joined_after_the_snapshot_stands_behind_all_it_holds() -> None:
    """And behind those who joined in between."""
    view = View(snapshot([3, 5, 7], issued=7))

    assert [view.position("standard", rank) for rank in (8, 9, 12)] == [4, 5, 8]


def test_a_number_above_the_mark_has_no_position_by_a_view_from_before_the_loss() -> None:
    """The counter went on above the mark, and nobody has the numbers in between; the next view tells."""
    view = View(snapshot([3, 5, 7], issued=7, high_water=50_000))

    assert [view.position("standard", rank) for rank in (50_000, 50_001)] == [49_996, BEYOND]
    assert (view.beyond(50_001).reason, view.beyond(50_001).position) == (Reason.RECOVERING, 0)


def test_the_first_of_an_idle_room_is_next() -> None:
    """Frontier one above the last number: a newcomer after the snapshot is first."""
    assert View(snapshot([], frontier=11, issued=10)).position("standard", 11) == 1


def test_the_next_number_is_next_when_the_frontier_ran_ahead() -> None:
    """Seats that were put back after a loss may lift the frontier above the last number."""
    view = View(snapshot([], frontier=21, issued=10))

    assert [view.position("standard", rank) for rank in (20, 21, 22)] == [0, 1, 2]


@given(st.sets(st.integers(1, 300), max_size=40), st.integers(1, 200), st.integers(0, 400))
def test_positions_keep_the_order_of_ranks(ranks: set[int], frontier: int, beyond: int) -> None:
    """Whoever has the higher rank is never shown before the other."""
    room = snapshot({rank for rank in ranks if rank >= frontier}, frontier=frontier)
    view = View(room)
    positions = [view.position("standard", rank) for rank in range(1, room.standard.issued + beyond)]

    assert positions == sorted(positions)


def test_waiting_bears_place_range_and_reason() -> None:
    """Nineteen ahead at ten a second."""
    said = told(snapshot(range(1, 50)), 20)

    assert isinstance(said, Waiting)
    assert (said.number, said.position, said.reason) == (20, 20, Reason.QUEUE_WAIT)
    assert said.eta is not None
    assert said.eta.low_s < 2 < said.eta.high_s


def test_called_asks_again_in_a_second() -> None:
    """The one who is called is to claim at once."""
    said = told(snapshot([], frontier=9), 8)

    assert isinstance(said, Called)
    assert said.reason is Reason.YOUR_TURN
    assert CALLED_POLL_MS <= said.next_poll_ms <= 1.2 * CALLED_POLL_MS


def test_closed_says_only_that() -> None:
    """Neither place nor time."""
    assert told(snapshot([1, 2], phase=Phase.CLOSED), 2) == Closed()


def test_paused_keeps_the_place_in_sight() -> None:
    """Position yes, time no."""
    said = told(snapshot([1, 2], phase=Phase.PAUSED), 2)

    assert isinstance(said, Paused)
    assert (said.number, said.position, said.reason) == (2, 2, Reason.ROOM_PAUSED)


def test_a_draining_room_looks_like_an_open_one() -> None:
    """To those who wait nothing changes."""
    assert told(snapshot([1, 2], phase=Phase.DRAINING), 2) == told(snapshot([1, 2]), 2)


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.PAUSED])
@pytest.mark.parametrize("frontier", [1, 4])
def test_a_recovering_room_says_so(phase: Phase, frontier: int) -> None:
    """To those who wait, those who are called and those who are paused."""
    said = told(snapshot([4], frontier=frontier, phase=phase, recover_until_ms=NOW_MS + 1000), 3)

    assert not isinstance(said, Closed)
    assert said.reason is Reason.RECOVERING


@pytest.mark.parametrize("frontier", [1, 4])
def test_a_stale_view_says_so_and_asks_less_often(frontier: int) -> None:
    """While the store is away there is nothing new to hear, and no time is promised."""
    said = told(snapshot([1, 2, 4], frontier=frontier), 3, stale=True)

    assert not isinstance(said, Closed | Paused)
    assert said.reason is Reason.STORE_AWAY
    assert said.next_poll_ms >= DEGRADED_POLL_MS
    assert isinstance(said, Called) or said.eta is None


def test_the_store_away_outweighs_recovering() -> None:
    """Of two reasons the one that is happening now."""
    said = told(snapshot([1], recover_until_ms=NOW_MS + 1000), 1, stale=True)

    assert not isinstance(said, Closed)
    assert said.reason is Reason.STORE_AWAY


def test_no_time_is_shown_while_the_rate_is_nothing() -> None:
    """The operator stopped the door: nobody knows."""
    stopped = snapshot([1, 2], policy=POLICY.__class__(rate_per_minute=0))
    said = told(stopped, 2)

    assert isinstance(said, Waiting)
    assert said.eta is None


def test_in_hold_everybody_is_told_that_nobody_goes_in() -> None:
    """Also those who were called; each keeps the place in sight."""
    room = snapshot([7, 8], frontier=7, policy=replace(POLICY, mode="hold"))

    assert [(one.position, one.reason) for rank in (6, 8) if isinstance(one := told(room, rank), Paused)] == [
        (0, Reason.ROOM_PAUSED),
        (2, Reason.ROOM_PAUSED),
    ]


def test_a_break_tells_when_it_is_over_and_asks_to_come_back_in_time() -> None:
    """No more often than one who waits as long, and never after the end."""
    agenda = Agenda(resume_at_ms=NOW_MS + 120_000)
    said = told(snapshot([1, 2], phase=Phase.PAUSED, agenda=agenda), 2)

    assert isinstance(said, Paused)
    assert (said.position, said.reason, said.resumes_in_ms) == (2, Reason.TECHNICAL_BREAK, 120_000)
    assert POLICY.poll_min_s * 1000 <= said.next_poll_ms < 60_000


def test_a_closed_room_tells_when_it_opens_if_that_is_planned() -> None:
    """By its schedule."""
    planned = replace(POLICY, schedule=(Entry(local_text(NOW_MS + 60_000, "UTC"), "open"),))

    assert told(snapshot([1], phase=Phase.CLOSED, policy=planned), 1) == Closed(opens_in_ms=60_000)


def test_the_wait_is_that_of_all_who_stand_before() -> None:
    """A hundred ahead of the 101st, none ahead of the first; the range is the same however it is asked for."""
    view = View(snapshot(range(1, 200)))

    assert view.eta("standard", 101) == Forecast(10.0, 0.0).eta(100)
    assert view.eta("standard", 1) == Forecast(10.0, 0.0).eta(0)
    for rank in (1, 101):
        said = view.tell("standard", rank, rank, stale=False)
        assert isinstance(said, Waiting)
        assert said.eta == view.eta("standard", rank)


def test_nobody_knows_the_wait_in_an_unknown_lane() -> None:
    """No range, rather than a wrong one."""
    assert View(snapshot([1])).eta("unheard-of", 1) is None
    assert View(snapshot([1])).forecast("unheard-of").eta(5) is None


def test_who_waits_for_long_asks_rarely() -> None:
    """Once a minute with twenty minutes to go, although the budget would allow two seconds."""
    said = told(snapshot(range(1, 12_001), slot_ms=200_000), 12_000)

    assert isinstance(said, Waiting)
    assert 60_000 <= said.next_poll_ms <= 72_000


def test_a_recovering_room_promises_the_same_range_to_the_same_people() -> None:
    """Only the reason tells, and nobody asks more often for it."""
    room = snapshot(range(1, 12_001), slot_ms=200_000)
    said, usual = told(replace(room, recover_until_ms=NOW_MS + 1000), 12_000), told(room, 12_000)

    assert isinstance(said, Waiting)
    assert isinstance(usual, Waiting)
    assert (said.number, said.position, said.eta) == (12_000, 12_000, usual.eta)
    assert (said.reason, said.next_poll_ms) == (Reason.RECOVERING, usual.next_poll_ms)


def test_while_the_store_is_away_the_place_stays_and_the_range_goes() -> None:
    """No time is promised from figures that are old; called ones keep their number."""
    room = snapshot(range(5, 100), frontier=5)
    said, called = told(room, 20, stale=True), told(room, 3, stale=True)

    assert isinstance(said, Waiting)
    assert (said.number, said.position, said.eta, said.reason) == (20, 16, None, Reason.STORE_AWAY)
    assert DEGRADED_POLL_MS <= said.next_poll_ms <= 1.2 * DEGRADED_POLL_MS
    assert isinstance(called, Called)
    assert (called.number, called.reason) == (3, Reason.STORE_AWAY)


def test_a_paused_room_is_asked_as_often_as_its_budget_allows() -> None:
    """Nobody knows when it goes on."""
    said = told(snapshot([1, 2], phase=Phase.PAUSED), 2)

    assert isinstance(said, Paused)
    assert 2000 <= said.next_poll_ms <= 2400


def test_a_break_of_a_minute_is_asked_after_in_ten_seconds() -> None:
    """A sixth of what is left, whoever asks: also who had been called."""
    agenda = Agenda(resume_at_ms=NOW_MS + 60_000)
    room = snapshot([3, 4], frontier=3, phase=Phase.PAUSED, agenda=agenda, slot_ms=200_000)

    for rank, position in ((4, 2), (2, 0)):
        said = told(room, rank)
        assert isinstance(said, Paused)
        assert (said.number, said.position) == (rank, position)
        assert 10_000 <= said.next_poll_ms <= 12_000


def test_the_average_interval_is_that_of_many() -> None:
    """Half of the jitter is added on average."""
    view = View(snapshot(range(1, 12_001), slot_ms=200_000))
    eta = view.eta("standard", 12_000)
    assert eta is not None
    asked = []
    for number in range(12_000, 14_000):
        said = view.tell("standard", number, 12_000, stale=False)
        assert isinstance(said, Waiting)
        asked.append(said.next_poll_ms / 1000)

    assert view.interval_s(12_000, eta) == pytest.approx(66, rel=1e-6)
    assert sum(asked) / len(asked) == pytest.approx(66, rel=0.01)


def gathering(**changes: object) -> View:
    """
    Return a room before its opening: the numbers from 5 on wait for a draw.
    """
    room = lanes(POLICY, standard=lane(range(5, 10), frontier=5, early_from=5), other=lane(range(1, 3)))
    return View(replace(room, **({"phase": Phase.PREQUEUE, "opens_at_ms": NOW_MS + 3_600_000} | changes)))  # type: ignore[arg-type]


def test_only_who_came_since_the_gathering_began_is_early() -> None:
    """In their own lane: the number 5 of another one is not, nor one of a lane that nobody knows."""
    view = gathering()

    assert [view.is_early("standard", number) for number in (4, 5, 6)] == [False, True, True]
    assert [view.is_early(name, 5) for name in ("other", "unheard-of")] == [False, False]


def test_who_is_early_is_told_when_the_room_opens() -> None:
    """The time that has passed since the view was taken is taken off; there is no position."""
    said = gathering().tell_early(7, 1500, stale=False)

    assert isinstance(said, Early)
    assert (said.number, said.opens_in_ms, said.reason) == (7, 3_598_500, Reason.PREQUEUE)
    assert 60_000 <= said.next_poll_ms <= 72_000


def test_an_opening_that_is_late_is_due_now() -> None:
    """Never in the past; and one that nobody knows stays unknown."""
    late = gathering(opens_at_ms=NOW_MS + 1000).tell_early(7, 1500, stale=False)
    unknown = gathering(opens_at_ms=0).tell_early(7, 1500, stale=False)

    assert isinstance(late, Early)
    assert isinstance(unknown, Early)
    assert (late.opens_in_ms, unknown.opens_in_ms) == (0, None)


@pytest.mark.parametrize(
    ("changes", "stale", "reason"),
    [
        ({"phase": Phase.PAUSED}, False, Reason.ROOM_PAUSED),
        ({"recover_until_ms": NOW_MS + 1000}, False, Reason.RECOVERING),
        ({}, True, Reason.STORE_AWAY),
        ({"recover_until_ms": NOW_MS + 1000}, True, Reason.STORE_AWAY),
    ],
)
def test_who_is_early_is_told_what_is_wrong(changes: dict[str, object], stale: bool, reason: Reason) -> None:
    """The store first, for then nothing else is known for certain."""
    said = gathering(**changes).tell_early(7, 0, stale=stale)

    assert isinstance(said, Early)
    assert said.reason is reason


@pytest.mark.parametrize("stale", [False, True])
def test_a_store_that_is_away_is_not_asked_for_sooner(stale: bool) -> None:
    """An opening within two seconds is asked after soon, but not sooner than the degraded pace."""
    policy = replace(POLICY, poll_min_s=0.2)
    said = gathering(opens_at_ms=NOW_MS + 300, policy=policy).tell_early(1, 0, stale=stale)

    assert isinstance(said, Early)
    assert (said.next_poll_ms >= DEGRADED_POLL_MS) == stale


def test_a_closed_room_is_closed_to_the_early_too() -> None:
    """Whatever its number."""
    assert isinstance(gathering(phase=Phase.CLOSED).tell_early(7, 0, stale=False), Closed)


def test_a_draw_puts_its_numbers_into_its_order() -> None:
    """The drawn share their ranks among themselves; the others, and those of other lanes, keep their numbers."""
    seed = "5" * 64
    order = Order(Draw(seed, commitment(seed), "", "standard", 3, 20))
    view = View(lanes(POLICY, standard=lane(range(1, 30), orders=(order,)), other=lane(range(1, 30))))

    assert [view.rank_of("standard", number) for number in range(3, 23)] == [
        order.rank_of(number) for number in range(3, 23)
    ]
    assert [view.rank_of("standard", number) for number in (2, 23)] == [2, 23]
    assert [view.rank_of(name, 9) for name in ("other", "unheard-of")] == [9, 9]
