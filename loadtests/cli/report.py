"""
The command `waiting-room rehearse report`: the report of a rehearsal, rendered again.
"""

from pathlib import Path

import click

from loadtests.cli.folders import rehearsal_of
from loadtests.cli.options import HELP, OptionsError, written
from loadtests.report.language import CODES
from loadtests.report.page import render
from waiting_room.errors import Fault


@click.command(context_settings=HELP)
@click.argument("folder", metavar="DIR")
@click.option("--lang", type=click.Choice(CODES), default="en", show_default=True, help="The language of the report.")
def report(folder: str, lang: str) -> None:
    """
    Render the report of a rehearsal again, from what `rehearse` has written into DIR.

    Nothing is played: DIR/rehearsal.json and DIR/runs/*.measures.json become DIR/report.html, in the language asked
    for.
    """
    faults: list[Fault] = []
    result, measures = rehearsal_of(Path(folder), faults, partial=True)
    if faults:
        raise OptionsError(faults)
    path = Path(folder) / "report.html"
    written("DIR", path, render(result, measures, lang))
    click.echo(path)
