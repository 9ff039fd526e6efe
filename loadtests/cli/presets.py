"""
The command `waiting-room rehearse presets`: the scenarios that come with the package.
"""

import json

import click

from loadtests.cli.options import HELP
from loadtests.scenario.outline import outline_of
from loadtests.scenario.read import presets as names
from loadtests.scenario.read import read


@click.command(context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print a list for machines.")
def presets(as_json: bool) -> None:
    """
    List the scenarios that come with the package; `rehearse show NAME` tells more of one.
    """
    outlines = [outline_of(read(name).faster()) for name in names()]
    if as_json:
        keys = ("name", "says", "length_s", "drain_s", "expected", "peak_per_s", "room_per_s")
        told = [{key: outline.to_json()[key] for key in keys} for outline in outlines]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    width = max(len(outline.name) for outline in outlines)
    for outline in outlines:
        size = (
            f"{outline.expected:,.0f} shoppers in {outline.length_s:.0f} s, at most {outline.peak_per_s:.0f} a second"
        )
        click.echo(f"{outline.name:<{width}}  {outline.says['en']}")
        click.echo(f"{'':<{width}}  {size}")
