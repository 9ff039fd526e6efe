"""
Reading the scenario that a command was given, as its options change it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from loadtests.arrivals.rate import expected_count
from loadtests.cli.options import InvalidError, OptionsError, above_0
from loadtests.crowd.streams import rate_of
from loadtests.judging.criteria import NEEDS, criteria_faults
from loadtests.scenario.phases import PHASES
from loadtests.scenario.read import ScenarioError, read
from loadtests.scenario.spec import Scenario
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, PolicyError

MOST_FORECAST = 100_000_000
"""More people than any sale has; as many are forecast within some twenty seconds."""


def scenario_asked(source: str, given: Mapping[str, Any], faults: list[Fault], *, drawn: bool = True) -> Scenario:
    """
    Return the scenario as `--speed`, `--scale` and `--bigger` change it, as far as they are options of the command.

    Args:
        source: a preset's name, or a file.
        given: the options, as they were typed.
        faults: what was found wrong with other options.
        drawn: whether its people are drawn one by one, of whom there may be fewer than are forecast as a mean.

    Raises:
        OptionsError: with all faults of the options, or because they let nobody come, or more than can be drawn or
            forecast, or make the room bigger than a room can be.
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
    if wrong := (*_size_faults(scenario), *crowd_faults(scenario, drawn=drawn)):
        raise OptionsError(wrong)
    return scenario


def _size_faults(scenario: Scenario) -> Iterator[Fault]:
    try:
        Policy.parse(scenario.room)
    except PolicyError as error:
        yield from (replace(fault, where=f"--bigger: {fault.where}") for fault in error.faults)


def _demand_faults(scenario: Scenario | None, where: str) -> Iterator[Fault]:
    # What no run measures, whatever it is played against.
    if scenario is not None:
        yield from criteria_faults(scenario.criteria, PHASES, NEEDS, where)


def crowd_faults(scenario: Scenario, *, drawn: bool = True) -> Iterator[Fault]:
    """
    Yield a fault where the options leave not one person, or let more come than can be drawn one by one or forecast.
    """
    rate = rate_of(scenario.streams)
    count = expected_count(rate)
    if drawn:
        yield from rate.faults(scenario.name)
    elif not count <= MOST_FORECAST:
        what = f"asks for {count:.2g} shoppers, more than {MOST_FORECAST:,} that are forecast"
        yield Fault(scenario.name, what, "lower --scale or --bigger")
    if rate.length_s > 0 and count < 1:
        what = f"has {count:.2g} shoppers come within {rate.length_s:.2g} s, fewer than one"
        yield Fault(scenario.name, what, "lower --speed, or raise --scale")
