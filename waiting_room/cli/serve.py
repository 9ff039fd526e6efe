"""
``waiting-room serve``.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from waiting_room.cli.options import AnyFunction, config_option, json_option, read_settings, redis_option
from waiting_room.config.keys import with_keys
from waiting_room.config.sections import ServerSettings
from waiting_room.gates.crawlers import networks_in
from waiting_room.jwts import signing_keys
from waiting_room.supervisor.parent import Started, supervise
from waiting_room.telemetry import logs

_HELP = {name: f"{info.description} [{info.default}]" for name, info in ServerSettings.model_fields.items()}


def _server_option(name: str, metavar: str) -> Callable[[AnyFunction], AnyFunction]:
    help_ = _HELP[name].replace(" [None]", "")
    return click.option(f"--{name.replace('_', '-')}", metavar=metavar, help=f"{help_[:1].upper()}{help_[1:]}.")


@click.command()
@config_option
@redis_option
@_server_option("host", "HOST")
@_server_option("port", "PORT")
@_server_option("workers", "N")
@_server_option("state_folder", "FOLDER")
@_server_option("log_format", "text|json")
@json_option
def serve(config_file: str | None, redis_url: str | None, **given: Any) -> None:
    """
    Serve the waiting room until a signal.

    One line on standard output says where, as soon as every worker is ready. Without the address of a Redis, an
    embedded Valkey runs meanwhile. The first Ctrl-C or SIGTERM lets open requests end (at most 10 s), the second does
    not.
    """
    as_json = given.pop("as_json")
    options = {f"server__{name}": value for name, value in given.items()}
    settings = read_settings(config_file, redis__url=redis_url, **options)
    for file in settings.server.crawler_files:
        networks_in(Path(file))
    settings, notice = with_keys(settings)
    signing_keys(settings.jwt.keys)  # each worker reads them; a fault is told once, and here
    logs.set_up(settings.server.log_format)
    if notice:
        logging.getLogger(__name__).warning("%s", notice)
    is_empty = not settings.rooms and settings.redis.url is None and settings.server.state_folder is None

    def announce(started: Started) -> None:
        shown = replace(started, redis_url=without_password(started.redis_url))
        click.echo(json.dumps(asdict(shown)) if as_json else sentence(shown))
        if is_empty:
            how = f"waiting-room room create spring-sale --redis-url {shown.redis_url}"
            click.echo(f"There is no room yet. To create one: {how}", err=True)

    click.get_current_context().exit(supervise(settings, announce))


def sentence(started: Started) -> str:
    """
    Return what a person is told about the service that *started*.
    """
    count = len(started.pids)
    workers = "1 worker" if count == 1 else f"{count} workers"
    return f"waiting room on {started.url} ({workers}, Redis at {started.redis_url})"


def without_password(url: str) -> str:
    """
    Return the address of a Redis without its password.
    """
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:…@", url)
