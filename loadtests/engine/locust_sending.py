"""
Send a shopper's requests over the connections of its FastHttpUser, with as little of our own time as can be.

Locust's session and geventhttpclient's agent above it make four objects per request, merge the same headers three times
and look each of them up by regular expressions: half of the processor time of a visit. Connections, TLS and the parser
of answers are theirs.
"""

import errno
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import gevent
from gevent import monkey
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse
from locust import FastHttpUser
from locust.contrib.fasthttp import FastResponse

from loadtests.engine.cookies import Cookies
from loadtests.journeys.browser import Pace

ATTEMPTS: Final = 3
"""How often a GET is sent whose kept connection turns out to be closed."""
BLOCK: Final = 16_384
PACKET: Final = 1_448
"""What a slow line reads at a time: a full TCP segment over Ethernet."""
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
_TARGET: Final = re.compile(r"[\x21-\x7e]+")
_HEADER: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*")
_poll: Final = monkey.get_original("select", "poll")
_READABLE: Final = 1  # select.POLLIN, which gevent hides


class Sender:
    """
    Speak HTTP as one browser, with its cookies and connections.

    Args:
        user: whose connections they are, and which headers go with every request.
    """

    __slots__ = ("_connections", "_head", "_headers", "_pools", "cookies")

    def __init__(self, user: FastHttpUser) -> None:
        self._connections = user.client.client.clientpool
        self._headers: Mapping[str, str] = user.default_headers or {}
        self._head = _lines(self._headers)
        self._pools: dict[tuple[str, str], ConnectionPool] = {}
        self.cookies = Cookies()

    def send(
        self, method: str, url: str, body: str | None, headers: Mapping[str, str], pace: Pace | None = None
    ) -> Any:
        """
        Return the answer to a request, its content read.

        Args:
            method: GET or POST.
            url: the absolute address.
            body: what a POST sends.
            headers: beside the usual ones, and instead of those of the same name.
            pace: over what line.
        """
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path or "/"
        tls = parts.scheme == "https"
        cookie = self.cookies.header(host, path, tls=tls)
        more = {"Cookie": cookie} if cookie else {}
        head = self._head + _lines(more) if not headers else _lines(_merged(self._headers, more, headers))
        target = f"{path}?{parts.query}" if parts.query else path
        if not _TARGET.fullmatch(target):
            target = quote(target, safe=_SAFE)
        data = (body or "").encode()
        length = f"Content-Length: {len(data)}\r\n" if method != "GET" else ""
        request = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}{length}\r\n".encode("latin-1") + data
        pool = self._pool(parts.scheme, parts.netloc, url)
        if pace is None:
            answer: Any = FastResponse(self._exchange(pool, method, request))
            # Reading it gives the connection back.
            _ = answer.content
        else:
            gevent.sleep(pace.delay_s)
            slow = self._exchange(pool, method, request, PACKET)
            answer = FastResponse(slow)
            answer._cached_content = _slowly(slow, pace)  # noqa: SLF001 - where `content` keeps what it has read
        self.cookies.take(host, path, answer.headers.getlist("set-cookie"))
        return answer

    def close(self) -> None:
        """
        Close all connections.
        """
        self._connections.close()
        self._pools.clear()

    def _pool(self, scheme: str, netloc: str, url: str) -> ConnectionPool:
        pool = self._pools.get((scheme, netloc))
        if pool is None:
            client = self._connections.get_client(url)
            pool = self._pools[scheme, netloc] = client._connection_pool  # noqa: SLF001 - it has no other name
        return pool

    def _exchange(
        self, pool: ConnectionPool, method: str, request: bytes, block: int = BLOCK
    ) -> HTTPSocketPoolResponse:
        for attempt in range(1, ATTEMPTS + 1):
            sock = pool.get_socket()
            try:
                sock.sendall(request)
            except OSError as error:
                pool.release_socket(sock)
                if error.errno not in (errno.ECONNRESET, errno.EPIPE) or method != "GET" or attempt == ATTEMPTS:
                    raise
                continue
            except BaseException:
                pool.release_socket(sock)
                raise
            try:
                return HTTPSocketPoolResponse(sock, pool, block_size=block, method=method)
            except HTTPConnectionClosed:
                # It has given the connection back itself. Who sends a form does not know whether it was taken.
                if method != "GET" or attempt == ATTEMPTS:
                    raise
        raise AssertionError("every attempt returns or raises")


def mend_connections() -> None:
    """
    Let geventhttpclient serve thousands of users in one process.

    It asks select() whether an idle connection is still open; select() fails for descriptors above 1023, which it takes
    for "closed": from the thousandth shopper on, every request would silently open a new connection. And it looks up
    the shop's name for every connection, in a pool of ten threads: names are kept for the run, as browsers do.
    """
    if ConnectionPool._is_socket_alive is _is_alive:  # noqa: SLF001
        return
    ConnectionPool._is_socket_alive = _is_alive  # type: ignore[method-assign] # noqa: SLF001
    look_up = ConnectionPool._resolve  # noqa: SLF001
    known: dict[tuple[str, int], Any] = {}

    def resolve(self: ConnectionPool) -> Any:
        key = (self._connection_host, self._connection_port)
        if key not in known:
            known[key] = look_up(self)
        return known[key]

    ConnectionPool._resolve = resolve  # type: ignore[method-assign] # noqa: SLF001


def _is_alive(self: ConnectionPool, sock: Any) -> bool:
    del self
    # An idle connection has nothing to read: not a byte, not an end.
    try:
        poll = _poll()
        poll.register(sock.fileno(), _READABLE)
        return not poll.poll(0)
    except (OSError, ValueError):
        return False


def _slowly(response: HTTPSocketPoolResponse, pace: Pace) -> bytes:
    # What is not read yet stays in the server's hands, once the socket's buffers are full.
    whole = bytearray()
    while piece := response.read(PACKET):
        whole += piece
        gevent.sleep(pace.takes_s(len(piece)))
    return bytes(whole)


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    whole: dict[str, tuple[str, str]] = {}
    for some in headers:
        whole |= {name.lower(): (name, value) for name, value in some.items()}
    return dict(whole.values())


def _lines(headers: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    for line in lines:
        if not _HEADER.fullmatch(line):
            raise ValueError(f"no header can be made of {line!r}")
    return "".join([f"{line}\r\n" for line in lines])
