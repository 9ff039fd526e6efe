"""
The commands `waiting-room rehearse` and `waiting-room demo`.
"""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf, isfinite
from pathlib import Path
from typing import Any

import click

from loadtests.demo import CROWD_SEATS, SEATS, Stage, run_demo
from loadtests.processes import Interrupts, ProcessError
from loadtests.rehearsal import Options, Rehearsal
from loadtests.rehearsal_progress import Progress
from loadtests.rehearsal_sizing import FULL, QUICK
from loadtests.rehearsal_table import summary
from loadtests.rehearsal_target import Target, TargetRehearsal, target_faults
from waiting_room.errors import Fault

USAGE = 2
HELP = {"help_option_names": ["-h", "--help"]}
"""As the group has it: click keeps the first help option it makes, whichever way the command was reached."""
DEFAULT_OUT = "rehearsal"


class OptionsError(click.ClickException):
    """
    Refuse a command line, with everything that is wrong with it.
    """

    exit_code = USAGE

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__("\n".join(("this command line does not work:", *(f"  {fault}" for fault in faults))))


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
    faults = [*_folder_faults(out), *_locust_faults()]
    seed = _whole("--seed", given["seed"], faults)
    target = _target(given, faults)
    if faults:
        raise OptionsError(faults)
    return Asked(out, seed, target)


def _target(given: Mapping[str, Any], faults: list[Fault]) -> Target | None:
    url, room_url, capacity = given["target"], given["room_url"], None
    if given["capacity"] is not None:
        capacity = _number("--capacity", given["capacity"], faults)
    if url is None:
        for option in ("capacity", "measure_capacity", "room_url", "allow_host"):
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
    return Target(url, capacity, room_url)


def _whole(option: str, text: str, faults: list[Fault]) -> int:
    try:
        return int(text)
    except ValueError:
        faults.append(Fault(option, f"{text!r} is no whole number", "for example 1"))
        return 0


def _number(option: str, text: str, faults: list[Fault]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not (isfinite(value) and value > 0):
        faults.append(Fault(option, f"{text!r} is no number of orders per second above 0", "for example 12.5"))
    return value


def progress() -> Progress:
    """
    Return how progress is shown on this standard error.
    """
    terminal = sys.stderr.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    in_place = terminal and os.environ.get("TERM") != "dumb"
    return Progress(sys.stderr, in_place=in_place, colour=colour, width=shutil.get_terminal_size().columns)


@click.command(context_settings=HELP)
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
def rehearse(**given: Any) -> None:
    """
    Rehearse a promotion: the same crowd without and with the waiting room.

    Starts a demo shop, a room and a store on this machine, measures what the shop can sell, sends several times as many
    shoppers, and writes report.html and rehearsal.json. Exit codes: 0 all limits held, 1 one did not, 2 usage,
    6 the rehearsal is invalid (the load generator could not keep up, or a program failed), 130 stopped.
    """
    asked = read_options(given)
    size = QUICK if given["quick"] else FULL
    options = Options(asked.out, size, asked.seed, _command_line())
    interrupts = Interrupts()
    with interrupts.installed():
        if asked.target is None:
            played = Rehearsal(options, progress(), interrupts)
        else:
            played = TargetRehearsal(options, progress(), interrupts, asked.target)
        result = played.run()
    click.echo(json.dumps(result, indent=2, ensure_ascii=False) if given["as_json"] else summary(result, asked.out))
    sys.exit(result["exit_code"])


@click.command(context_settings=HELP)
@click.option(
    "--out",
    default=f"{DEFAULT_OUT}/demo",
    metavar="DIR",
    show_default=True,
    help="Where logs and the shop's database go.",
)
@click.option("--seats", metavar="N", help=f"How many shoppers fit in at once: {SEATS}, with a crowd {CROWD_SEATS}.")
@click.option("--crowd", is_flag=True, help="Let made-up shoppers queue as well, so that there is a line to join.")
def demo(out: str, seats: str | None, crowd: bool) -> None:
    """
    Open the demo shop with a waiting room in front of it, and leave both running until Ctrl-C.
    """
    faults: list[Fault] = []
    usual = CROWD_SEATS if crowd else SEATS
    count = usual if seats is None else _whole("--seats", seats, faults)
    if not faults and count < 1:
        faults.append(Fault("--seats", f"{count} is too few", "at least 1"))
    faults.extend(_folder_faults(Path(out)))
    if crowd:
        faults.extend(_locust_faults())
    if faults:
        raise OptionsError(faults)
    click.echo("Starting the store, the room and the shop ...", err=True)
    interrupts = Interrupts()
    with interrupts.installed():
        try:
            run_demo(Stage(Path(out), count, crowd), interrupts, click.echo)
        except ProcessError as error:
            raise click.ClickException(str(error)) from None


def _folder_faults(out: Path) -> Iterator[Fault]:
    if out.exists() and not out.is_dir():
        yield Fault("--out", f"{out} is a file", "name a directory")


def _locust_faults() -> Iterator[Fault]:
    if find_spec("locust") is None:
        yield Fault("locust", "is not installed", "pip install 'waiting-room[loadtests]'")


def _command_line() -> str:
    return shlex.join(("waiting-room", *sys.argv[1:]))
