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

from waiting_room.config import Settings
from waiting_room.errors import StoreUnavailableError
from waiting_room.supervisor import parent
from waiting_room.supervisor.parent import Started, supervise
from waiting_room.telemetry import logs

HERE = "tests.supervisor.standin"


async def serve(settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> None:
    """
    Answer with the process id; at /slow begin the answer at once and end it only after the order to stop.
    """
    told = {"pid": os.getpid(), "metrics": os.environ.get("PROMETHEUS_MULTIPROC_DIR"), "redis": settings.redis.url}
    body = json.dumps(told).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    stopping = asyncio.Event()
    under_way: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await writer.drain()
        if b"/slow" in request:
            await stopping.wait()
        writer.write(body)
        await writer.drain()
        writer.close()

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(answer(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    server = await asyncio.start_server(taken, sock=sock)
    ready()
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        stopping.set()
        await asyncio.gather(*under_way, return_exceptions=True)


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
    Take no more visitors when told to stop, and yet refuse to end.
    """
    ready()
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            sock.close()


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
    parent.FIRST_PAUSE_S = options.pop("first_pause_s", parent.FIRST_PAUSE_S)  # type: ignore[misc]
    settings = Settings().with_server(port=0, **options)
    sys.exit(supervise(settings.with_redis_url(redis) if redis else settings, announce, f"{HERE}:{sys.argv[1]}"))
