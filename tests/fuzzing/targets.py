"""
What is asked: the gate in each framework, and the endpoint for proxies in each dialect, on sockets and without.
"""

import asyncio
import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import unquote, unquote_to_bytes

from tests.fuzzing.grammar import HANDSHAKE, Case
from tests.fuzzing.oracle import Heard
from tests.web.desk import ROOM as SERVICE_ROOM
from waiting_room import wire
from waiting_room.gates import asgi

SHOP: Final = 299
"""What the shops answer, and no gate."""
READ_S: Final = 30.0
SERVER: Final = "closed"

Heads = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """
    Hold an answer; *entered* tells that the request was let through, *status* is 0 where the server hung up.
    """

    status: int
    headers: Heads
    body: bytes
    entered: bool


class Target(Protocol):
    """
    Answer requests.
    """

    name: str
    service: bool

    def heard(self, case: Case) -> Heard:
        """
        Return *case* as this gate hears it.
        """

    async def ask(self, case: Case, broken: str) -> Reply:
        """
        Return the answer to *case*, torn in the way of *broken* where there are bytes to tear.
        """


def split(case: Case) -> tuple[str, str]:
    """
    Return path and query, as every server parts them.
    """
    path, _, query = f"{case.path}?{case.query}".partition("?")
    return path, query.removesuffix("?") if not case.query else query


def _shouted(case: Case, name: str) -> Case:
    # Django writes methods large.
    return replace(case, method=case.method.upper()) if name.startswith("django") else case


def _decoded(path: str) -> str:
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return "\x00"  # never plain


class InAsgi:
    """
    Speak ASGI to a gate without a server.
    """

    service = False

    def __init__(self, name: str, app: Any, entered: int) -> None:
        self.name = name
        self._app = app
        self._entered = entered

    def heard(self, case: Case) -> Heard:
        """
        Return *case* undecoded, as it came.
        """
        path, query = split(case)
        if self.name.startswith("django"):
            return Heard(_shouted(case, self.name), _decoded(path), query, decoded=True)
        return Heard(case, path, query)

    async def ask(self, case: Case, broken: str) -> Reply:
        """
        Return the gate's or the shop's answer.
        """
        path, query = split(case)
        raw = path.encode("utf-8", "surrogatepass")
        sent: list[Any] = []
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": case.method,
            "scheme": "https" if broken else "http",
            "path": unquote(path, errors="replace"),
            "raw_path": raw,
            "query_string": query.encode("utf-8", "surrogatepass"),
            "headers": [(name.lower().encode(), _bytes(value)) for name, value in case.headers],
            "client": (case.peer, 5) if case.peer else None,
            "server": ("127.0.0.1", 80),
        }
        messages = [{"type": "http.request", "body": case.body, "more_body": False}]
        if HANDSHAKE[0] in case.headers and self.name.startswith("asgi"):
            scope |= {"type": "websocket", "scheme": "ws", "extensions": {} if broken else {asgi.DENIAL: {}}}
            messages = [{"type": "websocket.connect"}]
        if case.body:
            scope["headers"].append((b"content-length", str(len(case.body)).encode()))

        async def receive() -> Any:
            return messages.pop() if messages else await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        if sent[0]["type"] == "websocket.close":
            return Reply(HTTPStatus.FORBIDDEN, [], b"", entered=False)
        heads = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0].get("headers", ())]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Reply(sent[0]["status"], heads, body, sent[0]["status"] == self._entered)


class InWsgi:
    """
    Speak WSGI to a gate without a server.
    """

    service = False

    def __init__(self, name: str, app: Callable[..., Any], entered: int) -> None:
        self.name = name
        self._app = app
        self._entered = entered

    def heard(self, case: Case) -> Heard:
        """
        Return *case* with its path decoded, as servers hand it over.
        """
        path, query = split(case)
        return Heard(_shouted(case, self.name), _decoded(path), query, decoded=True)

    async def ask(self, case: Case, broken: str) -> Reply:
        """
        Return the gate's or the shop's answer.
        """
        path, query = split(case)
        begun: list[tuple[str, Heads]] = []
        environ = {
            "REQUEST_METHOD": case.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("utf-8", "surrogatepass")).decode("latin-1"),
            "QUERY_STRING": _bytes(query).decode("latin-1"),
            "REMOTE_ADDR": case.peer,
            "SERVER_NAME": "shop.example",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "https" if broken else "http",
            "wsgi.input": io.BytesIO(case.body),
            "wsgi.errors": io.StringIO(),
        }
        for name, value in case.headers:
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            text = _bytes(value).decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
        if case.body:
            environ["CONTENT_LENGTH"] = str(len(case.body))
        body = self._app(environ, lambda status, headers, _fault=None: begun.append((status, headers)))
        status = int(begun[0][0][:3])
        return Reply(status, begun[0][1], b"".join(body), status == self._entered)


class OnSocket:
    """
    Send bytes to a server of this machine, and read what it answers; the connection is kept while it can be.
    """

    service = False

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def heard(self, case: Case) -> Heard:
        """
        Return *case* from this machine, which is a trusted proxy.
        """
        path, query = split(case)
        return Heard(replace(case, peer="127.0.0.1"), path.partition("#")[0], query)

    async def ask(self, case: Case, broken: str) -> Reply:
        """
        Return the server's answer.
        """
        path, query = split(case)
        target = f"{path}?{query}" if query else path
        return await self.exchange(case.method, target, case.headers, case.body, broken)

    async def exchange(self, method: str, target: str, headers: Heads, body: bytes, broken: str) -> Reply:
        """
        Send one request, and return its answer.
        """
        lines = [(name, value) for name, value in headers if not (broken == "no host" and name == "Host")]
        sent = _encoded(method, target, lines, body, broken)
        for fresh in (self._streams is None, True):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
            reader, writer = self._streams
            writer.write(sent)
            with suppress(ConnectionError):
                async with asyncio.timeout(READ_S):
                    status, heads, text = await _answer(reader, method)
                closing = any(name.lower() == "connection" and value.lower() == "close" for name, value in heads)
                if broken or closing or HANDSHAKE[0] in headers or method not in {"GET", "POST", "HEAD", "PUT"}:
                    await self.hang_up()
                return Reply(status, heads, text, self.entered(status))
            await self.hang_up()
            if fresh:
                break
        return Reply(0, [], b"", entered=False)

    def entered(self, status: int) -> bool:
        """
        Tell whether the request was let through.
        """
        return status == SHOP

    async def hang_up(self) -> None:
        """
        End the connection, if there is one.
        """
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class Endpoint(OnSocket):
    """
    Ask the endpoint for proxies as a proxy of *dialect* does about a visitor's request.
    """

    service = True

    def __init__(self, dialect: str, port: int) -> None:
        super().__init__(f"authorize/{dialect}", port)
        self._dialect = dialect

    def heard(self, case: Case) -> Heard:
        """
        Return *case* as the proxy tells it.
        """
        path, query = split(case)
        method = case.method if self._dialect.startswith("envoy") else case.method.upper()
        return Heard(replace(case, peer="127.0.0.1", method=method.upper(), body=b""), path.partition("#")[0], query)

    async def ask(self, case: Case, broken: str) -> Reply:
        """
        Return the service's answer to the proxy.
        """
        path, query = split(case)
        target = f"{path}?{query}" if query else path
        base = f"{wire.PREFIX}/authorize/{self._dialect}/{SERVICE_ROOM}"
        host = next(iter(case.values("Host")), "shop.example")
        own = {
            "nginx": {"X-Original-URL": f"https://{host}{target}", "X-Original-Method": case.method, "Host": "service"},
            "forward": {
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": host,
                "X-Forwarded-Uri": target,
                "X-Forwarded-Method": case.method,
                "Host": "service",
            },
            "envoy": {"X-Forwarded-Proto": "https", "Host": host},
        }[self._dialect.partition("-")[0]]
        dropped = {name.lower() for name in own} | {"transfer-encoding", "content-length", "upgrade"}
        headers = [(name, value) for name, value in case.headers if name.lower() not in dropped]
        ours = self._dialect.startswith("envoy")
        return await self.exchange(
            case.method if ours else "GET", base + target if ours else base, [*own.items(), *headers], b"", broken
        )

    def entered(self, status: int) -> bool:
        """
        Tell whether the answer is a yes.
        """
        return 200 <= status < 300


BREAKS: Final = (
    "fold",
    "bare lf",
    "no host",
    "old",
    "double length",
    "no colon",
    "many",
    "absolute",
    "chunked",
    "blank",
)
"""Ways to tear a request that only bytes know."""


def _encoded(method: str, target: str, headers: Heads, body: bytes, broken: str) -> bytes:
    target = f"http://shop.example{target}" if broken == "absolute" else target
    version = "1.0" if broken == "old" else "1.1"
    lines = [f"{method} {target} HTTP/{version}".encode("utf-8", "surrogatepass")]
    for name, value in headers:
        text = _bytes(value).replace(b"\r", b"").replace(b"\n", b"")
        if broken == "fold" and len(text) > 8:
            text = text[:5] + b"\r\n " + text[5:]
        lines.append(name.encode() + b": " + text)
    more = {
        "double length": [b"Content-Length: 0", b"Content-Length: 5"],
        "no colon": [b"Just words"],
        "many": [b"X-Many-%d: 1" % number for number in range(300)],
        "chunked": [b"Transfer-Encoding: chunked"],
        "blank": [b"Cookie : wr_pass_sale=x", b" : "],
    }.get(broken, [])
    lines += more
    if body and broken not in {"chunked", "double length"}:
        lines.append(b"Content-Length: %d" % len(body))
    end = b"\n" if broken == "bare lf" else b"\r\n"
    if broken == "chunked":
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return end.join(lines) + end + end + body


async def _answer(reader: asyncio.StreamReader, method: str) -> tuple[int, Heads, bytes]:
    status, heads = 100, []
    while status in {100, 102, 103}:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error
        first, *lines = head[:-4].split("\r\n")
        status = int(first.split(" ", 2)[1])
        heads = [(name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(value) for name, value in heads if name.lower() == "content-length"), None)
    if method == "HEAD" or status in {204, 304} or status == 101:
        return status, heads, b""
    if length is None:
        return status, [*heads, ("Connection", "close")], await reader.read(2**16)
    return status, heads, await reader.readexactly(length)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
