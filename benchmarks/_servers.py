"""
The servers that benchmarks run against, each in a process of its own, on its own core.
"""

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import uvloop
from aiohttp import web
from redis.asyncio import Redis

from benchmarks.cores import SERVERS_CORE, on_clients_core, pin
from benchmarks.ratio import Ratio
from waiting_room import app as worker
from waiting_room.config import RedisSettings, ServerSettings, Settings
from waiting_room.core.policy import Policy

ROOM = "bench"
HOST = "127.0.0.1"
SECRET = "k1:" + "b" * 40
P99_MS = 5.0
"""Promised of what somebody waits for while a worker is far from its limit: a join, a proxy's question."""


def on_own_core(measure: Callable[[], Coroutine[Any, Any, list[Ratio]]]) -> list[Ratio]:
    """
    Run *measure* on the client's core, without the pauses of the client's own garbage collector.
    """
    gc.disable()
    try:
        with on_clients_core():
            return uvloop.run(measure())
    finally:
        gc.enable()


@contextmanager
def server(kind: str, *arguments: str) -> Iterator[int]:
    """
    Run a server of this module and give its port.
    """
    command = [sys.executable, "-m", "benchmarks._servers", kind, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pin(process.pid, SERVERS_CORE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def _bound() -> socket.socket:
    made = socket.socket()
    made.bind((HOST, 0))
    made.setblocking(False)
    return made


def _say(sock: socket.socket) -> None:
    sys.stdout.write(f"{sock.getsockname()[1]}\n")
    sys.stdout.flush()


async def _room(url: str, rate_per_minute: str, capacity: str) -> None:
    policy = Policy(capacity=int(capacity), rate_per_minute=int(rate_per_minute), max_session_s=600, idle_timeout_s=300)
    settings = Settings(
        server=ServerSettings(secret_keys=(SECRET,)),
        redis=RedisSettings(url=url),
        rooms=MappingProxyType({ROOM: policy}),
    )
    sock = _bound()
    await worker.serve(settings, sock=sock, ready=lambda: _say(sock))


async def _plain(handler: object) -> None:
    app = web.Application()
    app.router.add_get("/waiting-room/{room}/status", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    sock = _bound()
    await web.SockSite(runner, sock).start()
    _say(sock)
    await asyncio.Event().wait()


async def _bare(size: str) -> None:
    body = b"x" * int(size)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    await _plain(answer)


async def _redis(url: str, size: str) -> None:
    body = b"x" * int(size)
    client = Redis.from_url(url)

    async def answer(request: web.Request) -> web.Response:
        visitor = hash(request.headers.get("Cookie", "")) % 1_000_000
        await client.setbit("poll:present", visitor, 1)
        await client.zcount("poll:waiting", 0, visitor)
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    await _plain(answer)


def main() -> None:
    """
    Run the server that the command line names.
    """
    kinds: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {"room": _room, "bare": _bare, "redis": _redis}
    uvloop.run(kinds[sys.argv[1]](*sys.argv[2:]))


if __name__ == "__main__":
    main()
