"""
Small workers for the supervisor's tests, and a program that supervises them.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from waiting_room.config import Settings
from waiting_room.errors import StoreUnavailableError
from waiting_room.supervisor.parent import Started, supervise
from waiting_room.telemetry import logs

HERE = "tests.supervisor.standin"


async def serve(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Answer with the process id at once, and at /slow after half a second; let requests end when cancelled.
    """

    async def pid(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.sleep(0.5)
        return web.json_response(
            {"pid": os.getpid(), "metrics": os.environ.get("PROMETHEUS_MULTIPROC_DIR"), "redis": settings.redis.url}
        )

    app = web.Application()
    app.router.add_get("/{any:.*}", pid)
    runner = web.AppRunner(app, shutdown_timeout=5, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    ready()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def never_ready(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Find no Redis.
    """
    raise StoreUnavailableError("refused", "nobody is there")


async def broken(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Have a fault of our own.
    """
    raise RuntimeError("oh")


async def deaf(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Refuse to stop.
    """
    ready()
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


def announce(started: Started) -> None:
    """
    Print what started as one JSON line.
    """
    print(json.dumps(asdict(started)), flush=True)  # noqa: T201 - what the tests read


if __name__ == "__main__":
    logs.set_up("text")
    options = json.loads(sys.argv[2])
    if folder := options.get("state_folder"):
        options["state_folder"] = Path(folder)
    redis = options.pop("redis", None)
    settings = Settings().with_server(port=0, **options)
    sys.exit(supervise(settings.with_redis_url(redis) if redis else settings, announce, f"{HERE}:{sys.argv[1]}"))
