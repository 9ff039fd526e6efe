"""
``waiting-room simulate``: what a promotion would look like, and whether every promise holds.
"""

import json
import logging
import re
import shlex
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import click

from waiting_room.cli.options import json_option
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, FaultsError, PolicyError
from waiting_room.simulation import CALM, BreachError, People, Result, Scenario, simulate
from waiting_room.simulation.catalogue import EVERYTHING, SCENARIOS, judged, spike_of
from waiting_room.simulation.page import page
from waiting_room.simulation.words import duration, share, summary

MOST_SEEDS: Final = 100_000
_LANE: Final = re.compile(r"(?P<name>[^=]+)=(?P<share>\d*\.?\d+)(:(?P<weight>\d*\.?\d+))?", re.ASCII)
_GIVEN: Final = click.core.ParameterSource.COMMANDLINE


def catalogue_text() -> str:
    """
    Return the scenarios for the end of the help, a line for each.
    """
    width = max(map(len, SCENARIOS)) + 2
    return "\n".join(["\b", "Scenarios:", *(f"  {name:<{width}}{named.says}" for name, named in SCENARIOS.items())])


@click.command(name="simulate", epilog=catalogue_text())
@click.option("--visitors", metavar="N", default="10000", show_default=True, help="How many people come.")
@click.option("--capacity", metavar="N", default="200", show_default=True, help="How many may be inside at once.")
@click.option("--rate-per-minute", metavar="N", default="600", show_default=True, help="How many may go in per minute.")
@click.option("--spike-s", metavar="SECONDS", default="300", show_default=True, help="For how long people come.")
@click.option("--session-s", metavar="SECONDS", default="120", show_default=True, help="How long a visit lasts, mean.")
@click.option("--no-shows", metavar="SHARE", default="0.2", show_default=True, help="Who is called and never comes.")
@click.option("--leaving", metavar="SHARE", default="0.1", show_default=True, help="Who gives up, each minute.")
@click.option("--hidden", metavar="SHARE", default="0.1", show_default=True, help="Who has the page in a hidden tab.")
@click.option("--lanes", metavar="NAME=SHARE:WEIGHT,…", help="Lanes beside the standard one, such as loyal=0.2:3.")
@click.option("--workers", metavar="N", default="2", show_default=True, help="How many workers serve them.")
@click.option(
    "--scenario",
    metavar="NAME",
    default="spike",
    show_default=True,
    help="What happens besides: see below.",
)
@click.option(
    "--faults", is_flag=True, help="Skew clocks, kill workers, cut lines, lose replies, writes and the store."
)
@click.option(
    "--bulk/--no-bulk",
    default=None,
    help="Play the polls of one visitor in a hundred, the others in bulk; chosen from 50000 visitors on.",
)
@click.option("--seed", metavar="N", default="1", show_default=True, help="Which crowd; the same seed, the same run.")
@click.option(
    "--seeds", metavar="N", default="1", show_default=True, help="How many runs, with this seed and the next."
)
@click.option("--out", metavar="DIR", help="Write simulation.html, with curves, and simulation.json.")
@json_option
def simulation(out: str | None, as_json: bool, **given: Any) -> None:
    """
    Play a promotion without a server: the real engine, on a moved clock.

    Every promise is held at every step: seats, pace, order, places, positions. One that breaks ends the run with exit
    code 1, the seed and the step, and so do figures of the scenario that miss what it demands. The same options give
    the same result on every machine.
    """
    scenario, seeds = _read(given, out)
    logging.getLogger("waiting_room").addHandler(logging.NullHandler())
    results, breaches = _play(scenario, seeds)
    verdicts = [judged(given["scenario"], result) for result in results]
    shown = [verdict.as_dict() | result.as_dict() for verdict, result in zip(verdicts, results, strict=True)]
    if out is not None and results:
        _write(Path(out), results[0], shown)
    if as_json:
        broken = [{"seed": breach.seed, "step": breach.step, "promise": breach.promise} for breach in breaches]
        click.echo(json.dumps({"runs": shown, "breaches": broken}, indent=2))
    elif len(seeds) > 1:
        click.echo(_over_all(results, breaches))
    elif results:
        click.echo(summary(results[0], verdicts[0]))
    for breach in breaches:
        click.echo(f"Error: {breach}; again with: {_again(breach.seed)}", err=True)
    missed = [verdict for verdict in verdicts if verdict.verdict != "pass"]
    if missed and len(seeds) > 1:
        bad = [str(result.seed) for result, verdict in zip(results, verdicts, strict=True) if verdict in missed]
        click.echo(f"Error: {given['scenario']} misses what it demands with seed {', '.join(bad)}", err=True)
    sys.exit(1 if breaches or missed else 0)


def _play(scenario: Callable[[int], Scenario], seeds: Sequence[int]) -> tuple[list[Result], list[BreachError]]:
    results, breaches = list[Result](), list[BreachError]()
    for seed in seeds:
        try:
            results.append(simulate(scenario(seed)))
        except BreachError as breach:
            breaches.append(breach)
    return results, breaches


def _read(given: Mapping[str, Any], out: str | None) -> tuple[Callable[[int], Scenario], range]:
    """
    Return the scenario of each seed, and the seeds; or raise a usage error with all faults.
    """
    faults: list[Fault] = []

    def number(name: str, *, whole: bool = False) -> Any:
        return _number(f"--{name.replace('_', '-')}", given[name], whole, faults)

    shares, weights = _lanes(given["lanes"] or "", faults)
    settings = {name: number(name, whole=True) for name in ("capacity", "rate_per_minute")}
    settings |= {"lanes": {STANDARD_LANE: {}} | weights} if weights else {}
    people = People(
        no_shows=number("no_shows"),
        leaving_per_minute=number("leaving"),
        hidden=number("hidden"),
        doubles=0.05,
        lost_replies=0.01,
        session_s=number("session_s"),
        lanes=shares,
    )
    visitors, workers, first, count = (number(name, whole=True) for name in ("visitors", "workers", "seed", "seeds"))
    spike = spike_of(number("spike_s"))
    name = given["scenario"]
    if name not in SCENARIOS:
        faults.append(Fault("--scenario", f"{name!r} is none", f"use one of {', '.join(SCENARIOS)}"))
    if not 1 <= count <= MOST_SEEDS:
        faults.append(Fault("--seeds", f"{count} is out of range", f"allowed are 1 to {MOST_SEEDS:,}"))
    policy = _policy(settings, faults)
    trouble, bulk = EVERYTHING if given["faults"] else CALM, given["bulk"]

    def scenario(seed: int) -> Scenario:
        return SCENARIOS[name].make(
            Scenario(policy, visitors, seed, spike, people, trouble, workers=workers, bulk=bulk)
        )

    faults += _scenario_faults(Scenario(policy, visitors, first, spike, people, trouble, workers=workers, bulk=bulk))
    if not faults:
        faults += _faults_of_made(lambda: scenario(first))
    faults += [
        Fault(f"--{name.replace('_', '-')}", "lets nobody in", "give 1 or more: the simulation would not end")
        for name, value in settings.items()
        if name != "lanes" and value == 0
    ]
    if out is not None and not faults:
        faults += _folder_faults(Path(out))
    if faults:
        raise click.UsageError("\n  ".join(["this simulation does not work:", *map(str, faults)]))
    return scenario, range(first, first + count)


def _folder_faults(folder: Path) -> list[Fault]:
    """
    Return why nothing can be written into *folder*, which is made if it can be: no run shall be lost for that.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return []
    except OSError as error:
        return [Fault("--out", f"{folder} takes no file ({error.strerror})", "name a directory that you may write to")]


def _lanes(text: str, faults: list[Fault]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """
    Return the share of all in each lane, and each lane's settings.
    """
    shares, weights = dict[str, float](), dict[str, dict[str, float]]()
    for part in filter(None, text.split(",")):
        found = _LANE.fullmatch(part)
        if found is not None and found["name"] in shares:
            faults.append(Fault("--lanes", f"{found['name']} is named twice", "give each lane once"))
        elif found is None:
            faults.append(Fault("--lanes", f"{part!r} is no lane", "write NAME=SHARE:WEIGHT, such as loyal=0.2:3"))
        else:
            shares[found["name"]] = float(found["share"])
            weights[found["name"]] = {"weight": float(found["weight"] or 1)}
    return shares, weights


def _policy(settings: Mapping[str, Any], faults: list[Fault]) -> Policy:
    try:
        return Policy.parse(settings, "-")
    except PolicyError as error:
        faults += [
            Fault(fault.where.replace("-.", "--").replace("_", "-"), fault.what, fault.remedy) for fault in error.faults
        ]
        return Policy()


def _faults_of_made(make: Callable[[], Scenario]) -> list[Fault]:
    """
    Return what the scenario of a name finds wrong with the options, each of which is right by itself.
    """
    try:
        return _scenario_faults(make())
    except FaultsError as error:
        return [Fault(f"--{fault.where.replace('_', '-')}", fault.what, fault.remedy) for fault in error.faults]


def _scenario_faults(scenario: Scenario) -> list[Fault]:
    return [Fault(f"--{fault.where.replace('_', '-')}", fault.what, fault.remedy) for fault in scenario.faults_found()]


def _number(option: str, text: str, whole: bool, faults: list[Fault]) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = float("nan")
    if isfinite(value):
        return value
    faults.append(Fault(option, f"{text!r} is no {'whole ' if whole else ''}number", "for example 1"))
    return 1


def _over_all(results: Sequence[Result], breaches: Sequence[BreachError]) -> str:
    """
    Return several runs in a few lines: the median of each figure, and the ends of its range.
    """

    def line(name: str, key: str, form: Callable[[float], str]) -> str:
        values = [value for result in results if (value := getattr(result, key)) is not None]
        if not values:
            return f"  {name:<34}not measured"
        ends = f"{form(min(values))} to {form(max(values))}"
        return f"  {name:<34}{form(statistics.median(values))} ({ends})"

    return "\n".join(
        [
            f"{len(results) + len(breaches)} runs, {len(breaches)} with a broken promise; the median, and the range:",
            "",
            line("let in", "admitted", "{:,.0f}".format),
            line("gave up waiting", "left", "{:,.0f}".format),
            line("half of those let in waited at most", "wait_p50_s", duration),
            line("19 of 20 waited at most", "wait_p95_s", duration),
            line("seats in use while people waited", "seat_use", share),
            line("the time shown was right for", "eta_coverage", share),
            line("order of calls (Kendall's tau)", "tau_called", "{:.4f}".format),
            line("most polls in a second", "polls_per_s_peak", "{:,.0f}".format),
        ]
    )


def _write(folder: Path, first: Result, runs: Sequence[Mapping[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulation.html").write_text(page(first), encoding="utf-8")
    series = {name: list(values) for name, values in first.series.items()}
    (folder / "simulation.json").write_text(json.dumps({"runs": runs, "series": series}), encoding="utf-8")


def _again(seed: int) -> str:
    """
    Return the command that plays one run of those asked for.
    """
    context = click.get_current_context()
    words = ["waiting-room", "simulate"]
    for option in context.command.params:
        name = str(option.name)
        if name in {"seed", "seeds", "out", "as_json"} or context.get_parameter_source(name) is not _GIVEN:
            continue
        value = context.params[name]
        words += [option.secondary_opts[0] if value is False else option.opts[0]]
        words += [] if isinstance(value, bool) else [value]
    return shlex.join([*words, "--seed", str(seed)])
