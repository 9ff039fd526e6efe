"""
The command `waiting-room rehearse run`: a scenario played for real.
"""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from loadtests.cli.calibrate import known_calibration
from loadtests.cli.options import (
    DEFAULT_OUT,
    HEADER_FILE,
    HELP,
    InvalidError,
    OptionsError,
    above_0,
    command_line,
    folder_faults,
    header_file,
    locust_faults,
    number,
    whole,
)
from loadtests.cli.playing import played
from loadtests.cli.scenarios import crowd_faults
from loadtests.engine.ceiling import refusal, share_of
from loadtests.judging.criteria import criteria_faults
from loadtests.judging.facts import ShopCapacity
from loadtests.judging.live import LIVE
from loadtests.rehearsal.brief import Brief, brief_of_scenario
from loadtests.rehearsal.cleanup import clean_up_faults
from loadtests.rehearsal.demand import planned_spans
from loadtests.rehearsal.target import Target, target_faults
from loadtests.scenario.phases import PHASES
from loadtests.scenario.read import ScenarioError, path_of, read
from loadtests.scenario.spec import Scenario
from loadtests.scenario.tables import CLEAN_UP
from waiting_room.errors import Fault

UNKNOWN = ShopCapacity(0.0, 0.0, measured=False)
MOST_WORKERS = 64


@click.command(context_settings=HELP)
@click.argument("scenario", metavar="SCENARIO")
@click.option("--out", metavar="DIR", help=f"Where everything is written: {DEFAULT_OUT}/SCENARIO.")
@click.option(
    "--seed", default="1", metavar="N", show_default=True, help="Which crowd; the same seed, the same people."
)
@click.option("--speed", metavar="X", help="Play the time line X times as fast; the scenario's own speed otherwise.")
@click.option("--scale", default="1", metavar="X", show_default=True, help="Let X times as many come.")
@click.option(
    "--workers", default="1", metavar="N", show_default=True, help="How many processes the load generator has."
)
@click.option("--honest-only", is_flag=True, help="Leave out those who mean no good, to see what they cost the others.")
@click.option("--without-room", is_flag=True, help="Play the same crowd without the room first.")
@click.option("--abort", is_flag=True, help="End the run as soon as a criterion has failed for its grace.")
@click.option("--json", "as_json", is_flag=True, help="Print rehearsal.json instead of a table.")
@click.option("--target", metavar="URL", help="Play against this running shop instead of the demo shop.")
@click.option(
    "--room-url", metavar="URL", help="The waiting room in front of --target, such as https://…/waiting-room/NAME."
)
@click.option("--capacity", metavar="ORDERS_PER_S", help="What the shop can sell per second, where it is known.")
@click.option("--measure-capacity", is_flag=True, help="Measure it: this loads --target to its limit.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine that may be loaded.")
@HEADER_FILE
@click.option(
    "--max-error-ratio",
    metavar="SHARE",
    help="End the run against --target when more of its requests have failed for 10 s: 0.5.",
)
@click.option("--clean-up", metavar="HOOK", help="Called at the end to remove the orders: an address or a command.")
@click.option("--max-duration", default="3600", metavar="S", show_default=True, help="Refuse what would take longer.")
def run(scenario: str, **given: Any) -> None:
    """
    Play a scenario: a preset's name, or a TOML file.

    The demo shop, a room and a store are started for it, and the time line happens for real. Writes rehearsal.json,
    report.html, junit.xml, summary.md and the text of the scenario. Exit codes: 0 all limits held, 1 one did not,
    2 usage, 3 the scenario is invalid, 4 the store did not start, 6 the run is invalid (the load generator could not
    keep up, or a program failed), 130 stopped.
    """
    try:
        told, copy = read(scenario), copy_of(path_of(scenario), command_line())
    except ScenarioError as error:
        raise InvalidError((*error.faults, *_rest_faults(error.rest, given, scenario))) from None
    brief, target = read_run(told, given)
    if wrong := tuple(scenario_faults(brief.scenario(UNKNOWN), target, scenario)):
        raise InvalidError(wrong)
    sys.exit(played(replace(brief, copy=copy), target, as_json=given["as_json"]))


def copy_of(path: Path, command: str) -> str:
    """
    Return a scenario's text to be kept beside its results, with what it is in the first lines.
    """
    head = (
        f"The text of {path.absolute()}, as it stood when it was played by",
        f"  {command}",
        "What the options changed is not in it. Paths in it begin at its own folder, not here.",
    )
    plain = ("".join(each if each.isprintable() else " " for each in line) for line in head)
    return "".join(f"# {line}\n" for line in plain) + "\n" + path.read_text(encoding="utf-8")


def read_run(scenario: Scenario, given: Mapping[str, Any]) -> tuple[Brief, Target | None]:
    """
    Return what is to be played, and against what; raise `OptionsError` with every fault of the options.
    """
    faults: list[Fault] = []
    speed = scenario.speed if given["speed"] is None else above_0("--speed", given["speed"], faults)
    scale = above_0("--scale", given["scale"], faults)
    ready = scenario.faster(speed).scaled(scale)
    if given["honest_only"]:
        honest = ready.honest_only()
        ready = honest if honest.streams else ready
        if not honest.streams:
            what = f"leaves nobody: all who come in {ready.name} mean no good"
            faults.append(Fault("--honest-only", what, "leave it out"))
    if given["abort"]:
        ends = (replace(each, abort=True) if each.figure in LIVE else each for each in ready.criteria)
        ready = replace(ready, criteria=tuple(ends))
    out = Path(given["out"] or f"{DEFAULT_OUT}/{ready.name}")
    seed, workers = whole("--seed", given["seed"], faults), whole("--workers", given["workers"], faults)
    if not 1 <= workers <= MOST_WORKERS:
        faults.append(Fault("--workers", f"{workers} is not from 1 to {MOST_WORKERS}", "one for each free core"))
    faults += [*folder_faults(out), *locust_faults()]
    capacity = None if given["capacity"] is None else number("--capacity", given["capacity"], faults)
    target = _target(given, capacity, faults)
    hook = scenario.shop.get(CLEAN_UP, "") if given["clean_up"] is None else given["clean_up"]
    if hook or given["clean_up"] is not None:
        where = "--clean-up" if given["clean_up"] is not None else f"shop.{CLEAN_UP}"
        faults.extend(clean_up_faults(hook, where, given["allow_host"]))
    faults += crowd_faults(ready)
    lasts_s = (ready.length_s + ready.drain_s) * (2 if given["without_room"] else 1)
    before = len(faults)
    most_s = above_0("--max-duration", given["max_duration"], faults)
    if len(faults) == before and lasts_s > most_s:
        what = f"the runs may take {lasts_s:.0f} s, more than {most_s:g}"
        faults.append(Fault("--max-duration", what, "raise it, or --speed"))
    share = None
    if (calibration := known_calibration()) is not None and 1 <= workers <= MOST_WORKERS:
        tls = str(given["target"] or "").startswith("https:")
        share = share_of(ready.streams, calibration, workers=workers, tls=tls)
        faults += refusal(share, where=ready.name)
    if faults:
        raise OptionsError(faults)
    more = {
        "speed": speed,
        "scale": scale,
        "workers": workers,
        "ceiling_share": share,
        "capacity_per_s": capacity,
        "clean_up": hook,
    }
    without_room = given["without_room"]
    return brief_of_scenario(ready, out, seed, command_line(), without_room=without_room, **more), target


def _rest_faults(rest: Scenario | None, given: Mapping[str, Any], where: str) -> Iterator[Fault]:
    # What else is to be mended in a scenario that could be read in part; faults of the options come later.
    if rest is not None:
        target = _target(given, None if given["capacity"] is None else 1.0, [])
        yield from scenario_faults(rest, target, where, PHASES)


def scenario_faults(
    scenario: Scenario, target: Target | None, where: str, phases: Collection[str] | None = None
) -> Iterator[Fault]:
    """
    Yield what of a scenario cannot be played or measured where it is to be played; *phases* are those that a run of it
    will have, where they cannot be told from it.
    """
    foreign = target is not None
    if foreign and scenario.changes:
        what = f"{', '.join(sorted({change.do for change in scenario.changes}))} can be done to the demo shop only"
        yield Fault(f"{where}: changes", what, "play a scenario without them against a shop of yours")
    if foreign and scenario.pre_queue_s > 0:
        yield Fault(f"{where}: pre_queue_s", "a room of yours is opened by you", "leave it out, and open it by hand")
    if foreign and any(stream.invited for stream in scenario.streams):
        what = "the invitations of a room of yours are not made by a rehearsal"
        yield Fault(f"{where}: streams", what, "leave `invited` out against a shop of yours")
    if not foreign and not {"rate_per_minute", "capacity"} <= scenario.room.keys():
        yield Fault(f"{where}: room", "has no rate_per_minute or no capacity", "say how many are let in")
    has = {"room", "books", "capacity"}
    if target is not None:
        known = {"capacity"} if target.measures or target.capacity_per_s else set()
        has = known | ({"room"} if target.room_url else set())
    planned = {name for name, _, _ in planned_spans(scenario)} if phases is None else phases
    yield from criteria_faults(scenario.criteria, planned, has, where)


def _target(given: Mapping[str, Any], capacity: float | None, faults: list[Fault]) -> Target | None:
    url, room_url = given["target"], given["room_url"]
    if url is None:
        options = ("room_url", "measure_capacity", "allow_host", "header_file", "max_error_ratio")
        faults += [Fault(f"--{each.replace('_', '-')}", "goes with --target") for each in options if given[each]]
        return None
    faults.extend(target_faults(url, room_url, given["allow_host"]))
    if given["without_room"]:
        faults.append(Fault("--without-room", "goes with the demo shop", "leave --room-url out instead"))
    if given["measure_capacity"] and (capacity is not None or room_url):
        faults.append(Fault("--measure-capacity", "goes with neither --capacity nor --room-url", "leave one out"))
    budget = 0.5
    if given["max_error_ratio"] is not None:
        budget = above_0("--max-error-ratio", given["max_error_ratio"], faults)
        if budget > 1:
            faults.append(Fault("--max-error-ratio", f"{budget:g} is no share", "write 0.5 for one half"))
    secret = header_file(given["header_file"], faults)
    return Target(url, capacity, room_url, given["measure_capacity"], budget, given["allow_host"], secret)
