"""
Does the waiting page reach visitors as the service sends it: uncached, with its cookies, by the shop's own host? Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from waiting_room import wire
from waiting_room.doctor.answers import Answer, Reply, Silence
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.findings import Diagnosis, Finding, Untold

COOKIES_BYTES: Final = 6_000
"""A shop's own cookies and ours: browsers send up to 4 KB each, servers take 8 KB a line by default."""
STALE_S: Final = 5
"""The public state is good for a second; a proxy may be as late again, and the round trip."""
SLOW_MS: Final = 50.0
OVERDUE_MS: Final = 500.0
"""What the configurations of `waiting-room proxy` wait for an answer."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """
    Hold what was tried at the waiting page, by the address that visitors have.

    *state* is the public state's answer. *first* and *second* are two visits without cookies, *known* a HEAD that bears
    the first one's cookie, *heavy* one with `COOKIES_BYTES` of cookies. *elsewhere* is the waiting page's address where
    it is on another host than the shop. *asked_ms* are round trips of the question that a proxy asks.
    """

    room: str
    url: str = ""
    elsewhere: str = ""
    state: Reply | None = None
    first: Reply | None = None
    second: Reply | None = None
    known: Reply | None = None
    heavy: Reply | None = None
    asked_ms: tuple[float, ...] = ()
    question: Reply | None = None


def check_page(facts: PageFacts) -> Diagnosis:
    """
    Return what is wrong with the way to the waiting page.
    """
    asked = _asked(facts)
    if facts.elsewhere:
        finding = found("page-elsewhere", facts.elsewhere, "the waiting page has another host than the shop")
        return Diagnosis((finding, *asked.findings), asked.fine)
    if not facts.room:
        why = "no gate has named a room; name it with --room"
        return Diagnosis(asked.findings, asked.fine, (Untold("the waiting page", why),))
    missing = _missing(facts)
    if missing is not None:
        return Diagnosis((missing, *asked.findings), asked.fine)
    findings, fine = [*_states(facts), *asked.findings], list(asked.fine)
    untold: tuple[Untold, ...] = ()
    if isinstance(facts.first, Answer):
        stored = list(_stored(facts))
        # What a cache hands out says nothing of the cookies that the service set.
        cached = any(finding.code == "page-cached" for finding in stored)
        findings += stored if cached else [*stored, *_cookies(facts), *_carried(facts)]
        fine.append(f"the waiting page answers under the shop's host: {facts.url}")
    elif facts.first is not None:
        untold = (Untold("the waiting page", facts.first.why),)
    return Diagnosis(tuple(findings), tuple(fine), untold)


def _missing(facts: PageFacts) -> Finding | None:
    state = facts.state
    if isinstance(state, Silence):
        return found("page-missing", facts.url, state.why)
    if state is None or state.document.get("room") == facts.room:
        if state is not None and state.document.get("reason") == "room_unknown":
            return found("room-unknown", facts.url, f"the service knows no room {facts.room!r}")
        return None
    return found("page-missing", f"{facts.url}/state.json", f"answers {state.status}, not with the room's state")


def _states(facts: PageFacts) -> Iterator[Finding]:
    if not isinstance(facts.state, Answer):
        return
    state, document = facts.state, facts.state.document
    if str(document.get("phase")) in {"closed", "draining"}:
        yield found("room-closed", facts.room, f"the room is {document['phase']}")
    age = state.header("age")
    if age.isdigit() and int(age) > STALE_S:
        yield found("state-stale", f"{facts.url}/state.json", f"Age: {age}")
    if state.version == "1.0" or state.header("connection").lower() == "close":
        yield found("connection-closed", f"{facts.url}/state.json", "the connection is closed after each answer")


def _stored(facts: PageFacts) -> Iterator[Finding]:
    first, second = facts.first, facts.second
    assert isinstance(first, Answer)
    ours = _value(first.cookie(wire.VISITOR_COOKIE))
    if isinstance(second, Answer):
        if second.stored:
            yield found("page-cached", facts.url, second.stored)
            return
        if ours and _value(second.cookie(wire.VISITOR_COOKIE)) == ours:
            yield found("page-cached", facts.url, "two visitors were given the same name")
            return
    said = first.header("cache-control")
    if "no-store" not in said:
        yield found("page-storable", facts.url, f"Cache-Control is {said or 'gone'}; the service said no-store")
    if not first.header("content-encoding"):
        yield found("page-unpacked", facts.url, f"{len(first.text.encode()):,} bytes without compression")


def _cookies(facts: PageFacts) -> Iterator[Finding]:
    first = facts.first
    assert isinstance(first, Answer)
    cookie = first.cookie(wire.VISITOR_COOKIE)
    where = f"{wire.VISITOR_COOKIE} of {facts.url}"
    if not cookie:
        yield found("cookie-dropped", where, "the answer sets no such cookie")
        return
    attributes = dict(_attributes(cookie))
    if attributes.get("path") != "/":
        yield found("cookie-path", where, f"Path is {attributes.get('path') or 'gone'}, not /")
    if "domain" in attributes:
        yield found("cookie-domain", where, f"Domain is {attributes['domain']}")
    https = urlsplit(facts.url).scheme == "https"
    if https and "secure" not in attributes:
        yield found("cookie-insecure", where, "Secure is missing, though the page came by https")
    if not https and "secure" in attributes:
        yield found("cookie-secure-by-http", where, "Secure is set, though the page came by http")
    if "httponly" not in attributes:
        yield found("cookie-changed", where, "HttpOnly is gone")
    if attributes.get("samesite", "").lower() != "lax":
        yield found("cookie-changed", where, f"SameSite is {attributes.get('samesite') or 'gone'}, not Lax")
    known = facts.known
    if isinstance(known, Answer) and known.status < 400 and known.cookie(wire.VISITOR_COOKIE):
        yield found("cookie-not-forwarded", where, "the service does not see the cookie that it has set")


def _carried(facts: PageFacts) -> Iterator[Finding]:
    heavy = facts.heavy
    if isinstance(heavy, Answer) and heavy.status in {400, 413, 414, 431, 494, 502}:
        yield found("headers-limited", facts.url, f"answers {heavy.status} to {COOKIES_BYTES:,} bytes of cookies")
    if isinstance(heavy, Silence):
        yield found("headers-limited", facts.url, f"{COOKIES_BYTES:,} bytes of cookies: {heavy.why}")


def _asked(facts: PageFacts) -> Diagnosis:
    if isinstance(facts.question, Silence):
        return Diagnosis((found("service-unreachable", facts.question.url, facts.question.why),))
    if not facts.asked_ms:
        return Diagnosis()
    slowest = max(facts.asked_ms)
    middle = sorted(facts.asked_ms)[len(facts.asked_ms) // 2]
    said = f"{middle:.0f} ms, at most {slowest:.0f} ms, of {len(facts.asked_ms)}"
    if slowest >= OVERDUE_MS or middle >= SLOW_MS:
        return Diagnosis((found("question-slow", "the question of a proxy", said),))
    return Diagnosis(fine=(f"the question of a proxy takes {said}",))


def _attributes(cookie: str) -> Iterator[tuple[str, str]]:
    for part in cookie.split(";")[1:]:
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()


def _value(cookie: str) -> str:
    return cookie.partition(";")[0].partition("=")[2]
