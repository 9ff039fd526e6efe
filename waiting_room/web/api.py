"""
The visitor's and the gate's JSON: join, status, claim, leave, state, report.
"""

import json
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any, Final

from aiohttp import hdrs, web

from waiting_room import wire
from waiting_room.core.outcomes import Early, Outcome, Refused, Waiting
from waiting_room.core.reasons import Reason
from waiting_room.lobby import Lobby
from waiting_room.rooms import Room
from waiting_room.tokens import Keyring
from waiting_room.web import problems, ready, texts
from waiting_room.web.commands import gate_credential
from waiting_room.web.reports import read_report
from waiting_room.web.visits import Visit, Visits

_SHARED: Final = {hdrs.CACHE_CONTROL: "public, max-age=1"}
MAX_REPORT_BYTES: Final = 1_000_000


class Api:
    """
    Answer programs: the waiting page's script, apps, gates.
    """

    def __init__(self, visits: Visits, lobby: Lobby, keyring: Keyring) -> None:
        self._visits = visits
        self._lobby = lobby
        self._keyring = keyring

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """
        Return the routes below *prefix*.
        """
        return [
            web.get(f"{prefix}/{{room}}/status", self.status),
            web.post(f"{prefix}/{{room}}/join", self._answering(self._visits.join)),
            web.post(f"{prefix}/{{room}}/claim", self._answering(self._visits.claim)),
            web.post(f"{prefix}/{{room}}/leave", self.leave),
            web.get(f"{prefix}/{{room}}/state.json", self.state),
            web.post(f"{prefix}/gate/{{room}}/report", self.report),
        ]

    async def status(self, request: web.Request) -> web.StreamResponse:
        """
        Tell a visitor where they stand; those who wait are mostly answered by `waiting_room.web.quick` before.
        """
        visit = self._visits.look(request, request.match_info["room"])
        self._lobby.known[visit.room].tally["state", state_of(visit.outcome)] += 1
        return self.say(request, visit)

    def _answering(
        self, call: Callable[[web.Request, str], Awaitable[Visit]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            return self.say(request, await call(request, request.match_info["room"]))

        return answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """
        Give a place or a seat back.
        """
        visit = await self._visits.leave(request, request.match_info["room"])
        response = web.json_response({"state": "left", "room": visit.room}, headers=wire.UNCACHED)
        return _with_cookies(response, visit)

    def say(self, request: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        """
        Return *visit* as JSON, with its tokens and cookies; a refusal is a problem document as well.
        """
        room = self._lobby.known[visit.room]
        outcome = visit.outcome
        if type(outcome) is Waiting and outcome.reason is Reason.QUEUE_WAIT:
            return _waiting(request, visit, wire.encode_waiting, outcome, room)
        if type(outcome) is Early and outcome.reason is Reason.PREQUEUE:
            return _waiting(request, visit, wire.encode_early, outcome, room)
        answer = wire.describe(visit.outcome, visit.room) | dict(visit.tokens)
        policy = room.policy
        answer["target"] = policy.target or None
        answer["message"] = room.view.snapshot.message or None
        if isinstance(visit.outcome, Refused):
            room.tally["refusal", visit.outcome.reason.value] += 1
            retry_ms = visit.outcome.retry_ms
            retry_after_s = None if retry_ms is None else ceil(retry_ms / 1000)
            problem = problems.of_reason(visit.outcome.reason, visit.room, retry_after_s)
            language = problems.language_of(request)
            document = answer | problem.document(language)
            response = web.Response(
                status=problem.status,
                body=wire.encode(document),
                content_type=problems.MEDIA_TYPE,
                headers={hdrs.CONTENT_LANGUAGE: language.code},
            )
            return _with_cookies(problems.finish(response, problem), visit)
        if answer["reason"] and not answer["message"]:  # one who plainly waits was answered above
            said = texts.say(Reason(answer["reason"]), problems.language_of(request))
            answer["message"] = f"{said.sentence} {said.next_step}"
        response = web.Response(body=wire.encode(answer), content_type="application/json", headers=wire.UNCACHED)
        return _with_cookies(response, visit)

    async def state(self, request: web.Request) -> web.Response:
        """
        Tell anybody how a room stands; may be cached for a second.
        """
        return web.json_response(self._lobby.public_state(request.match_info["room"]), headers=_SHARED)

    async def report(self, request: web.Request) -> web.Response:
        """
        Take a gate's report and tell it what it must know.
        """
        name = request.match_info["room"]
        self._lobby.room(name)
        gate_credential(request, self._keyring, name, self._lobby.clock_ms())
        report = read_report(await _whole_body(request))
        answer = await self._lobby.report(
            name, report.touched, report.released, report.stages, report.revoked_version, report.shop
        )
        policy = self._lobby.policy(name)
        said: dict[str, Any] = {
            "phase": answer.phase.value,
            "straight": answer.straight,
            "gone": list(answer.gone),
            "now_ms": answer.now_ms,
            "degraded": answer.degraded,
            "shadow": self._lobby.room(name).view.snapshot.in_shadow,
            "on_redis_outage": policy.on_redis_outage,
            "payment_cap_s": policy.payment_cap_s,
            "revoked_version": self._lobby.room(name).revoked.version,
            "revoked": None if answer.revoked is None else answer.revoked.entries(),
        }
        return web.json_response(said, headers=wire.UNCACHED, dumps=json.dumps)


def _waiting(
    request: web.BaseRequest, visit: Visit, encode: Callable[..., bytes], outcome: Waiting | Early, room: Room
) -> web.StreamResponse:
    tokens = visit.tokens
    body = encode(outcome, room.json_name, room.json_message, tokens.get("visitor"), tokens.get("ticket"))
    return ready.answer(request, body, visit.set_cookies)


async def _whole_body(request: web.Request) -> bytes:
    """
    Return the body, which comes in as many pieces as the network likes; a report beyond the bound is refused.
    """
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > MAX_REPORT_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_REPORT_BYTES, len(body))
    return bytes(body)


def _with_cookies(response: web.Response, visit: Visit) -> web.Response:
    for cookie in visit.set_cookies:
        response.headers.add(hdrs.SET_COOKIE, cookie)
    return response


def state_of(outcome: Outcome) -> str:
    """
    Return the state that *outcome* is in the answers.
    """
    return "waiting" if type(outcome) is Early else type(outcome).__name__.lower()
