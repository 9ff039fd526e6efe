"""
The service's HTTP: routes, the measuring of each request, health and metrics.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter as _clock
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from waiting_room import wire
from waiting_room.authorize.gatehouse import Gatehouse
from waiting_room.config import ServerSettings
from waiting_room.lobby import Lobby
from waiting_room.tokens import Keyring, PassSigner
from waiting_room.web import admin, jwks, pages, problems, rights
from waiting_room.web.api import Api
from waiting_room.web.authorize import Authorize
from waiting_room.web.commands import Commands
from waiting_room.web.faces import problem_page
from waiting_room.web.identity import Identities
from waiting_room.web.openapi import document
from waiting_room.web.openapi.watchers import PATH as DOCUMENT
from waiting_room.web.quick import QuickWay
from waiting_room.web.slow_senders import SlowSenders
from waiting_room.web.visits import Visits
from waiting_room.web.whence import Origins

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
    metrics. *passes* writes passes, compact ones if it is None; *published* is the key set of those that are JWTs.
    """

    lobby: Lobby
    keyring: Keyring
    identities: Identities
    settings: ServerSettings
    health: Health
    gatehouse: Gatehouse
    observe: Callable[[str, int, float], None]
    exposition: Callable[[], tuple[bytes, str]]
    passes: PassSigner | None = None
    published: bytes = jwks.NO_KEYS


def build_app(service: Service) -> web.Application:
    """
    Return the application of one worker: every route, each handler measured and guarded.
    """
    visits, api, authorize = _desks(service)
    guard = _Guard(service.observe, service.settings.prefix)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    for route in (
        *document.routes(service.settings.prefix),
        *api.routes(service.settings.prefix),
        *Commands(service.lobby, service.gatehouse, service.keyring).routes(service.settings.prefix),
        *authorize.routes(),
        *jwks.routes(service.published, service.settings.prefix),
        *pages.routes(visits, service.lobby, service.settings.prefix),
        *admin.routes(service.lobby, service.settings.admin_token),
        *rights.routes(service.lobby, service.settings.admin_token, service.keyring, _public_base(service.settings)),
        *_operations(service),
    ):
        app.router.add_route(route.method, route.path, guard.all(route.handler))
    app.router.add_route("*", ANYTHING, guard.all(_nothing_here))
    return app


def hurry(service: Service, runner: web.BaseRunner) -> SlowSenders:
    """
    Put the quick way of polls and joins before the application of *runner*, which is set up, and return who looks
    after those that take too long to ask.
    """
    assert runner.server is not None
    visits, api, authorize = _desks(service)
    slow = SlowSenders(runner.server)
    quick = QuickWay(service.lobby, visits, api.say, authorize, service.settings.prefix, service.observe, slow.heard)
    runner.server.request_handler = quick.before(runner.server.request_handler)
    return slow


def _desks(service: Service) -> tuple[Visits, Api, Authorize]:
    secure = (service.settings.public_url or "").startswith("https:")
    prefix = service.settings.prefix
    visits = Visits(
        service.lobby,
        service.keyring,
        service.identities,
        secure=secure,
        passes=service.passes,
        origins=Origins(service.settings.trusted_proxies),
        workers=service.settings.workers,
    )
    page = pages.WaitingPage(visits, service.lobby, prefix)
    authorize = Authorize(service.gatehouse, service.lobby, service.identities, page.answer, prefix)
    return visits, Api(visits, service.lobby, service.keyring), authorize


def _public_base(settings: ServerSettings) -> str:
    return f"{settings.public_url or ''}{settings.prefix}"


ANYTHING: Final = r"/{anything:[\s\S]*}"
"""Every path; a dot would leave out those with an encoded line break, and aiohttp's own words answer them."""


async def _nothing_here(request: web.Request) -> web.Response:
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        _, methods = await resource.resolve(request)
        allowed |= methods
    allowed.discard(hdrs.METH_ANY)
    if allowed:
        raise web.HTTPMethodNotAllowed(request.method, allowed)
    raise web.HTTPNotFound


def _operations(service: Service) -> list[web.RouteDef]:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n", headers=wire.UNCACHED)

    async def readyz(_: web.Request) -> web.Response:
        ready = service.health.ready
        text = "ready\n" if ready else "not ready: starting or stopping\n"
        return web.Response(text=text, status=200 if ready else 503, headers=wire.UNCACHED)

    async def metrics(_: web.Request) -> web.Response:
        body, content_type = service.exposition()
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type, **wire.UNCACHED})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


_LAST_WORDS: Final = {
    "status": "status",
    "join": "join",
    "claim": "claim",
    "leave": "leave",
    "state.json": "state",
    "report": "report",
    "command": "command",
    "jwks.json": "jwks",
}


def route_of(path: str, prefix: str) -> str:
    """
    Return the name of a path's route, from a closed set.
    """
    if path.startswith(f"{prefix}/authorize/"):
        return "authorize"
    if path == f"{prefix}{DOCUMENT}":
        return "other"
    if path.startswith(f"{prefix}/"):
        room, _, call = path.removeprefix(f"{prefix}/").rpartition("/")
        return _LAST_WORDS.get(call, "page") if room else "page"
    if path.startswith("/admin/"):
        return "admin"
    if path == "/metrics":
        return "metrics"
    return "health" if path in {"/healthz", "/readyz"} else "other"


class _Guard:
    """
    Measure each request and turn every exception into an answer, around each handler instead of around the app.

    An app-wide middleware costs a poll a tenth of its time; this way the poll pays for what it needs.
    """

    def __init__(self, observe: Callable[[str, int, float], None], prefix: str) -> None:
        self._observe = observe
        self._prefix = prefix
        self._problems = problems.middleware(problem_page)

    def all(self, handler: Any) -> Handler:
        """
        Return *handler*, measured and guarded.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            begun = _clock()
            try:
                response = await self._problems(request, handler)
            except web.HTTPException as moved:
                self._observe(route_of(request.path, self._prefix), moved.status, _clock() - begun)
                raise
            self._observe(route_of(request.path, self._prefix), response.status, _clock() - begun)
            return response

        return guarded
