"""
What the commands of this package share: reading options, telling all faults at once, showing progress.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import inf, isfinite
from pathlib import Path
from tempfile import TemporaryFile

import click

from loadtests.documents import DocumentError
from loadtests.engine.header_file import HeaderFile
from loadtests.rehearsal.holding import HeldError, held
from loadtests.rehearsal.progress import Progress
from waiting_room.errors import Fault

USAGE = 2
INVALID = 3
HELP = {"help_option_names": ["-h", "--help"]}
"""As the group has it: click keeps the first help option it makes, whichever way the command was reached."""
DEFAULT_OUT = "rehearsal"
HEADER_FILE = click.option(
    "--header-file",
    metavar="FILE",
    help="Headers for --target alone, one a line, such as a staging shop's password.",
)


class OptionsError(click.ClickException):
    """
    Refuse a command line, with everything that is wrong with it.
    """

    exit_code = USAGE

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__("\n".join(("this command line does not work:", *(f"  {fault}" for fault in faults))))


class InvalidError(click.ClickException):
    """
    Refuse a scenario, with everything that is wrong with it.
    """

    exit_code = INVALID

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__("\n".join(("this scenario cannot be played:", *(f"  {fault}" for fault in faults))))


def whole(option: str, text: str, faults: list[Fault]) -> int:
    """
    Return the whole number that an option was given; what is none becomes a fault, and 0.
    """
    try:
        return int(text)
    except ValueError:
        faults.append(Fault(option, f"{text!r} is no whole number", "for example 1"))
        return 0


def number(option: str, text: str, faults: list[Fault]) -> float:
    """
    Return the rate above 0 that an option was given; what is none becomes a fault, and infinity.
    """
    try:
        value = float(text)
    except ValueError:
        value = inf
    if not (isfinite(value) and value > 0):
        faults.append(Fault(option, f"{text!r} is no number of orders per second above 0", "for example 12.5"))
    return value


def above_0(option: str, text: str, faults: list[Fault], most: float = inf) -> float:
    """
    Return the number above 0, and no higher than *most*, that an option was given; what is none becomes a fault, and 1.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if isfinite(value) and 0 < value <= most:
        return value
    what = f"{text!r} is no number above 0" + (f", at most {most:g}" if isfinite(most) else "")
    faults.append(Fault(option, what, "for example 0.1" if most <= 1 else "for example 10"))
    return 1.0


def progress() -> Progress:
    """
    Return how progress is shown on this standard error.
    """
    terminal = sys.stderr.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    in_place = terminal and os.environ.get("TERM") != "dumb"
    return Progress(sys.stderr, in_place=in_place, colour=colour, width=shutil.get_terminal_size().columns)


def folder_faults(out: Path) -> Iterator[Fault]:
    """
    Yield what is wrong with the directory for the results.
    """
    if out.exists() and not out.is_dir():
        yield Fault("--out", f"{out} is a file", "name a directory")


def made(folder: Path) -> Path:
    """
    Return the directory for the results, which is there from now on and can be written to; raise `OptionsError` where
    it cannot be.
    """
    verb = "written to" if folder.exists() else "created"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as trial:
            trial.write(b"0")
    except OSError as error:
        what = f"{folder} cannot be {verb} ({error.strerror})"
        raise OptionsError((Fault("--out", what, "name a directory that you may write to"),)) from None
    return folder


@contextmanager
def occupied(folder: Path) -> Iterator[Path]:
    """
    Give the directory for the results, with nobody else at work in it inside the block; see `made`.
    """
    try:
        with held(made(folder)):
            yield folder
    except HeldError as error:
        remedy = "wait for its end, or name another directory"
        raise OptionsError((Fault("--out", f"{folder}: {error}", remedy),)) from None


def written(option: str, file: Path, text: str) -> None:
    """
    Write a file that was asked for; raise `OptionsError` where that cannot be.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"{file} cannot be written ({error.strerror})"
        raise OptionsError((Fault(option, what, "name a file that you may write to"),)) from None


def header_file(name: str | None, faults: list[Fault]) -> HeaderFile:
    """
    Return the headers that are meant for the shop alone; what cannot be sent becomes faults.
    """
    try:
        return HeaderFile.read(str(Path(name).absolute()) if name else "")
    except DocumentError as error:
        faults += [Fault(f"--header-file: {fault.where}", fault.what, fault.remedy) for fault in error.faults]
        return HeaderFile()


def locust_faults() -> Iterator[Fault]:
    """
    Yield a fault where the load generator is not installed.
    """
    if find_spec("locust") is None:
        yield Fault("locust", "is not installed", "pip install 'waiting-room[loadtests]'")


def command_line() -> str:
    """
    Return the command as it was given, for the report.
    """
    return shlex.join(("waiting-room", *sys.argv[1:]))
