"""
The sockets that the workers take their visitors from; the parent owns them.

On Linux each worker has its own, all on one port by SO_REUSEPORT, and the kernel spreads connections evenly. Since the
parent holds them, a worker that dies loses no waiting connection: the next one in its place finds it in the socket.
Elsewhere SO_REUSEPORT does not spread, and all workers take from one socket.
"""

import errno
import socket
import sys
from typing import Final

from waiting_room.errors import WaitingRoomError

BACKLOG: Final = 4096
"""What Linux caps a queue at by default (net.core.somaxconn since 5.4): a spike connects all at once."""


class PortError(WaitingRoomError):
    """
    Say why the service cannot listen where it was told to.
    """


def listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """
    Return listening sockets on one port, one for each of *workers* where the system spreads connections, else one.

    Port 0 takes a free one. Raises `PortError`, also where another service of ours holds the port: SO_REUSEPORT alone
    would quietly share the visitors with it.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise PortError(f"cannot listen on {host}: {error.strerror}; check server.host") from error
    sockets: list[socket.socket] = []
    try:
        with _bound(family, address, shared=False) as probe:
            address = (address[0], probe.getsockname()[1], *address[2:])
        spread = sys.platform == "linux"
        for _ in range(workers if spread else 1):
            sockets.append(_bound(family, address, shared=spread))  # noqa: PERF401 - those bound so far must be closed
        for each in sockets:
            each.listen(BACKLOG)
    except OSError as error:
        for each in sockets:
            each.close()
        raise PortError(_explained(host, port, error)) from error
    return sockets


def url_of(listening: socket.socket) -> str:
    """
    Return the address of the service for a browser on this machine.
    """
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(family: int, address: object, *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
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
