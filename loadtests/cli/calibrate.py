"""
The command `waiting-room rehearse calibrate`: what this machine can do as a load generator.
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from loadtests import documents
from loadtests.cli.options import HELP, InvalidError, OptionsError, locust_faults, made
from loadtests.documents import DocumentError
from loadtests.engine.ceiling import REFUSED_BEYOND, Calibration, Ceiling
from loadtests.rehearsal.calibrate import calibrate as measure
from loadtests.rehearsal.processes import Family, Interrupted, Interrupts, ProcessError
from waiting_room.errors import Fault

ABOUT_S = 25


def calibration_file() -> Path:
    """
    Return where this machine's calibration is kept, if it has one: in the user's cache.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "waiting-room" / "calibration.json"


def known_calibration(file: Path | None = None) -> Calibration | None:
    """
    Return this machine's calibration, or None where it was never measured.
    """
    kept = file or calibration_file()
    if not kept.exists():
        return None
    try:
        return documents.read(Calibration, kept)
    except DocumentError as error:
        raise InvalidError(error.faults) from None


@click.command(context_settings=HELP)
@click.option("--out", metavar="FILE", help="Where the result is kept: in the user's cache, where `run` looks for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for machines.")
def calibrate(out: str | None, as_json: bool) -> None:
    """
    Measure how many shoppers this machine can start, in 25 seconds; do nothing else on it meanwhile.

    A load generator beyond its ceiling comes late, and what it measures is worth nothing. `rehearse run` refuses a
    scenario that asks for more than 75 % of what was measured here. Exit codes: 0 measured, 2 usage, 130 stopped.
    """
    kept = Path(out) if out else calibration_file()
    faults = [*locust_faults()]
    if kept.is_dir():
        faults.append(Fault("--out", f"{kept} is a directory", "name a file"))
    if faults:
        raise OptionsError(faults)
    made(kept.parent)
    click.echo(f"Measuring this machine as a load generator, about {ABOUT_S} s.", err=True)
    interrupts = Interrupts()
    with interrupts.installed(), TemporaryDirectory(prefix="calibrate-") as folder:
        try:
            with Family(Path(folder) / "logs", interrupts) as family:
                found = measure(family, Path(folder), lambda words: click.echo(words, err=True))
        except ProcessError as error:
            raise click.ClickException(str(error)) from None
        except Interrupted:
            raise SystemExit(130) from None
    documents.write(found, kept)
    if as_json:
        click.echo(json.dumps(json.loads(documents.encode(found)), indent=2))
        return
    for name, ceiling in (("plain HTTP", found.plain), ("TLS", found.tls)):
        if ceiling is not None:
            click.echo(f"{name:<11}{words_of(ceiling)}")
    click.echo(f"Kept in {kept}; runs beyond {REFUSED_BEYOND:.0%} of it are refused.", err=True)


def words_of(ceiling: Ceiling) -> str:
    """
    Return what one process can do, for people.
    """
    lag = "-" if ceiling.start_lag_p99_ms is None else f"{ceiling.start_lag_p99_ms:.0f} ms"
    return (
        f"{ceiling.shoppers_per_s:,.0f} new shoppers/s, {ceiling.requests_per_s:,.0f} requests/s a process; "
        f"at {REFUSED_BEYOND:.0%} of it 99 % start within {lag}"
    )
