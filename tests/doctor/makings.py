"""
Made-up answers, for checks that are tried without a shop.
"""

from typing import Any

from waiting_room.doctor.answers import Answer
from waiting_room.doctor.entrances import CHECKOUT, Entrance
from waiting_room.doctor.findings import Diagnosis
from waiting_room.doctor.judging import Fate, Judged

SHOP = "https://shop.example"
PAGE = f"{SHOP}/waiting-room/sale"
COOKIE = "wr_visitor=v1.k1.abc; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure"


def answer(path: str = "/checkout", status: int = 200, text: str = "", **headers: str) -> Answer:
    """
    Return an answer of the shop; underscores in names of headers stand for hyphens.
    """
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer("GET", path if "://" in path else f"{SHOP}{path}", status, named, text)


def waits(path: str = "/checkout", **more: Any) -> Answer:
    """
    Return what a gate answers to a program that has to wait.
    """
    headers = {
        "content_type": "application/problem+json",
        "content_language": "en",
        "cache_control": "no-store",
        "waiting_room_url": "/waiting-room/sale?target=%2Fcheckout",
        **more,
    }
    return answer(path, 429, '{"type": "urn:waiting-room:problem:queue_wait", "room": "sale"}', **headers)


def judged(reply: Answer, fate: Fate, kind: str = CHECKOUT, *, named: bool = False) -> Judged:
    """
    Return an entrance with its fate.
    """
    return Judged(Entrance(reply.path, kind, named=named), fate, f"answers {reply.status}", reply)


def codes(diagnosis: Diagnosis) -> list[str]:
    """
    Return the codes of all findings.
    """
    return [finding.code for finding in diagnosis.findings]


def lasting(diagnosis: Diagnosis) -> list[str]:
    """
    Return the codes of all findings but those that the load of this machine may make.
    """
    return [code for code in codes(diagnosis) if code not in {"redis-slow", "question-slow"}]
