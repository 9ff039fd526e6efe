"""
The command `waiting-room rehearse predict`: how long people will wait, before anything is run.
"""

import json
import shutil
from typing import Any

import click

from loadtests.cli.options import HELP, above_0, whole
from loadtests.cli.scenarios import scenario_asked
from loadtests.forecast.inverse import Target, answer
from loadtests.forecast.problem import Problem, problem_of
from loadtests.forecast.result import Forecast, forecast, unsure_of
from loadtests.forecast.telling import told
from loadtests.scenario.spec import Scenario
from waiting_room.errors import Fault


@click.command(context_settings=HELP)
@click.argument("scenario")
@click.option("--target-wait", metavar="SECONDS", help="Also tell what it takes that nobody waits longer.")
@click.option("--target-abandoned", metavar="SHARE", help="Also tell what it takes that no more lose patience.")
@click.option("--seed", metavar="N", help="The crowd of this seed, as a run has it; otherwise the mean of all crowds.")
@click.option("--speed", metavar="N", help="How many times as fast the time line runs; otherwise the scenario's own.")
@click.option("--scale", metavar="N", help="How many times as many people come to the same room and shop.")
@click.option("--bigger", metavar="N", help="All of it N times as big: people, rate, seats and the shop.")
@click.option("--json", "as_json", is_flag=True, help="Print the forecast for machines.")
def predict(scenario: str, *, as_json: bool, **given: Any) -> None:
    """
    Forecast a rehearsal at once: the longest wait, who loses patience, the line.

    SCENARIO is the name of a preset or a file. The forecast is the differential equation of a queue whose people lose
    patience. Its band is 5 % and what chance does to so many people; a run whose figures lie outside has found
    something.
    """
    asked, seed, targets = _read(scenario, given)
    problem, unsure = problem_of(asked, seed), unsure_of(asked) if seed is None else {}

    def forecast_for(found: Problem) -> Forecast:
        return forecast(found, unsure, None, by_chance=seed is None)

    course = forecast_for(problem)
    sent = frozenset(stream.name for stream in asked.streams if stream.model == "blast")
    answers = tuple(answer(problem, target, sent, forecast_for) for target in targets)
    if as_json:
        found = {"scenario": asked.name, "seed": seed, "forecast": course.to_json()}
        click.echo(json.dumps(found | {"answers": [each.to_json() for each in answers]}, indent=2))
    else:
        click.echo(told(asked, course, answers, min(100, shutil.get_terminal_size().columns)))


def _read(source: str, given: dict[str, Any]) -> tuple[Scenario, int | None, list[Target]]:
    faults: list[Fault] = []
    seed = None if given["seed"] is None else whole("--seed", given["seed"], faults)
    targets = []
    if given["target_wait"] is not None:
        targets.append(Target("wait", above_0("--target-wait", given["target_wait"], faults)))
    if given["target_abandoned"] is not None:
        targets.append(Target("abandoned", above_0("--target-abandoned", given["target_abandoned"], faults, most=1)))
    return scenario_asked(source, given, faults, drawn=seed is not None), seed, targets
