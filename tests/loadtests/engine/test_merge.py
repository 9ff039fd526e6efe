"""
However a run is shared out among processes and merged again, it is the same run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from functools import cache, reduce
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.journeys.browser import Answer
from loadtests.measuring.cells import Result, due_within, summed
from loadtests.measuring.lines import Chorus, Line
from loadtests.measuring.measures import Measures, Outcome, Outcomes, Second
from loadtests.measuring.merge import MergeError, merge
from loadtests.measuring.recorder import Recorder, Unobserved
from loadtests.measuring.walks import Walked
from tests.loadtests.journeys.story import PLAN


class Deed(NamedTuple):
    """
    What one shopper did: one request, and what came of it.
    """

    arrival_s: float
    lag_s: float
    late_s: float
    took_s: float
    step: str
    result: Result
    status: int
    outcome: Outcome
    gained: str


seconds = st.floats(0, 20, allow_nan=False)
deeds = st.lists(
    st.builds(
        Deed,
        seconds,
        st.floats(0, 2),
        st.floats(0, 2),
        st.floats(0, 9),
        st.sampled_from(("GET home", "POST basket")),
        st.sampled_from(Result),
        st.sampled_from((0, 200, 503)),
        st.sampled_from(Outcome),
        st.sampled_from(("", "pass", "page")),
    ),
    max_size=12,
)


def noted(recorder: Recorder, crowd: Iterable[tuple[int, Deed]]) -> None:
    """
    Note what these shoppers did.
    """
    for i, deed in crowd:
        visit = recorder.arrived(
            i, deed.arrival_s, deed.arrival_s + deed.lag_s, "crowd", "forger" if deed.gained else "buyer"
        )
        recorder.walks.begin(visit.kind, lambda: Walked(shares={">home": 1.0}))
        recorder.walks.step(visit.kind, "", deed.step)
        sent_s = deed.arrival_s + deed.late_s
        answer = Answer(deed.status, sent_s, sent_s + deed.took_s)
        recorder.shop_answered(deed.step, deed.result, deed.arrival_s, answer)
        recorder.room_answered("join", answer, fine=deed.status == 200)
        if deed.gained:
            recorder.tried(visit)
            recorder.gained(visit, deed.gained)
        recorder.ended(visit, deed.outcome, sent_s + deed.took_s)
        recorder.problem(f"status {deed.status}")


def taken(recorder: Recorder, scheduled: int) -> Measures:
    """
    Return what the recorder has noted.
    """
    return recorder.take(started_at_ms=0, duration_s=30.0, scheduled=scheduled, cpu_share=0.1, interrupted=False)


def taken_down(crowd: Sequence[tuple[int, Deed]]) -> Measures:
    """
    Return the measures of a process that had these shoppers.
    """
    recorder = Recorder(PLAN, Unobserved())
    noted(recorder, crowd)
    return taken(recorder, len(crowd))


@given(deeds, st.integers(1, 4))
def test_one_result_however_many_workers(crowd: list[Deed], workers: int) -> None:
    """
    Shopper i with worker i mod n, and merged again: to the last count what one process would have measured.
    """
    numbered = list(enumerate(crowd))

    assert merge(taken_down(numbered[worker::workers]) for worker in range(workers)) == taken_down(numbered)


@given(deeds)
def test_merging_is_associative_and_in_any_order(crowd: list[Deed]) -> None:
    """
    Two by two from either end, or all at once: the same.
    """
    parts = [taken_down(list(enumerate(crowd))[worker::3]) for worker in range(3)]
    from_left = reduce(lambda one, other: merge([one, other]), parts)
    from_right = reduce(lambda one, other: merge([other, one]), reversed(parts))

    assert from_left == from_right == merge(parts) == merge(reversed(parts))


@given(deeds)
def test_merging_one_part_changes_nothing(crowd: list[Deed]) -> None:
    """
    A run of one process is its own merger.
    """
    alone = taken_down(list(enumerate(crowd)))

    assert merge([alone]) == alone


@given(deeds, st.integers(0, 12))
def test_what_is_taken_in_pieces_is_the_whole(crowd: list[Deed], piece: int) -> None:
    """
    A recorder that hands out what it has, forgets it and goes on, misses nothing and tells nothing twice.
    """
    numbered = list(enumerate(crowd))
    recorder = Recorder(PLAN, Unobserved())
    parts = []
    for those in (numbered[:piece], [], numbered[piece:]):
        noted(recorder, those)
        parts.append(taken(recorder, len(those)))

    assert merge(parts) == taken_down(numbered)


@given(deeds)
def test_cells_add_up_to_the_run(crowd: list[Deed]) -> None:
    """
    All requests stand in the cells, by the second for which they were meant.
    """
    measures = taken_down(list(enumerate(crowd)))

    assert summed(measures.cells).requests == len(crowd) == measures.shop_requests
    assert summed(due_within(measures.cells, 3, 7)).requests == sum(3 <= deed.arrival_s < 7 for deed in crowd)


@given(deeds)
def test_cells_over_the_overload_are_its_distribution(crowd: list[Deed]) -> None:
    """
    What is judged over a phase of whole seconds is the sum of its cells, on both clocks.
    """
    assert PLAN.overload_s is None
    measures = taken_down(list(enumerate(crowd)))
    whole = summed(measures.cells)

    assert (whole.latency, whole.service) == (measures.latency, measures.service)


DEED = Deed(1.0, 0.0, 0.5, 0.25, "GET home", Result.FINE, 200, Outcome.BOUGHT, "")


def test_two_clocks_of_a_request_differ_by_its_lateness() -> None:
    """
    A request sent half a second late that took a quarter: 250 ms of service, 750 ms from the intended moment.
    """
    [cell] = taken_down([(0, DEED)]).cells

    assert (cell.t, cell.step, cell.result) == (1, "GET home", Result.FINE)
    assert cell.service.percentile_ms(100) == pytest.approx(250)
    assert cell.latency.percentile_ms(100) == pytest.approx(750)


def test_what_the_bad_gained_is_told_by_kind() -> None:
    """
    Tries and gains stand in the shopper's record, and gains by kind and thing in the sums.
    """
    bad = DEED._replace(gained="pass")
    measures = merge([taken_down([(0, bad)]), taken_down([(1, bad._replace(gained="page"))]), taken_down([(2, DEED)])])

    assert measures.gains == {"forger": {"page": 1, "pass": 1}}
    assert [(shopper.tried, shopper.gained) for shopper in measures.shoppers] == [(1, 1), (1, 1), (0, 0)]


def test_busiest_process_counts() -> None:
    """
    Processor time is a share of one core, so that of several processes is not added up.
    """
    part = taken_down([(0, DEED)])
    busy = replace(part, generator_cpu_share=0.8, generator_cpu_peak=0.9, shoppers=())

    assert merge([part, busy]).generator_cpu_peak == 0.9
    assert merge([part, busy]).generator_cpu_share == 0.8


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ([], "no measures"),
        ([taken_down([(0, DEED)])] * 2, "a shopper stands in the measures of two"),
        ([taken_down([]), replace(taken_down([]), seed=99)], "different runs"),
        ([taken_down([]), replace(taken_down([]), started_at_ms=5)], "different runs"),
    ],
)
def test_what_is_no_part_of_one_run_is_refused(parts: list[Measures], what: str) -> None:
    """
    Merging measures that do not belong together is an error, and no number.
    """
    with pytest.raises(MergeError, match=what):
        merge(parts)


@cache
def line(t: int, arrivals: int = 1, lag_ms: float | None = 1.0) -> Line:
    """
    Return what a process tells at the end of second *t*.
    """
    second = Second(t, arrivals, 2, 1, None, None, 0, 3, 0, 0, 0.5)
    return Line("with_room", second, lag_ms, 1, Outcomes(bought=t))


def test_second_is_told_when_all_have_told_of_it() -> None:
    """
    The words of two processes become one, with the sums.
    """
    chorus = Chorus(2)

    assert list(chorus.heard(0, line(0))) == []
    [whole] = chorus.heard(1, line(0, 4, 7.5))
    assert (whole.second.t, whole.second.arrivals, whole.second.waiting) == (0, 5, 6)
    assert (whole.start_lag_p99_ms, whole.not_started) == (7.5, 2)


def test_who_has_ended_is_waited_for_no_longer() -> None:
    """
    The rest go on, and what the gone one counted stays counted.
    """
    chorus = Chorus(2)
    told = [*chorus.heard(0, line(0)), *chorus.heard(1, line(0)), *chorus.heard(0, line(1)), *chorus.ended(1)]

    assert [(whole.second.t, whole.second.waiting) for whole in told] == [(0, 6), (1, 3)]
    assert told[-1].not_started == 2


def test_skipped_second_holds_nobody_up() -> None:
    """
    A process that was too busy to tell of a second has told of it with the next.
    """
    chorus = Chorus(2)
    told = [*chorus.heard(0, line(0)), *chorus.heard(0, line(1)), *chorus.heard(1, line(1))]

    assert [whole.second.t for whole in told] == [0, 1]


def test_line_survives_json_and_shows_figures_without_the_distribution() -> None:
    """
    What is told on standard output is read back whole; people get the figures.
    """
    assert Line.from_json(line(3).to_json()) == line(3)
    assert {"t": 3, "run": "with_room", "waiting": 3}.items() <= line(3).figures().items()
    assert "latency" not in line(3).figures()
    assert line(3).figures()["outcomes"] == asdict(Outcomes(bought=3))
