"""
The quick way of polls, joins and a proxy's questions, before any routing.

Nine of ten requests are polls of visitors who wait, a promotion begins with a wave of joins, and where a proxy asks, it
asks for each request to the shop. aiohttp's router, match info and the guards take a third of the time of such an
answer and add nothing to it, so the server's handler looks at the path first; whatever is not plainly one of the three
goes on to the application, as if this were not here.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter

from aiohttp import web

from waiting_room import wire
from waiting_room.core.outcomes import Early, Waiting
from waiting_room.core.reasons import Reason
from waiting_room.lobby import Lobby
from waiting_room.web import ready
from waiting_room.web.authorize import Authorize
from waiting_room.web.visits import Visit, Visits, seen_of

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class QuickWay:
    """
    Answer polls of those who wait, before the opening and after it, and joins of those who have no ticket yet.

    *say* puts a visit into words; *observe* hears route, status and seconds of each request; *heard* is told of each
    request as it comes, those for the application too.
    """

    def __init__(
        self,
        lobby: Lobby,
        visits: Visits,
        say: Callable[[web.BaseRequest, Visit], web.StreamResponse],
        authorize: Authorize,
        prefix: str,
        observe: Callable[[str, int, float], None],
        heard: Callable[[web.BaseRequest], None],
    ) -> None:
        self._authorize = authorize
        self._lobby = lobby
        self._say = say
        self._visits = visits
        self._identities = visits.identities
        self._prefix = f"{prefix}/"
        self._observe = observe
        self._heard = heard

    def before(self, application: Handler) -> Handler:
        """
        Return a handler that answers what it can itself and hands everything else to *application*.
        """
        prefix, at = self._prefix, len(self._prefix)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            begun = perf_counter()
            self._heard(request)
            path = request.raw_path
            if path.startswith(prefix):
                room, _, verb = path[at:].partition("/")
                response, route = None, "status"
                try:
                    if room == "authorize":
                        response, route = self._authorize.quick(request), "authorize"
                    elif request.method == "GET" and verb.startswith("status"):
                        response = self._poll(request, room, verb)
                    elif request.method == "POST" and verb == "join":
                        response, route = await self._join(request, room), "join"
                except Exception:  # noqa: BLE001 - the application meets it again, answers it and logs it
                    response = None
                if response is not None:
                    self._observe(route, response.status, perf_counter() - begun)
                    return response
            return await application(request)

        return handle

    def _poll(self, request: web.BaseRequest, name: str, verb: str) -> web.StreamResponse | None:
        room = self._lobby.known.get(name)
        if room is None or (verb != "status" and not verb.startswith("status?")):
            return None
        ticket = self._identities.of(request.headers, name).ticket
        if ticket is None:
            return None
        outcome = self._lobby.status(name, ticket, seen_of(request))
        if type(outcome) is Waiting and outcome.reason is Reason.QUEUE_WAIT:
            body = wire.encode_waiting(outcome, room.json_name, room.json_message)
        elif type(outcome) is Early and outcome.reason is Reason.PREQUEUE:
            body = wire.encode_early(outcome, room.json_name, room.json_message)
        else:
            return None
        room.polls_waiting += 1
        return ready.answer(request, body)

    async def _join(self, request: web.BaseRequest, name: str) -> web.StreamResponse | None:
        room = self._lobby.known.get(name)
        if room is None:
            return None
        identity = self._identities.of(request.headers, name)
        if identity.ticket is not None:
            return None
        return self._say(request, await self._visits.join_as(request, name, identity))
