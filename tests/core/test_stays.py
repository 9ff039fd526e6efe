"""
How long seats are held, learned from who came in and how many went out; and the course of those who come in next.
"""

from collections import deque
from collections.abc import Iterator
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.stays import UNKNOWN_DOUBT, Course, Stays

IDLE_S = 300
CAPACITY = 1000
RATE_PER_S = 20.0


class Sale:
    """
    Play a sale second by second, in fractions of people: each is active for *mean_s* (Erlang's law, six stages), and
    then gives the seat back or, a share *left* of them, leaves it to its idle end; a queue never ends.
    """

    def __init__(self, mean_s: float, left: float, idle_s: int = IDLE_S) -> None:
        self.mean_s, self.left = mean_s, left
        self.active = [0.0] * 6
        self.idle = deque([0.0] * idle_s)
        self.came = self.ended = 0.0

    @property
    def seats(self) -> float:
        """
        Return how many are taken.
        """
        return self.came - self.ended

    def second(self, capacity: float = CAPACITY, rate_per_s: float = RATE_PER_S) -> tuple[float, float]:
        """
        Let a second pass, and return how many came in and how many went out.
        """
        moved = 0.0
        for stage, before in enumerate(self.active):
            goes = (before + moved) * (1 - exp(-6 / self.mean_s))
            self.active[stage] = before + moved - goes
            moved = goes
        self.idle.append(self.left * moved)
        went = (1 - self.left) * moved + self.idle.popleft()
        self.ended += went
        came = min(rate_per_s, max(0.0, capacity - self.seats))
        self.came += came
        self.active[0] += came
        return came, went


class Watch:
    """
    Hold what a worker learns of a sale, which sees whole people only.
    """

    def __init__(self, sale: Sale) -> None:
        self.sale = sale
        self.stays = Stays(len(sale.idle))
        self._seen = self._at()

    def _at(self) -> tuple[int, int]:
        return int(self.sale.came), int(self.sale.ended)

    def look(self, elapsed_s: float = 1.0) -> None:
        """
        Learn what has changed.
        """
        came, ended = self._at()
        before_came, before_ended = self._seen
        self.stays.see(before_came - before_ended, came - before_came, ended - before_ended, elapsed_s)
        self._seen = came, ended

    def course(self) -> Course:
        """
        Return what is to come.
        """
        return self.stays.course(self.sale.seats, CAPACITY, RATE_PER_S)


def watched(sale: Sale, seconds: int) -> Watch:
    """
    Return what is known of *sale* after so long.
    """
    watch = Watch(sale)
    for _ in range(seconds):
        sale.second()
        watch.look()
    return watch


def within(course: Course, seconds: float) -> float:
    """
    Return how many come in within *seconds* of a course.
    """
    total = 0.0
    for length_s, rate_per_s in course.steps:
        total += rate_per_s * min(length_s, max(0.0, seconds))
        seconds -= length_s
    return total + course.rate_per_s * max(0.0, seconds)


def truth(sale: Sale, moments: tuple[int, ...]) -> Iterator[float]:
    """
    Yield how many come in within each of *moments* as the sale goes on.
    """
    begun = sale.came
    for second in range(1, max(moments) + 1):
        sale.second()
        if second in moments:
            yield sale.came - begun


CROWDS = [(30.0, 0.2), (120.0, 0.2), (60.0, 0.7), (200.0, 0.0), (20.0, 0.9)]


@pytest.mark.parametrize(("mean_s", "left"), CROWDS)
def test_in_the_long_run_as_many_come_in_as_the_mean_time_on_a_seat_lets(mean_s: float, left: float) -> None:
    """Those who are idle hold theirs for the idle timeout more."""
    course = watched(Sale(mean_s, left), 1500).course()

    assert course.rate_per_s == pytest.approx(min(RATE_PER_S, CAPACITY / (mean_s + left * IDLE_S)), rel=0.15)


@pytest.mark.parametrize("after_s", [120, 240, 400])
@pytest.mark.parametrize(("mean_s", "left"), CROWDS)
def test_the_course_foretells_how_idle_seats_clog_a_sale_and_end(mean_s: float, left: float, after_s: int) -> None:
    """Of six to ten minutes, before the first idle end is due as well as after it."""
    sale = Sale(mean_s, left)
    course = watched(sale, after_s).course()
    moments = (360, 600)

    for moment, came in zip(moments, truth(sale, moments), strict=True):
        assert within(course, moment) == pytest.approx(came, rel=0.36 if after_s < 200 else 0.18)


def test_before_the_first_idle_end_the_measured_turnover_would_promise_too_much() -> None:
    """Of a sale of half a minute's visits, three in ten left idle, it is twice what the next minutes bring."""
    sale = Sale(30.0, 0.3)
    watch = watched(sale, 60)
    ended = sale.ended
    for _ in range(60):
        sale.second()
        watch.look()
    by_turnover, by_course = 180 * (sale.ended - ended) / 60, within(watch.course(), 180)
    [came] = truth(sale, (180,))

    assert by_turnover > 1.5 * came
    assert by_course == pytest.approx(came, rel=0.2)


def test_a_seat_of_which_nothing_is_known_is_held_for_half_of_the_idle_timeout() -> None:
    """Or for half as long, or twice."""
    stays = Stays(IDLE_S)

    assert stays.course(CAPACITY, CAPACITY, RATE_PER_S).rate_per_s == pytest.approx(CAPACITY / 150, rel=0.05)
    assert stays.doubt == UNKNOWN_DOUBT


def test_ends_take_the_doubt() -> None:
    """A thousand of them tell the mean time closely."""
    assert watched(Sale(60.0, 0.2), 30).stays.doubt > watched(Sale(60.0, 0.2), 200).stays.doubt
    assert watched(Sale(60.0, 0.2), 900).stays.doubt < 0.1


def test_seats_beyond_the_capacity_end_before_anybody_comes_in() -> None:
    """Half of them, when the seats were halved."""
    watch = watched(Sale(60.0, 0.0), 600)
    halved = watch.stays.course(watch.sale.seats, CAPACITY // 2, RATE_PER_S)

    assert halved.steps[0][1] == 0
    assert halved.steps[0][0] == pytest.approx(30, abs=10)
    assert halved.rate_per_s == pytest.approx(CAPACITY / 2 / 60, rel=0.15)


def test_free_seats_are_filled_at_the_rate() -> None:
    """A thousand of them at twenty a second, and who went meanwhile is replaced."""
    first_s, rate_per_s = Stays(IDLE_S).course(0, CAPACITY, RATE_PER_S).steps[0]

    assert rate_per_s == RATE_PER_S
    assert first_s == pytest.approx(50, abs=10)


def test_a_worker_that_begins_in_the_middle_of_a_sale_learns_it_soon() -> None:
    """It knows the seats, and not how long they have been held."""
    sale = Sale(60.0, 0.2)
    for _ in range(1500):
        sale.second()

    assert watched(sale, 120).course().rate_per_s == pytest.approx(CAPACITY / 120, rel=0.15)


def test_a_worker_that_slept_takes_what_happened_for_even() -> None:
    """For a minute, or for longer than an idle timeout; the sale has been even, so nothing else comes of it."""
    watch = watched(Sale(60.0, 0.2), 1500)
    for slept_s in (60, 500):
        for _ in range(slept_s):
            watch.sale.second()
        watch.look(slept_s)

        assert watch.course().rate_per_s == pytest.approx(CAPACITY / 120, rel=0.15)


def test_short_visits_are_learned_beside_an_idle_timeout_of_a_day() -> None:
    """Nobody waits for a day to be told how long the queue takes."""
    course = watched(Sale(60.0, 0.0, 86_400), 900).course()

    assert within(course, 600) == pytest.approx(10 * CAPACITY, rel=0.25)


def test_visits_that_become_longer_are_followed() -> None:
    """The people of the evening stay for twice as long."""
    sale = Sale(60.0, 0.0)
    watch = watched(sale, 1500)
    sale.mean_s = 120.0
    for _ in range(2400):
        sale.second()
        watch.look()

    assert watch.course().rate_per_s == pytest.approx(CAPACITY / 120, rel=0.2)


def test_looks_between_two_bins_change_nothing() -> None:
    """A second of a sale tells little; five of them are looked at together."""
    watch = watched(Sale(60.0, 0.2), 300)
    known = watch.stays.course(CAPACITY, CAPACITY, RATE_PER_S)
    watch.sale.second()
    watch.look()

    assert watch.stays.course(CAPACITY, CAPACITY, RATE_PER_S) == known


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 50), st.integers(0, 50), st.floats(0.5, 400)), max_size=30),
    st.floats(1, 3000), st.floats(0, 3000), st.integers(0, 2000), st.floats(0, 100),
)  # fmt: skip
def test_no_course_lets_in_more_than_the_rate_or_fewer_than_nobody(
    looks: list[tuple[int, int, int, float]], idle_s: float, seats: float, capacity: int, rate_per_s: float
) -> None:
    """Whatever was seen, were it more ends than seats, however long nobody looked; for two idle timeouts."""
    stays = Stays(idle_s)
    for taken, came, ended, elapsed_s in looks:
        stays.see(taken, came, ended, elapsed_s)
    course = stays.course(seats, capacity, rate_per_s)

    assert all(0 <= rate <= rate_per_s * (1 + 1e-9) for _, rate in course.steps)
    assert 0 <= course.lowest_per_s <= 1.01 * course.rate_per_s <= 1.01 * rate_per_s
    assert sum(length_s for length_s, _ in course.steps) == pytest.approx(2 * idle_s)
    assert 0 <= stays.doubt <= UNKNOWN_DOUBT
