"""
The command `waiting-room rehearse capacity`: what the shop can sell, and what the room should be set to.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from loadtests.cli.options import (
    HEADER_FILE,
    HELP,
    InvalidError,
    OptionsError,
    command_line,
    folder_faults,
    header_file,
    locust_faults,
    occupied,
    progress,
    whole,
)
from loadtests.forecast.knee import Objective
from loadtests.rehearsal.asking import RefusedError, bearing, fetched, ordered
from loadtests.rehearsal.capacity import MOST_JUDGED_S
from loadtests.rehearsal.capacity_story import CapacityStory, Wish, model_of
from loadtests.rehearsal.capacity_table import summary
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.recommending import SETTINGS
from loadtests.rehearsal.rewriting import RewritingError, rewritten, room_tables
from loadtests.rehearsal.target import target_faults
from loadtests.scenario.read import ScenarioError, read
from loadtests.scenario.spec import Scenario
from waiting_room.errors import ConfigError, Fault

TARGET_JUDGED_S: Final = 15
"""A shop of one's own may take seconds for an order: its steps may take longer than the demo shop's."""

ROOM: Final = re.compile(r".*/admin/api/v1/rooms/[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    The options of `rehearse capacity` after they were read.

    Args:
        wish: what is searched.
        file, table: where the settings are put, if anywhere.
        room_url, token: likewise, a running room.
    """

    wish: Wish
    file: Path | None
    table: tuple[str, ...]
    room_url: str | None
    token: str


def read_options(given: Mapping[str, Any]) -> Asked:
    """
    Return the options; raise `OptionsError` with every fault of theirs, or `InvalidError` with the scenario's.
    """
    out = Path(given["out"])
    faults, invalid = [*folder_faults(out), *locust_faults()], list[Fault]()
    target = given["target"]
    if target is not None:
        faults.extend(target_faults(target, None, given["allow_host"]))
    elif given["header_file"]:
        faults.append(Fault("--header-file", "goes with --target"))
    wish = Wish(
        out=out,
        seed=whole("--seed", given["seed"], faults),
        command=command_line(),
        objective=Objective(
            _above_zero("--page-p95-ms", given["page_p95_ms"], faults),
            _above_zero("--failed-percent", given["failed_percent"], faults) / 100,
        ),
        target=target,
        scenario=_scenario(given["scenario"], invalid),
        most_shoppers=max(1, whole("--most-shoppers", given["most_shoppers"], faults)),
        most_judged_s=MOST_JUDGED_S if target is None else TARGET_JUDGED_S,
        surge=not given["no_surge"],
        hosts=given["allow_host"],
        header_file=header_file(given["header_file"], faults).path,
    )
    if target is None and wish.scenario is not None:
        try:
            model_of(wish, "capacity.sqlite", 0)
        except ConfigError as error:
            invalid.extend(Fault(f"{given['scenario']}: shop.{fault.where}", fault.what) for fault in error.faults)
    file, table = _file(given["write"], given["room"], faults)
    token = _token(given["write_room"], given["token_file"], faults)
    if faults:
        raise OptionsError(faults)
    if invalid:
        raise InvalidError(invalid)
    return Asked(wish, file, table, given["write_room"], token)


def _above_zero(option: str, text: str, faults: list[Fault]) -> float:
    with suppress(ValueError):
        value = float(text)
        if 0 < value < float("inf"):
            return value
    faults.append(Fault(option, f"{text!r} is no number above 0"))
    return 1.0


def _scenario(source: str | None, invalid: list[Fault]) -> Scenario | None:
    if source is None:
        return None
    try:
        return read(source)
    except ScenarioError as error:
        invalid.extend(error.faults)
        return None


def _file(name: str | None, room: str | None, faults: list[Fault]) -> tuple[Path | None, tuple[str, ...]]:
    if name is None:
        if room is not None:
            faults.append(Fault("--room", "goes with --write", "it names the room in the file"))
        return None, ()
    path = Path(name)
    try:
        tables = room_tables(path.read_text(encoding="utf-8"), name)
    except OSError as error:
        faults.append(Fault("--write", f"{name} cannot be read ({error.strerror})", "name a scenario's file"))
        return None, ()
    except (UnicodeDecodeError, RewritingError) as error:
        faults.append(Fault("--write", f"{name} is no TOML file: {error}"))
        return None, ()
    if room is not None:
        tables = [table for table in tables if table == ("rooms", room)]
    if len(tables) != 1:
        named = ", ".join(table[-1] for table in tables)
        what = f"{name} has several rooms: {named}" if tables else f"{name} has no such room"
        faults.append(Fault("--write", what, "name one of its rooms with --room NAME"))
        return None, ()
    try:
        rewritten(path.read_text(encoding="utf-8"), tables[0], dict.fromkeys(SETTINGS, 1), name)
    except RewritingError as error:
        table = f"write it as a table, [{'.'.join(tables[0])}], with a line for each setting"
        faults.extend(Fault("--write", f"{name} {fault.what}", table) for fault in error.faults)
    if not os.access(path, os.W_OK):
        faults.append(Fault("--write", f"{name} may not be written to"))
    return path, tables[0]


def _token(url: str | None, file: str | None, faults: list[Fault]) -> str:
    before = len(faults)
    if (url is None) != (file is None):
        faults.append(Fault("--write-room", "goes with --token-file", "the operators' token must come from a file"))
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not ROOM.fullmatch(parts.path):
            example = "write it as http://127.0.0.1:8080/admin/api/v1/rooms/NAME"
            faults.append(Fault("--write-room", f"{url!r} is no room in the operators' HTTP", example))
    if file is None:
        return ""
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault("--token-file", f"{file} cannot be read ({error})"))
        return ""
    if url is not None and len(faults) == before:
        faults.extend(_room_faults(url, token))
    return token


def _room_faults(url: str, token: str) -> Iterator[Fault]:
    # Before the shop is loaded for a minute: what cannot be set then need not be looked for.
    status, _ = fetched(url, bearing(token))
    if status == 0:
        yield Fault("--write-room", f"nobody answers at {url}", "start the service, and name its address")
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        yield Fault("--token-file", f"{url} refuses the token", "use that of server.admin_token")
    elif status != HTTPStatus.OK:
        yield Fault("--write-room", f"{url} answers {status}", "waiting-room room list names the rooms")


@click.command(context_settings=HELP)
@click.option("--target", metavar="URL", help="Load this running shop instead of the demo shop, to its limit.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine that may be loaded.")
@HEADER_FILE
@click.option("--scenario", metavar="NAME|FILE", help="Who shops, in which room; a preset or a file.")
@click.option("--out", default="capacity", metavar="DIR", show_default=True, help="Where everything is written.")
@click.option("--seed", default="1", metavar="N", show_default=True, help="Which crowd.")
@click.option(
    "--page-p95-ms",
    default="1000",
    metavar="MS",
    show_default=True,
    help="A shop that is well answers 95 % of its pages within this.",
)
@click.option(
    "--failed-percent", default="1", metavar="P", show_default=True, help="Of its requests, at most so many fail."
)
@click.option("--most-shoppers", default="512", metavar="N", show_default=True, help="No step has more at one time.")
@click.option("--no-surge", is_flag=True, help="Do not overrun the shop in the end to see it recover.")
@click.option("--write", metavar="FILE", help="Put the settings into this scenario or configuration.")
@click.option("--room", metavar="NAME", help="Which room of a configuration with several.")
@click.option("--write-room", metavar="URL", help="Set a running room: https://…/admin/api/v1/rooms/NAME.")
@click.option("--token-file", metavar="FILE", help="The operators' token for --write-room.")
@click.option("--json", "as_json", is_flag=True, help="Print capacity.json instead of a table.")
def capacity(**given: Any) -> None:
    """
    Find what a shop can sell, and set the room by it.

    Shoppers without think times go round, twice as many at each step, until the shop does no more; a law is fitted to
    the steps, and the shop is overrun for a few seconds to see it recover. Rate, seats and poll budget of the room
    follow, each with its reason. Writes capacity.json. Exit codes: 0 found, 1 the shop sold nothing or did not
    recover, 2 usage, 3 the scenario is invalid, 6 nothing is proven (the load generator was too busy, or a program
    failed), 130 stopped.
    """
    asked = read_options(given)
    interrupts = Interrupts()
    with occupied(asked.wish.out), interrupts.installed():
        result = CapacityStory(asked.wish, progress(), interrupts).run()
    click.echo(json.dumps(result, indent=2, ensure_ascii=False) if given["as_json"] else summary(result))
    if result["exit_code"] == 0:
        _write(asked, result["recommended"])
    sys.exit(result["exit_code"])


def _write(asked: Asked, settings: Mapping[str, int]) -> None:
    told = ", ".join(f"{name} = {value}" for name, value in settings.items())
    try:
        if asked.file is not None:
            text = asked.file.read_text(encoding="utf-8")
            asked.file.write_text(rewritten(text, asked.table, settings, str(asked.file)), encoding="utf-8")
            click.echo(f"Written into {asked.file} [{'.'.join(asked.table)}]: {told}", err=True)
        if asked.room_url is not None:
            ordered("PATCH", asked.room_url, asked.token, settings)
            click.echo(f"Set at {asked.room_url}: {told}", err=True)
    except (OSError, RewritingError, RefusedError) as error:
        raise click.ClickException(f"the settings were not written: {error}") from None
