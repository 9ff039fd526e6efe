"""
Bare connections, for those who open many and send little: what Locust's HTTP client cannot do.

Importing this module needs gevent: only modules that `locust_run` imports may.
"""

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from gevent import monkey, socket

from loadtests.engine.locust_wires import Exchange

DIAL_S: Final = 5.0
"""How long a server may take to accept a connection."""

_PORTS: Final = {"http": 80, "https": 443}
_poll: Final = monkey.get_original("select", "poll")
_READABLE: Final = 1  # select.POLLIN, which gevent hides


class BareLine:
    """
    Hold one connection; the `Line` of a journey.

    Args:
        sock: the connection.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._poll = _poll()
        self._poll.register(sock.fileno(), _READABLE)

    def send(self, piece: bytes) -> bool:
        """
        Send *piece*, and return whether the server still listens: it has neither answered nor hung up.
        """
        try:
            if self._poll.poll(0):
                return False
            self._socket.sendall(piece)
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        """
        Hang up.
        """
        with suppress(OSError):
            self._socket.close()


def dial(url: str, exchange: Exchange) -> BareLine | None:
    """
    Return a connection to the host of *url*, or None where nobody takes it.

    Raises:
        Strayed: the host must not be loaded.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = parts.port or _PORTS[parts.scheme]
        exchange.look_up(host, port)
        sock = socket.create_connection((host, port), timeout=DIAL_S)
        if parts.scheme == "https":
            sock = exchange.context.wrap_socket(sock, server_hostname=host)
    except KeyError:
        return None
    except OSError as error:
        exchange.refusal(error)
        return None
    return BareLine(sock)
