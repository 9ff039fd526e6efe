"""
Send a shopper's requests over connections of its own, with as little of our own time as can be.

Locust's session and geventhttpclient's agent and pool below it make a dozen objects per request, merge the same headers
three times and look each of them up by regular expressions: two thirds of the processor time of a visit. The parser of
answers (llhttp) is theirs.
"""

import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

import gevent
from geventhttpclient._parser import HTTPParseError, HTTPResponseParser

from loadtests.crowd.lines import Pace
from loadtests.engine.cookies import Cookies
from loadtests.engine.header_file import HEADER
from loadtests.engine.hosts import Origin, origin_of
from loadtests.engine.locust_wires import BLOCK, Exchange, Unheard, Wire

ATTEMPTS: Final = 3
"""How often a GET is sent whose kept connection turns out to be closed."""
PACKET: Final = 1_448
"""What a slow line reads at a time: a full TCP segment over Ethernet."""
PLACES: Final = 4_096
"""So many addresses are taken apart once only."""
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
_TARGET: Final = re.compile(r"[\x21-\x7e]+")


class Place(NamedTuple):
    """
    Hold an address, taken apart.

    Args:
        origin: whom to connect to.
        host, path: what cookies are chosen by.
        target: what the request's first line names.
        netloc: the value of the header Host.
    """

    origin: Origin
    host: str
    path: str
    target: str
    netloc: str


@lru_cache(maxsize=PLACES)
def place_of(url: str) -> Place:
    """
    Return an absolute address, taken apart.

    Raises:
        ValueError: it is none.
    """
    origin, parts = origin_of(url), urlsplit(url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    if not _TARGET.fullmatch(target):
        target = quote(target, safe=_SAFE)
    # What stands before an @ is for browsers, never for a server (RFC 9110, 4.2.4).
    return Place(origin, origin.host, path, target, parts.netloc.rpartition("@")[2])


class Reply(HTTPResponseParser):
    """
    Hold one answer as it comes in; Locust's listeners are given it as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.whole = False
        self.content = b""
        self.headers: dict[str, list[str]] = {}
        self._split = False
        self._names: list[str] = []
        self._values: list[str] = []
        self._pieces: list[bytes] = []

    @property
    def status_code(self) -> int:
        """
        Return the HTTP status.
        """
        return self.get_code()

    def take(self, piece: bytes) -> None:
        """
        Take what came, b"" for the end of the connection.

        Raises:
            HTTPParseError: it is no answer, or more than one.
        """
        self._split = True
        self.feed(piece)
        if not piece and not self.whole:
            raise HTTPParseError("the connection was closed in the middle of an answer")

    @property
    def text(self) -> str:
        """
        Return the content as text; what is no UTF-8 is replaced.
        """
        return self.content.decode("utf-8", "replace")

    def read(self) -> None:
        """
        Have the headers there by their names in small letters, and the content, unpacked.
        """
        headers = self.headers
        for name, value in zip(self._names, self._values, strict=False):
            headers.setdefault(name.lower(), []).append(value)
        pieces = self._pieces
        self.content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if "content-encoding" in headers:
            self.content = _unpacked(self.content, headers["content-encoding"][0].lower())

    # What follows is called by the parser, piece by piece.

    def _on_message_begin(self) -> None:
        if self.whole:
            raise HTTPParseError("more came than one answer")
        # One of the status 1xx comes before the answer proper.
        self._names, self._values, self._pieces = [], [], []

    def _on_status(self, _text: str) -> None:
        pass

    def _on_header_field(self, text: str) -> None:
        if len(self._names) > len(self._values):
            if self._split:
                self._names[-1] += text
                return
            self._values.append("")
        self._split = False
        self._names.append(text)

    def _on_header_value(self, text: str) -> None:
        self._split = False
        if len(self._values) == len(self._names):
            self._values[-1] += text
        else:
            self._values.append(text)

    def _on_headers_complete(self) -> None:
        if len(self._names) > len(self._values):
            self._values.append("")

    def _on_body(self, piece: bytes) -> None:
        self._pieces.append(bytes(piece))

    def _on_message_complete(self) -> None:
        self.whole = self.get_code() >= 200


class Headers(NamedTuple):
    """
    Hold the headers that go with every request, as they are and as they are sent.

    Args:
        by_name: as they are.
        lines: as they are sent.
        home: the one whom others are sent to, which are meant for nobody else.
        at_home: those.
    """

    by_name: Mapping[str, str]
    lines: str
    home: Origin | None = None
    at_home: "Headers | None" = None

    @classmethod
    def of(cls, by_name: Mapping[str, str]) -> "Headers":
        """
        Return them; a header that is none is a ValueError.
        """
        return cls(by_name, _lines(by_name))

    def and_at(self, home: Origin, more: Mapping[str, str]) -> "Headers":
        """
        Return them with *more*, and instead of those of the same name, where they are sent to *home*.
        """
        return self._replace(home=home, at_home=Headers.of(_merged(self.by_name, more)))

    def and_one(self, name: str, value: str) -> "Headers":
        """
        Return them with one more.
        """
        at_home = self.at_home and self.at_home.and_one(name, value)
        return Headers({**self.by_name, name: value}, self.lines + _lines({name: value}), self.home, at_home)

    def to(self, origin: Origin) -> "Headers":
        """
        Return those that go there.
        """
        return self.at_home if self.at_home is not None and origin == self.home else self


class Sender:
    """
    Speak HTTP as one browser, with its cookies and connections: one to each host, when it is not in use.

    Args:
        exchange: makes connections.
        headers: which go with every request.
    """

    __slots__ = ("_exchange", "_headers", "_wires", "cookies")

    def __init__(self, exchange: Exchange, headers: Headers) -> None:
        self._exchange = exchange
        self._headers = headers
        self._wires: dict[Origin, Wire] = {}
        self.cookies = Cookies()

    def send(
        self, method: str, url: str, body: str | None, headers: Mapping[str, str], pace: Pace | None = None
    ) -> Reply:
        """
        Return the answer to a request, all of it.

        Args:
            method: GET or POST.
            url: the absolute address.
            body: what a POST sends.
            headers: beside the usual ones, and instead of those of the same name.
            pace: over what line.
        """
        origin, host, path, target, netloc = place_of(url)
        cookie = self.cookies.header(host, path, tls=origin.tls)
        more = {"Cookie": cookie} if cookie else {}
        usual = self._headers.to(origin)
        head = usual.lines + _lines(more) if not headers else _lines(_merged(usual.by_name, more, headers))
        data = (body or "").encode()
        length = f"Content-Length: {len(data)}\r\n" if method != "GET" else ""
        request = f"{method} {target} HTTP/1.1\r\nHost: {netloc}\r\n{head}{length}\r\n".encode("latin-1") + data
        if pace is not None:
            gevent.sleep(pace.delay_s)
        reply = self._asked(origin, request, pace, ATTEMPTS if method == "GET" else 1)
        reply.read()
        if "set-cookie" in reply.headers:
            self.cookies.take(host, path, reply.headers["set-cookie"])
        return reply

    def close(self) -> None:
        """
        Close all connections.
        """
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()

    def _asked(self, origin: Origin, request: bytes, pace: Pace | None, attempts: int) -> Reply:
        while True:
            attempts -= 1
            wire = self._wires.pop(origin, None)
            if wire is not None and not wire.idle:
                wire.close()
                wire = None
            wire = wire or self._exchange.dial(origin)
            try:
                reply = _heard(wire, request, pace)
            except (Unheard, ConnectionResetError, BrokenPipeError) as error:
                wire.close()
                # Who sends a form does not know whether it was taken; nor does who has heard a part of the answer.
                if not attempts or not isinstance(error, Unheard):
                    raise
            except BaseException:
                wire.close()
                raise
            else:
                if reply.should_keep_alive():
                    self._wires[origin] = wire
                else:
                    wire.close()
                return reply


def _heard(wire: Wire, request: bytes, pace: Pace | None) -> Reply:
    reply = Reply()
    try:
        wire.send(request)
        wire.wait()
        piece = wire.receive(BLOCK if pace is None else PACKET)
    except (ConnectionResetError, BrokenPipeError) as error:
        raise Unheard(str(error)) from None
    if not piece:
        raise Unheard("connection closed")
    reply.take(piece)
    while not reply.whole:
        if pace is not None:
            # What is not read yet stays in the server's hands, once the socket's buffers are full.
            gevent.sleep(pace.takes_s(len(piece)))
        piece = wire.receive(BLOCK if pace is None else PACKET)
        reply.take(piece)
    if pace is not None:
        gevent.sleep(pace.takes_s(len(piece)))
    return reply


def _unpacked(content: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return zlib.decompress(content, 16 + zlib.MAX_WBITS) if content else content
    if encoding == "deflate":
        # RFC 9110 means zlib's format; some servers send what is inside of it, and browsers take both.
        try:
            return zlib.decompress(content)
        except zlib.error:
            return zlib.decompress(content, -zlib.MAX_WBITS)
    if encoding == "identity":
        return content
    raise ValueError(f"the answer is packed as {encoding}, which was not asked for")


def _merged(*headers: Mapping[str, str]) -> dict[str, str]:
    whole: dict[str, tuple[str, str]] = {}
    for some in headers:
        whole |= {name.lower(): (name, value) for name, value in some.items()}
    return dict(whole.values())


def _lines(headers: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    for line in lines:
        if not HEADER.fullmatch(line):
            raise ValueError(f"no header can be made of {line!r}")
    return "".join([f"{line}\r\n" for line in lines])
