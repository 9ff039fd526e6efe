"""
Connections of a crowd: plain or TLS, each one browser's own, with as little between them and the kernel as can be.

gevent's sockets and the pools of Locust's client above them cost more processor time than what they carry: half of a
visit. Of gevent only the event loop is used here, of the standard library TLS in memory. A connection is never shared,
nor is a TLS session: whoever comes anew shakes hands in full, as a stranger's browser does.

Importing this module needs gevent: only modules that `locust_run` imports may.
"""

import errno
import os
import ssl
from _socket import SO_ERROR, SOL_SOCKET
from _socket import socket as RawSocket  # noqa: N812 - a class, which gevent's patched module hides
from collections.abc import Callable
from typing import Any, Final

from gevent import get_hub, monkey, socket

from loadtests.engine.hosts import Origin
from loadtests.journeys.browser import Strayed

BLOCK: Final = 16_384
"""How much is read at a time."""
_READ, _WRITE = 1, 2
"""What the event loop can wait for."""
_POLL_IN, _POLL_OUT = 1, 4
"""Values of the module select, which gevent hides."""
_poll: Final = monkey.get_original("select", "poll")
_WANTS: Final = {
    errno.EMFILE: "open file",
    errno.ENFILE: "open file",
    errno.EADDRNOTAVAIL: "port",
    errno.ENOBUFS: "memory for connections",
    errno.ENOMEM: "memory",
}
"""What a machine may be out of, by the error that tells it (socket(2), connect(2))."""


class Unheard(ConnectionError):  # noqa: N818 - told to people by this name
    """
    Tell that a connection was closed before a byte of an answer came over it.
    """


class Unsent(OSError):  # noqa: N818 - told to people by this name
    """
    Tell that a request could not be sent for want of something here: no shop is to blame.
    """


class Exchange:
    """
    Make connections for all browsers of a run, and count in *unsent* those for which this machine had nothing left.

    Names are looked up once and kept for the run, as browsers do.

    Args:
        context: how TLS is spoken. One for all: a context of one's own costs 20 ms of processor time.
        may_load: tells whether load may be put on a host.
    """

    def __init__(self, context: ssl.SSLContext, may_load: Callable[[str], bool]) -> None:
        self.context = context
        self.unsent = 0
        self._may_load = may_load
        self._known: dict[tuple[str, int], list[tuple[Any, ...]]] = {}

    def look_up(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """
        Return the addresses of a host, as `getaddrinfo` does. Whoever connects asks here: there is one guard for all.

        Raises:
            OSError: there are none.
            Strayed: the host must not be loaded; not even its name was looked up.
        """
        addresses = self._known.get((host, port))
        if addresses is None:
            if not self._may_load(host):
                raise Strayed(host)
            addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, socket.SOL_TCP)
            self._known[host, port] = addresses
        return addresses

    def dial(self, origin: Origin) -> "Wire":
        """
        Return a new connection to *origin*, by the first of its addresses that takes it.

        Raises:
            OSError: there is none, or TLS could not be agreed upon.
            Unsent: this machine has no file or port left.
            Strayed: its host must not be loaded.
        """
        _tls, host, port = origin
        refused: OSError | None = None
        for family, kind, protocol, _name, address in self.look_up(host, port):
            try:
                return self._connected(origin, RawSocket(family, kind, protocol), address)
            except OSError as error:
                refused = refused or error
        raise self.refusal(refused or OSError(f"{host} has no address"))

    def refusal(self, error: OSError) -> OSError:
        """
        Return what to say of a connection that there is not; one for want of something here is counted, and `Unsent`.
        """
        if error.errno not in _WANTS:
            return error
        self.unsent += 1
        return Unsent(f"this machine had no {_WANTS[error.errno]} left")

    def _connected(self, origin: Origin, sock: RawSocket, address: Any) -> "Wire":
        wire = Wire(sock)
        try:
            wire.connect(address)
            if origin.tls:
                wire.agree(self.context, origin.host)
        except BaseException:
            wire.close()
            raise
        return wire


class Wire:
    """
    Hold one connection, for one greenlet at a time.

    Args:
        sock: not connected yet.
    """

    __slots__ = ("_came", "_hub", "_poll", "_readable", "_sock", "_tls", "_went")

    def __init__(self, sock: RawSocket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._hub = get_hub()
        self._readable = self._hub.loop.io(sock.fileno(), _READ)
        self._poll = _poll()
        self._tls: ssl.SSLObject | None = None

    def connect(self, address: Any) -> None:
        """
        Return when the other side has taken the connection.

        Raises:
            OSError: it has not.
        """
        code = self._sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            self._poll.register(self._sock.fileno(), _POLL_OUT)
            # On the same machine it is done by now: a turn of the event loop saved.
            if not self._poll.poll(0):
                self._wait_writable()
            self._poll.modify(self._sock.fileno(), _POLL_IN)
            code = self._sock.getsockopt(SOL_SOCKET, SO_ERROR)
        else:
            self._poll.register(self._sock.fileno(), _POLL_IN)
        if code:
            raise OSError(code, os.strerror(code))

    def agree(self, context: ssl.SSLContext, host: str) -> None:
        """
        Shake hands for TLS with *host*.

        Raises:
            OSError: it is not to be trusted, or speaks no TLS.
        """
        self._came, self._went = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls = context.wrap_bio(self._came, self._went, server_hostname=host)
        while True:
            try:
                # Our last word goes with the first request.
                return tls.do_handshake()
            except ssl.SSLWantReadError:
                self._push(self._went.read())
                self._hub.wait(self._readable)
                self._take_in(BLOCK)
            except ssl.SSLError:
                self._push(self._went.read())
                raise

    @property
    def idle(self) -> bool:
        """
        Tell whether the connection stands, with nothing on it to be read: not a byte, not an end.
        """
        return not self._poll.poll(0)

    def send(self, data: bytes) -> None:
        """
        Return when all of *data* is on its way.
        """
        if self._tls is not None:
            self._tls.write(data)
            data = self._went.read()
        self._push(data)

    def wait(self) -> None:
        """
        Return when something has come.
        """
        self._hub.wait(self._readable)

    def receive(self, most: int = BLOCK) -> bytes:
        """
        Return what came next, b"" for the end.
        """
        tls = self._tls
        if tls is None:
            return self._pull(most)
        while True:
            try:
                return tls.read(BLOCK)
            except ssl.SSLWantReadError:
                self._take_in(most)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def close(self) -> None:
        """
        Hang up.
        """
        self._readable.close()
        self._sock.close()

    def _take_in(self, most: int) -> None:
        if piece := self._pull(most):
            self._came.write(piece)
        else:
            self._came.write_eof()

    def _pull(self, most: int) -> bytes:
        while True:
            try:
                return self._sock.recv(most)
            except BlockingIOError:
                self._hub.wait(self._readable)

    def _push(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._sock.send(data) :]
            except BlockingIOError:
                self._wait_writable()

    def _wait_writable(self) -> None:
        writable = self._hub.loop.io(self._sock.fileno(), _WRITE)
        try:
            self._hub.wait(writable)
        finally:
            writable.close()
