"""
Made-up runs and results for the tests of judging.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from loadtests.judging.facts import Played
from loadtests.measuring.cells import Cell, Result
from loadtests.measuring.histogram import Histogram
from tests.loadtests.rehearsal.crowd import played, sample


def cells(ms_by_s: dict[int, float], result: Result = Result.FINE) -> tuple[Cell, ...]:
    """
    Return ten requests in each of these seconds, each taking so long.
    """
    return tuple(
        Cell(t, "GET home", result, 10, Histogram.of([ms] * 10), Histogram.of([ms] * 10)) for t, ms in ms_by_s.items()
    )


def run(name: str = "with_room", **changes: Any) -> Played:
    """
    Return a run of the scenario, some of its measures changed.
    """
    found = _run(name)
    return replace(found, measures=replace(found.measures, **changes))


def result(**changes: Any) -> dict[str, Any]:
    """
    Return a whole result, some of its fields changed.
    """
    return {**_result(), **changes}


@cache
def _run(name: str) -> Played:
    return played(name)


@cache
def _result() -> dict[str, Any]:
    return sample()[0]
