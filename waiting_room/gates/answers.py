"""
A gate's own answers, ready for any framework: status, headers, body. None of them may be cached.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Any, Final

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.gates.core import Refuse, SendToWait
from waiting_room.gates.texts import say

PROBLEM_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5
CONFINED: Final[Mapping[str, str]] = MappingProxyType({"Cache-Control": "private", "X-Accel-Expires": "0"})
"""What a page behind the gate bears whose shop has not said that caches may keep it: its visitor's own may."""
_UNKEPT: Final = frozenset(name.lower() for name in wire.UNCACHED)
_SAYS_WHO: Final = re.compile(r"\b(?:private|no-store|public|s-maxage)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Hold a whole answer; cookies are not in it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def says_who_keeps_it(cache_control: str, accel_expires: str) -> bool:
    """
    Tell whether a shop has said by these headers of its page if a shared cache may keep it.

    A pass is to a page behind the gate what credentials are to one of HTTP's own: without a word that says otherwise, a
    shared cache must not keep the answer (RFC 9111 section 3.5), or it would show it to those who still wait. Caches
    know no pass, so the gate says it for the shop. What the shop declares public is public.
    """
    return bool(accel_expires or _SAYS_WHO.search(cache_control))


def without_life(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """
    Return *headers* without what says for how long a cache may keep the answer, for `wire.UNCACHED` to say it.
    """
    return [head for head in headers if head[0].lower() not in _UNKEPT]


def sent_away(outcome: SendToWait | Refuse, room: str, language: str) -> Answer:
    """
    Return the answer for a visitor who does not come in now, in *language*.
    """
    if isinstance(outcome, Refuse):
        return _refused(outcome, room, language)
    if outcome.as_json:
        extra = {"waiting_room_url": outcome.url}
        return _problem(429, outcome.reason, room, language, extra, {wire.URL_HEADER: outcome.url})
    # 303 and not 302: a form's POST must become a GET of the waiting page in every client (RFC 9110 section 15.4.4).
    heads = {"Location": outcome.url, "Content-Type": "text/plain; charset=utf-8", **wire.UNCACHED}
    return Answer(303, heads, b"")


def _refused(outcome: Refuse, room: str, language: str) -> Answer:
    if outcome.as_json:
        return _problem(outcome.status, outcome.reason, room, language, {}, {})
    said = say(outcome.reason, language)
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": language,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        **wire.UNCACHED,
        "Retry-After": str(RETRY_AFTER_S),
        "Refresh": str(RETRY_AFTER_S),
    }
    page = _PAGE.format(language=language, heading=escape(said.heading), sentence=escape(said.sentence))
    return Answer(outcome.status, headers, page.encode())


def _problem(
    status: int, reason: Reason, room: str, language: str, extra: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    said = say(reason, language)
    document = {
        "type": f"urn:waiting-room:problem:{reason}",
        "title": said.heading,
        "status": status,
        "detail": said.sentence,
        "reason": reason.value,
        "room": room,
        **extra,
    }
    heads = {
        "Content-Type": PROBLEM_TYPE,
        "Content-Language": language,
        **wire.UNCACHED,
        "Retry-After": str(RETRY_AFTER_S),
        **headers,
    }
    return Answer(status, heads, json.dumps(document, ensure_ascii=False).encode())


_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{heading}</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f6f4ef; color: #23211c;
  font: 1.125rem/1.6 system-ui, sans-serif }}
main {{ max-width: 32rem; padding: 2rem }}
h1 {{ font-size: 1.75rem; line-height: 1.25 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1d1c19; color: #eceae4 }} }}
</style>
</head>
<body><main><h1>{heading}</h1><p>{sentence}</p></main></body>
</html>
"""
