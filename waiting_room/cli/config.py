"""
``waiting-room config``: check, show, schema.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from waiting_room.cli.lazy import exit_code
from waiting_room.cli.options import config_option, json_option, read_settings
from waiting_room.config import SECRETS, Settings
from waiting_room.config.schema import schema_of
from waiting_room.core.calendar import upcoming
from waiting_room.errors import ConfigError
from waiting_room.jwts import signing_keys
from waiting_room.jwts.claims import EVERY_ROOM

HIDDEN = "(hidden)"


@click.group()
def config() -> None:
    """
    Check and show the configuration.
    """


@config.command()
@config_option
@json_option
def check(config_file: str | None, as_json: bool) -> None:
    """
    Say everything that is wrong with the configuration, or that nothing is.

    The exit code is 3 where something is wrong, and 5 where it is only schedules that conflict with the calendar.
    """
    try:
        settings = read_settings(config_file)
        signing_keys(settings.jwt.keys)
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "faults": [asdict(fault) for fault in error.faults]}))
        click.get_current_context().exit(exit_code(error))
    if as_json:
        click.echo(json.dumps({"ok": True, "faults": [], "rooms": list(settings.rooms)}))
        return
    rooms = ", ".join(settings.rooms) or "none"
    click.echo(f"The configuration is valid (rooms: {rooms}).", err=True)
    for notice in notices(settings, now_ms()):
        click.echo(f"Note: {notice}", err=True)


@config.command()
@config_option
@json_option
def show(config_file: str | None, as_json: bool) -> None:
    """
    Show every setting in force and where it comes from; secrets are hidden.
    """
    settings = read_settings(config_file)
    shown = {keys: value for keys, value in _flat(settings) if value is not None}
    if as_json:
        rows = [
            {"setting": ".".join(keys), "value": value, "origin": settings.origins.get(keys, "default")}
            for keys, value in shown.items()
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    section = ""
    for keys, value in shown.items():
        if section != (section := ".".join(keys[:-1])):
            click.echo(f"[{section}]")
        text = HIDDEN if value == HIDDEN else json.dumps(value, ensure_ascii=False)
        click.echo(f"{keys[-1]} = {text}  # {settings.origins.get(keys, 'default')}")


@config.command()
def schema() -> None:
    """
    Print the JSON Schema of the configuration, for editors that complete TOML.
    """
    click.echo(json.dumps(schema_of(), indent=2, ensure_ascii=False))


def now_ms() -> int:
    """
    Return the time by this machine's clock.
    """
    return time.time_ns() // 1_000_000


def notices(settings: Settings, now_ms: int) -> Iterator[str]:
    """
    Yield what is allowed and yet worth a thought before a sale that begins after *now_ms*.
    """
    if not settings.server.secret_keys:
        where = "on this machine" if settings.server.state_folder else "for each run"
        yield f"server.secret_keys is not set: a key is made up {where}, and other machines refuse its tickets"
    if settings.server.admin_token is None:
        yield "server.admin_token is not set: rooms cannot be changed over HTTP"
    if settings.redis.url is None:
        kept = "keeps its data in server.state_folder" if settings.server.state_folder else "forgets all at its end"
        yield f"redis.url is not set: an embedded Valkey runs with the service and {kept}"
    for name in settings.jwt.rooms:
        if name != EVERY_ROOM and settings.rooms and name not in settings.rooms:
            yield f"jwt.rooms names {name}, and no room of this configuration has that name"
    for name, policy in settings.rooms.items():
        if policy.planned and not upcoming(policy.planned, now_ms):
            yield f"rooms.{name}.schedule is over: its last entry was {policy.schedule[-1].at}"
        if policy.joins_per_address and not settings.server.trusted_proxies:
            yield (
                f"rooms.{name}.joins_per_address counts by address and server.trusted_proxies is not set: behind a "
                f"proxy everybody would seem to come from its address, and share {policy.joins_per_address} places "
                "a minute"
            )


def _flat(settings: Settings) -> Iterator[tuple[tuple[str, ...], Any]]:
    for section, entries in settings.as_dict().items():
        if section == "rooms":
            yield from ((("rooms", name, key), value) for name, room in entries.items() for key, value in room.items())
            continue
        for name, value in entries.items():
            keys = (section, name)
            yield keys, HIDDEN if keys in SECRETS and value else value
