"""
The command `waiting-room rehearse`: a promotion rehearsed, and everything around it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from loadtests.cli.calibrate import calibrate
from loadtests.cli.capacity import capacity
from loadtests.cli.compare import compare
from loadtests.cli.options import (
    DEFAULT_OUT,
    HEADER_FILE,
    HELP,
    OptionsError,
    command_line,
    folder_faults,
    header_file,
    locust_faults,
    number,
    whole,
)
from loadtests.cli.playing import played
from loadtests.cli.predict import predict
from loadtests.cli.presets import presets
from loadtests.cli.report import report
from loadtests.cli.run import run
from loadtests.cli.show import show
from loadtests.cli.simulate import simulate
from loadtests.rehearsal.brief import brief_of_size
from loadtests.rehearsal.sizing import FULL, QUICK
from loadtests.rehearsal.target import Target, target_faults
from waiting_room.errors import Fault


@dataclass(frozen=True, slots=True)
class Asked:
    """
    The options of `rehearse` after they were read.
    """

    out: Path
    seed: int
    target: Target | None


def read_options(given: Mapping[str, Any]) -> Asked:
    """
    Return the options as values, or raise `OptionsError` with every fault at once.
    """
    out = Path(given["out"])
    faults = [*folder_faults(out), *locust_faults()]
    seed = whole("--seed", given["seed"], faults)
    target = _target(given, faults)
    if faults:
        raise OptionsError(faults)
    return Asked(out, seed, target)


def _target(given: Mapping[str, Any], faults: list[Fault]) -> Target | None:
    url, room_url, capacity = given["target"], given["room_url"], None
    if given["capacity"] is not None:
        capacity = number("--capacity", given["capacity"], faults)
    if url is None:
        for option in ("capacity", "measure_capacity", "room_url", "allow_host", "header_file"):
            if given[option]:
                name = f"--{option.replace('_', '-')}"
                faults.append(Fault(name, "goes with --target", "the demo shop is measured anyway"))
        return None
    faults.extend(target_faults(url, room_url, given["allow_host"]))
    if (given["capacity"] is None) != given["measure_capacity"]:
        what = "the shop's capacity must come from somewhere" if given["capacity"] is None else "contradicts --capacity"
        remedy = "give --capacity ORDERS_PER_S, or --measure-capacity to load it to its limit"
        faults.append(Fault("--measure-capacity", what, remedy))
    if room_url is not None and given["measure_capacity"]:
        what = "cannot be measured through a waiting room"
        faults.append(Fault("--measure-capacity", what, "measure without the room, then give --capacity"))
    secret, hosts = header_file(given["header_file"], faults), given["allow_host"]
    return Target(url, capacity, room_url, measures=given["measure_capacity"], hosts=hosts, header_file=secret)


@click.group(context_settings=HELP, invoke_without_command=True)
@click.option("--out", default=DEFAULT_OUT, metavar="DIR", show_default=True, help="Where everything is written.")
@click.option("--quick", is_flag=True, help="A shorter rehearsal, at most 90 s; the full one takes up to 5 minutes.")
@click.option(
    "--seed", default="1", metavar="N", show_default=True, help="Which crowd; the same seed, the same people."
)
@click.option("--json", "as_json", is_flag=True, help="Print rehearsal.json instead of a table.")
@click.option("--target", metavar="URL", help="Rehearse against this running shop instead of the demo shop.")
@click.option(
    "--room-url", metavar="URL", help="The waiting room in front of --target, such as https://…/waiting-room/NAME."
)
@click.option("--capacity", metavar="ORDERS_PER_S", help="What --target can sell per second.")
@click.option("--measure-capacity", is_flag=True, help="Measure it instead: this loads --target to its limit.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine that may be loaded.")
@HEADER_FILE
@click.pass_context
def rehearse(context: click.Context, /, **given: Any) -> None:
    """
    Rehearse a promotion: the same crowd without and with the waiting room.

    Starts a demo shop, a room and a store on this machine, measures what the shop can sell, sends several times as many
    shoppers, and writes report.html and rehearsal.json. Exit codes: 0 all limits held, 1 one did not, 2 usage,
    6 the rehearsal is invalid (the load generator could not keep up, or a program failed), 130 stopped.
    """
    if context.invoked_subcommand is not None:
        return
    asked = read_options(given)
    size = QUICK if given["quick"] else FULL
    brief = brief_of_size(size, asked.out, asked.seed, command_line())
    sys.exit(played(brief, asked.target, as_json=given["as_json"]))


rehearse.add_command(presets)
rehearse.add_command(show)
rehearse.add_command(predict)
rehearse.add_command(run)
rehearse.add_command(simulate)
rehearse.add_command(compare)
rehearse.add_command(capacity)
rehearse.add_command(report)
rehearse.add_command(calibrate)
