"""
The command `waiting-room rehearse compare`: two rehearsals held against each other.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from loadtests.cli.folders import rehearsal_of
from loadtests.cli.options import HELP, OptionsError, written
from loadtests.compare import difference, telling
from loadtests.compare.figures import Observed
from loadtests.compare.page import render
from loadtests.crowd.kinds import called
from loadtests.judging import gains
from loadtests.measuring.measures import Measures
from loadtests.report.language import CODES, language
from waiting_room.errors import Fault


@click.command(context_settings=HELP)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison for machines.")
@click.option("--html", metavar="FILE", help="Write it as a page as well, one file that opens offline.")
@click.option("--lang", type=click.Choice(CODES), default="en", show_default=True, help="The language of the words.")
def compare(a: str, b: str, *, as_json: bool, html: str | None, lang: str) -> None:
    """
    Say what differs between two rehearsals, A and B: by how much, and how sure that is.

    A and B are folders that `rehearse` has written. With the same seed and scenario the same shoppers came in both,
    and are held against each other one by one. Each difference is told with its interval; all intervals hold together
    in 98 of 100 comparisons. Where those who mean no good came to one of the two only (`rehearse run --honest-only`),
    it says what the others lost by them.
    """
    faults: list[Fault] = []
    ours, theirs = rehearsal_of(Path(a), faults), rehearsal_of(Path(b), faults)
    if faults:
        raise OptionsError(faults)
    found = difference.compare(ours[0], theirs[0], _observed(*ours), _observed(*theirs))
    say = language(lang)
    if html is not None:
        written("--html", Path(html), render(found, say, (a, b)))
    pairs = dict(_attacks(ours[1], theirs[1]))
    if as_json:
        told = {**found.to_json(), "losses": {name: _losses(*pair) for name, pair in pairs.items()}}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(telling.table(found, say))
    for pair in pairs.values():
        click.echo(gains.losses_in_words(gains.losses(*pair), lang))
        for kind, each in gains.losses_by_kind(*pair).items():
            who = called(kind, lang)
            click.echo(f"  {gains.losses_in_words(each, lang, who[:1].upper() + who[1:])}")


def _losses(attacked: Measures, quiet: Measures) -> dict[str, Any]:
    kinds = gains.losses_by_kind(attacked, quiet)
    by_kind = {kind: asdict(each) for kind, each in kinds.items()}
    return {**asdict(gains.losses(attacked, quiet)), "by_kind": by_kind}


def _attacks(
    ours: Mapping[str, Measures], theirs: Mapping[str, Measures]
) -> Iterator[tuple[str, tuple[Measures, Measures]]]:
    """
    Yield each run to which those who mean no good came in one of the two rehearsals only: with them, and without.
    """
    for name in ours.keys() & theirs.keys():
        runs = sorted((ours[name], theirs[name]), key=gains.has_villains)
        if gains.has_villains(runs[1]) and not gains.has_villains(runs[0]):
            yield name, (runs[1], runs[0])


def _observed(result: Mapping[str, Any], measures: Mapping[str, Measures]) -> dict[str, Observed]:
    return {name: Observed(result["runs"][name], measured) for name, measured in measures.items()}
