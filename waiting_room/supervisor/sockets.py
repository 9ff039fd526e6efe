"""
The sockets that the workers take their visitors from; the parent owns them.

On Linux each worker has its own, all on one port by SO_REUSEPORT, and the kernel spreads connections evenly. Since the
parent holds them, a worker that dies loses no waiting connection: the next one in its place finds it in the socket.
Elsewhere SO_REUSEPORT does not spread, and all workers take from one socket.
"""

import errno
import socket
import sys
from typing import Any, Final

from waiting_room.errors import WaitingRoomError

BACKLOG: Final = 4096
"""What Linux caps a queue at by default (net.core.somaxconn since 5.4): a spike connects all at once."""

SPREADS: Final = sys.platform == "linux"


class PortError(WaitingRoomError):
    """
    Say why the service cannot listen where it was told to.
    """


class Port:
    """
    Hold a port for as long as the service lives, and hand out listening sockets on it.

    Port 0 takes a free one. Raises `PortError`, also where another service of ours holds the port: SO_REUSEPORT alone
    would quietly share the visitors with it.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except socket.gaierror as error:
            raise PortError(f"cannot listen on {host}: {error.strerror}; check server.host") from error
        # "localhost" is ::1 first on many systems, and half of the tools try 127.0.0.1 alone.
        self._family: int
        self._family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        try:
            with self._bound(address, shared=False) as probe:
                self._address = (address[0], probe.getsockname()[1], *address[2:])
                # Listening shows who holds the port: a bare bind succeeds beside another's bind with SO_REUSEADDR.
                probe.listen()
            self._holder = self._bound(self._address, shared=SPREADS)
            if not SPREADS:
                self._holder.listen(BACKLOG)
        except OSError as error:
            raise PortError(_explained(host, port, error)) from error

    @property
    def url(self) -> str:
        """
        Return the address of the service for a browser on this machine.
        """
        host, port = self._address[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - told, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def open(self) -> socket.socket:
        """
        Return a socket that takes its share of the connections from now on.
        """
        if not SPREADS:
            return self._holder.dup()
        opened = self._bound(self._address, shared=True)
        opened.listen(BACKLOG)
        return opened

    def close(self) -> None:
        """
        Give the port back.
        """
        self._holder.close()

    def _bound(self, address: Any, *, shared: bool) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        return sock


def _explained(host: str, port: int, error: OSError) -> str:
    where = f"cannot listen on {host}, port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where}: another program holds it; stop that one, or choose another port (--port)"
    if error.errno == errno.EACCES:
        return f"{where}: ports below 1024 need more rights; choose a higher one (--port)"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{where}: this machine has no such address; check server.host (--host)"
    return f"{where}: {error.strerror}"
