"""
Read a scenario from its file, or from those that come with the package; every fault is told at once, with its place.
"""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from loadtests.scenario.parts import Reader
from loadtests.scenario.spec import Scenario
from loadtests.scenario.tables import scenario_of
from waiting_room.errors import Fault, FaultsError

PRESETS: Final = Path(__file__).parent / "presets"


class ScenarioError(FaultsError):
    """
    Refuse a scenario, with everything that is wrong in it.

    Args:
        faults: what is wrong.
        rest: what could be read, so that what it demands of a run can be looked at too; None where that is nothing.
    """

    def __init__(self, faults: tuple[Fault, ...], rest: Scenario | None = None) -> None:
        self.rest = rest
        super().__init__(faults)


def presets() -> tuple[str, ...]:
    """
    Return the names of the scenarios that come with the package.
    """
    return tuple(sorted(path.stem for path in PRESETS.glob("*.toml")))


def path_of(source: str | Path) -> Path:
    """
    Return where a scenario's text stands: *source* is a preset's name or the path of a file.

    Raises:
        ScenarioError: there is neither; similar names are suggested.
    """
    if str(source) in presets():
        return PRESETS / f"{source}.toml"
    path = Path(source)
    if path.is_file():
        return path
    near = get_close_matches(str(source), presets(), n=1)
    remedy = f"did you mean {near[0]}?" if near else f"presets are {', '.join(presets())}"
    raise ScenarioError((Fault(str(source), "is neither a file nor a preset", remedy),))


def read(source: str | Path) -> Scenario:
    """
    Return the scenario that *source*, the name of a preset or the path of a TOML file, describes.

    It is at its full length: a runner plays `scenario.faster()`, with its own speed or the one that was asked for.

    Raises:
        ScenarioError: unreadable, no TOML, unknown names, ill-typed or senseless values, contradictions: all of them.
    """
    path = path_of(source)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError((Fault(str(path), f"cannot be read: {error.strerror}", "check the rights"),)) from None
    except (ValueError, RecursionError) as error:  # no UTF-8 and no TOML are both ValueErrors
        raise ScenarioError((Fault(str(path), f"this is no TOML: {error}", "see https://toml.io"),)) from None
    reader = Reader(path)
    scenario = scenario_of(reader, document)
    if reader.faults:
        raise ScenarioError(tuple(reader.faults), scenario)
    return scenario
