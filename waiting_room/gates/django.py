"""
The gate for Django, sync and async: ``"waiting_room.gates.django.WaitingRoomMiddleware"`` first in ``MIDDLEWARE``, and
the gate's settings in ``WAITING_ROOM``, a dictionary.

A view finds its visit in ``request.waiting_room`` and may say ``request.waiting_room.command("payment")``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from waiting_room import wire
from waiting_room.errors import ConfigError
from waiting_room.gates.answers import CONFINED, says_who_keeps_it
from waiting_room.gates.cgi import facts_of
from waiting_room.gates.core import Refuse, SendToWait, Unprotected
from waiting_room.gates.porter import EVENT_STREAM, Porter, Settled
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.threaded import Desk, ThreadedEngine
from waiting_room.gates.visits import Visit

__all__ = ["WaitingRoomMiddleware"]

SETTING: Final = "WAITING_ROOM"
METRICS_PATH: Final = "metrics_path"
"""A key of `SETTING` beside the gate's settings: where its metrics are told, to everybody who can reach it."""

Gate = Porter | Desk
"""Who is told of a request: in an event loop the porter itself, among threads the desk that serializes."""


class WaitingRoomMiddleware:
    """
    Stand in front of a Django shop. Nobody passes by an error: what goes wrong in here is answered with 503.

    Raises `ImproperlyConfigured` with all faults of ``settings.WAITING_ROOM`` at once.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._threads: ThreadedEngine | None = None
        self._metrics_path = _metrics_path()
        try:
            if iscoroutinefunction(get_response):
                # Only here: a shop in threads runs without an event loop's libraries.
                from waiting_room.gates.asynchronous import AsyncEngine  # noqa: PLC0415

                self._loop = AsyncEngine(_settings())
                if self._metrics_path is not None:
                    self._loop.porter.spare(self._metrics_path)
                markcoroutinefunction(self)
            else:
                self._threads = ThreadedEngine(_settings(), spared=self._metrics_path)
        except ConfigError as error:
            raise ImproperlyConfigured(str(error)) from None

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """
        Let one request pass, or answer it.
        """
        return self._in_loop(request) if self._threads is None else self._in_thread(request, self._threads.desk)

    def _in_thread(self, request: HttpRequest, desk: Desk) -> HttpResponseBase:
        visit, outcome = desk.admit(partial(_read, desk), request)
        if isinstance(outcome, SendToWait | Refuse):
            return _sent_away(desk, outcome, visit)
        if self._tells_metrics(visit, outcome):
            return _metrics(desk)
        with _Passage(desk, request, visit, outcome) as passage:
            passage.response = self._get_response(request)
        return passage.headed()

    async def _in_loop(self, request: HttpRequest) -> HttpResponseBase:
        porter = self._loop.porter
        visit, outcome = await self._loop.admit(partial(_read, porter), request)
        if isinstance(outcome, SendToWait | Refuse):
            return _sent_away(porter, outcome, visit)
        if self._tells_metrics(visit, outcome):
            return _metrics(porter)
        with _Passage(porter, request, visit, outcome) as passage:
            passage.response = await self._get_response(request)
        return passage.headed()

    def _tells_metrics(self, visit: Visit, outcome: Settled) -> bool:
        return visit.facts.path == self._metrics_path and isinstance(outcome, Unprotected) and outcome.listed


class _Passage:
    """
    Let one answer pass to the visitor: take what the shop tells its gate out of its head, and see how the shop fares.

    A body that is streamed begins when the time ends that counts: it goes to the server as the view made it.
    """

    __slots__ = ("_began", "_gate", "_measured", "_visit", "response")

    def __init__(self, gate: Gate, request: HttpRequest, visit: Visit, outcome: Settled) -> None:
        request.waiting_room = visit  # type: ignore[attr-defined] # as Django's own middlewares do
        self._gate = gate
        self._visit = visit
        self._measured = not (isinstance(outcome, Unprotected) and outcome.listed)
        self._began = 0.0
        self.response: HttpResponseBase = HttpResponse(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    def __enter__(self) -> Self:
        if self._measured:
            self._began = time.perf_counter()
            self._gate.entered()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._measured:
            # A visitor who went away says nothing of the shop.
            gone = isinstance(error, asyncio.CancelledError)
            stream = self.response.get("Content-Type", "").startswith(EVENT_STREAM)
            failed = self.response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            self._gate.left(self._began, error=failed, counted=not (gone or stream))

    def headed(self) -> HttpResponseBase:
        """
        Return the shop's answer with what the visitor may see of its head.
        """
        response, visit = self.response, self._visit
        commands, stock = _popped(response, wire.COMMAND_HEADER), _popped(response, wire.STOCK_HEADER)
        if commands or stock or visit.commands:
            self._gate.heed(commands, stock, visit)
        return _with_additions(response, visit)


def _settings() -> GateSettings:
    values = getattr(django_settings, SETTING, None)
    if not isinstance(values, Mapping):
        raise ImproperlyConfigured(f"{SETTING} is missing: make it a dictionary with room, service_url, page_url, ...")
    return GateSettings.parse({name: value for name, value in values.items() if name != METRICS_PATH}, SETTING)


def _metrics_path() -> str | None:
    values = getattr(django_settings, SETTING, None)
    path = values.get(METRICS_PATH) if isinstance(values, Mapping) else None
    if path is not None and not (isinstance(path, str) and path.startswith("/")):
        raise ImproperlyConfigured(f"{SETTING}.{METRICS_PATH}: {path!r} is no path; write one such as '/metrics'")
    return path


def _metrics(gate: Gate) -> HttpResponse:
    text, content_type = gate.exposition()
    return HttpResponse(text, headers={"Content-Type": content_type})


def _read(gate: Gate, request: HttpRequest) -> Visit:
    scheme = request.scheme or "http"
    facts = facts_of(request.META, request.method or "GET", request.path, scheme, whence=gate.asks_whence)
    return Visit(facts, gate.is_secure(by_request=request.is_secure()))


def _sent_away(gate: Gate, outcome: SendToWait | Refuse, visit: Visit) -> HttpResponseBase:
    answer = gate.answer(outcome, visit)
    return _with_additions(HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers)), visit)


def _popped(response: HttpResponseBase, name: str) -> list[str]:
    value = response.headers.get(name)
    if value is None:
        return []
    del response.headers[name]
    return [value]


def _with_additions(response: HttpResponseBase, visit: Visit) -> HttpResponseBase:
    """
    Add what goes out beside the shop's headers; no shared cache may hand one visitor's pass to another.
    """
    for name, value in visit.headers.items():
        response.headers[name] = value
    for cookie in visit.cookies:
        response.cookies.load(cookie)
    if visit.cookies:
        for name, value in wire.UNCACHED.items():
            response.headers[name] = value
    elif visit.guarded and not says_who_keeps_it(*(response.headers.get(name, "") for name in CONFINED)):
        for name, value in CONFINED.items():
            known = response.headers.get(name)
            response.headers[name] = f"{known}, {value}" if known else value
    return response
