"""
The only map from reasons and exceptions to HTTP: a status and an RFC 9457 problem document, or a friendly page.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.errors import (
    Fault,
    FaultsError,
    RoomUnknownError,
    StoreEmptyError,
    StoreError,
    TokenError,
    UnprovenGateError,
)
from waiting_room.web.languages import LANGUAGE_COOKIE, Language, pick
from waiting_room.web.texts import SAYINGS, Saying, mark

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:waiting-room:problem:"
RETRY_AFTER_S: Final = 5
"""What to wait after a 503, where nothing better is known: the circuit to Redis tries again within this time."""
INTERNAL: Final = "internal"
SETTINGS_INVALID: Final = "settings_invalid"

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_log = logging.getLogger(__name__)

STATUS: Final[Mapping[Reason, HTTPStatus]] = MappingProxyType({
    Reason.QUEUE_WAIT: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.PREQUEUE: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.YOUR_TURN: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.SEATS_FULL: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.RATE_REACHED: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.RECOVERING: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.STORE_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.ROOM_PAUSED: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.TECHNICAL_BREAK: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.ROOM_DRAINING: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.ROOM_CLOSED: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.SOLD_OUT: HTTPStatus.GONE,
    Reason.NETWORK_BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.NO_TICKET: HTTPStatus.UNAUTHORIZED,
    Reason.NO_VISITOR: HTTPStatus.UNAUTHORIZED,
    Reason.TICKET_INVALID: HTTPStatus.FORBIDDEN,
    Reason.TICKET_FOREIGN: HTTPStatus.FORBIDDEN,
    Reason.TICKET_EXPIRED: HTTPStatus.FORBIDDEN,
    Reason.TICKET_USED: HTTPStatus.FORBIDDEN,
    Reason.TICKET_OTHER_VISITOR: HTTPStatus.FORBIDDEN,
    Reason.PASS_INVALID: HTTPStatus.FORBIDDEN,
    Reason.PASS_EXPIRED: HTTPStatus.FORBIDDEN,
    Reason.PASS_ENDED: HTTPStatus.FORBIDDEN,
    Reason.REVOKED: HTTPStatus.FORBIDDEN,
    Reason.INVITATION_NEEDED: HTTPStatus.FORBIDDEN,
    Reason.INVITATION_USED: HTTPStatus.FORBIDDEN,
    Reason.INVITATION_EXPIRED: HTTPStatus.FORBIDDEN,
    Reason.INVITATION_INVALID: HTTPStatus.FORBIDDEN,
    Reason.TARGET_REFUSED: HTTPStatus.BAD_REQUEST,
    Reason.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Reason.ROOM_UNKNOWN: HTTPStatus.NOT_FOUND,
})  # fmt: skip

_UNEXPECTED: Final = Saying(
    mark("Something went wrong on our side"),
    mark("It is not your fault, and it has been noted."),
    mark("Try again in a moment; a place once given is kept."),
)
_SETTINGS: Final = Saying(
    mark("These settings cannot be used"),
    mark("Some of them are not valid; nothing was changed."),
    mark("Correct what is listed and send them again."),
)
_NOT_FOUND: Final = Saying(
    mark("There is nothing at this address"),
    mark("It may be mistyped, or what was here is gone."),
    mark("Go back to the shop and follow its link once more."),
)
_HTTP: Final = Saying(
    mark("The request cannot be answered"),
    mark("It is not one that this address takes."),
    mark("Go back to the shop and follow its link once more."),
)


# Whoever runs a gate reads this, in English; visitors never do.
_GATE: Final = Saying(
    "This needs a gate's credential",
    "The request bears none, or one that is over, for another room, or signed with other keys.",
    "Give the gate the service's secret keys, and set both clocks.",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Describe what went wrong, once for programs (*status*, *reason*, *extra*) and once for people (*saying*).
    """

    status: int
    reason: str
    saying: Saying
    room: str | None = None
    retry_after_s: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, language: Language) -> dict[str, Any]:
        """
        Return the problem document (RFC 9457 section 3) in *language*.
        """
        said = self.saying.into(language)
        return {
            "type": TYPE_PREFIX + self.reason,
            "title": said.heading,
            "status": self.status,
            "detail": f"{said.sentence} {said.next_step}",
            "reason": self.reason,
            "room": self.room,
            **self.extra,
        }


def of_reason(reason: Reason, room: str | None = None, retry_after_s: int | None = None) -> Problem:
    """
    Return the problem that *reason* is for a program that asked.
    """
    status = STATUS[reason]
    if retry_after_s is None and (status is HTTPStatus.SERVICE_UNAVAILABLE or reason is Reason.NETWORK_BUSY):
        retry_after_s = RETRY_AFTER_S
    return Problem(status, reason.value, SAYINGS[reason], room, retry_after_s)


def of_error(error: Exception, room: str | None = None) -> Problem:
    """
    Return the problem that *error* is; what nobody foresaw is logged with its trace under a number that is shown.
    """
    match error:
        case RoomUnknownError():
            return of_reason(Reason.ROOM_UNKNOWN, error.room)
        case UnprovenGateError():
            return of_unproven(room)
        case TokenError():
            return of_reason(Reason(error.reason), room)
        case StoreEmptyError():
            return of_reason(Reason.RECOVERING, error.room)
        case StoreError():
            return of_reason(Reason.STORE_AWAY, room)
        case web.RequestPayloadError():
            return of_reason(Reason.BAD_REQUEST, room)
        case FaultsError() | web.HTTPException():
            return _of_caller(error, room)
        case _:
            return _unforeseen(error, room)


def _unforeseen(error: Exception, room: str | None) -> Problem:
    incident = token_hex(4)
    _log.error("incident %s: unexpected %s", incident, type(error).__name__, exc_info=error)
    return unexpected(incident, room)


def unexpected(incident: str, room: str | None = None) -> Problem:
    """
    Return the problem that something broke, by which the log is searched for *incident*.
    """
    extra = {"incident": incident}
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL, _UNEXPECTED, room, RETRY_AFTER_S, extra)


def of_unproven(room: str | None) -> Problem:
    """
    Return the problem that a call bears no credential of a gate of *room*.
    """
    headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: 'Bearer realm="waiting-room"'}
    return Problem(HTTPStatus.UNAUTHORIZED, "gate_unproven", _GATE, room, headers=headers)


def faulty(found: Iterable[Fault], room: str | None = None) -> Problem:
    """
    Return the problem that what was sent has faults: all of them.
    """
    faults = [{"where": fault.where, "what": fault.what, "remedy": fault.remedy} for fault in found]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, SETTINGS_INVALID, _SETTINGS, room, extra={"faults": faults})


def _of_caller(error: FaultsError | web.HTTPException, room: str | None) -> Problem:
    if isinstance(error, FaultsError):
        return faulty(error.faults, room)
    headers = {str(name): error.headers[name] for name in (hdrs.ALLOW, hdrs.WWW_AUTHENTICATE) if name in error.headers}
    return of_status(HTTPStatus(error.status), room, headers)


def of_status(status: HTTPStatus, room: str | None = None, headers: Mapping[str, str] = _NO_HEADERS) -> Problem:
    """
    Return the problem for which there is no better word than its *status*.
    """
    saying = _NOT_FOUND if status is HTTPStatus.NOT_FOUND else _HTTP
    return Problem(status, status.name.lower(), saying, room, headers=headers)


def language_of(request: web.BaseRequest) -> Language:
    """
    Return the language for *request*: address, then cookie, then ``Accept-Language``.
    """
    return pick(
        request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE), request.headers.get(hdrs.ACCEPT_LANGUAGE)
    )


def wants_page(request: web.Request) -> bool:
    """
    Tell whether a person's browser asks, rather than a program: browsers name HTML when they open a page.
    """
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def answer(problem: Problem, language: Language) -> web.Response:
    """
    Return *problem* as an RFC 9457 answer.
    """
    body = json.dumps(problem.document(language), ensure_ascii=False, separators=(",", ":")).encode()
    response = web.Response(status=problem.status, body=body, content_type=MEDIA_TYPE)
    response.headers[hdrs.CONTENT_LANGUAGE] = language.code
    return finish(response, problem)


def finish(response: web.Response, problem: Problem) -> web.Response:
    """
    Return *response* with the headers that every answer to *problem* bears.
    """
    response.headers.update({**problem.headers, **wire.UNCACHED})
    response.headers[hdrs.VARY] = "Accept, Accept-Language, Cookie"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if problem.retry_after_s is not None:
        response.headers[hdrs.RETRY_AFTER] = str(problem.retry_after_s)
    return response


def middleware(page: Callable[[web.Request, Problem, Language], web.Response] | None = None) -> Middleware:
    """
    Return the middleware that turns every exception into a problem document, or into *page* for a person's browser.

    Nobody is ever shown a stack trace. Redirects that are raised go through.
    """

    @web.middleware
    async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            problem = of_error(error, request.match_info.get("room"))
        except Exception as error:  # noqa: BLE001 - the last line of defence, and it logs what it catches
            problem = of_error(error, request.match_info.get("room"))
        language = language_of(request)
        if page is not None and wants_page(request):
            return finish(page(request, problem, language), problem)
        return answer(problem, language)

    return problems
