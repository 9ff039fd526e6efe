"""
One worker process: serve until told to stop, or until the parent is gone.

Started as ``python -m waiting_room.supervisor.worker`` by the parent alone. The first line of standard input is the
job (settings with their secrets, which must not stand in the command line or the environment); the pipe stays open,
and its end means that the parent is gone. Standard output tells the parent how it goes, in JSON lines.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final, Protocol

from waiting_room.config import Settings
from waiting_room.errors import ConfigError, StoreError
from waiting_room.open_files import raise_file_limit
from waiting_room.telemetry import logs

EXIT_CONFIG: Final = 3
EXIT_STORE: Final = 4


class Serve(Protocol):
    """
    Serve visitors on *sock* until cancelled, having called *ready* once; then stop in peace within some seconds.
    """

    def __call__(self, settings: Settings, *, sock: socket.socket, ready: Callable[[], None]) -> Awaitable[None]:
        """
        Return when cancelled and drained.
        """


@dataclass(frozen=True, slots=True)
class Job:
    """
    Tell a worker what to do: *target* is ``module:function`` of a `Serve`, *descriptor* its socket's.

    *ended* are the process ids of workers that died since the last start: their metrics are to be tidied up.
    """

    target: str
    settings: Mapping[str, Any]
    descriptor: int
    ended: Sequence[int] = ()

    def line(self) -> bytes:
        """
        Return the job as the line that the worker reads.
        """
        return json.dumps(asdict(self)).encode() + b"\n"


def tell(**words: Any) -> None:
    """
    Tell the parent; nothing happens if it is gone.
    """
    try:
        os.write(1, json.dumps(words).encode() + b"\n")
    except BrokenPipeError:
        return


async def work(serve: Serve, settings: Settings, sock: socket.socket) -> None:
    """
    Serve until SIGTERM or the end of standard input; both together, or twice, are one request to stop.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def ready() -> None:
        tell(ready=True)
        if asked:  # while it started, and Python 3.11 may swallow a cancellation (waiting_room.app.end)
            serving.cancel()

    serving = asyncio.ensure_future(serve(settings, sock=sock, ready=ready))

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            serving.cancel()

    def heard() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_reader(0, heard)
    try:
        await serving
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        loop.remove_reader(0)


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not to be had on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _first_line() -> bytes:
    # Not by sys.stdin, whose buffer would hide from the event loop that the pipe has ended.
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65_536)
        if not piece:
            return b""
        line += piece
    return line


def main() -> int:
    """
    Do the job that stands in the first line of standard input, and return the exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, who tells us
    line = _first_line()
    if not line:
        return 0
    job = json.loads(line)
    try:
        settings = Settings.from_dict(job["settings"])
        logs.set_up(settings.server.log_format)
        raise_file_limit()
        if job["ended"]:
            from waiting_room.telemetry import prometheus  # noqa: PLC0415 - a slow import, seldom needed here

            for pid in job["ended"]:
                prometheus.worker_ended(pid)
        module, _, name = job["target"].partition(":")
        serve = getattr(import_module(module), name)
        with asyncio.Runner(loop_factory=_event_loop) as runner:
            runner.run(work(serve, settings, socket.socket(fileno=job["descriptor"])))
    except ConfigError as error:
        tell(failure=str(error))
        return EXIT_CONFIG
    except StoreError as error:
        tell(failure=str(error))
        return EXIT_STORE
    return 0


if __name__ == "__main__":
    sys.exit(main())
