"""
What came back from a shop, and whether a gate of ours had a hand in it. Pure.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from waiting_room import wire
from waiting_room.proxies.settings import AWAY_PAGE

PROBLEM_TYPE: Final = "urn:waiting-room:problem:"
"""How the ``type`` of each problem document of ours begins."""
_LONG: Final = 512
"""Characters from which a page has parts that differ each time (tokens, times) and is the same all the same."""
_TITLE: Final = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_HITS: Final = (
    ("cf-cache-status", re.compile(r"^(hit|stale|updating|revalidated|expired)", re.IGNORECASE)),
    ("cache-status", re.compile(r"; *hit\b", re.IGNORECASE)),
    ("x-cache", re.compile(r"\bhit\b", re.IGNORECASE)),
    ("x-cache-status", re.compile(r"\b(hit|stale|updating|revalidated)\b", re.IGNORECASE)),
    ("x-proxy-cache", re.compile(r"\bhit\b", re.IGNORECASE)),
    ("x-litespeed-cache", re.compile(r"\bhit\b", re.IGNORECASE)),
    ("x-vercel-cache", re.compile(r"^(hit|stale)", re.IGNORECASE)),
    ("x-varnish", re.compile(r"^\d+ +\d+$")),
)
"""What content networks and proxies write on an answer that they had stored; Varnish names two requests then."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Hold an answer: names of *headers* in small letters, *text* as far as it was read.

    *at_ms* is this machine's time in the middle between asking and answering, *took_ms* how long that was.
    """

    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    at_ms: int = 0
    took_ms: float = 0.0
    version: str = "1.1"

    def header(self, name: str) -> str:
        """
        Return the first header called *name*, or nothing.
        """
        return next((value for key, value in self.headers if key == name), "")

    def cookie(self, name: str) -> str:
        """
        Return the ``Set-Cookie`` value that sets the cookie *name*, or nothing.
        """
        found = (value for key, value in self.headers if key == "set-cookie")
        return next((value for value in found if value.partition("=")[0].strip() == name), "")

    @property
    def path(self) -> str:
        """
        Return the path that was asked for, with its query.
        """
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    @property
    def media_type(self) -> str:
        """
        Return the type of the body without its parameters.
        """
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def title(self) -> str:
        """
        Return the page's title, or nothing.
        """
        found = _TITLE.search(self.text)
        return found[1].strip() if found else ""

    @property
    def document(self) -> dict[str, Any]:
        """
        Return the JSON object of the body; an empty one where there is none.
        """
        if "json" not in self.media_type:
            return {}
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def stored(self) -> str:
        """
        Return the header by which a cache says that it had this answer already, or nothing.
        """
        return next(_stored(self), "")

    @property
    def moved(self) -> str:
        """
        Return where a redirect leads, or nothing.
        """
        return _usable(self.header("location")) if 300 <= self.status < 400 else ""


@dataclass(frozen=True, slots=True)
class Silence:
    """
    Hold that there was no answer, and *why*.
    """

    method: str
    url: str
    why: str


Reply = Answer | Silence


def _usable(address: str) -> str:
    """
    Return *address* if it is one: whatever a shop writes there, an examination goes on.
    """
    try:
        port = urlsplit(address).port
    except ValueError:
        return ""
    return "" if port == 0 else address


def _stored(answer: Answer) -> Iterator[str]:
    age = answer.header("age")
    if age.isdigit() and int(age) > 0:
        yield f"Age: {age}"
    for name, pattern in _HITS:
        value = answer.header(name)
        if value and pattern.search(value):
            yield f"{name}: {value}"


class Mark(StrEnum):
    """
    Say what an answer tells of a gate.
    """

    NONE = "none"
    """nothing of ours: the shop has answered, or something else before it"""
    WAITS = "waits"
    """a gate has sent us to wait"""
    AWAY = "away"
    """a gate stands there and cannot reach the room"""
    PASSES = "passes"
    """a gate has let us pass, and says so"""


def mark_of(answer: Answer, prefix: str = wire.PREFIX) -> Mark:
    """
    Return what *answer* tells of a gate: by the verdict headers, a problem document, or the way to the waiting page.
    """
    status = answer.header(wire.STATUS_HEADER.lower())
    problem = str(answer.document.get("type", "")).startswith(PROBLEM_TYPE)
    if status == "error" or AWAY_PAGE in answer.text or (problem and answer.status == 503):
        return Mark.AWAY
    if status in {"wait", "refused"} or problem or answer.header(wire.URL_HEADER.lower()) or room_of(answer, prefix):
        return Mark.WAITS
    return Mark.PASSES if status in {"admitted", "bypass", "degraded"} else Mark.NONE


def waiting_url(answer: Answer) -> str:
    """
    Return the address of the waiting page that *answer* names, or nothing.
    """
    named = answer.header(wire.URL_HEADER.lower()) or str(answer.document.get("waiting_room_url") or "")
    return _usable(named) or answer.moved


def room_of(answer: Answer, prefix: str = wire.PREFIX) -> str:
    """
    Return the room that *answer* leads to, or nothing.
    """
    path = urlsplit(waiting_url(answer)).path
    named = path.removeprefix(f"{prefix}/").partition("/")[0] if path.startswith(f"{prefix}/") else ""
    return unquote(named)


def alike(one: Answer, other: Answer) -> bool:
    """
    Tell whether two answers are of one make, such as a shop's page for everything it does not know.
    """
    if (one.status, one.media_type, one.moved) != (other.status, other.media_type, other.moved):
        return False
    near = len(other.text) >= _LONG and abs(len(one.text) - len(other.text)) <= len(other.text) // 50
    return one.title == other.title and (near or one.text == other.text)
