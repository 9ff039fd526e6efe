"""
Reading the scenario that a command was given, as its options change it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from loadtests.arrivals.rate import expected_count
from loadtests.cli.options import InvalidError, OptionsError, above_0
from loadtests.crowd.streams import rate_of
from loadtests.judging.criteria import NEEDS, criteria_faults
from loadtests.scenario.phases import PHASES
from loadtests.scenario.read import ScenarioError, read
from loadtests.scenario.spec import Scenario
from waiting_room.errors import Fault


def scenario_asked(source: str, given: Mapping[str, Any], faults: list[Fault], *, drawn: bool = True) -> Scenario:
    """
    Return the scenario as `--speed`, `--scale` and `--bigger` change it, as far as they are options of the command.

    Args:
        source: a preset's name, or a file.
        given: the options, as they were typed.
        faults: what was found wrong with other options.
        drawn: whether its people are drawn one by one, of whom there may be only so many.

    Raises:
        OptionsError: with all faults of the options, or because they let nobody come, or more than can be drawn.
        InvalidError: with all faults of the scenario.
    """
    speed = None if given["speed"] is None else above_0("--speed", given["speed"], faults)
    scale, bigger = (
        1.0 if given.get(name) is None else above_0(f"--{name}", given[name], faults) for name in ("scale", "bigger")
    )
    if faults:
        raise OptionsError(faults)
    try:
        whole = read(source)
    except ScenarioError as error:
        raise InvalidError((*error.faults, *_demand_faults(error.rest, source))) from None
    if unmeasured := tuple(_demand_faults(whole, source)):
        raise InvalidError(unmeasured)
    scenario = whole.faster(speed).scaled(scale).bigger(bigger)
    if wrong := tuple(crowd_faults(scenario, drawn=drawn)):
        raise OptionsError(wrong)
    return scenario


def _demand_faults(scenario: Scenario | None, where: str) -> Iterator[Fault]:
    # What no run measures, whatever it is played against.
    if scenario is not None:
        yield from criteria_faults(scenario.criteria, PHASES, NEEDS, where)


def crowd_faults(scenario: Scenario, *, drawn: bool = True) -> Iterator[Fault]:
    """
    Yield a fault where the options leave not one person, or let more come than can be drawn one by one.
    """
    rate = rate_of(scenario.streams)
    if drawn:
        yield from rate.faults(scenario.name)
    if rate.length_s > 0 and (count := expected_count(rate)) < 1:
        what = f"has {count:.2g} shoppers come within {rate.length_s:.2g} s, fewer than one"
        yield Fault(scenario.name, what, "lower --speed, or raise --scale")
