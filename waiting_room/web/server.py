"""
The service's HTTP: routes, the measuring of each request, health and metrics.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from waiting_room.config import ServerSettings
from waiting_room.lobby import Lobby
from waiting_room.tokens import Keyring
from waiting_room.web import admin, pages, problems
from waiting_room.web.api import Api
from waiting_room.web.faces import problem_page
from waiting_room.web.identity import Identities
from waiting_room.web.visits import Visits

MAX_BODY_BYTES: Final = 65_536
"""Visitors send a word at most; a gate's report is read up to a bound of its own."""


@dataclass(slots=True)
class Health:
    """
    Tell whether this worker takes visitors; it never depends on Redis, whose outage must not take all workers away.
    """

    ready: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """
    Hold what the routes need. *observe* hears route, status and seconds of each request; *exposition* gives the
    metrics.
    """

    lobby: Lobby
    keyring: Keyring
    identities: Identities
    settings: ServerSettings
    health: Health
    observe: Callable[[str, int, float], None]
    exposition: Callable[[], tuple[bytes, str]]


def build_app(service: Service) -> web.Application:
    """
    Return the application of one worker.
    """
    settings = service.settings
    secure = (settings.public_url or "").startswith("https:")
    visits = Visits(service.lobby, service.keyring, service.identities, secure=secure)
    app = web.Application(
        middlewares=[_measuring(service.observe, settings.prefix), problems.middleware(problem_page)],
        client_max_size=MAX_BODY_BYTES,
    )
    app.router.add_routes(Api(visits, service.lobby, service.keyring).routes(settings.prefix))
    app.router.add_routes(pages.routes(visits, service.lobby, settings.prefix))
    app.router.add_routes(admin.routes(service.lobby, settings.admin_token))
    app.router.add_routes(_operations(service))
    return app


def _operations(service: Service) -> list[web.RouteDef]:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n", headers={hdrs.CACHE_CONTROL: "no-store"})

    async def readyz(_: web.Request) -> web.Response:
        ready = service.health.ready
        text = "ready\n" if ready else "not ready: starting or stopping\n"
        return web.Response(text=text, status=200 if ready else 503, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def metrics(_: web.Request) -> web.Response:
        body, content_type = service.exposition()
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


_LAST_WORDS: Final = {
    "status": "status",
    "join": "join",
    "claim": "claim",
    "leave": "leave",
    "state.json": "state",
    "report": "report",
}


def route_of(path: str, prefix: str) -> str:
    """
    Return the name of a path's route, from a closed set.
    """
    if path.startswith(prefix):
        return _LAST_WORDS.get(path.rpartition("/")[2], "page")
    if path.startswith("/admin"):
        return "admin"
    if path == "/metrics":
        return "metrics"
    return "health" if path in {"/healthz", "/readyz"} else "other"


def _measuring(observe: Callable[[str, int, float], None], prefix: str) -> Middleware:
    clock = time.perf_counter

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun = clock()
        try:
            response = await handler(request)
        except web.HTTPException as moved:
            observe(route_of(request.path, prefix), moved.status, clock() - begun)
            raise
        observe(route_of(request.path, prefix), response.status, clock() - begun)
        return response

    return measure
