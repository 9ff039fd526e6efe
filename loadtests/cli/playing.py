"""
What the commands that play a rehearsal share: play it, print what came of it, and say with which exit code to end.
"""

import json

import click

from loadtests.cli.options import occupied, progress
from loadtests.rehearsal.brief import Brief
from loadtests.rehearsal.play import Rehearsal
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.table import summary
from loadtests.rehearsal.target import Target, TargetRehearsal


def played(brief: Brief, target: Target | None, *, as_json: bool) -> int:
    """
    Return the exit code of a rehearsal against the demo shop, or against a running one, after its result was printed.
    """
    interrupts = Interrupts()
    with occupied(brief.out), interrupts.installed():
        if target is None:
            rehearsal = Rehearsal(brief, progress(), interrupts)
        else:
            rehearsal = TargetRehearsal(brief, progress(), interrupts, target)
        result = rehearsal.run()
    click.echo(json.dumps(result, indent=2, ensure_ascii=False) if as_json else summary(result, brief.out))
    return int(result["exit_code"])
