"""
What several calls share: parameters, headers, security schemes, and the problems that can come.
"""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.web.languages import LANGUAGE_COOKIE, NAMES, languages
from waiting_room.web.openapi.schemas import TEXT, Schema, ref
from waiting_room.web.problems import MEDIA_TYPE, STATUS, Problem, of_reason, of_status, unexpected

Responses = dict[str, Any]

ROOM: Final = "spring-sale"
"""The room of all examples."""
JSON: Final = "application/json"
HTML: Final = "text/html"
UNCACHED: Final = {name: {"$ref": f"#/components/headers/{name}"} for name in wire.UNCACHED}
SET_COOKIE: Final = {"$ref": "#/components/headers/Set-Cookie"}
ANY: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""Every method that OpenAPI knows."""


def header(name: str) -> Schema:
    """
    Return a reference to the header *name*.
    """
    return {"$ref": f"#/components/headers/{name}"}


def parameter(name: str) -> Schema:
    """
    Return a reference to the parameter *name*.
    """
    return {"$ref": f"#/components/parameters/{name}"}


def headers() -> dict[str, Any]:
    """
    Return the headers of answers, by name.
    """
    said = "empty where there is nothing to say"
    verdict = {name: {"required": True, "schema": TEXT, "description": said} for name in wire.VERDICT_HEADERS}
    del verdict[wire.STATUS_HEADER]  # what it may say differs from status to status
    unkept = "Nobody may keep this answer."
    uncached: dict[str, Any] = {
        name: {"schema": {"const": value}, "description": unkept} for name, value in wire.UNCACHED.items()
    }
    uncached["Cache-Control"]["required"] = True  # an nginx takes its own away
    return (
        verdict
        | uncached
        | {
            "Set-Cookie": {
                "schema": TEXT,
                "description": (
                    "One header for each cookie that is new: `Max-Age`, `Path=/`, `HttpOnly`, `SameSite=Lax`, and "
                    "`Secure` over https."
                ),
            },
            "Retry-After": {
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
                "description": "In so many seconds trying again may help.",
            },
            "Content-Language": {"required": True, "schema": {"enum": list(NAMES)}},
            "Location": {"required": True, "schema": {"type": "string", "minLength": 1}},
            "WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer "}},
            "ETag": {"required": True, "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'}},
        }
    )


def parameters() -> dict[str, Any]:
    """
    Return the parameters of calls, by name.
    """
    query = {
        "target": "where to go on to; an address that is not the shop's is passed over",
        "lang": f"{' or '.join(NAMES)}; otherwise the cookie `{LANGUAGE_COOKIE}` says it, or `Accept-Language`",
        "seen": "the position that was shown last: the answer is never above it; what is no number is passed over",
        wire.INVITATION_FIELD: "an invitation, which goes on in a cookie",
    }
    said = {name: {"name": name, "in": "query", "schema": TEXT, "description": text} for name, text in query.items()}
    room = {"name": "room", "in": "path", "required": True, "schema": ref("RoomName"), "example": ROOM}
    visitor = {
        "name": wire.VISITOR_HEADER,
        "in": "header",
        "schema": TEXT,
        "description": f"who this is, in place of the cookie `{wire.VISITOR_COOKIE}`; any other text is passed over",
    }
    ticket = {
        "name": wire.TICKET_HEADER,
        "in": "header",
        "schema": TEXT,
        "description": f"the place, in place of the cookie `{wire.ticket_cookie('{room}')}`",
    }
    invitation = {
        "name": wire.INVITATION_HEADER,
        "in": "header",
        "schema": TEXT,
        "description": f"an invitation, in place of the cookie `{wire.invitation_cookie('{room}')}`",
    }
    known = {
        "name": "If-None-Match",
        "in": "header",
        "schema": TEXT,
        "description": "the `ETag` of what is there already",
    }
    said["target"]["example"] = "https://shop.example/checkout"
    said["lang"]["example"] = "pl"
    said["seen"]["example"] = "38"
    return {**said, "room": room, "visitor": visitor, "ticket": ticket, "invitation": invitation, "known": known}


def security_schemes() -> dict[str, Any]:
    """
    Return how a caller proves who they are.
    """

    def key(place: str, name: str, description: str) -> dict[str, str]:
        return {"type": "apiKey", "in": place, "name": name, "description": description}

    of_room = "`{room}` in its name is the room's."
    return {
        "visitorCookie": key("cookie", wire.VISITOR_COOKIE, "Who this browser is: a random id, signed; 30 days."),
        "ticketCookie": key("cookie", wire.ticket_cookie("{room}"), f"The place, signed; a day. {of_room}"),
        "ticket": key("header", wire.TICKET_HEADER, "The place, for clients without cookies."),
        "passCookie": key("cookie", wire.pass_cookie("{room}"), f"The seat, signed; as long as the visit. {of_room}"),
        "pass": key("header", wire.PASS_HEADER, "The seat, for clients without cookies."),
        "gate": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of the type `gate`, which a gate signs with the keys it shares with the service.",
        },
    }  # fmt: skip


def named(name: str, responses: Responses) -> Responses:
    """
    Return *responses* as components: several calls that answer alike refer to them by *name* and status.
    """
    return {f"{name}-{status}": response for status, response in sorted(responses.items())}


def referred(name: str, responses: Responses) -> Responses:
    """
    Return the references to what `named` made of the same *responses*.
    """
    return {status: {"$ref": f"#/components/responses/{name}-{status}"} for status in sorted(responses)}


def refusals(reasons: Iterable[Reason], schema: str = "Refused") -> Responses:
    """
    Return the responses that refuse a visitor: each reason with the status that `waiting_room.web.problems` gives it.
    """
    found: Responses = {}
    for status, group in groupby(sorted(reasons, key=STATUS.__getitem__), STATUS.__getitem__):
        found[str(int(status))] = _response(
            [of_reason(reason, ROOM) for reason in group], schema, page=schema == "Problem"
        )
    return found


def unknown_room(*, page: bool = True) -> Responses:
    """
    Return the responses of every call that names a room: that it is not here, or that something broke.
    """
    return {
        "404": _response([of_reason(Reason.ROOM_UNKNOWN, ROOM)], "Problem", page=page),
        "500": broken(),
    }


def nothing_here() -> dict[str, Any]:
    """
    Return the response where there is no such room, or what is meant can be none.
    """
    return _response([of_reason(Reason.ROOM_UNKNOWN, ROOM), of_status(HTTPStatus.NOT_FOUND)], "Problem", page=True)


def unreadable() -> dict[str, Any]:
    """
    Return the response to a body that is not packed as its ``Content-Encoding`` says.
    """
    return _response([of_reason(Reason.BAD_REQUEST, ROOM)], "Problem", page=True)


def broken() -> dict[str, Any]:
    """
    Return the response where something went wrong that nobody foresaw.
    """
    return _response([unexpected("5f2c0a1d", ROOM)], "Incident", page=True)


def problem(found: Problem, schema: str = "Problem", *, page: bool = True) -> dict[str, Any]:
    """
    Return the response that tells of one problem.
    """
    return _response([found], schema, page=page)


def _response(problems: list[Problem], schema: str, *, page: bool = False) -> dict[str, Any]:
    """
    Return the response that tells of one of *problems*, all of one status; *page*: to a person as a page.
    """
    first = problems[0]
    said = HTTPStatus(first.status)
    bears = {**UNCACHED, "Content-Language": header("Content-Language")}
    if first.retry_after_s is not None:
        bears["Retry-After"] = header("Retry-After")
    bears |= {str(name): header(str(name)) for name in first.headers}
    reasons = [found.reason for found in problems]
    narrowed = {"status": {"const": int(said)}, "reason": {"enum": reasons}}
    document: dict[str, Any] = {
        "schema": {"allOf": [ref(schema), {"type": "object", "properties": narrowed}]},
        "examples": {found.reason: {"value": _example(found, schema)} for found in problems},
    }
    content: dict[str, Any] = {MEDIA_TYPE: document}
    if page:
        content[HTML] = {"schema": TEXT}
    return {"description": f"{said.phrase}: {', '.join(reasons)}", "headers": bears, "content": content}


def _example(found: Problem, schema: str) -> dict[str, Any]:
    document = found.document(languages()["en"])
    if schema == "Refused":
        return {**dict.fromkeys(wire.KEYS), "state": "refused", **document}
    return document
