"""
Made-up runs and results for the tests of judging.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from loadtests.arrivals.rate import Rate
from loadtests.crowd.streams import Stream
from loadtests.judging.facts import Played
from loadtests.measuring.cells import Cell, Result
from loadtests.measuring.histogram import Histogram
from loadtests.scenario.spec import Scenario
from tests.loadtests.rehearsal.crowd import played, sample

CROWD = Rate(((0.0, 5.0), (5.0, 5.0), (5.0, 45.0), (15.0, 45.0)))


def scenario(**changes: Any) -> Scenario:
    """
    Return the scenario of the made-up rehearsal's crowd.
    """
    usual: dict[str, Any] = {
        "name": "made-up",
        "says": {"en": "A crowd."},
        "streams": (Stream("crowd", CROWD),),
        "room": {"rate_per_minute": 600, "capacity": 60},
        "drain_s": 45.0,
    }
    return Scenario(**usual | changes)


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
    return replace(played(name), scenario=scenario())


@cache
def _result() -> dict[str, Any]:
    return sample()[0]
