"""
One worker of the service, put together.
"""

import asyncio
import gc
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Final

from aiohttp import web

from waiting_room.authorize.gatehouse import Gatehouse
from waiting_room.config import Settings
from waiting_room.controller import Controller
from waiting_room.errors import ConfigError, Fault
from waiting_room.jwts import open_office
from waiting_room.lobby import Lobby
from waiting_room.patience import patiently
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore
from waiting_room.telemetry.prometheus import Metrics
from waiting_room.telemetry.publisher import Publisher
from waiting_room.tokens import Keyring
from waiting_room.web.identity import Identities
from waiting_room.web.jwks import NO_KEYS
from waiting_room.web.server import Health, Service, build_app, hurry

KEEP_ALIVE_S: Final = 30.0
"""Longer than the usual poll, shorter than the idle time-outs of common proxies (60 s)."""
DRAIN_S: Final = 10.0
BACKLOG: Final = 4096
PUBLISH_S: Final = 1.0
REPORT_S: Final = 1.0
"""Used seats are told as often as gates in shops tell them."""
CANCEL_AGAIN_S: Final = 0.5
_log = logging.getLogger(__name__)


def now_ms() -> int:
    """
    Return this process' clock in ms since the epoch.
    """
    return time.time_ns() // 1_000_000


async def serve(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Serve visitors on *sock* until cancelled, then stop in peace: not ready, no new connections, open answers finished.

    Raises `StoreUnavailableError` when Redis cannot be reached at the start, `ConfigError` without keys or a URL.
    """
    if not settings.redis.url:
        raise ConfigError((Fault("redis.url", "is missing", "the supervisor starts the embedded Valkey"),))
    owner = f"{socket.gethostname()}-{os.getpid()}-{token_hex(3)}"
    keyring = Keyring(settings.server.secret_keys)
    observer = _Relay()
    connection = Connection(settings.redis.url, observer)
    lobby = Lobby(RedisStore(connection), now_ms)
    publisher = Publisher(Metrics("service"), lobby, owner, lambda: connection.circuit.closed)
    observer.publisher = publisher
    controller = Controller(lobby, owner, settings.rooms)
    health = Health()
    base = f"{settings.server.public_url or ''}{settings.server.prefix}"
    office = open_office(settings.jwt.keys, settings.jwt.rooms, settings.jwt.issuer, keyring)
    jwts = office.verifier if office else None
    gatehouse = Gatehouse(lobby, keyring, tuple(settings.server.secret_keys), base, jwts, settings.server.allowing)
    service = Service(
        lobby=lobby,
        keyring=keyring,
        identities=Identities(keyring, publisher.refused_token),
        settings=settings.server,
        health=health,
        gatehouse=gatehouse,
        observe=publisher.request,
        exposition=publisher.exposition,
        passes=office.writer if office else None,
        published=office.published if office else NO_KEYS,
    )
    runner = web.AppRunner(
        build_app(service), access_log=None, keepalive_timeout=KEEP_ALIVE_S, shutdown_timeout=DRAIN_S
    )
    tasks: list[asyncio.Task[None]] = []
    try:
        await patiently(controller.open_rooms, starting=True)
        await runner.setup()
        slow = hurry(service, runner)
        await web.SockSite(runner, sock, backlog=BACKLOG).start()
        works = (controller.run(), _publish(publisher), _report(gatehouse), slow.run())
        tasks = [asyncio.create_task(work) for work in works]
        _settle_garbage()
        health.ready = True
        ready()
        await _until_one_ends(tasks)
    finally:
        health.ready = False
        await runner.cleanup()
        await end(tasks)
        await lobby.store.close()


class _Relay:
    """
    Hand commands on to the publisher, which needs the connection's circuit and so comes after it.
    """

    publisher: Publisher | None = None

    def command(self, verb: str, seconds: float) -> None:
        if self.publisher is not None:
            self.publisher.command(verb, seconds)

    def failure(self, verb: str, kind: str) -> None:
        if self.publisher is not None:
            self.publisher.failure(verb, kind)


async def _until_one_ends(tasks: list[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """
    Cancel *tasks* until each has ended, whatever comes of it.

    Once is not enough: `asyncio.wait_for` of Python 3.11, by which redis-py sends its commands, returns as if nothing
    were when what it waits for is done at the moment of the cancellation (python/cpython#86296); the loop around it
    would go on until the worker is killed.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)


async def _publish(publisher: Publisher) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PUBLISH_S
        await asyncio.sleep(PUBLISH_S)
        publisher.loop_lag(max(0.0, loop.time() - due))
        publisher.publish()


async def _report(gatehouse: Gatehouse) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        await gatehouse.report()


def _settle_garbage() -> None:
    """
    Keep the collector away from what lives as long as the process: a full collection would stop the loop for long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 500)
