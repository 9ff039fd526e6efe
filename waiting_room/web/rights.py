"""
The operator's HTTP, its part on who may come in: invitations, and those who are turned away.
"""

import json
import logging
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any, Final

from aiohttp import web

from waiting_room import wire
from waiting_room.entrance import revoke
from waiting_room.errors import Fault, FaultsError
from waiting_room.invitations import Wanted, invite
from waiting_room.lobby import Lobby
from waiting_room.tokens import Keyring
from waiting_room.web.admin import ROOT, guard_of

ID_BYTES: Final = 9
DAY_S: Final = 86_400
LONGEST_S: Final = 366 * DAY_S

_log = logging.getLogger(__name__)


def routes(lobby: Lobby, admin_token: str | None, keyring: Keyring, base: str) -> list[web.RouteDef]:
    """
    Return the routes, behind the same door as all of the operator's.

    Invitations are signed with *keyring*; their links begin with *base*, the waiting page's address without the room.
    """
    rights = Rights(lobby, keyring, base)
    guard = guard_of(admin_token)
    return [
        web.post(f"{ROOT}/{{room}}/invite", guard(rights.invite)),
        web.post(f"{ROOT}/{{room}}/revoke", guard(rights.revoke)),
    ]


class RightsError(FaultsError):
    """
    Refuse what an operator sent.
    """


class Rights:
    """
    Answer operators who have shown the token.
    """

    def __init__(self, lobby: Lobby, keyring: Keyring, base: str) -> None:
        self._lobby = lobby
        self._keyring = keyring
        self._base = base

    async def invite(self, request: web.Request) -> web.Response:
        """
        Make invitations to a lane; nothing is kept of them until they are used.
        """
        name = request.match_info["room"]
        values = await _read(request, {"lane": str, "uses": int, "expires_s": float, "count": int}, ("lane",))
        wanted = Wanted(**values)
        wanted.check(self._lobby.policy(name))
        now_ms = self._lobby.clock_ms()
        made = invite(self._keyring, name, wanted, now_ms, lambda: token_urlsafe(ID_BYTES), self._base)
        details = {"room": name, "lane": wanted.lane, "count": wanted.count, "by": request.remote}
        _log.info("an operator made invitations", extra=details)
        return web.json_response({"room": name, "invitations": made}, headers=wire.UNCACHED)

    async def revoke(self, request: web.Request) -> web.Response:
        """
        Take a pass back or turn a visitor away, at every gate within seconds; for no time at all, take that back.
        """
        name = request.match_info["room"]
        values = await _read(request, {"seat": str, "visitor": str, "for_s": float}, ())
        seat, visitor, for_s = values.get("seat", ""), values.get("visitor", ""), values.get("for_s", DAY_S)
        faults = []
        if bool(seat) == bool(visitor):
            faults.append(Fault("body", "names neither or both of seat and visitor", 'send {"seat": "standard.7"}'))
        if not 0 <= for_s <= LONGEST_S:
            faults.append(Fault("for_s", f"{for_s:g} is out of range", f"allowed are 0 to {LONGEST_S:,} seconds"))
        if faults:
            raise RightsError(tuple(faults))
        freed = await revoke(self._lobby, name, seat=seat, visitor=visitor, for_ms=round(for_s * 1000))
        details = {"room": name, "seat": seat, "visitor": visitor, "for_s": for_s, "by": request.remote}
        _log.info("an operator turned somebody away", extra=details)
        told = {"room": name, "freed": freed, "revoked": self._lobby.room(name).revoked.entries()}
        return web.json_response(told, headers=wire.UNCACHED)


_WORDS: Final[Mapping[type, str]] = {str: "text", int: "whole number", float: "number"}


async def _read(request: web.Request, kinds: Mapping[str, type], required: tuple[str, ...]) -> dict[str, Any]:
    """
    Return the fields of the object in the body, each of its kind, or raise `RightsError` with all that is wrong.
    """
    example = f"send an object with {', '.join(kinds)}"
    try:
        values = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise RightsError((Fault("body", f"is no JSON: {error}", example),)) from error
    if not isinstance(values, dict):
        raise RightsError((Fault("body", "is no object", example),))
    faults = [Fault(name, "is unknown", f"known are {', '.join(kinds)}") for name in values if name not in kinds]
    faults += [Fault(name, "is missing", example) for name in required if name not in values]
    for name, kind in kinds.items():
        value = values.get(name, kind())
        right = isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)
        if not right:
            faults.append(Fault(name, f"{value!r:.40} is no {_WORDS[kind]}", f"give a {_WORDS[kind]}"))
    if faults:
        raise RightsError(tuple(faults))
    return values
