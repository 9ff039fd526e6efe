"""
Reading the scenario that a command was given, as its options change it.
"""

from collections.abc import Mapping
from typing import Any

from loadtests.cli.options import InvalidError, OptionsError, above_0
from loadtests.crowd.streams import rate_of
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
        OptionsError: with all faults of the options, or because they let more people come than can be drawn.
        InvalidError: with all faults of the scenario.
    """
    speed = None if given["speed"] is None else above_0("--speed", given["speed"], faults)
    scale, bigger = (
        1.0 if given.get(name) is None else above_0(f"--{name}", given[name], faults) for name in ("scale", "bigger")
    )
    if faults:
        raise OptionsError(faults)
    try:
        scenario = read(source).faster(speed).scaled(scale).bigger(bigger)
    except ScenarioError as error:
        raise InvalidError(error.faults) from None
    if drawn and (too_many := rate_of(scenario.streams).faults(scenario.name)):
        raise OptionsError(too_many)
    return scenario
