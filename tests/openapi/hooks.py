"""
What Schemathesis cannot know of the service: whose tokens count in which room, and which answers are meant.

It imports this by name in a process of its own, and finds the tickets in the file that the environment names.
"""

import json
import os
import random
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import Failure, ServerError
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

from tests.openapi.rooms import KEYS, ROOMS, gate_token
from waiting_room import wire
from waiting_room.errors import TokenError

TICKETS_FILE: Final = "OPENAPI_TICKETS"
_TICKETS: Final[dict[str, list[str]]] = json.loads(Path(os.environ[TICKETS_FILE]).read_text())
Case = schemathesis.Case[Any]
_CHANCE: Final = random.Random(1)
_REPORT: Final = "report"
_GATES: Final = frozenset({_REPORT, "command"})
_BEARERS: Final = frozenset({"join", "status", "claim", "leave"})


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """
    Give a call the token that its room asks for: a gate's credential, or a ticket; the one of a join before stays.
    """

    def get(self, case: Case, _: schemathesis.AuthContext) -> tuple[str, str] | None:
        """
        Return the header to be set, and its value.
        """
        room = str((case.path_parameters or {}).get("room"))
        call = case.operation.definition.raw.get("operationId")
        if call in _GATES:
            return "Authorization", f"Bearer {gate_token(room)}"
        if call not in _BEARERS or not _TICKETS.get(room) or (call == "join" and _CHANCE.random() < 0.5):
            return None
        given = str(dict(case.headers or {}).get(wire.TICKET_HEADER))
        return wire.TICKET_HEADER, given if _counts(given, room) else _CHANCE.choice(_TICKETS[room])

    def set(self, case: Case, data: tuple[str, str], _: schemathesis.AuthContext) -> None:
        """
        Set it.
        """
        case.headers[data[0]] = data[1]


def _counts(ticket: str, room: str) -> bool:
    try:
        KEYS.ticket(ticket, room)
    except TokenError:
        return False
    return True


@schemathesis.hook
def filter_failure(_: schemathesis.HookContext, failure: Failure, case: Case, response: schemathesis.Response) -> bool:
    """
    Leave out what is meant, and nothing else.

    A proxy that asks about a room which is not here is told of a failure, so that its own rule for an outage counts.
    Where visitors' own methods come along, one that OpenAPI 3.1 has no word for is answered like any other. And JSON
    Schema cannot say that the buckets of a histogram rise, so its numbers are mostly refused.
    """
    call = case.operation.definition.raw["operationId"]
    match failure:
        case ServerError():
            return not (call.startswith("authorize") and (case.path_parameters or {}).get("room") not in ROOMS)
        case UnsupportedMethodResponse():
            return not call.startswith(("authorize", "page"))
        case RejectedPositiveData():
            return not (call == _REPORT and _counts_cannot_be(response))
    return True


def _counts_cannot_be(response: schemathesis.Response) -> bool:
    faults = response.json().get("faults", []) if response.status_code == 422 else []
    return [fault["where"] for fault in faults] == ["health"]
