"""
The command `waiting-room rehearse simulate`: a scenario played by the room's real engine, without a server.
"""

import json
import logging
import sys
from typing import Any

import click

from loadtests.cli.options import HELP, InvalidError, whole
from loadtests.cli.scenarios import scenario_asked
from loadtests.forecast.result import forecast_of
from loadtests.forecast.telling import beside
from loadtests.rehearsal.simulated import BrokenPromiseError, UnplayableError, simulated
from loadtests.scenario.spec import Scenario
from waiting_room.errors import Fault

MOST_WORKERS = 64


@click.command(context_settings=HELP)
@click.argument("scenario")
@click.option(
    "--seed", default="1", metavar="N", show_default=True, help="Which crowd; the same seed, the same people."
)
@click.option("--speed", metavar="N", help="How many times as fast the time line runs; otherwise the scenario's own.")
@click.option("--scale", metavar="N", help="How many times as many people come to the same room and shop.")
@click.option("--bigger", metavar="N", help="All of it N times as big: people, rate, seats and the shop.")
@click.option("--workers", default="1", metavar="N", show_default=True, help="How many processes the room has.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for machines.")
def simulate(scenario: str, *, as_json: bool, **given: Any) -> None:
    """
    Play a scenario without a server: the room's engine, on a moved clock.

    The people are those of a real run of the same seed, and come at the same moments, stay and shop as long. A crowd
    that no machine here could send is forecast by it; a small real run shows whether it is right. Exit codes: 0 fine,
    1 the engine broke a promise, 2 usage, 3 the scenario is invalid.
    """
    asked, seed, workers = _read(scenario, given)
    logging.getLogger("waiting_room").addHandler(logging.NullHandler())
    try:
        played = simulated(asked, seed, workers)
    except BrokenPromiseError as breach:
        click.echo(f"Error: {breach}", err=True)
        sys.exit(1)
    except UnplayableError as error:
        raise InvalidError(error.faults) from None
    forecast, figures = forecast_of(asked, seed), played.to_json(asked.length_s + asked.drain_s)
    if as_json:
        runs = {"simulated": figures | {"forecast": forecast.to_json()}}
        click.echo(json.dumps({"scenario": asked.name, "seed": seed, "runs": runs}, indent=2))
    else:
        click.echo(beside(asked, figures, forecast))


def _read(source: str, given: dict[str, Any]) -> tuple[Scenario, int, int]:
    faults: list[Fault] = []
    seed, workers = (whole(f"--{name}", given[name], faults) for name in ("seed", "workers"))
    if not faults and not 1 <= workers <= MOST_WORKERS:
        faults.append(Fault("--workers", f"{workers} is out of range", f"allowed are 1 to {MOST_WORKERS}"))
    return scenario_asked(source, given, faults), seed, workers
