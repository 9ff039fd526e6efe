"""
Options that several commands have, and the settings they lead to.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from waiting_room.config import Settings, load
from waiting_room.config.sources import CONFIG_VARIABLE

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


def config_option(function: AnyFunction) -> AnyFunction:
    """
    Add ``--config``.
    """
    return click.option(
        "--config",
        "config_file",
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        show_envvar=True,
        help="The configuration, a TOML file.",
    )(function)


def redis_option(function: AnyFunction) -> AnyFunction:
    """
    Add ``--redis-url``.
    """
    return click.option("--redis-url", metavar="URL", help="The address of Redis or Valkey.")(function)


def json_option(function: AnyFunction) -> AnyFunction:
    """
    Add ``--json``.
    """
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(function)


def read_settings(config_file: str | None, **options: Any) -> Settings:
    """
    Return the settings of the file, the environment and *options*, whose names have ``__`` for the dot.
    """
    dotted = {name.replace("__", "."): value for name, value in options.items()}
    return load(Path(config_file) if config_file else None, os.environ, dotted)
