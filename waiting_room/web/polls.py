"""
The quick way of a status poll, before any routing.

Nine of ten requests are polls of visitors who wait. aiohttp's router, match info and middlewares take a third of the
time of such an answer and add nothing to it, so the server's handler looks at the path first; whatever is not plainly
a waiting visitor's poll goes on to the application, as if this were not here.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from waiting_room import wire
from waiting_room.core.outcomes import Waiting
from waiting_room.lobby import Lobby
from waiting_room.web.identity import Identities
from waiting_room.web.visits import seen_of

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_HEADERS: Final = CIMultiDict({hdrs.CONTENT_TYPE: "application/json", hdrs.CACHE_CONTROL: "no-store"})


class Polls:
    """
    Answer the status polls of those who wait; *observe* hears route, status and seconds of each.
    """

    def __init__(
        self, lobby: Lobby, identities: Identities, prefix: str, observe: Callable[[str, int, float], None]
    ) -> None:
        self._lobby = lobby
        self._identities = identities
        self._prefix = f"{prefix}/"
        self._observe = observe

    def before(self, application: Handler) -> Handler:
        """
        Return a handler that answers polls itself and hands everything else to *application*.
        """
        prefix, end = self._prefix, "/status"
        at = len(prefix)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            begun = perf_counter()
            path = request.raw_path
            bare = path if path.endswith(end) else path.partition("?")[0]
            if bare.endswith(end) and path.startswith(prefix) and request.method == "GET":
                response = self._answer(request, bare[at : -len(end)])
                if response is not None:
                    self._observe("status", 200, perf_counter() - begun)
                    return response
            return await application(request)

        return handle

    def _answer(self, request: web.BaseRequest, name: str) -> web.Response | None:
        room = self._lobby.known.get(name)
        if room is None:
            return None
        ticket = self._identities.of(request.headers, name).ticket
        if ticket is None:
            return None
        outcome = self._lobby.status(name, ticket, seen_of(request))
        if type(outcome) is not Waiting:
            return None
        room.polls_waiting += 1
        body = wire.encode_waiting(outcome, room.json_name, room.json_message)
        return web.Response(body=body, headers=_HEADERS.copy())
