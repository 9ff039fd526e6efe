"""
``waiting-room config``: check, show, schema.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from waiting_room.cli.lazy import EXIT_CONFIG
from waiting_room.cli.options import config_option, json_option, read_settings
from waiting_room.config import SECRETS, Settings
from waiting_room.config.schema import schema_of
from waiting_room.errors import ConfigError

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
    Say everything that is wrong with the configuration (exit code 3), or that nothing is.
    """
    try:
        settings = read_settings(config_file)
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "faults": [asdict(fault) for fault in error.faults]}))
        click.get_current_context().exit(EXIT_CONFIG)
    if as_json:
        click.echo(json.dumps({"ok": True, "faults": [], "rooms": list(settings.rooms)}))
        return
    rooms = ", ".join(settings.rooms) or "none"
    click.echo(f"The configuration is valid (rooms: {rooms}).", err=True)
    for notice in notices(settings):
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


def notices(settings: Settings) -> Iterator[str]:
    """
    Yield what is allowed and yet worth a thought before a sale.
    """
    if not settings.server.secret_keys:
        where = "on this machine" if settings.server.state_folder else "for each run"
        yield f"server.secret_keys is not set: a key is made up {where}, and other machines refuse its tickets"
    if settings.server.admin_token is None:
        yield "server.admin_token is not set: rooms cannot be changed over HTTP"
    if settings.redis.url is None:
        kept = "keeps its data in server.state_folder" if settings.server.state_folder else "forgets all at its end"
        yield f"redis.url is not set: an embedded Valkey runs with the service and {kept}"


def _flat(settings: Settings) -> Iterator[tuple[tuple[str, ...], Any]]:
    for section, entries in settings.as_dict().items():
        if section == "rooms":
            yield from ((("rooms", name, key), value) for name, room in entries.items() for key, value in room.items())
            continue
        for name, value in entries.items():
            keys = (section, name)
            yield keys, HIDDEN if keys in SECRETS and value else value
