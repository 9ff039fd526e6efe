"""
The same small shop in every framework that a gate stands in: aiohttp, Starlette, Flask, and Django in threads and loop.

Each page of theirs is one of `page`, so that what differs between two answers is the gate's doing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Protocol, TypeVar

import django
import flask
from aiohttp import web
from django.conf import settings as django_settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import re_path
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from waiting_room.gates import asgi, wsgi
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.settings import GateSettings

Handler = TypeVar("Handler", WSGIHandler, ASGIHandler)

METHODS = ["GET", "POST", "PUT", "OPTIONS"]
PARTS = (b"a", b"b", b"c")


class Says(Protocol):
    """
    Say something of the visit, by a call.
    """

    def __call__(self, word: str, /) -> None:
        """
        Say *word*.
        """


def page(method: str, path: str, body: bytes, says: Says) -> tuple[int, dict[str, str], bytes]:
    """
    Return status, headers and body of a page of the shop.
    """
    match path.split("/"):
        case [_, "says", word]:
            return 200, {"Waiting-Room-Command": word}, b"said"
        case [_, "calls", word]:
            says(word)
            return 200, {}, b"called"
        case [_, "kept", word]:
            return 200, {"Cache-Control": word}, b"kept"
        case [_, "broken"]:
            return 500, {}, b"broken"
        case _:
            return 200, {}, b" ".join((method.encode(), path.encode(), body)).strip()


async def _parts() -> AsyncIterator[bytes]:
    for part in PARTS:
        yield part


def starlette_shop() -> Starlette:
    """
    Return the shop in Starlette, as under FastAPI.
    """

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        status, headers, text = page(request.method, request.url.path, body, request.scope["waiting_room"].command)
        return Response(text, status, headers)

    async def stream(_request: Request) -> Response:
        return StreamingResponse(_parts())

    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    routes = [
        Route("/stream", stream),
        WebSocketRoute("/socket", socket),
        Route("/{rest:path}", endpoint, methods=METHODS),
    ]
    return Starlette(routes=routes)


def flask_shop() -> flask.Flask:
    """
    Return the shop in Flask.
    """
    app = flask.Flask("shop", static_folder=None)

    @app.route("/stream")
    def stream() -> flask.Response:
        return flask.Response(iter(PARTS))

    @app.route("/", defaults={"rest": ""}, methods=METHODS)
    @app.route("/<path:rest>", methods=METHODS)
    def endpoint(rest: str) -> flask.Response:
        asked = flask.request
        says = asked.environ["waiting_room"].command
        status, headers, text = page(asked.method, asked.path, asked.get_data(), says)
        return flask.Response(text, status, headers)

    return app


def _django_stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_parts() if isinstance(request, ASGIRequest) else iter(PARTS))


def _django_page(request: HttpRequest) -> HttpResponse:
    says = request.waiting_room.command  # type: ignore[attr-defined] # set by the gate
    status, headers, text = page(request.method or "", request.path, request.body, says)
    return HttpResponse(text, status=status, headers=headers)


urlpatterns = [re_path("^stream$", _django_stream), re_path("", _django_page)]


def _django(handler: type[Handler], gate: GateSettings) -> Handler:
    if not django_settings.configured:
        django_settings.configure(
            ALLOWED_HOSTS=["*"],
            LOGGING_CONFIG=None,
            MIDDLEWARE=["waiting_room.gates.django.WaitingRoomMiddleware"],
            ROOT_URLCONF=__name__,
            SECRET_KEY="s" * 50,
        )
        django.setup()
    with override_settings(WAITING_ROOM={entry.name: getattr(gate, entry.name) for entry in fields(gate)}):
        return handler()


async def _aiohttp_page(request: web.Request, gate: WaitingRoomGate) -> web.StreamResponse:
    if request.path == "/stream":
        response = web.StreamResponse()
        await response.prepare(request)
        for part in PARTS:
            await response.write(part)
        return response
    body = await request.read()
    status, headers, text = page(request.method, request.path, body, lambda word: gate.command(request, word))
    return web.Response(status=status, headers=headers, body=text)


def gated_aiohttp(settings: GateSettings) -> web.Application:
    """
    Return the shop in aiohttp behind its gate.
    """
    gate = WaitingRoomGate(settings)

    async def endpoint(request: web.Request) -> web.StreamResponse:
        return await _aiohttp_page(request, gate)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", endpoint)
    gate.setup(app)
    return app


def gated_asgi(settings: GateSettings) -> asgi.WaitingRoomGate:
    """
    Return the shop in Starlette behind its gate.
    """
    # Starlette's I/O library is loaded by its first use: here, since what pytest loads it rewrites, and Python 3.11
    # cannot parse in two threads at once.
    asyncio.run(run_in_threadpool(int))
    return asgi.WaitingRoomGate(starlette_shop(), settings)


def gated_wsgi(settings: GateSettings) -> wsgi.WaitingRoomGate:
    """
    Return the shop in Flask behind its gate.
    """
    return wsgi.WaitingRoomGate(flask_shop().wsgi_app, settings)


def gated_django(settings: GateSettings) -> WSGIHandler:
    """
    Return the shop in Django, in threads, behind its gate.
    """
    return _django(WSGIHandler, settings)


def gated_django_in_loop(settings: GateSettings) -> ASGIHandler:
    """
    Return the shop in Django, in an event loop, behind its gate.
    """
    return _django(ASGIHandler, settings)
