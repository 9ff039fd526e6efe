"""
The calls for visitors: of the waiting page's script, of apps, and of browsers.
"""

from typing import Any, Final

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.web.openapi import examples
from waiting_room.web.openapi.parts import (
    ANY,
    HTML,
    JSON,
    ROOM,
    SET_COOKIE,
    UNCACHED,
    Responses,
    header,
    nothing_here,
    parameter,
    referred,
    refusals,
    unknown_room,
    unreadable,
)
from waiting_room.web.openapi.schemas import TEXT, ref
from waiting_room.web.pages import ACTION

TAG: Final = "visitors"
_TICKET: Final[list[dict[str, list[str]]]] = [{"ticketCookie": []}, {"ticket": []}]
_TICKET_FAULTS: Final = (
    Reason.TICKET_INVALID,
    Reason.TICKET_FOREIGN,
    Reason.TICKET_EXPIRED,
    Reason.TICKET_OTHER_VISITOR,
)
_INVITATION_FAULTS: Final = (
    Reason.INVITATION_NEEDED,
    Reason.INVITATION_USED,
    Reason.INVITATION_EXPIRED,
    Reason.INVITATION_INVALID,
)
_NEXT: Final = {
    "status": "Where the visitor stands",
    "claim": "Turn the ticket into a pass, once it is called",
    "leave": "Give the place or the seat back",
}


def paths(prefix: str) -> dict[str, Any]:
    """
    Return the paths below *prefix*.
    """
    base = f"{prefix}/{{room}}"
    return {
        base: page(),
        f"{base}/join": {"post": _join()},
        f"{base}/status": {"get": _status()},
        f"{base}/claim": {"post": _claim()},
        f"{base}/leave": {"post": _leave()},
        f"{base}/state.json": {"get": _state()},
    }


def _call(name: str, summary: str, description: str, parameters: list[str], responses: Responses) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        "description": description,
        "parameters": [parameter(each) for each in parameters],
        "responses": dict(sorted(responses.items())),
    }


def _said(shown: dict[str, Any], *, links: tuple[str, ...] = ()) -> dict[str, Any]:
    """
    Return the response that bears the visitor's answer, and the calls that may follow it.
    """
    found: dict[str, Any] = {
        "description": "The visitor's answer.",
        "headers": {**UNCACHED, "Set-Cookie": SET_COOKIE},
        "content": {JSON: {"schema": ref("Answer"), "examples": shown}},
    }
    if links:
        found["links"] = {name: {"$ref": f"#/components/links/{name}"} for name in links}
    return found


def links() -> dict[str, Any]:
    """
    Return the calls that may follow a join, by name: they bear its ticket.
    """
    bearing = {"room": "$request.path.room", wire.TICKET_HEADER: "$response.body#/ticket"}
    return {
        name: {"operationId": name, "parameters": bearing, "description": description}
        for name, description in _NEXT.items()
    }


def _join() -> dict[str, Any]:
    refused = (Reason.REVOKED, *_INVITATION_FAULTS, Reason.ROOM_DRAINING, Reason.NETWORK_BUSY)
    responses = unknown_room() | refusals(refused)
    shown = examples.answers("waiting", "early", "admitted", "paused", "closed", joined=True)
    responses["200"] = _said(shown, links=tuple(_NEXT))
    call = _call(
        "join",
        "Take a place, or go straight in",
        "Who has a ticket keeps its place, and who has none gets one: a join that is tried again, doubled or sent at "
        "the same time by one visitor gives one place. While nobody waits and a seat is free the answer is `admitted`, "
        "with a pass. Where the room bounds the new places of a network, one may be told to come again: with the same "
        "visitor, and when it is told, for that moment may be booked for them.",
        ["room", "lang", "seen", "visitor", "ticket", "invitation"],
        responses,
    )
    return call | {"security": [{}, {"visitorCookie": []}, *_TICKET]}


def _status() -> dict[str, Any]:
    responses = unknown_room() | refusals((Reason.NO_TICKET, Reason.REVOKED, *_TICKET_FAULTS))
    responses["200"] = _said(examples.answers("waiting", "early", "called", "paused", "closed"))
    call = _call(
        "status",
        "Ask where one stands",
        "Counts as a sign of life. Ask again after `next_poll_s`: sooner brings nothing, much later makes a ghost.",
        ["room", "lang", "seen", "visitor", "ticket"],
        responses,
    )
    return call | {"security": _TICKET}


def _claim() -> dict[str, Any]:
    faults = (Reason.NO_TICKET, Reason.REVOKED, Reason.TICKET_USED, *_TICKET_FAULTS)
    responses = unknown_room() | refusals(faults)
    responses["200"] = _said(examples.answers("admitted", "called", "waiting"))
    call = _call(
        "claim",
        "Turn a called ticket into a pass",
        "May be held for up to two seconds, until it is its turn in the rate. A claim that is tried again gives the "
        "same seat. One who is not called yet is answered as by a status.",
        ["room", "lang", "seen", "visitor", "ticket"],
        responses,
    )
    return call | {"security": _TICKET}


def _leave() -> dict[str, Any]:
    responses = unknown_room()
    responses["200"] = {
        "description": "There is no place and no seat any more, if there was one; the cookies are taken back.",
        "headers": {**UNCACHED, "Set-Cookie": SET_COOKIE},
        "content": {JSON: {"schema": ref("Left"), "example": {"state": "left", "room": ROOM}}},
    }
    parameters = ["room", "visitor", "ticket"]
    call = _call("leave", "Give the place or the seat back", "The next one has it at once.", parameters, responses)
    return call | {"security": [{}, *_TICKET]}


def _state() -> dict[str, Any]:
    responses = unknown_room()
    responses["200"] = {
        "description": "What anybody may know of the room; nothing of any visitor.",
        "headers": {"Cache-Control": {"required": True, "schema": {"const": "public, max-age=1"}}},
        "content": {JSON: {"schema": ref("PublicState"), "example": examples.STATE}},
    }
    description = (
        "Anybody may cache it for a second. `draws` publishes what is promised of a draw before the opening and proves "
        "it afterwards; `audit_head` is the head of the admission log."
    )
    return _call("state", "See how the room stands", description, ["room"], responses) | {"security": []}


def page_responses() -> Responses:
    """
    Return how the waiting page answers.
    """
    heads = {name: header(name) for name in ("Content-Language", "Set-Cookie")}
    return unknown_room() | {
        "400": unreadable(),
        "404": nothing_here(),
        "200": {
            "description": "The page.",
            "headers": {**UNCACHED, **heads, "Refresh": {"schema": TEXT}},
            "content": {HTML: {"schema": TEXT}},
        },
        "303": {
            "description": "On to the shop with a pass; or to this page again, without an invitation or a place.",
            "headers": {**UNCACHED, "Location": header("Location"), "Set-Cookie": SET_COOKIE},
        },
    }


def page() -> dict[str, Any]:
    """
    Return the waiting page's path item; any method is answered, for a proxy may show the page in place of a form.
    """
    description = (
        "Works with a script and without. A first visit gets the visitor's cookie, the next one takes a place, and "
        "when it is the visitor's turn the answer leads on to `target` with a pass. What is sent to it is neither read "
        "nor echoed, but for a form with `wr_action=leave`."
    )
    responses = referred("page", page_responses())
    of_form = {"400": responses.pop("400")}
    item: dict[str, Any] = {}
    for method in ANY:
        parameters = ["room", "target", "lang", wire.INVITATION_FIELD]
        name = "page" if method == "get" else f"page-{method}"
        call = _call(name, "See the waiting page", description, parameters, responses)
        item[method] = call | {"security": [{}, {"visitorCookie": [], "ticketCookie": []}]}
    form = {"type": "object", "properties": {ACTION: {**TEXT, "examples": ["leave"]}}}
    item["post"]["responses"] = of_form | responses
    item["post"]["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return item
