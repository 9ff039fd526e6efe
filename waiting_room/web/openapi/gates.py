"""
The calls of shops: of the gates in them, and of their servers where a proxy stands in front.
"""

from http import HTTPStatus
from typing import Any, Final

from waiting_room.core.reasons import Reason
from waiting_room.errors import Fault
from waiting_room.gates.commands import VISIT_WORDS
from waiting_room.web.api import MAX_REPORT_BYTES
from waiting_room.web.openapi import examples
from waiting_room.web.openapi.parts import (
    JSON,
    ROOM,
    UNCACHED,
    Responses,
    parameter,
    problem,
    refusals,
    unknown_room,
    unreadable,
)
from waiting_room.web.openapi.schemas import ref
from waiting_room.web.problems import faulty, of_status, of_unproven

TAG: Final = "gates"


def paths(prefix: str) -> dict[str, Any]:
    """
    Return the path below *prefix*.
    """
    return {
        f"{prefix}/gate/{{room}}/report": {"post": _report()},
        f"{prefix}/gate/{{room}}/command": {"post": _command()},
    }


def _call(name: str, summary: str, description: str, sent: Any, responses: Responses) -> dict[str, Any]:
    """
    Return a call with *sent* as its body; every call of a gate can be refused for the same reasons.
    """
    refused = {
        "400": unreadable(),
        "401": problem(of_unproven(ROOM)),
        "413": problem(of_status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ROOM)),
    }
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        "description": description,
        "parameters": [parameter("room")],
        "security": [{"gate": []}],
        "requestBody": {"required": True, "content": {JSON: sent}},
        "responses": dict(sorted((unknown_room() | refused | responses).items())),
    }


def _told(description: str, schema: str, example: Any) -> dict[str, Any]:
    content = {JSON: {"schema": ref(schema), "example": example}}
    return {"description": description, "headers": UNCACHED, "content": content}


def _report() -> dict[str, Any]:
    fault = Fault("touched", "is no object of seat: hard end in ms", 'send {"standard.7": 1760000000000}')
    description = (
        "Once a second or so. `touched` keeps seats from ending for being idle, `stages` tells where visits stand, "
        f"`released` ends them. At most {MAX_REPORT_BYTES:,} bytes. While Redis is away the answer is `degraded`: "
        "tell the same again."
    )
    responses = {
        "200": _told("What a gate must know.", "ReportAnswer", examples.REPORT_ANSWER),
        "422": problem(faulty((fault,), ROOM), "Faulty"),
    }
    sent = {"schema": ref("Report"), "example": examples.REPORT}
    return _call("report", "Tell of the seats that were used, and hear which are gone", description, sent, responses)


def _command() -> dict[str, Any]:
    fault = Fault("command", "'pay' is no command", f"say {' or '.join(VISIT_WORDS)}")
    description = (
        "For the server of a shop behind a proxy. The visit is that of the pass, which must count; without a browser, "
        "keep the pass with the order."
    )
    reasons = (
        Reason.PASS_INVALID,
        Reason.TICKET_OTHER_VISITOR,
        Reason.PASS_EXPIRED,
        Reason.PASS_ENDED,
        Reason.REVOKED,
    )
    responses = refusals(reasons, "Problem") | {
        "200": _told("It counts at once.", "CommandAnswer", examples.COMMAND_ANSWER),
        "422": problem(faulty((fault,), ROOM), "Faulty"),
    }
    sent = {"schema": ref("Command"), "example": examples.COMMAND}
    return _call("command", "Say that a visitor pays, or is done", description, sent, responses)
