"""
The parent of the workers. It serves nobody itself, so nothing that visitors send can bring it down.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from waiting_room.config import Settings
from waiting_room.store.embedded import EmbeddedValkey, EmbeddedValkeyError
from waiting_room.supervisor.sockets import Port
from waiting_room.supervisor.worker import Job

APP: Final = "waiting_room.app:serve"
STOP_S: Final = 12.0
"""A worker drains for at most 10 s (below Kubernetes' 30 s before its kill); what is left after that hangs."""
FIRST_PAUSE_S: Final = 0.25
LAST_PAUSE_S: Final = 10.0
STEADY_S: Final = 60.0
"""A worker that lived for this long had recovered: the next one in its place starts after the first pause again."""
HIDE_AFTER_S: Final = 1.0
"""A place that stays empty for longer takes no connections: the kernel gives them to the other workers."""
_LOOK_AGAIN_S: Final = 0.5

_MAX_LINE: Final = 1_048_576

log = logging.getLogger(__name__)


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """
    Start a child that Ctrl-C does not reach while it imports: it inherits the mask, and ignores the signal later.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@dataclass(frozen=True, slots=True)
class Started:
    """
    Tell what runs, once every worker is ready.
    """

    url: str
    redis_url: str
    pids: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Slot:
    """
    Hold one worker's place: its socket, and the process that is in it now.
    """

    index: int
    sock: socket.socket | None = None
    process: Process | None = None
    ready: bool = False
    failure: str = ""
    ended: list[int] = field(default_factory=list)


class Supervision:
    """
    Keep workers running from `run`'s begin to a signal.
    """

    def __init__(
        self, settings: Settings, port: Port, announce: Callable[[tuple[int, ...]], None], target: str
    ) -> None:
        self._settings = settings
        self._announce = announce
        self._target = target
        self._port = port
        self._slots = [Slot(index) for index in range(settings.server.workers)]
        self._env = dict[str, str]()
        self._announced = False
        self._code = 0
        self._stopping = asyncio.Event()

    async def run(self, server: EmbeddedValkey | None) -> int:
        """
        Keep the workers, and *server* where there is one, until told to stop; return the exit code.
        """
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, self._asked_to_stop)
        with ExitStack() as stack:
            if len(self._slots) > 1:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="waiting-room-metrics-"))
                self._env = {"PROMETHEUS_MULTIPROC_DIR": folder}
            keepers = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
            for keeper in keepers:
                keeper.add_done_callback(self._kept)
            watch = asyncio.create_task(self._watch(server)) if server else None
            await self._stopping.wait()
            await self._end(keepers)
            if watch:
                watch.cancel()
                await asyncio.wait([watch])
        return self._code

    def _asked_to_stop(self) -> None:
        if self._stopping.is_set():
            log.warning("asked to stop again: the workers are killed")
            self._code = 130
            self._signal(signal.SIGKILL)
            return
        log.info("stopping", extra={"grace_s": STOP_S})
        self._stopping.set()

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        if not keeper.cancelled() and (error := keeper.exception()):
            log.error("the supervisor itself failed", exc_info=error)
            self._code = 1
            self._stopping.set()

    def _give_up(self, slot: Slot, code: int) -> None:
        if not self._stopping.is_set():
            self._code = code if code > 0 else 1
            log.error("the service cannot start: %s", slot.failure or f"a worker ended with {code}")
            self._stopping.set()

    async def _keep(self, slot: Slot) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._live(slot)
            if self._stopping.is_set():
                return
            if not self._announced:
                self._give_up(slot, code)
                return
            lived_s = time.monotonic() - begun
            pause_s = FIRST_PAUSE_S if lived_s >= STEADY_S else pause_s
            if pause_s >= HIDE_AFTER_S:
                self._hide(slot)
            details = {"worker": slot.index, "exit_code": code, "lived_s": round(lived_s, 1), "pause_s": pause_s}
            log.error(
                "a worker died and is started again", extra=details | ({"why": slot.failure} if slot.failure else {})
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    def _hide(self, slot: Slot) -> None:
        """
        Take no connections for an empty place, if others can.
        """
        if len(self._slots) > 1 and slot.sock is not None:
            slot.sock.close()
            slot.sock = None

    async def _live(self, slot: Slot) -> int:
        """
        Run one worker from its start to its end, and return its exit code.
        """
        slot.failure, slot.ready = "", False
        slot.sock = sock = slot.sock or self._port.open()
        with _interrupt_held():
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "waiting_room.supervisor.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[sock.fileno()],
                env={**os.environ, **self._env},
                limit=_MAX_LINE,
            )
        slot.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        if self._stopping.is_set():  # the signal came while the process was being made
            process.terminate()
        process.stdin.write(Job(self._target, self._settings.as_dict(), sock.fileno(), tuple(slot.ended)).line())
        slot.ended.clear()
        async for line in process.stdout:
            self._hear(slot, line)
        code = await process.wait()
        process.stdin.close()
        slot.ended.append(process.pid)
        slot.process = None
        return code

    def _hear(self, slot: Slot, line: bytes) -> None:
        try:
            words: dict[str, Any] = json.loads(line)
        except ValueError:
            sys.stderr.buffer.write(line)  # somebody printed; it is not for us
            return
        slot.failure = words.get("failure", slot.failure)
        if not words.get("ready"):
            return
        slot.ready = True
        if not self._announced and all(each.ready for each in self._slots):
            self._announced = True
            self._announce(self._pids())

    def _pids(self) -> tuple[int, ...]:
        return tuple(slot.process.pid for slot in self._slots if slot.process)

    def _signal(self, sign: signal.Signals) -> None:
        for slot in self._slots:
            if slot.process and slot.process.returncode is None:
                with suppress(ProcessLookupError):
                    slot.process.send_signal(sign)

    async def _end(self, keepers: list[asyncio.Task[None]]) -> None:
        self._signal(signal.SIGTERM)
        # Ours are copies of the workers' sockets: left open, they would take connections that nobody will answer.
        self._port.close()
        for slot in self._slots:
            if slot.sock is not None:
                slot.sock.close()
        _, late = await asyncio.wait(keepers, timeout=STOP_S)
        if late:
            log.error("workers did not stop in time and are killed", extra={"workers": len(late)})
            self._code = self._code or 1
            self._signal(signal.SIGKILL)
            await asyncio.wait(late)

    async def _watch(self, server: EmbeddedValkey) -> None:
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            if server.running:
                continue
            log.error("the embedded Valkey died and is started again")
            try:
                await asyncio.to_thread(server.restart)
            except EmbeddedValkeyError as error:
                log.error("the embedded Valkey does not start: %s", error)  # noqa: TRY400 - the sentence says it


def supervise(settings: Settings, announce: Callable[[Started], None], target: str = APP) -> int:
    """
    Serve with as many workers as *settings* say until a signal, and return the exit code.

    *announce* is called once, when all workers are ready. The first SIGINT or SIGTERM stops in peace (code 0), the
    second kills (130). A worker that cannot start ends everything with its own code (3: settings, 4: Redis); one that
    dies later is started again. Without ``redis.url`` an embedded Valkey runs meanwhile. Raises `PortError` and
    `EmbeddedValkeyError`.
    """
    port = Port(settings.server.host, settings.server.port)
    with ExitStack() as stack:
        stack.callback(port.close)
        server = None
        if settings.redis.url is None:
            folder = settings.server.state_folder
            valkey_folder = folder / "valkey" if folder else None
            server = stack.enter_context(EmbeddedValkey(append_only=folder is not None, folder=valkey_folder))
            settings = settings.with_redis_url(server.url)
        redis_url = str(settings.redis.url)
        supervision = Supervision(settings, port, lambda pids: announce(Started(port.url, redis_url, pids)), target)
        return asyncio.run(supervision.run(server))
