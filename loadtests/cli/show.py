"""
The command `waiting-room rehearse show`: a scenario looked at before it is played.
"""

import json
import shutil
from typing import Any

import click

from loadtests.cli.options import HELP, whole
from loadtests.cli.scenarios import scenario_asked
from loadtests.scenario.outline import outline_of
from waiting_room.errors import Fault

WIDEST = 160


@click.command(context_settings=HELP)
@click.argument("scenario")
@click.option("--seed", default="1", metavar="N", show_default=True, help="Which crowd is drawn.")
@click.option("--speed", metavar="X", help="Compress its time line so many times, instead of as it says itself.")
@click.option("--scale", default="1", metavar="X", show_default=True, help="Let so many times as many shoppers come.")
@click.option("--json", "as_json", is_flag=True, help="Print it for machines.")
def show(scenario: str, seed: str, *, as_json: bool, **given: Any) -> None:
    """
    Show who comes when, before anything is played.

    SCENARIO is the name of a preset or a TOML file. Told are each stream, the shape of the whole against what the room
    lets in, and where the numbers come from.
    """
    faults: list[Fault] = []
    crowd = whole("--seed", seed, faults)
    played = scenario_asked(scenario, given, faults)
    outline = outline_of(played, crowd)
    if as_json:
        click.echo(json.dumps(outline.to_json(), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(outline.lines(min(WIDEST, shutil.get_terminal_size().columns))))
