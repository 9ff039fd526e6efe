"""
What the commands on rooms share: the way to Redis, and how the outcome is told.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click

from waiting_room.cli import schedules
from waiting_room.cli.options import AnyFunction, config_option, json_option, read_settings, redis_option
from waiting_room.errors import RoomUnknownError
from waiting_room.lobby import Lobby

TIME_OUT_S: Final = 5.0
"""One operator waits for one answer, also of a machine that stands still for a moment; the service's time-out is short
because thousands wait behind it."""
Result = TypeVar("Result")
Work = Callable[[Lobby], Awaitable[Result]]


def redis_options(function: AnyFunction) -> AnyFunction:
    """
    Add the options that lead to Redis.
    """
    return config_option(redis_option(json_option(function)))


def run_with_lobby(work: Work[Result], config_file: str | None, redis_url: str | None) -> Result:
    """
    Return what *work* gives with a lobby on the Redis that was named.
    """
    url = read_settings(config_file, redis__url=redis_url).redis.url
    if url is None:
        raise click.UsageError(
            "say where the rooms are: --redis-url URL, or redis.url in --config FILE. "
            "A service with an embedded Valkey prints its address when it starts."
        )
    return asyncio.run(_with_lobby(work, url))


async def _with_lobby(work: Work[Result], url: str) -> Result:
    from waiting_room.store.connection import Connection  # noqa: PLC0415 - slow, and no help text needs it
    from waiting_room.store.redis import RedisStore  # noqa: PLC0415

    lobby = Lobby(RedisStore(Connection(url, time_out_s=TIME_OUT_S)), lambda: time.time_ns() // 1_000_000)
    try:
        return await work(lobby)
    finally:
        await lobby.store.close()


async def known_room(lobby: Lobby, name: str) -> None:
    """
    See a room, or raise `RoomUnknownError`.
    """
    if name not in await lobby.store.rooms():
        raise RoomUnknownError(name)
    await lobby.refresh(name)


def tell(state: dict[str, Any], as_json: bool, done: str = "") -> None:
    """
    Tell programs the *state* of a room, and people what was *done*.
    """
    if as_json:
        click.echo(json.dumps(state, ensure_ascii=False))
        return
    done = done or f"is {state['phase']}"
    if state["resumes_in_s"] is not None:
        done += f" and goes on in {schedules.span_text(round(state['resumes_in_s']))}"
    policy = state["policy"]
    pace = f"{policy['capacity']} seats, {policy['rate_per_minute']} admissions a minute, {state['waiting']} waiting"
    phase = "" if state["phase"] in done.split() else f"{state['phase']}, "
    click.echo(f"{state['room']} {done}: {phase}{pace}.", err=True)
