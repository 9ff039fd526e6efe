"""
``waiting-room room``: what an operator does with rooms, straight in Redis, whether or not a service runs.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import Field, fields, replace
from typing import Any

import click

from waiting_room.cli import schedules, shop
from waiting_room.cli.lobbies import known_room, redis_options, run_with_lobby, tell
from waiting_room.cli.options import AnyFunction
from waiting_room.config.rooms import from_text
from waiting_room.core.calendar import Schedule
from waiting_room.core.names import name_faults
from waiting_room.core.phase import ACTIONS
from waiting_room.core.policy import Policy
from waiting_room.errors import Conflict, Fault, PolicyError, WaitingRoomError
from waiting_room.lobby import Lobby
from waiting_room.patience import patiently

ACTION_HELP = {
    "prequeue": "Let visitors gather before the opening, which puts them in order by a draw.",
    "open": "Let visitors join and call them in.",
    "pause": "Call nobody in; visitors may join, and everybody keeps their place.\n\nWith a time at which it goes on "
    "this is a technical break: the page says so, no seat inside ends for being idle, and the room goes on by itself.",
    "resume": "Go on after a pause, as before it.",
    "drain": "Let nobody join any more, and call in those who wait.",
    "close": "Let nobody join, and call nobody in.",
}


class RoomExistsError(WaitingRoomError):
    """
    Say that a room is there already.
    """

    def __init__(self, room: str) -> None:
        super().__init__(f"there is a room {room!r} already; `waiting-room room set {room}` changes it")


@click.group()
def room() -> None:
    """
    Create, show, change, open, pause, drain and close rooms, and gather before an opening.

    The rooms stand in Redis: give its address as --redis-url, as redis.url in the configuration, or as
    WAITING_ROOM_REDIS__URL. Services that run on the same Redis follow within about a second.
    """


def policy_options(function: AnyFunction) -> AnyFunction:
    """
    Add an option for each setting of a room that is a single value; tables stand in the configuration's file.
    """
    for entry in reversed(fields(Policy)):
        if "table" not in entry.metadata:
            function = _policy_option(entry)(function)
    return function


def _policy_option(entry: Field[Any]) -> Callable[[AnyFunction], AnyFunction]:
    meta = entry.metadata
    default = ",".join(map(str, entry.default)) if isinstance(entry.default, tuple) else entry.default
    default = str(default).lower() if isinstance(default, bool) else default
    shown = f" [{default}]" if default != "" else ""
    help_ = f"{meta['help'][:1].upper()}{meta['help'][1:]}{shown}."
    metavar = "|".join(meta["choices"]) if "choices" in meta else _metavar(entry)
    return click.option(f"--{entry.name.replace('_', '-')}", entry.name, metavar=metavar, help=help_)


def _metavar(entry: Field[Any]) -> str:
    if entry.type is float:
        return "SECONDS" if entry.metadata["unit"] == "seconds" else "X"
    return _METAVARS[entry.type]


_METAVARS: dict[Any, str] = {
    bool: "true|false",
    int: "N",
    str: "TEXT",
    tuple[str, ...]: "HOST,HOST",
    Schedule: "'TIME DO; …'",
}


def _changes(given: dict[str, str | None]) -> dict[str, Any]:
    return {name: from_text(name, text) for name, text in given.items() if text is not None}


def _policy(values: dict[str, Any], faults: Sequence[Fault] = ()) -> Policy:
    """
    Return a policy, or raise a usage error with all faults, named by their options.

    Where nothing but the calendar objects, the faults are raised as they are: that has an exit code of its own.
    """
    found = list(faults)
    try:
        policy = Policy.parse(values, "-")
    except PolicyError as error:
        found += [replace(fault, where=fault.where.replace("-.", "--").replace("_", "-")) for fault in error.faults]
    else:
        if not found:
            return policy
    raise _usage(found)


def _usage(faults: Sequence[Fault]) -> Exception:
    if all(isinstance(fault, Conflict) for fault in faults):
        return PolicyError(tuple(faults))
    return click.UsageError("\n  ".join(["these settings do not work:", *map(str, faults)]))


@room.command()
@click.argument("name")
@policy_options
@redis_options
def create(name: str, config_file: str | None, redis_url: str | None, as_json: bool, **given: str | None) -> None:
    """
    Create a room, open from the start.
    """
    policy = _policy(_changes(given), name_faults(name, "NAME"))

    async def work(lobby: Lobby) -> dict[str, Any]:
        if name in await lobby.store.rooms():
            raise RoomExistsError(name)
        await patiently(lambda: lobby.configure(name, policy))
        return lobby.admin_state(name)

    tell(run_with_lobby(work, config_file, redis_url), as_json, "was created")


@room.command(name="set")
@click.argument("name")
@policy_options
@redis_options
def set_(name: str, config_file: str | None, redis_url: str | None, as_json: bool, **given: str | None) -> None:
    """
    Change settings of a room; those that are not named stay.
    """
    changes = _changes(given)
    if not changes:
        raise click.UsageError("name at least one setting to change, such as --rate-per-minute 300")

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        policy = _policy(lobby.policy(name).as_dict() | changes)
        await patiently(lambda: lobby.configure(name, policy, rate_by_hand="rate_per_minute" in changes))
        return lobby.admin_state(name)

    tell(run_with_lobby(work, config_file, redis_url), as_json, "was changed")


@room.command(name="list")
@redis_options
def list_(config_file: str | None, redis_url: str | None, as_json: bool) -> None:
    """
    List the rooms.
    """

    async def work(lobby: Lobby) -> list[dict[str, Any]]:
        for name in await lobby.store.rooms():
            await lobby.refresh(name)
        return [lobby.admin_state(name) for name in lobby.rooms()]

    states = run_with_lobby(work, config_file, redis_url)
    if as_json:
        click.echo(json.dumps(states, ensure_ascii=False))
    elif states:
        head = ("ROOM", "PHASE", "WAITING", "SEATS", "RATE/MIN", "ADMITTED")
        click.echo(_table([head, *map(_row, states)]))
    else:
        click.echo("There is no room yet; `waiting-room room create NAME` makes one.", err=True)


@room.command()
@click.argument("name")
@redis_options
def show(name: str, config_file: str | None, redis_url: str | None, as_json: bool) -> None:
    """
    Show how a room stands, and its settings.
    """

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        return lobby.admin_state(name)

    state = run_with_lobby(work, config_file, redis_url)
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False))
        return
    policy = state.pop("policy")
    shop_ = {f"shop_{name}": value for name, value in state.pop("shop").items()}
    rows = {name: value for name, value in (state | shop_).items() if policy.get(name) != value}
    width = max(map(len, rows | policy)) + 2
    click.echo("\n".join(f"{key:<{width}}{_plain(value)}" for key, value in rows.items()))
    click.echo("\nsettings")
    click.echo("\n".join(f"{key:<{width}}{_plain(value)}" for key, value in policy.items()))


@room.command()
@click.argument("name")
@redis_options
def schedule(name: str, config_file: str | None, redis_url: str | None, as_json: bool) -> None:
    """
    Show what is planned for a room, in its own time and in UTC.
    """

    async def work(lobby: Lobby) -> tuple[Policy, list[dict[str, Any]]]:
        await known_room(lobby, name)
        snapshot = lobby.room(name).view.snapshot
        return snapshot.policy, schedules.coming(snapshot.policy, snapshot.now_ms)

    policy, entries = run_with_lobby(work, config_file, redis_url)
    if as_json:
        click.echo(json.dumps({"room": name, "timezone": policy.timezone, "coming": entries}))
    elif entries:
        click.echo(_table([schedules.HEAD, *map(schedules.row, entries)]))
    else:
        click.echo(f"Nothing is planned for {name} from now on (its time zone is {policy.timezone}).", err=True)


for _command in (shop.override, shop.stock, shop.sold_out):
    room.add_command(_command)

ACTION_OPTIONS = {
    "prequeue": (
        click.option(
            "--opens-at", metavar="TIME", help="Open at this time: HH:MM of the room's place, or with a date."
        ),
        click.option(
            "--beacon-source", metavar="TEXT", help="Announce a public beacon, and which of its values counts."
        ),
    ),
    "open": (click.option("--beacon", metavar="TEXT", help="The value of the beacon that was announced."),),
}


def _add_action(action: str) -> None:
    def act(name: str, config_file: str | None, redis_url: str | None, as_json: bool, **given: str | None) -> None:
        values = {key: value for key, value in given.items() if value is not None}
        tell(_acted(name, action, values, config_file, redis_url), as_json)

    command = redis_options(act)
    for option in reversed(ACTION_OPTIONS.get(action, ())):
        command = option(command)
    room.command(name=action, help=ACTION_HELP[action])(click.argument("name")(command))


for _action in ACTIONS:
    if _action != "pause":
        _add_action(_action)


@room.command(help=ACTION_HELP["pause"])
@click.argument("name")
@click.option("--resume-at", metavar="TIME", help="Go on at this time (HH:MM in the room's time zone, or with a date).")
@click.option("--for", "for_", metavar="SPAN", help="Go on after this time, such as 15m or 1h30m.")
@click.option("--message", metavar="TEXT", help="What the waiting page says meanwhile.")
@redis_options
def pause(
    name: str,
    resume_at: str | None,
    for_: str | None,
    message: str | None,
    config_file: str | None,
    redis_url: str | None,
    as_json: bool,
) -> None:
    """
    Pause a room, or begin a break.
    """
    given = {"resume_at": resume_at, "for": for_, "message": message}
    values = {key: value for key, value in given.items() if value is not None}
    tell(_acted(name, "pause", values, config_file, redis_url), as_json)


def _acted(
    name: str, action: str, values: dict[str, Any], config_file: str | None, redis_url: str | None
) -> dict[str, Any]:
    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        try:
            await lobby.act(name, action, values)
        except PolicyError as error:
            raise _usage(
                [replace(fault, where=f"--{fault.where.replace('_', '-')}") for fault in error.faults]
            ) from None
        return lobby.admin_state(name)

    return run_with_lobby(work, config_file, redis_url)


def _row(state: dict[str, Any]) -> tuple[str, ...]:
    seats = f"{state['seats']}/{state['capacity']}"
    cells = (state["room"], state["phase"], state["waiting"], seats, state["rate_per_minute"], state["admitted_total"])
    return tuple(map(str, cells))


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(
            f"{name} ({_plain(held)})" if isinstance(held, dict) else f"{name} {_plain(held)}"
            for name, held in value.items()
        )
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
