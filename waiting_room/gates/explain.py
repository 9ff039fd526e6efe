"""
Why a gate lets a request pass without a pass, or does not: for the operator who asks before a visitor does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from waiting_room.core.platforms import expanded
from waiting_room.gates.core import GateCore, Outcome, SendToWait, Unprotected
from waiting_room.gates.crawlers import Acquaintances
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.networks import Way
from waiting_room.gates.paths import PathRules, matches, readings, rule_of, steers
from waiting_room.gates.requests import Request, SmallHeaders
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import Keyring

KINDS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = MappingProxyType({
    "page": ("GET", {"sec-fetch-mode": "navigate", "accept": "text/html"}),
    "form": ("POST", {"sec-fetch-mode": "navigate", "accept": "text/html"}),
    "script": ("GET", {"sec-fetch-mode": "cors", "accept": "application/json"}),
    "websocket": ("GET", {"upgrade": "websocket", "sec-fetch-mode": "websocket"}),
})  # fmt: skip
"""The requests that browsers send, by what they are: method and headers."""
PASSES: Final = "passes"
REDIRECTED: Final = "303 to the waiting page"
TOLD: Final = "429 with the waiting page's address"
_KEY: Final = "k1:" + "0" * 32
"""No pass is read here: what is asked is what happens without one."""
_CROWDED: Final = RoomState(straight=False)


@dataclass(frozen=True, slots=True)
class Question:
    """
    Hold what is asked about beside the address: *peer* and *forwarded* as in `Way`, *headers* in small letters.
    """

    method: str = "GET"
    peer: str = ""
    forwarded: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Hold what becomes of a request to *path*, and why.

    *protected* tells whether it needs a pass; *since* why not, as `Unprotected` says it. *spared_by* is the pattern of
    ``never`` that it fits, or nothing; *spelled_oddly* tells that it would fit one if it were spelled plainly, and
    *steered* that its query keeps it from that. *pattern* of ``protect`` fits *reading*, which is one of the ways in
    which a server may read the path; a path with too many of them has no reading. *visitor* is the address that is
    believed. *without_pass* says what becomes of each kind of request, by `KINDS`.
    """

    path: str
    protected: bool
    since: str = ""
    spared_by: str = ""
    spelled_oddly: bool = False
    steered: bool = False
    pattern: str = ""
    reading: str = ""
    visitor: str = ""
    without_pass: Mapping[str, str] = field(default_factory=dict)


def explain(url: str, settings: GateSettings, question: Question | None = None) -> Explanation:
    """
    Return why *url*, an address or a path alone, is protected at a gate with these *settings* or is not.

    Raises `ConfigError` where a file of crawlers cannot be used.
    """
    question = question or Question()
    known = settings.acquaintances()
    core = GateCore(settings, Keyring((_KEY,)), known=known)
    request = _request(url, question)
    outcome = core.decide(request, _CROWDED, 0)
    without = {
        kind: _said(core.decide(request._replace(method=method, headers=SmallHeaders(heads)), _CROWDED, 0))
        for kind, (method, heads) in KINDS.items()
    }
    why = _by_path(request, outcome, settings)
    return replace(why, visitor=_visitor(known, request.way), without_pass=without)


def _request(url: str, question: Question) -> Request:
    parts = urlsplit(url) if "://" in url else None
    address = url if parts is None else f"{parts.path}?{parts.query}"
    path, _, query = address.partition("#")[0].partition("?")
    way = Way(question.peer, question.forwarded)
    return Request(question.method, path or "/", query, SmallHeaders(question.headers), {}, "", way)


def _visitor(known: Acquaintances, way: Way) -> str:
    return known.known.visitor(way) if known.known is not None else ""


def _said(outcome: Outcome) -> str:
    if isinstance(outcome, SendToWait):
        return TOLD if outcome.as_json else REDIRECTED
    return PASSES


def _by_path(request: Request, outcome: Outcome, settings: GateSettings) -> Explanation:
    path = request.path
    found = tuple(readings(path))
    spared = _spared(found, settings.never)
    if isinstance(outcome, Unprotected) and outcome.since in {"never", "free"}:
        plain = _spared((path,), settings.never) or spared if outcome.since == "never" else ""
        return Explanation(path, protected=False, since=outcome.since, spared_by=plain)
    pattern, reading = _guarding(found, settings.protect, request.method)
    since = outcome.since if isinstance(outcome, Unprotected) else ""
    steered = bool(spared) and steers(request.query)
    oddly = bool(spared) and not steered and not PathRules.of((), settings.never).listed(path, "", request.method)
    return Explanation(path, not since, since, "", oddly, steered, pattern, reading)


def _spared(found: Sequence[str | None], never: Sequence[str]) -> str:
    known = [_parts(reading) for reading in found if reading is not None]
    return next((pattern for pattern in expanded(never) for parts in known if _fits(pattern, parts)), "")


def _fits(pattern: str, parts: tuple[str, ...]) -> bool:
    return matches(rule_of(pattern).parts, parts)


def _parts(reading: str) -> tuple[str, ...]:
    return tuple(part for part in reading.split("/") if part)


def _guarding(found: Sequence[str | None], protect: Sequence[str], method: str) -> tuple[str, str]:
    for reading in found:
        if reading is None:
            break
        for pattern in expanded(protect):
            if PathRules.of((pattern,), ()).guarding(reading, method) is not None:
                return pattern, reading
    return "", ""
