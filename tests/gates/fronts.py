"""
Shops of every framework on real sockets, each in a thread of its own, and a browser that shows every byte of an answer.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from socketserver import ThreadingMixIn
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.validate import validator

import uvicorn
from aiohttp import web

from tests.gates.makings import BROWSER
from tests.gates.shops import gated_aiohttp, gated_asgi, gated_django, gated_django_in_loop, gated_wsgi
from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room.gates import threaded
from waiting_room.gates.settings import GateSettings

STOP_S = 15.0


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """
        Say nothing.
        """


@contextmanager
def in_wsgi(app: Any) -> Iterator[int]:
    """
    Serve *app* in threads; a checker on its outside sees to it that the gate keeps to PEP 3333.
    """
    with make_server("127.0.0.1", 0, validator(app), _Threads, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(STOP_S)


@contextmanager
def in_asgi(app: Any) -> Iterator[int]:
    """
    Serve *app* in the event loop of a thread.
    """
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="wsproto", http="h11"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_until_sync(lambda: server.started, what="uvicorn")
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(STOP_S)


@contextmanager
def in_aiohttp(app: web.Application) -> Iterator[int]:
    """
    Serve *app* in the event loop of a thread.
    """
    ports: list[int] = []
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_until_sync(lambda: ports, what="aiohttp")
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STOP_S)


SERVERS: dict[str, tuple[Callable[[GateSettings], Any], Callable[[Any], Any]]] = {
    "aiohttp": (gated_aiohttp, in_aiohttp),
    "asgi": (gated_asgi, in_asgi),
    "wsgi": (gated_wsgi, in_wsgi),
    "django": (gated_django, in_wsgi),
    "django-in-loop": (gated_django_in_loop, in_asgi),
}
"""What builds a gated shop in each framework, and what serves it."""


@dataclass
class Exit:
    """
    Keep what is to be done at a process's exit, for tests that stop a shop and live on.
    """

    deeds: list[Callable[[], None]] = field(default_factory=list)

    def register(self, deed: Callable[[], None]) -> None:
        """
        Keep *deed*.
        """
        self.deeds.append(deed)

    def unregister(self, deed: Callable[[], None]) -> None:
        """
        Forget *deed*, if it was kept here.
        """
        self.deeds = [kept for kept in self.deeds if kept != deed]


@contextmanager
def front(kind: str, settings: GateSettings) -> Iterator[str]:
    """
    Run the shop of this *kind* behind its gate, and hand out its address; its process then ends, as it were.
    """
    build, serve = SERVERS[kind]
    with patch.object(threaded, "atexit", Exit()) as at_exit:
        with serve(build(settings)) as port:
            yield f"http://127.0.0.1:{port}"
        for deed in list(at_exit.deeds):
            deed()
        assert at_exit.deeds == []


@dataclass
class Reply:
    """
    Hold an answer as it came; header names in small letters, each with all its values.
    """

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """
        Return the one value of a header, or None.
        """
        values = self.headers.get(name.lower(), [])
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    def json(self) -> dict[str, Any]:
        """
        Return the body's document.
        """
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


@dataclass
class Browser:
    """
    Ask a shop and keep its cookies; follow no redirect.
    """

    shop: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str = "/checkout", method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        """
        Return the answer to one request, sent as it is given.
        """
        sent = BROWSER | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        address = urlsplit(self.shop)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value})
            answer = connection.getresponse()
            found: dict[str, list[str]] = {}
            for name, value in answer.getheaders():
                found.setdefault(name.lower(), []).append(value)
            self._keep(found.get("set-cookie", []))
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            pair, _, rest = line.partition(";")
            name, _, value = pair.partition("=")
            if "max-age=0" in rest.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
