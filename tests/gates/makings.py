"""
What the tests of the gate are made of: settings, tokens and requests with sensible values.
"""

from typing import Any

from waiting_room import wire
from waiting_room.gates.requests import Request
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import Keyring, Pass, PaymentStage, Visitor

ROOM = "sale"
SECRET = "k1:" + "s" * 32
NOW_MS = 1_800_000_000_000
HARD_END_MS = NOW_MS + 600_000
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
KEYRING = Keyring((SECRET,))


def settings(**changed: Any) -> GateSettings:
    """
    Return the settings of a gate in front of everything.
    """
    values: dict[str, Any] = {
        "room": ROOM,
        "service_url": "http://127.0.0.1:1",
        "page_url": f"/waiting-room/{ROOM}",
        "secret_keys": (SECRET,),
        "join_time_out_s": 10.0,  # a machine at its limit is not what these tests are about
    }
    return GateSettings(**(values | changed))


def admission(**changed: Any) -> Pass:
    """
    Return a pass for the room that is good for ten minutes.
    """
    values: dict[str, Any] = {
        "room": ROOM,
        "lane": "standard",
        "number": 7,
        "visitor": "anna",
        "seat": "standard.7",
        "issued_ms": NOW_MS,
        "hard_end_ms": HARD_END_MS,
    }
    return Pass(**(values | changed))


def pass_text(**changed: Any) -> str:
    """
    Return such a pass, signed.
    """
    return KEYRING.sign(admission(**changed))


def stage_text(entered_ms: int, seat: str = "standard.7", room: str = ROOM) -> str:
    """
    Return the signed beginning of a payment.
    """
    return KEYRING.sign(PaymentStage(room, seat, entered_ms))


def visitor_text(visitor: str = "anna") -> str:
    """
    Return a visitor's signed identity.
    """
    return KEYRING.sign(Visitor(visitor))


def request(path: str = "/checkout", method: str = "GET", **changed: Any) -> Request:
    """
    Return a browser's request; *pass_*, *stage* and *visitor* become cookies.
    """
    cookies = dict(changed.pop("cookies", {}))
    if pass_ := changed.pop("pass_", ""):
        cookies[wire.pass_cookie(ROOM)] = pass_
    if visitor := changed.pop("visitor", ""):
        cookies[wire.VISITOR_COOKIE] = visitor
    if stage := changed.pop("stage", ""):
        cookies[wire.stage_cookie(ROOM)] = stage
    path, _, query = path.partition("?")
    values: dict[str, Any] = {
        "method": method,
        "path": path,
        "query": query,
        "headers": BROWSER,
        "cookies": cookies,
        "origin": "http://shop.example",
    }
    return Request(**(values | changed))
