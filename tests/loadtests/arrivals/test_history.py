"""
A spike that was is read from a shop's own records, measured, and repeated.
"""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.flash import FlashEvent
from loadtests.arrivals.history import History, shape_of
from loadtests.arrivals.rate import draw_arrivals, expected_count, rate_at
from loadtests.arrivals.records import RecordsError, history_of_counts, history_of_log

EVENT = FlashEvent(base_per_s=2, shock=20, rise_s=300, hold_s=400, half_life_s=500, calm_s=1200, tail_s=1500)


def counts_of(event: FlashEvent, every_s: int, seed: int | None = None) -> tuple[int, ...]:
    """
    Return how many come in each interval: drawn, or the rounded means.
    """
    rate = event.rate()
    edges = range(0, int(rate.length_s), every_s)
    if seed is None:
        return tuple(round(expected_count(rate, at_s + every_s) - expected_count(rate, at_s)) for at_s in edges)
    drawn = Counter(int(at_s // every_s) for at_s in draw_arrivals(rate, seed))
    return tuple(drawn[place] for place in range(len(edges)))


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_shape_of_a_flash_event_is_found_again(seed: int | None) -> None:
    """
    From its counts per half minute, with or without the luck of a day.
    """
    counts = counts_of(EVENT, 30, seed)
    event = shape_of(counts, 30).event(len(counts) * 30)

    assert event.base_per_s == pytest.approx(2, rel=0.15)
    assert event.shock == pytest.approx(20, rel=0.15)
    assert event.rise_s == pytest.approx(300, rel=0.15)
    assert event.hold_s == pytest.approx(400, rel=0.15)
    assert event.half_life_s == pytest.approx(500, rel=0.15)
    assert event.calm_s == pytest.approx(1200, abs=60)


def test_as_many_come_again_as_came() -> None:
    """
    The fitted spike has the crowd of the real one, and the scale multiplies it.
    """
    counts = counts_of(EVENT, 60, 3)

    assert expected_count(History(counts, 60).rate()) == pytest.approx(sum(counts), rel=0.05)
    assert expected_count(History(counts, 60, scale=0.1).rate()) == pytest.approx(0.1 * sum(counts), rel=0.05)


@given(st.lists(st.integers(0, 500), min_size=5, max_size=40).filter(any), st.sampled_from([1.0, 60.0]))
def test_whatever_is_counted_can_be_repeated_or_is_refused(counts: list[int], every_s: float) -> None:
    """
    Counts of any shape give a sound rate, or a fault with a sentence.
    """
    fitted = History(tuple(counts), every_s)

    assert fitted.faults() or fitted.rate().faults() == ()
    assert fitted.says() or fitted.faults()
    exact = History(tuple(counts), every_s, fitted=False)
    assert expected_count(exact.rate()) == pytest.approx(sum(counts))


def test_counts_are_repeated_as_they_were() -> None:
    """
    Without a fit, each interval has its own level.
    """
    rate = History((6, 12, 60, 0, 6), 60, scale=2, fitted=False).rate()

    assert [round(rate_at(rate, at_s), 3) for at_s in (30, 90, 150, 210, 270)] == [0.2, 0.4, 2, 0, 0.2]


@pytest.mark.parametrize(
    ("history", "where"),
    [
        (History((1, 2, 3), 60), "model"),
        (History((0,) * 10, 60), "model"),
        (History((50, 51, 49, 50, 52, 50), 60), "model.fitted"),
    ],
)
def test_what_is_no_spike_is_refused(history: History, where: str) -> None:
    """
    Too little, nobody, and an ordinary day.
    """
    assert [fault.where for fault in history.faults()] == [where]


def log_line(second: int, host: str = "10.0.0.1", agent: str | None = "Firefox") -> str:
    """
    Return a line of an access log, in the combined format or (without an agent) the common one.
    """
    tail = "" if agent is None else f' "https://shop.example/" "{agent}"'
    at = f"{13 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f'{host} - - [10/Oct/2026:{at} +0200] "GET /a?b=\\"c HTTP/1.1" 200 2326{tail}\n'


def test_a_visit_counts_once() -> None:
    """
    Pictures of a page, and pages within half an hour, are one visit; after that it is another.
    """
    lines = [log_line(0), log_line(1), log_line(70), log_line(1800), log_line(1800 + 1801)]

    history = history_of_log(lines, "access.log")

    assert (history.counts[0], history.counts[60], sum(history.counts)) == (1, 1, 2)


@pytest.mark.parametrize(("agents", "people"), [(("Firefox", "Chrome"), 2), ((None, None), 1)])
def test_people_are_told_apart_by_address_and_program(agents: tuple[str | None, ...], people: int) -> None:
    """
    The common format has the address alone.
    """
    lines = [log_line(0, agent=agent) for agent in agents]

    assert sum(history_of_log(lines, "access.log").counts) == people


def test_a_few_strange_lines_are_left_out_and_many_are_refused() -> None:
    """
    Logs hold garbage that visitors sent; another format is no log of ours.
    """
    assert sum(history_of_log([log_line(0), "\x16\x03\x01", "\n"], "access.log").counts) == 1
    with pytest.raises(RecordsError, match="2 of 3 lines"):
        history_of_log([log_line(0), "{}", "{}"], "access.log")


def test_a_log_gives_the_shape_of_its_spike() -> None:
    """
    Everybody who comes asks for three things, and the spike is found as if nobody did.
    """
    draw = random.Random(1)
    event = FlashEvent(base_per_s=0.2, shock=30, rise_s=200, hold_s=300, half_life_s=300, calm_s=900, tail_s=900)
    asked = sorted(
        (at_s + draw.uniform(0, 90), f"10.{i // 250}.{i % 250}.1")
        for i, at_s in enumerate(draw_arrivals(event.rate(), 4))
        for _ in range(3)
    )
    shape = history_of_log((log_line(int(at_s), host) for at_s, host in asked), "access.log").shape()

    assert shape.shock == pytest.approx(30, rel=0.25)
    assert shape.half_life_s == pytest.approx(300, rel=0.25)


@pytest.mark.parametrize(
    "lines",
    [
        ["1", "2", "3"],
        ["count", "1", "2", "3"],
        ["time,people", "2026-11-27T08:00,1", "2026-11-27T08:01,2", "2026-11-27T08:02,3"],
        ["0;1", "60;2", "120;3", ""],
        ["\ufeff0\t1", "120\t3", "60\t2"],
    ],
)
def test_tables_of_several_kinds_say_the_same(lines: list[str]) -> None:
    """
    With and without head, instants, and order.
    """
    assert history_of_counts(lines, "counts.csv") == History((1, 2, 3), 60)


def test_gaps_in_a_table_are_nobody() -> None:
    """
    Minutes in which nobody came are often left out.
    """
    assert history_of_counts(["0,4", "60,5", "240,6"], "counts.csv").counts == (4, 5, 0, 0, 6)


def test_each_bad_line_of_a_table_is_told() -> None:
    """
    By its number.
    """
    with pytest.raises(RecordsError) as error:
        history_of_counts(["time,count", "0,1", "x,2", "120,many", "1,2,3"], "counts.csv")

    assert [fault.where for fault in error.value.faults] == ["counts.csv:3", "counts.csv:4", "counts.csv:5"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["0,1", "0,2"], "several counts"),
        (["0,1", "2"], "on some lines only"),
        (["0,1", "1,1", "1e9,1"], "intervals of 1 s"),
    ],
)
def test_a_senseless_table_is_refused(lines: list[str], said: str) -> None:
    """
    With what is wrong.
    """
    with pytest.raises(RecordsError, match=said):
        history_of_counts(lines, "counts.csv")
