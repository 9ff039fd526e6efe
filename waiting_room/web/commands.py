"""
What a shop behind a proxy says of a visit: its server calls, with the credential of a gate and the visitor's pass.

A proxy hands the shop's answer on without looking into it: the header by which a shop tells a gate is lost on it.
The credential says that it is the shop that speaks, the pass whose visit it speaks of: neither suffices alone.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import hdrs, web

from waiting_room import wire
from waiting_room.authorize.gatehouse import Gatehouse
from waiting_room.errors import Fault, FaultsError, TokenError, UnprovenGateError
from waiting_room.gates.commands import VISIT_WORDS
from waiting_room.gates.requests import Request
from waiting_room.lobby import Lobby
from waiting_room.tokens import Keyring

COMMAND: Final = "command"
PASS: Final = "pass"
VISITOR: Final = "visitor"
STAGE: Final = "stage"
_FIELDS: Final = (COMMAND, PASS, VISITOR, STAGE)


class CommandError(FaultsError):
    """
    Refuse what a shop says of a visit.
    """


class Commands:
    """
    Answer shops. *gatehouse* keeps what is said, until the store has heard it.
    """

    def __init__(self, lobby: Lobby, gatehouse: Gatehouse, keyring: Keyring) -> None:
        self._lobby = lobby
        self._gatehouse = gatehouse
        self._keyring = keyring

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """
        Return the route below *prefix*.
        """
        return [web.post(f"{prefix}/gate/{{room}}/command", self.command)]

    async def command(self, request: web.Request) -> web.Response:
        """
        Do what the shop says of one visit, and answer with what its browser is to be given.
        """
        room = request.match_info["room"]
        gate = self._gatehouse.gate(room)
        gate_credential(request, self._keyring, room, self._lobby.clock_ms())
        said = read_command(await request.read())
        word, facts = said[COMMAND], _facts(room, said)
        visit = gate.obey(word, facts, self._lobby.clock_ms())
        assert visit.held is not None
        seat = visit.held.admission.seat
        await self._gatehouse.tell_of(seat, room, gate)
        if word != wire.RELEASE:
            gate.check_held(seat)
        answer = {
            "room": room,
            "command": word,
            "seat": seat,
            "stage": visit.headers.get(wire.STAGE_HEADER),
            "set_cookie": visit.cookies,
        }
        return web.json_response(answer, headers=wire.UNCACHED)


def gate_credential(request: web.Request, keyring: Keyring, room: str, now_ms: int) -> None:
    """
    Raise `UnprovenGateError` unless *request* bears the credential of a gate of *room*.
    """
    scheme, _, credential = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnprovenGateError("a gate sends its credential as a bearer token")
    try:
        keyring.gate(credential, room, now_ms)
    except TokenError as error:
        raise UnprovenGateError(error.detail) from error


def read_command(body: bytes) -> dict[str, str]:
    """
    Return the command in *body* with the visitor's tokens, empty where they bear none, or raise `CommandError`.
    """
    words = " or ".join(VISIT_WORDS)
    example = f"send an object with {', '.join(_FIELDS)}"
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CommandError((Fault("body", f"is no JSON: {error}", example),)) from error
    if not isinstance(values, dict):
        raise CommandError((Fault("body", "is no object", example),))
    faults = [Fault(name, "is unknown", f"known are {', '.join(_FIELDS)}") for name in values if name not in _FIELDS]
    if values.get(COMMAND) not in VISIT_WORDS:
        faults.append(Fault(COMMAND, f"{values.get(COMMAND)!r:.40} is no command", f"say {words}"))
    faults += _token_faults(values)
    if faults:
        raise CommandError(tuple(faults))
    return {name: values.get(name, "") for name in _FIELDS}


def _token_faults(values: Mapping[str, Any]) -> list[Fault]:
    where = "hand on the cookie of the visitor's request as it is, or leave it out"
    return [
        Fault(name, f"{values[name]!r:.40} is no text", where)
        for name in (PASS, VISITOR, STAGE)
        if not isinstance(values.get(name, ""), str)
    ]


def _facts(room: str, said: Mapping[str, str]) -> Request:
    """
    Return what the visitor's request to the shop bore of ours. As cookies and as headers: they are given both.
    """
    cookies = {
        wire.pass_cookie(room): said[PASS],
        wire.VISITOR_COOKIE: said[VISITOR],
        wire.stage_cookie(room): said[STAGE],
    }
    return Request(hdrs.METH_POST, "/", "", {wire.PASS_HEADER: said[PASS]}, cookies, "")
