"""
A spike that was is read from a shop's own records, measured, and repeated.
"""

import random
from collections import Counter
from dataclasses import replace

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
    history = history_of_log([log_line(0), "\x16\x03\x01", "\n"], "access.log")

    assert (sum(history.counts), history.left_out) == (1, 1)
    assert replace(history, fitted=False).says().endswith("; unreadable lines left out: 1")
    with pytest.raises(RecordsError, match="2 of 3 lines"):
        history_of_log([log_line(0), "{}", "{}"], "access.log")


ODD_IN_A_LOG = (
    ("10/Oct", "32/Oct"),
    ("10/Oct", "10/Okt"),
    ("+0200", "+9999"),
    ("2026", "0000"),
    (":00 ", ":99 "),
    ("200", "-"),
)


@given(st.lists(st.tuples(st.integers(0, 7200), st.sampled_from([*ODD_IN_A_LOG, None, None, None, None])), max_size=12))
def test_each_line_of_a_log_is_somebody_or_left_out_or_the_log_is_refused(
    asked: list[tuple[int, tuple[str, str] | None]],
) -> None:
    """
    In any order, with days that no month has and months of another language.
    """
    lines = [
        log_line(second, f"10.0.{place // 250}.{place % 250}").replace(*odd or ("", ""), 1)
        for place, (second, odd) in enumerate(asked)
    ]
    try:
        history = history_of_log(lines, "access.log")
    except RecordsError:
        return

    assert sum(history.counts) + history.left_out == len(lines)


def test_logs_of_two_servers_one_after_the_other_count_each_visit_once() -> None:
    """
    Whoever asked both within half an hour has come once, and who came in the morning and at noon has come twice.
    """
    morning, noon = (log_line(second) for second in (0, 7200))

    assert sum(history_of_log([noon, morning, log_line(7201), log_line(1)], "access.log").counts) == 2


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


INSTANTS = ("0", "60", "120", "120.0", "180", "240", "121", "90", "nan", "inf", "-1e308", "1791000000000", "-60", "x")
MINUTES = ("2026-10-25T10:00", "2026-10-25 10:01", "2026-10-25T10:00Z", "2026-10-25T10:02+02:00", "0001-01-01+23:59")
COUNTS = ("0", "5", "700", "007", "٣", "99999999999999999999", "9" * 5000, "1.5", "-3", "²")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(INSTANTS[:6]) | st.sampled_from((*INSTANTS, *MINUTES)),
            st.sampled_from(COUNTS[:3]) | st.sampled_from(COUNTS),
        ),
        min_size=1,
    )
)
def test_all_people_of_a_table_come_or_it_is_refused(rows: list[tuple[str, str]]) -> None:
    """
    Whatever stands where an instant or a count should.
    """
    try:
        history = history_of_counts([f"{instant},{people}" for instant, people in rows], "counts.csv")
    except RecordsError:
        return

    assert sum(history.counts) == sum(int(people) for _, people in rows)


def test_counts_of_one_instant_are_summed() -> None:
    """
    Two servers count for themselves.
    """
    lines = ["0,1", "60,2", "120,3", "0,10", "60,20", "120,30"]

    assert history_of_counts(lines, "counts.csv") == History((11, 22, 33), 60)


def test_what_is_no_head_is_no_head_on_the_first_line_either() -> None:
    """
    People of a first line with an odd instant would be lost.
    """
    with pytest.raises(RecordsError, match=r"counts\.csv:1: 'nan,7' has no instant"):
        history_of_counts(["nan,7", "60,1"], "counts.csv")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["0,5", "90,700", "150,900", "240,7", "300,7", "360,5"], r"csv:2: is 90 s .* no multiple of the usual 60 s"),
        (["0,90", "60,90", "61,90", "120,90", "180,90"], r"csv:3: is 61 s .* no multiple of the usual 60 s"),
        (['"1,234"', '"2,345"'], "csv:1: .* more than an instant and a count"),
        (["0,1", "1791000000000,2"], "csv:2: .* no instant"),
        (["2026-10-25T10:00,5", "2026-10-25T10:01Z,5"], "some lines with times of a zone and some with times without"),
        (["0,1", "2"], "some lines with no instant and some with seconds"),
        (["0,1", "1,1", "1e9,1"], "intervals of 1 s"),
    ],
)
def test_a_senseless_table_is_refused(lines: list[str], said: str) -> None:
    """
    With what is wrong.
    """
    with pytest.raises(RecordsError, match=said):
        history_of_counts(lines, "counts.csv")
