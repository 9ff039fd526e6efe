"""
Findings: a room that does as it should is said to, and each thing that can be wrong with one is planted and named.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest

from loadtests.crowd.streams import arrivals_of
from loadtests.forecast.findings import findings_of
from loadtests.forecast.patience import Patience
from loadtests.forecast.problem import problem_of
from loadtests.forecast.result import Forecast, forecast_of
from loadtests.forecast.sayings import SAYINGS
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Outcome, Outcomes, Second, ShopperRecord
from tests.loadtests.forecast.events import patience_of
from tests.loadtests.forecast.test_result import SCENARIO, STREAM

ZERO_MS = 1_800_000_000_000
SEED = 5
PER_S = 15.0
PROBLEM = problem_of(SCENARIO, SEED, steps=150)
Pick = Callable[[Sequence[int]], int]


@dataclass(frozen=True, slots=True)
class Room:
    """
    A room, played person by person, with what is wrong with it.

    Args:
        per_s: how many turns there are per second.
        ghosts: whether those who have left are called as well, and cost their turn.
        pick: whose turn it is, among those in line, in the order of arrival.
        burst: how many turns are saved up and given at once.
    """

    per_s: float = PER_S
    ghosts: bool = False
    pick: Pick = min
    burst: int = 1

    def play(self) -> Measures:
        """
        Return what a generator would have measured of the scenario's crowd.
        """
        law, draw = Patience.of(STREAM.behaviour), random.Random("patience")
        crowd = [(came.at_s, patience_of(law, draw)) for came in arrivals_of((STREAM,), SEED)]
        line: list[int] = []
        records: dict[int, ShopperRecord] = {}
        turn, next_i, end_s = 0, 0, SCENARIO.length_s + SCENARIO.drain_s
        while (at_s := self.burst * (turn // self.burst + 1) / self.per_s) < end_s:
            turn += 1
            while next_i < len(crowd) and crowd[next_i][0] <= at_s:
                line.append(next_i)
                next_i += 1
            while line:
                i = self.pick(line)
                line.remove(i)
                came_s, stays_s = crowd[i]
                gone = came_s + stays_s < at_s
                records[i] = left(i, came_s, stays_s) if gone else let_in(i, came_s, at_s)
                if not gone or self.ghosts:
                    break
        for i in (*line, *range(next_i, len(crowd))):
            came_s, stays_s = crowd[i]
            records[i] = left(i, came_s, stays_s) if came_s + stays_s < end_s else unfinished(i, came_s, end_s)
        return measured([records[i] for i in range(len(crowd))], end_s)


def let_in(i: int, came_s: float, at_s: float) -> ShopperRecord:
    """
    Return one who was let in.
    """
    waits = max(came_s, at_s - 0.1) if at_s - came_s > 1 else None
    return ShopperRecord(
        i,
        came_s,
        0.1,
        Outcome.BOUGHT,
        number=i + 1,
        joined_s=came_s,
        called_s=at_s,
        admitted_s=at_s,
        pass_issued_ms=ZERO_MS + round(1000 * at_s),
        waited_s=at_s - came_s,
        last_waiting_s=waits,
        ended_s=at_s + 3,
    )


def left(i: int, came_s: float, stays_s: float) -> ShopperRecord:
    """
    Return one who lost patience.
    """
    end_s = came_s + stays_s
    return ShopperRecord(
        i, came_s, 0.1, Outcome.GAVE_UP_WAITING, number=i + 1, joined_s=came_s, waited_s=stays_s, ended_s=end_s
    )


def unfinished(i: int, came_s: float, end_s: float) -> ShopperRecord:
    """
    Return one who still waits.
    """
    return ShopperRecord(
        i, came_s, 0.1, Outcome.UNFINISHED, number=i + 1, joined_s=came_s, waited_s=end_s - came_s, ended_s=end_s
    )


def measured(records: Sequence[ShopperRecord], end_s: float) -> Measures:
    """
    Return the measures of these shoppers.
    """
    seconds = []
    for t in range(int(end_s)):
        waiting = sum((s.joined_s or 0) <= t + 1 < (s.admitted_s or s.ended_s or 0) for s in records)
        admitted = sum(s.admitted_s is not None and t <= s.admitted_s < t + 1 for s in records)
        inside = sum(s.admitted_s is not None and s.admitted_s <= t + 1 < s.admitted_s + 3 for s in records)
        seconds.append(Second(t, 0, 0, 0, None, None, 0, waiting, inside, admitted, 0.1))
    ends = [record.outcome for record in records]
    return Measures(
        run="with_room", seed=SEED, started_at_ms=ZERO_MS, duration_s=end_s, interrupted=False, overload=(0.0, end_s),
        arrivals=len(records), scheduled=len(records), not_started=0, start_lag_p50_ms=0.1, start_lag_p99_ms=0.1,
        start_lag_max_ms=0.1, generator_cpu_share=0.1, generator_cpu_peak=0.1,
        outcomes=Outcomes(**{outcome.value: ends.count(outcome) for outcome in Outcome}), shop_p95_ms=None,
        shop_service_p95_ms=None, shop_requests=0, shop_errors=0, error_ratio=0.0, seconds=tuple(seconds),
        shoppers=tuple(records),
    )  # fmt: skip


@cache
def forecast() -> Forecast:
    """
    Return the forecast of the crowd that comes.
    """
    return forecast_of(SCENARIO, SEED)


@cache
def sound() -> Measures:
    """
    Return what a generator would have measured of a room that does as it should.
    """
    return Room().play()


def found(room: Room, seats: Mapping[int, float] | None = None) -> dict[str, Mapping[str, float | int | None]]:
    """
    Return what is found of a room, by name.
    """
    return {one.name: one.figures for one in findings_of(room.play(), forecast(), PROBLEM, seats)}


def test_a_sound_room_is_as_predicted() -> None:
    """
    And nothing else is said of it.
    """
    assert set(found(Room(), dict.fromkeys(range(90), 45.0))) == {"as_predicted"}


def test_a_room_that_calls_ghosts_is_named_as_such() -> None:
    """
    Each who has left costs a turn: the wait is that of a line that nobody leaves.
    """
    figures = found(Room(ghosts=True), dict.fromkeys(range(90), 45.0))
    assert "ghost_slots" in figures
    assert not {"seats_idle", "longer_waits", "unfair_order"} & set(figures)


def test_a_room_that_is_too_quick_is_named_with_the_window() -> None:
    """
    A quarter more than the rate does not pass for a burst.
    """
    assert found(Room(per_s=1.25 * PER_S))["over_admission"]["window"] == 1


def test_turns_that_are_saved_up_are_too_many_at_once() -> None:
    """
    Two seconds' turns in one moment keep the rate over a minute, and break it over a second.
    """
    figures = found(Room(burst=30))["over_admission"]
    assert figures["most"] == 30
    assert figures["allowed"] == pytest.approx(15.0 + 3.75)


@pytest.mark.parametrize("pick", [max, lambda line: line[len(line) // 2]])
def test_a_room_that_takes_others_first_is_unfair(pick: Pick) -> None:
    """
    Last come, first served, or from the middle.
    """
    assert "unfair_order" in found(Room(pick=pick))


def test_a_wait_that_grows_faster_than_the_line_is_uneven() -> None:
    """
    Where people ask too rarely to notice that they were overtaken, their waits still show it.
    """
    shoppers = [
        let_in(i, came_s, came_s + 0.02 * i + 0.0004 * i * i)
        for i, came_s in enumerate(0.01 * k for k in range(300))
    ]  # fmt: skip
    quiet = measured(shoppers, 90.0)
    names = {one.name for one in findings_of(quiet, forecast(), PROBLEM)}
    assert "uneven_waits" in names


def test_seats_that_stand_free_while_people_wait_are_named() -> None:
    """
    The room lets in two thirds of its rate, with more than half of its seats free.
    """
    figures = found(Room(per_s=10.0), dict.fromkeys(range(90), 30.0))
    assert figures["seats_idle"]["pace"] == pytest.approx(10.0, abs=0.5)
    assert figures["seats_idle"]["rate"] == pytest.approx(15.0)


def test_those_who_ask_once_a_minute_do_not_make_seats_idle() -> None:
    """
    Nobody can be let in who does not ask: phones with the page in a hidden tab are no sign of a slow room.
    """
    slow = Room(per_s=10.0).play()
    hidden = replace(slow, shoppers=tuple(replace(shopper, kind="slow-phone") for shopper in slow.shoppers))
    seats = dict.fromkeys(range(90), 30.0)
    assert "seats_idle" not in {one.name for one in findings_of(hidden, forecast(), PROBLEM, seats)}


def test_a_room_that_gathers_lets_nobody_in_and_is_not_idle() -> None:
    """
    Before its opening there is no pace to fall behind.
    """
    seats, gathering = dict.fromkeys(range(90), 30.0), replace(PROBLEM, opens_s=80.0)
    assert "seats_idle" not in {one.name for one in findings_of(Room(per_s=10.0).play(), forecast(), gathering, seats)}


def test_full_seats_are_no_idle_ones() -> None:
    """
    Where all seats are held, fewer are let in, and rightly so.
    """
    assert "seats_idle" not in found(Room(per_s=10.0), dict.fromkeys(range(90), 400.0))


@pytest.mark.parametrize(
    ("slow", "joins", "named"),
    [(6, 100, True), (5, 100, False), (19, 19, False)],
    ids=["one in sixteen", "one in twenty", "too few to tell"],
)
def test_joins_that_take_long_are_named(slow: int, joins: int, named: bool) -> None:
    """
    By what one in twenty takes longer than, where there are enough to tell.
    """
    took_ms = [*[1500.0] * slow, *[5.0] * (joins - slow)]
    measures = replace(sound(), room={"join": Histogram.of(took_ms)})
    names = {one.name for one in findings_of(measures, forecast(), PROBLEM)}
    assert names == ({"slow_joins"} if named else {"as_predicted"})


@pytest.mark.parametrize("name", sorted(SAYINGS))
def test_each_finding_is_said_in_both_languages_with_the_same_figures(name: str) -> None:
    """
    What is told in one is told in the other.
    """
    figures = {lang: {part.split("}")[0] for part in text.split("{")[1:]} for lang, text in SAYINGS[name].items()}
    assert set(figures) == {"en", "pl"}
    assert figures["en"] == figures["pl"]
