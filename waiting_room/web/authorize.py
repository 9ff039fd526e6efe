"""
The authorize endpoint: a proxy asks for each request to the shop whether it may pass.

``{prefix}/authorize/{dialect}/{room}``, with any method. Dialect and room stand in the path, never in a query or in
sniffed headers: these are the visitor's to make up. Asked as often as the shop has requests, it is answered before any
routing, from memory; only the inline dialects, whose answer is the waiting page, take the usual way.
"""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from yarl import URL

from waiting_room.authorize.dialects import DIALECTS, FAILED, WAIT, Dialect, answer, asked, cut, failed, status_of
from waiting_room.authorize.gatehouse import Gatehouse, RoomGate
from waiting_room.errors import RoomUnknownError
from waiting_room.gates.answers import RETRY_AFTER_S, Answer
from waiting_room.gates.core import Outcome, SendToWait
from waiting_room.gates.networks import NOWHERE
from waiting_room.gates.requests import Request
from waiting_room.gates.texts import LANGUAGE_COOKIE, pick_language
from waiting_room.lobby import Lobby
from waiting_room.web import ready
from waiting_room.web.identity import Identities
from waiting_room.web.whence import way_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


class Authorize:
    """
    Answer proxies. Whatever goes wrong in here is a failure in the proxy's own words, never a yes.

    *page* answers for the waiting page.
    """

    def __init__(self, gatehouse: Gatehouse, lobby: Lobby, identities: Identities, page: Handler, prefix: str) -> None:
        self._gatehouse = gatehouse
        self._lobby = lobby
        self._identities = identities
        self._page = page
        self._prefix = prefix
        self._at = len(prefix) + len("/authorize/")

    def routes(self) -> list[web.RouteDef]:
        """
        Return the route of all dialects and rooms.
        """
        path = f"{self._prefix}/authorize/{{dialect}}/{{room}}"
        return [web.route("*", path, self.routed), web.route("*", path + r"/{rest:[\s\S]*}", self.routed)]

    def quick(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """
        Return the answer, or None where the waiting page is it, or no dialect of ours is meant.
        """
        dialect, room, rest = self._meant(request)
        return None if dialect is None or dialect.inline else self._answered(request, dialect, room, rest)

    async def routed(self, request: web.Request) -> web.StreamResponse:
        """
        Return the answer, in whatever dialect.
        """
        dialect, room, rest = self._meant(request)
        if dialect is None:
            raise web.HTTPNotFound
        if not dialect.inline:
            return self._answered(request, dialect, room, rest)
        try:
            gate, outcome, facts = self._decided(request, dialect, room, rest)
            said = self._said(request, dialect, gate, outcome, facts, room)
            if status_of(outcome) != WAIT or not isinstance(outcome, SendToWait) or outcome.as_json:
                return ready.whole(request, said)
            return await self._shown(request, outcome, said)
        except Exception as error:  # noqa: BLE001 - nobody passes by an error, whichever it is
            return ready.whole(request, self._failed(error, dialect, room))

    def _meant(self, request: web.BaseRequest) -> tuple[Dialect | None, str, str]:
        """
        Return the dialect, the room's name and what follows it, from the undecoded path.
        """
        name, _, rest = request.raw_path[self._at :].partition("/")
        return DIALECTS.get(name), *cut(rest)

    def _answered(self, request: web.BaseRequest, dialect: Dialect, room: str, rest: str) -> web.StreamResponse:
        try:
            gate, outcome, facts = self._decided(request, dialect, room, rest)
            said = self._said(request, dialect, gate, outcome, facts, room)
        except Exception as error:  # noqa: BLE001 - nobody passes by an error, whichever it is
            said = self._failed(error, dialect, room)
        return ready.whole(request, said)

    def _decided(
        self, request: web.BaseRequest, dialect: Dialect, room: str, rest: str
    ) -> tuple[RoomGate, Outcome, Request]:
        gate = self._gatehouse.gate(room)
        wanted = asked(dialect, request.method, rest, request.headers)
        way = way_of(request) if self._gatehouse.asks_whence else NOWHERE
        outcome, facts = gate.decide(wanted, request.headers, self._lobby.clock_ms(), way)
        self._lobby.known[room].tally["authorize", status_of(outcome)] += 1
        return gate, outcome, facts

    def _said(
        self,
        request: web.BaseRequest,
        dialect: Dialect,
        gate: RoomGate,
        outcome: Outcome,
        facts: Request,
        room: str,
    ) -> Answer:
        if not isinstance(outcome, SendToWait):
            return answer(dialect, outcome, room, facts.method, "en")
        chosen = gate.language(facts) or facts.cookies.get(LANGUAGE_COOKIE)
        language = pick_language(chosen, request.headers.get(hdrs.ACCEPT_LANGUAGE))
        return answer(dialect, outcome, room, facts.method, language, self._position(request, room))

    def _position(self, request: web.BaseRequest, room: str) -> int:
        ticket = self._identities.of(request.headers, room).ticket
        if ticket is None:
            return 0
        view = self._lobby.known[room].view
        return view.position(ticket.lane, view.rank_of(ticket.lane, ticket.number))

    async def _shown(self, request: web.Request, outcome: SendToWait, said: Answer) -> web.StreamResponse:
        """
        Return the waiting page, as a plain look at its own address would.

        Of the visitor's request only the cookies and what the browser prefers count: a query of the shop's is not ours.
        """
        address = URL(outcome.url)
        inner = request.clone(method=hdrs.METH_GET, rel_url=address.relative() if address.absolute else address)
        page = await self._page(inner)
        if page.status == web.HTTPOk.status_code:
            # To a proxy a 200 would be a yes; and what counts searches knows that it shall come again.
            page.set_status(web.HTTPTooManyRequests.status_code)
            page.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER_S)
        ours = {name: value for name, value in said.headers.items() if name.startswith("Waiting-Room-")}
        page.headers.update(ours)
        return page

    def _failed(self, error: Exception, dialect: Dialect, room: str) -> Answer:
        if isinstance(error, RoomUnknownError):
            _log.error("a proxy asks about a room that is not here; correct its configuration: room=%r", room[:64])
        else:
            _log.exception("the authorize endpoint failed; the proxy's rule for an outage counts")
        if (known := self._lobby.known.get(room)) is not None:
            known.tally["authorize", FAILED] += 1
        return failed(dialect)
