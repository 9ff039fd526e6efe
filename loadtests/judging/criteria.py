"""
The criteria of a scenario: checked before anything starts, and set as limits to its run. Pure.
"""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from loadtests.judging.figures import FIGURES
from loadtests.judging.live import LIVE
from loadtests.judging.thresholds import Threshold
from loadtests.scenario.spec import Criterion
from waiting_room.errors import Fault

_WITHOUT: Final = {
    "room": "a waiting room is needed for it: name one with --room-url",
    "books": "the shop's database cannot be read from here: leave the criterion out",
    "capacity": "give --capacity ORDERS_PER_S, or --measure-capacity",
}
NEEDS: Final = frozenset(_WITHOUT)
"""All that a figure may be measured by."""


def criteria_faults(
    criteria: Iterable[Criterion], phases: Collection[str], has: Collection[str], where: str
) -> Iterator[Fault]:
    """
    Yield what cannot be measured of what the criteria demand, so that nothing is found out only after the run.

    Args:
        criteria: the criteria.
        phases: the phases that the run will have.
        has: what there is to measure by: `room`, `books`, `capacity`.
        where: what to call the scenario.
    """
    for criterion in criteria:
        place = f"{where}: criterion {criterion.name!r}"
        figure = FIGURES.get(criterion.figure)
        if figure is None:
            yield Fault(f"{place}: figure", f"{criterion.figure!r} is not measured", _near(criterion.figure, FIGURES))
            continue
        if figure.needs and figure.needs not in has:
            yield Fault(f"{place}: figure", f"{criterion.figure} cannot be measured here", _WITHOUT[figure.needs])
        if criterion.phase and not figure.by_phase:
            what = f"{criterion.figure} is known for the whole run only"
            yield Fault(f"{place}: phase", what, "leave the phase out")
        elif criterion.phase and criterion.phase not in phases:
            what = f"this run will have no {criterion.phase!r}"
            yield Fault(f"{place}: phase", what, _near(criterion.phase, phases))
        if criterion.abort and criterion.figure not in LIVE:
            what = f"{criterion.figure} is known after the run only"
            yield Fault(f"{place}: abort", what, f"those that can end a run are {', '.join(sorted(LIVE))}")


def thresholds_of(criteria: Iterable[Criterion], run: str) -> tuple[Threshold, ...]:
    """
    Return the limits that the criteria set to a run.
    """
    return tuple(
        Threshold(
            name=criterion.name,
            run=run,
            field=criterion.figure,
            comparator=criterion.comparator,
            limit=criterion.limit,
            why=criterion.why,
            why_pl=criterion.why_pl,
            phase=criterion.phase,
        )
        for criterion in criteria
    )


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
