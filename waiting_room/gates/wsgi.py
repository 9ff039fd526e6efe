"""
The gate for WSGI (Flask, Pyramid, Bottle, ...): ``app.wsgi_app = WaitingRoomGate(app.wsgi_app, GateSettings(...))``.

A handler finds its visit in ``environ["waiting_room"]`` and may say ``environ["waiting_room"].command("payment")``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Protocol

from waiting_room import wire
from waiting_room.gates.answers import CONFINED, Answer, says_who_keeps_it, without_life
from waiting_room.gates.cgi import facts_of
from waiting_room.gates.core import Refuse, SendToWait, Unprotected
from waiting_room.gates.porter import EVENT_STREAM, TOLD_HEADERS
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.threaded import Desk, ThreadedEngine
from waiting_room.gates.visits import Visit
from waiting_room.telemetry.prometheus import Metrics

__all__ = ["GateSettings", "WaitingRoomGate"]

Environ = dict[str, Any]
Heads = list[tuple[str, str]]
Fault = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
Write = Callable[[bytes], object]

VISIT: Final = "waiting_room"
"""The key of the environment under which handlers find their visit."""


class StartResponse(Protocol):
    """
    Begin an answer (PEP 3333).
    """

    def __call__(self, status: str, headers: Heads, exc_info: Fault | None = ..., /) -> Write:
        """
        Take the head of an answer.
        """


App = Callable[[Environ, StartResponse], Iterable[bytes]]


class WaitingRoomGate:
    """
    Stand in front of *app*, outside all its middlewares. Nobody passes by an error: it is answered with 503.

    *metrics* are the shop's own where it has them already; they need the catalogue's group "gate". With *metrics_path*,
    the gate's metrics are told there, to everybody who can reach it.
    """

    def __init__(
        self, app: App, settings: GateSettings, metrics: Metrics | None = None, metrics_path: str | None = None
    ) -> None:
        self._app = app
        self._engine = ThreadedEngine(settings, metrics, metrics_path)
        self._metrics_path = metrics_path

    def stock(self, units: int) -> None:
        """
        Tell how many *units* are left to sell, from wherever the shop knows it; the room lets in no more than can buy.
        """
        self._engine.desk.stock(units)

    def sold_out(self) -> None:
        """
        Tell that nothing is left to sell: the room closes for those who wait, and those inside may finish.
        """
        self._engine.desk.sold_out()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """
        Let one request pass, or answer it.
        """
        desk = self._engine.desk
        visit, outcome = desk.admit(lambda asked: _read(asked, desk), environ)
        if isinstance(outcome, SendToWait | Refuse):
            return _give(desk.answer(outcome, visit), visit, environ, start_response)
        listed = isinstance(outcome, Unprotected) and outcome.listed
        if listed and visit.facts.path == self._metrics_path:
            text, content_type = desk.exposition()
            return _give(Answer(200, {"Content-Type": content_type}, text), visit, environ, start_response)
        environ[VISIT] = visit
        passage = _Passage(desk, visit, start_response)
        return self._app(environ, passage.start) if listed else passage.measured(self._app, environ)


class _Passage:
    """
    Let one answer pass to the visitor: take what the shop tells its gate out of its head, and see how the shop fares.
    """

    __slots__ = ("_began", "_counted", "_desk", "_error", "_start_response", "_visit")

    def __init__(self, desk: Desk, visit: Visit, start_response: StartResponse) -> None:
        self._desk = desk
        self._visit = visit
        self._start_response = start_response
        self._began = 0.0
        self._error, self._counted = False, True

    def measured(self, app: App, environ: Environ) -> Iterable[bytes]:
        """
        Return the body of *app*'s answer; how long it took is known when that is whole.
        """
        self._began = time.perf_counter()
        self._desk.entered()
        try:
            body = app(environ, self.start)
        except BaseException:
            self.left(error=True)
            raise
        # What is whole already, or goes out by the server's own means, is handed over as it is.
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (isinstance(wrapper, type) and isinstance(body, wrapper)):
            self.left()
            return body
        return _Body(body, self)

    def start(self, status: str, headers: Heads, exc_info: Fault | None = None, /) -> Write:
        """
        Begin the answer with what the visitor may see of its head.
        """
        visit = self._visit
        self._error = int(status[:3]) >= HTTPStatus.INTERNAL_SERVER_ERROR
        kept = [head for head in headers if head[0].lower() not in TOLD_HEADERS]
        content_type = next((value for name, value in kept if name.lower() == "content-type"), "")
        self._counted = not content_type.startswith(EVENT_STREAM)
        if len(kept) != len(headers) or visit.commands:
            self._desk.heed(_told(headers, wire.COMMAND_HEADER), _told(headers, wire.STOCK_HEADER), visit)
        # Only with a fault: a server may know no third argument, and some frameworks' test clients do not.
        fault = () if exc_info is None else (exc_info,)
        return self._start_response(status, _with_additions(kept, visit), *fault)

    def left(self, *, error: bool = False, counted: bool = True) -> None:
        """
        Note that the shop is done with the answer.
        """
        self._desk.left(self._began, error=error or self._error, counted=counted and self._counted)


class _Body:
    """
    Hand a body on part by part, as they come, and tell when it ends.
    """

    __slots__ = ("_body", "_ended", "_failed", "_parts", "_passage")

    def __init__(self, body: Iterable[bytes], passage: _Passage) -> None:
        self._body = body
        self._parts: Iterator[bytes] | None = None
        self._passage = passage
        self._ended = self._failed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._parts is None:
                self._parts = iter(self._body)
            return next(self._parts)
        except StopIteration:
            self._ended = True
            raise
        except BaseException:
            self._failed = True
            raise

    def close(self) -> None:
        """
        End the answer; one that was not read to its end says that the visitor went away, and nothing of the shop.
        """
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._passage.left(error=self._failed, counted=self._ended or self._failed)


def _read(environ: Environ, desk: Desk) -> Visit:
    scheme = environ["wsgi.url_scheme"]
    # WSGI's texts are bytes in disguise (PEP 3333, "Unicode Issues").
    path = (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1")
    text = path.decode("utf-8", "surrogateescape") or "/"
    facts = facts_of(environ, environ["REQUEST_METHOD"], text, scheme, whence=desk.asks_whence)
    return Visit(facts, desk.is_secure(by_request=scheme == "https"))


def _told(headers: Heads, name: str) -> list[str]:
    return [value for found, value in headers if found.lower() == name.lower()]


def _with_additions(headers: Heads, visit: Visit) -> Heads:
    """
    Return *headers* with what the gate adds; no shared cache may hand one visitor's pass to another.
    """
    if visit.cookies:
        headers = [*without_life(headers), *wire.UNCACHED.items()]
    elif visit.guarded and not says_who_keeps_it(*(",".join(_told(headers, name)) for name in CONFINED)):
        headers = [*headers, *CONFINED.items()]
    return [*headers, *visit.headers.items(), *(("Set-Cookie", cookie) for cookie in visit.cookies)]


def _give(answer: Answer, visit: Visit, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """
    Answer in the shop's stead.
    """
    heads = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", _with_additions(heads, visit))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
