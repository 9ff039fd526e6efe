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

_HELD: Final = json.loads(Path(os.environ["OPENAPI_TOKENS"]).read_text(encoding="utf-8"))
_TICKETS: Final[dict[str, list[str]]] = _HELD["tickets"]
_PASSES: Final[dict[str, list[str]]] = _HELD["passes"]
Case = schemathesis.Case[Any]
_CHANCE: Final = random.Random(1)
_REPORT: Final = "report"
_COMMAND: Final = "command"
_GATES: Final = frozenset({_REPORT, _COMMAND})
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
def before_call(_: schemathesis.HookContext, case: Case, __: dict[str, Any]) -> None:
    """
    Hand on a pass that counts with every other command that could be one; the rest keep what was made up.
    """
    good = case.meta is not None and case.meta.generation.mode.is_positive
    passes = _PASSES.get(str((case.path_parameters or {}).get("room")))
    if not good or not passes or case.operation.definition.raw.get("operationId") != _COMMAND:
        return
    if isinstance(case.body, dict) and _CHANCE.random() < 0.5:
        case.body = {**case.body, "pass": _CHANCE.choice(passes), "visitor": ""}


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
