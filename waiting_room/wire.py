"""
What goes over HTTP between the visitor, the gate and the service: names and shapes, written once.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Outcome, Paused, Refused, Waiting
from waiting_room.tokens import peek

__all__ = [
    "describe",
    "encode",
    "encode_early",
    "encode_waiting",
    "invitation_cookie",
    "pass_cookie",
    "peek",
    "stage_cookie",
    "ticket_cookie",
]

PREFIX: Final = "/waiting-room"
VISITOR_COOKIE: Final = "wr_visitor"
VISITOR_HEADER: Final = "Waiting-Room-Visitor"
TICKET_HEADER: Final = "Waiting-Room-Ticket"
PASS_HEADER: Final = "Waiting-Room-Pass"
COMMAND_HEADER: Final = "Waiting-Room-Command"
URL_HEADER: Final = "Waiting-Room-Url"
STATUS_HEADER: Final = "Waiting-Room-Status"
ROOM_HEADER: Final = "Waiting-Room-Room"
VISITOR_ID_HEADER: Final = "Waiting-Room-Visitor-Id"
EXPIRES_HEADER: Final = "Waiting-Room-Expires"
POSITION_HEADER: Final = "Waiting-Room-Position"
REASON_HEADER: Final = "Waiting-Room-Reason"
REHEARSAL_HEADER: Final = "Waiting-Room-Rehearsal"
RELEASE: Final = "release"
BASKET: Final = "basket"
PAYMENT: Final = "payment"
SOLD_OUT: Final = "sold-out"
STOCK_HEADER: Final = "Waiting-Room-Stock"
STAGE_HEADER: Final = "Waiting-Room-Stage"
INVITATION_HEADER: Final = "Waiting-Room-Invitation"
INVITATION_FIELD: Final = "invite"

UNCACHED: Final[Mapping[str, str]] = MappingProxyType({"Cache-Control": "no-store", "X-Accel-Expires": "0"})
"""
What every answer bears that is for one visitor alone: no cache keeps it (RFC 9111 section 5.2.2.5). The second is for
an nginx that was told to ignore the first, as many recipes tell it.
"""

VERDICT_HEADERS: Final = (
    STATUS_HEADER,
    ROOM_HEADER,
    VISITOR_ID_HEADER,
    EXPIRES_HEADER,
    POSITION_HEADER,
    REASON_HEADER,
    URL_HEADER,
)
"""What a proxy is told of a visitor and hands on to the shop; a visitor's own under these names are overwritten."""

KEYS: Final = (
    "state",
    "room",
    "number",
    "position",
    "ahead",
    "eta_low_s",
    "eta_high_s",
    "eta_reason",
    "next_poll_s",
    "opens_in_s",
    "resumes_in_s",
    "reason",
    "message",
    "target",
    "visitor",
    "ticket",
    "pass",
)
_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def ticket_cookie(room: str) -> str:
    """
    Return the name of the cookie that holds a visitor's ticket for *room*.
    """
    return f"wr_ticket_{room}"


def pass_cookie(room: str) -> str:
    """
    Return the name of the cookie that holds a visitor's pass for *room*.
    """
    return f"wr_pass_{room}"


def stage_cookie(room: str) -> str:
    """
    Return the name of the cookie that holds the beginning of a visitor's payment in *room*.
    """
    return f"wr_stage_{room}"


def invitation_cookie(room: str) -> str:
    """
    Return the name of the cookie that carries a visitor's invitation to *room* to the join.
    """
    return f"wr_invite_{room}"


def describe(outcome: Outcome, room: str) -> dict[str, Any]:
    """
    Return *outcome* in the shape of every visitor answer: all of `KEYS`, null where a key does not apply.

    ``message``, ``target`` and the tokens are for the caller to fill in.
    """
    answer: dict[str, Any] = dict.fromkeys(KEYS)
    answer["room"] = room
    match outcome:
        case Waiting(number, position, eta, next_poll_ms, reason, longer):
            answer |= {"state": "waiting", "number": number, "position": position, "ahead": position - 1}
            answer["eta_reason"] = None if longer is None else longer.value
            answer |= {"next_poll_s": next_poll_ms / 1000, "reason": reason.value}
            if eta is not None:
                answer |= {"eta_low_s": eta.low_s, "eta_high_s": eta.high_s}
        case Early(number, opens_in_ms, next_poll_ms, reason):
            answer |= {"state": "waiting", "number": number, "next_poll_s": next_poll_ms / 1000, "reason": reason.value}
            answer["opens_in_s"] = None if opens_in_ms is None else opens_in_ms / 1000
        case Called(number, next_poll_ms, reason):
            answer |= {"state": "called", "number": number, "position": 0, "ahead": 0}
            answer |= {"eta_low_s": 0.0, "eta_high_s": 0.0, "next_poll_s": next_poll_ms / 1000, "reason": reason.value}
        case Admitted(number):
            answer |= {"state": "admitted", "number": number}
        case Paused(number, position, next_poll_ms, reason, resumes_in_ms):
            answer |= {"state": "paused", "next_poll_s": next_poll_ms / 1000, "reason": reason.value}
            answer["resumes_in_s"] = None if resumes_in_ms is None else resumes_in_ms / 1000
            if number:
                answer |= {"number": number, "position": position, "ahead": max(0, position - 1)}
        case Closed(reason, opens_in_ms):
            answer |= {"state": "closed", "reason": reason.value}
            answer["opens_in_s"] = None if opens_in_ms is None else opens_in_ms / 1000
        case Refused(reason, retry_ms):
            answer |= {"state": "refused", "reason": reason.value}
            answer["next_poll_s"] = None if retry_ms is None else retry_ms / 1000
    return answer


def encode_waiting(
    outcome: Waiting, json_room: str, json_message: str, visitor: str | None = None, ticket: str | None = None
) -> bytes:
    """
    Return the same bytes as `encode` of `describe`, several times faster: most answers are of this kind.

    *json_room* and *json_message* are already JSON; a token needs no quoting.
    """
    number, position, eta, next_poll_ms, reason, longer = outcome
    low, high = eta if eta is not None else ("null", "null")
    why = f'"{longer._value_}"' if longer else "null"
    bearer = f'"{visitor}"' if visitor else "null"
    place = f'"{ticket}"' if ticket else "null"
    return (
        f'{{"state":"waiting","room":{json_room},"number":{number},"position":{position},'
        f'"ahead":{position - 1},"eta_low_s":{low},"eta_high_s":{high},"eta_reason":{why},'
        f'"next_poll_s":{next_poll_ms / 1000},"opens_in_s":null,"resumes_in_s":null,'
        f'"reason":"{reason._value_}","message":{json_message},'
        f'"target":null,"visitor":{bearer},"ticket":{place},"pass":null}}'
    ).encode()


def encode_early(
    outcome: Early, json_room: str, json_message: str, visitor: str | None = None, ticket: str | None = None
) -> bytes:
    """
    Return the same bytes as `encode` of `describe`: before an opening all polls are of this kind.
    """
    number, opens_in_ms, next_poll_ms, reason = outcome
    opens = "null" if opens_in_ms is None else opens_in_ms / 1000
    bearer = f'"{visitor}"' if visitor else "null"
    place = f'"{ticket}"' if ticket else "null"
    return (
        f'{{"state":"waiting","room":{json_room},"number":{number},"position":null,"ahead":null,"eta_low_s":null,"eta_high_s":null,'
        f'"eta_reason":null,"next_poll_s":{next_poll_ms / 1000},"opens_in_s":{opens},"resumes_in_s":null,'
        f'"reason":"{reason._value_}","message":{json_message},"target":null,"visitor":{bearer},"ticket":{place},"pass":null}}'
    ).encode()


def encode(answer: dict[str, Any]) -> bytes:
    """
    Return *answer* as compact JSON.
    """
    return _encode(answer).encode()
