"""
Real answers to be shown: made by the functions that answer visitors, with tokens signed by a key that nobody uses.
"""

from typing import Any, Final

from waiting_room import wire
from waiting_room.cookies import set_cookie
from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Eta, Outcome, Paused, Waiting
from waiting_room.core.reasons import Reason
from waiting_room.tokens import Keyring, Pass, Ticket, Token, Visitor
from waiting_room.web.languages import languages
from waiting_room.web.openapi.parts import ROOM
from waiting_room.web.texts import say

TARGET: Final = "https://shop.example/checkout"
_KEYS: Final = Keyring(("example:" + "example-" * 4,))
_SINCE_MS: Final = 1_795_680_000_000
_NUMBER: Final = 1235
_VISITOR: Final = "b3JkZXItb2YtdGhlLXRveXM0"
_TICKET: Final = Ticket(ROOM, "standard", _NUMBER, _VISITOR, _SINCE_MS)
_PASS: Final = Pass(
    ROOM, "standard", _NUMBER, _VISITOR, f"standard.{_NUMBER}", _SINCE_MS + 200_000, _SINCE_MS + 3_800_000
)

_OUTCOMES: Final[dict[str, Outcome]] = {
    "waiting": Waiting(_NUMBER, 38, Eta(200.0, 330.0), 3000),
    "early": Early(_NUMBER, 3_720_000, 30_000),
    "called": Called(_NUMBER, 2000),
    "admitted": Admitted(_NUMBER, _PASS.seat, _PASS.issued_ms, _PASS.hard_end_ms),
    "paused": Paused(_NUMBER, 38, 5000, Reason.TECHNICAL_BREAK, 720_000),
    "closed": Closed(),
}


def answers(*names: str, joined: bool = False) -> dict[str, Any]:
    """
    Return the examples of the visitor's answer that are *named*, of one who has just *joined* or of one who is known.
    """
    return {name: {"value": _answer(_OUTCOMES[name], joined=joined)} for name in names}


def _answer(outcome: Outcome, *, joined: bool) -> dict[str, Any]:
    answer = wire.describe(outcome, ROOM)
    plain = isinstance(outcome, Waiting | Early)
    if not plain:
        answer["target"] = TARGET
        if answer["reason"]:
            said = say(Reason(answer["reason"]), languages()["en"])
            answer["message"] = f"{said.sentence} {said.next_step}"
    if joined and not isinstance(outcome, Closed):
        answer |= {"visitor": signed(Visitor(_VISITOR)), "ticket": signed(_TICKET)}
    if isinstance(outcome, Admitted):
        answer["pass"] = signed(_PASS)
    return answer


def signed(token: Token) -> str:
    """
    Return *token* as its bearer has it.
    """
    return _KEYS.sign(token)


STATE: Final[dict[str, Any]] = {
    "room": ROOM,
    "phase": "open",
    "mode": "queue",
    "rate_per_minute": 600,
    "capacity": 200,
    "seats": 197,
    "frontier": 1198,
    "issued": 4170,
    "waiting": 2730,
    "lanes": {"standard": {"waiting": 2730, "frontier": 1198, "issued": 4170}},
    "admitted_total": 1141,
    "sold_out": False,
    "message": "",
    "opens_in_s": None,
    "resumes_in_s": None,
    "audit_head": f"1733:{'9c1d5b7e' * 8}",
    "draws": [],
    "as_of_ms": _SINCE_MS,
}
REPORT: Final[dict[str, Any]] = {
    "gate": "shop-1",
    "touched": {"standard.1235": _PASS.hard_end_ms},
    "stages": {"standard.1235": "payment"},
    "released": ["standard.1190"],
    "revoked_version": "",
    "health": {
        "window_ms": 1000,
        "requests": 117,
        "errors": 1,
        "in_flight": 9,
        "latency_ms_sum": 8_840,
        "latency_buckets": {
            "10": 0,
            "25": 12,
            "50": 51,
            "100": 98,
            "250": 112,
            "500": 116,
            **dict.fromkeys(("1000", "2500", "5000", "10000", "30000", "60000"), 117),
        },
    },
    "stock": 4_300,
    "sold_out": False,
}
REPORT_ANSWER: Final[dict[str, Any]] = {
    "phase": "open",
    "straight": False,
    "gone": [],
    "now_ms": _SINCE_MS,
    "degraded": False,
    "shadow": False,
    "on_redis_outage": "static",
    "payment_cap_s": 900.0,
    "revoked_version": "3.1",
    "revoked": [{"seat": "standard.1101", "until_ms": _SINCE_MS + 86_400_000}],
}
COMMAND: Final[dict[str, Any]] = {
    "command": "release",
    "pass": signed(_PASS),
    "visitor": signed(Visitor(_VISITOR)),
}
COMMAND_ANSWER: Final[dict[str, Any]] = {
    "room": ROOM,
    "command": "release",
    "seat": _PASS.seat,
    "stage": None,
    "set_cookie": [set_cookie(wire.pass_cookie(ROOM), "", 0, secure=True)],
}
