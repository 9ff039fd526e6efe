"""
The operator's HTTP: rooms listed, shown, configured, opened, paused, drained and closed, by bearer token.

Reading asks no store: an operator sees the last known state while Redis is away. Every change is logged.
"""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web

from waiting_room import wire
from waiting_room.core.names import name_faults
from waiting_room.core.phase import ACTIONS
from waiting_room.core.policy import MOST_RATE, Policy
from waiting_room.core.shop import MOST_STOCK
from waiting_room.errors import Fault, PolicyError
from waiting_room.lobby import Lobby
from waiting_room.patience import patiently
from waiting_room.web import problems
from waiting_room.web.texts import Saying

ROOT: Final = "/admin/api/v1/rooms"
# Programs and operators read these, in English; visitors never do.
_DISABLED: Final = problems.Problem(
    HTTPStatus.FORBIDDEN,
    "admin_disabled",
    Saying(
        "The operator's interface is switched off",
        "No admin token is configured.",
        "Set server.admin_token, WAITING_ROOM_SERVER__ADMIN_TOKEN or WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE.",
    ),
)
_UNAUTHORIZED: Final = problems.Problem(
    HTTPStatus.UNAUTHORIZED,
    "admin_token_refused",
    Saying(
        "This needs the admin token",
        "The request bears none, or another one.",
        "Send it as 'Authorization: Bearer TOKEN'.",
    ),
    headers={hdrs.WWW_AUTHENTICATE: 'Bearer realm="waiting-room"'},
)

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.Response]]


def routes(lobby: Lobby, admin_token: str | None) -> list[web.RouteDef]:
    """
    Return the operator's routes; without *admin_token* each of them says how to set one.
    """
    admin = Admin(lobby)
    guard = guard_of(admin_token)
    return [
        web.get(ROOT, guard(admin.list)),
        web.get(f"{ROOT}/{{room}}", guard(admin.show)),
        web.get(f"{ROOT}/{{room}}/audit", guard(admin.audit)),
        web.put(f"{ROOT}/{{room}}", guard(admin.put)),
        web.patch(f"{ROOT}/{{room}}", guard(admin.patch)),
        web.post(f"{ROOT}/{{room}}/override", guard(admin.override)),
        web.post(f"{ROOT}/{{room}}/stock", guard(admin.stock)),
        web.post(f"{ROOT}/{{room}}/sold-out", guard(admin.sell_out)),
        web.post(f"{ROOT}/{{room}}/{{action:{'|'.join(ACTIONS)}}}", guard(admin.act)),
    ]


class Admin:
    """
    Answer operators who have shown the token.
    """

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby

    async def list(self, _: web.Request) -> web.Response:
        """
        List the rooms as they were known last.
        """
        return _said({"rooms": [self._lobby.admin_state(name) for name in self._lobby.rooms()]})

    async def show(self, request: web.Request) -> web.Response:
        """
        Show a room as it was known last.
        """
        return _said(self._lobby.admin_state(request.match_info["room"]))

    async def audit(self, request: web.Request) -> web.Response:
        """
        Tell a page of the room's admission log, as it stands in the store.
        """
        name, after = request.match_info["room"], _after(request)
        head = self._lobby.room(name).view.snapshot.head
        page = await self._lobby.audit(name, after)
        following = page[-1][0] if page else None
        return _said({"room": name, "head": str(head), "records": [text for _, text in page], "next": following})

    async def put(self, request: web.Request) -> web.Response:
        """
        Create a room, or replace all its settings; what is left out takes its default.
        """
        name = request.match_info["room"]
        values = await _settings(request)
        faults = name_faults(name)
        if faults:
            raise PolicyError(faults)
        new = name not in self._lobby.rooms()
        await self._configure(request, name, Policy.parse(values, name), values)
        return _said(self._lobby.admin_state(name), HTTPStatus.CREATED if new else HTTPStatus.OK)

    async def patch(self, request: web.Request) -> web.Response:
        """
        Change the settings of a room that are named.
        """
        name = request.match_info["room"]
        before = self._lobby.policy(name).as_dict()
        changes = await _settings(request)
        await self._configure(request, name, Policy.parse(before | changes, name), changes)
        return _said(self._lobby.admin_state(name))

    async def act(self, request: web.Request) -> web.Response:
        """
        Gather visitors, open, pause, resume, drain or close a room; a body can say when, and the value of a beacon.
        """
        name, action = request.match_info["room"], request.match_info["action"]
        values = await _settings(request) if request.can_read_body else {}
        await self._lobby.act(name, action, values)
        details = {"room": name, "action": action, "by": request.remote, "given": values}
        _log.info("an operator changed a room's phase", extra=details)
        return _said(self._lobby.admin_state(name))

    async def override(self, request: web.Request) -> web.Response:
        """
        Set the rate by hand, whatever the shop's health asks for; null gives it back to the room.
        """
        name, rate = request.match_info["room"], await _number(request, "rate_per_minute", MOST_RATE)
        await self._lobby.override(name, rate)
        _log.info("an operator set a room's rate by hand", extra={"room": name, "rate": rate, "by": request.remote})
        return _said(self._lobby.admin_state(name))

    async def stock(self, request: web.Request) -> web.Response:
        """
        Tell how many units are left to sell; null where nobody knows any more.
        """
        name, units = request.match_info["room"], await _number(request, "units", MOST_STOCK)
        await self._lobby.stock(name, units)
        _log.info("an operator told a room's stock", extra={"room": name, "units": units, "by": request.remote})
        return _said(self._lobby.admin_state(name))

    async def sell_out(self, request: web.Request) -> web.Response:
        """
        Close a room for those who wait because nothing is left to sell; those inside may finish.
        """
        name = request.match_info["room"]
        await self._lobby.sell_out(name)
        _log.info("an operator closed a room as sold out", extra={"room": name, "by": request.remote})
        return _said(self._lobby.admin_state(name))

    async def _configure(self, request: web.Request, name: str, policy: Policy, given: Mapping[str, Any]) -> None:
        await patiently(lambda: self._lobby.configure(name, policy, rate_by_hand="rate_per_minute" in given))
        details = {"room": name, "policy": policy.as_dict(), "by": request.remote}
        _log.info("an operator changed a room's settings", extra=details)


def guard_of(admin_token: str | None) -> Callable[[Handler], Handler]:
    """
    Return what lets only those in who show *admin_token*; without one, nobody.
    """
    expected = (admin_token or "").encode()

    def guarded(handler: Handler) -> Handler:
        async def check(request: web.Request) -> web.Response:
            if not expected:
                return problems.answer(_DISABLED, problems.language_of(request))
            scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            # compare_digest takes the same time wherever the texts differ first.
            right = hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), expected)
            if scheme.lower() != "bearer" or not right:
                return problems.answer(_UNAUTHORIZED, problems.language_of(request))
            return await handler(request)

        return check

    return guarded


def _after(request: web.Request) -> int:
    text = request.query.get("after", "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise PolicyError((Fault("after", f"{text!r:.40} is no sequence", "take the answer's next, or leave it out"),))
    return int(text)


async def _settings(request: web.Request) -> dict[str, Any]:
    try:
        values = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise PolicyError((Fault("body", f"is no JSON: {error}", "send an object of settings"),)) from error
    if not isinstance(values, dict):
        raise PolicyError((Fault("body", "is no object", 'send settings, such as {"rate_per_minute": 300}'),))
    return values


async def _number(request: web.Request, field: str, most: int) -> int | None:
    """
    Return the whole number from 0 to *most*, or null, that is the body's only field.
    """
    values = await _settings(request)
    number = values.get(field, "")
    whole = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= most
    if set(values) != {field} or not (whole or number is None):
        remedy = f'send {{"{field}": N}} with 0 to {most:,}, or {{"{field}": null}}'
        raise PolicyError((Fault("body", f"is not one number called {field}", remedy),))
    return number if whole else None


def _said(document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.json_response(document, status=status, headers=wire.UNCACHED)
