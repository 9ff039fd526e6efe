"""
How each kind of proxy asks whether a request may pass, and which answers it understands. Pure.

The dialect stands in the path of the call, and only its own headers are read: where a proxy sets ``X-Original-URL``,
it lets a client's ``X-Forwarded-Uri`` through as it came, and the other way round. nginx takes 2xx, 401 and 403 and
makes a 500 of everything else; Traefik, Caddy and HAProxy hand on what they are answered; Envoy and the Gateway API
take 200 alone for yes, and any 5xx for a failure of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.gates.answers import RETRY_AFTER_S, Answer, sent_away
from waiting_room.gates.core import Allow, LetThrough, Outcome, Refuse, SendToWait, Unprotected
from waiting_room.gates.requests import SAFE_METHODS

ADMITTED: Final = "admitted"
BYPASS: Final = "bypass"
DEGRADED: Final = "degraded"
WAIT: Final = "wait"
REFUSED: Final = "refused"
FAILED: Final = "error"
STATUSES: Final = (ADMITTED, BYPASS, DEGRADED, WAIT, REFUSED, FAILED)
"""What became of a request: it passes (with a pass, without needing one, or because of an outage), or it does not."""

_SCHEMES: Final = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Hold the request that a proxy asks about: its *method*, its *origin* (scheme and host, or nothing), and undecoded
    *path* and *query*. It is what the proxy says, and no more to be trusted than the proxy.
    """

    method: str
    origin: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    Hold what is particular to one kind of proxy.

    *redirects* where a proxy hands our status, ``Location`` and body on; nginx' subrequest cannot. *inline* where the
    waiting page itself is the answer to those who wait. *failure* is what says that something is wrong with us.
    """

    name: str
    redirects: bool
    inline: bool = False
    failure: int = HTTPStatus.SERVICE_UNAVAILABLE


NGINX: Final = Dialect("nginx", redirects=False, failure=HTTPStatus.INTERNAL_SERVER_ERROR)
DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({
    dialect.name: dialect
    for dialect in (
        NGINX,
        Dialect("forward", redirects=True),
        Dialect("forward-inline", redirects=True, inline=True),
        Dialect("envoy", redirects=True),
        Dialect("envoy-inline", redirects=True, inline=True),
    )
})  # fmt: skip


def asked(dialect: Dialect, method: str, rest: str, headers: Mapping[str, str]) -> Asked:
    """
    Return the request that is asked about; what a proxy did not say is taken for a GET of ``/``.

    *method* and *rest* (what follows the room in the path, with its query) are those of the call itself: Envoy's are
    the visitor's own, those of all others say nothing.
    """
    if dialect.name == "nginx":
        origin, path = _split(headers.get("X-Original-URL", ""))
        return _asked(headers.get("X-Original-Method", ""), origin, path)
    if dialect.name.startswith("forward"):
        origin = _origin(headers.get("X-Forwarded-Proto", ""), headers.get("X-Forwarded-Host", ""))
        return _asked(headers.get("X-Forwarded-Method", ""), origin, headers.get("X-Forwarded-Uri", ""))
    return _asked(method, _origin(headers.get("X-Forwarded-Proto", ""), headers.get("Host", "")), rest)


def _asked(method: str, origin: str, address: str) -> Asked:
    path, _, query = address.partition("?")
    return Asked(method.upper() or "GET", origin, path if path.startswith("/") else "/", query)


def _split(url: str) -> tuple[str, str]:
    if url.startswith("/"):
        return "", url
    scheme, _, rest = url.partition("://")
    host, path = cut(rest)
    return _origin(scheme, host), path


def cut(text: str) -> tuple[str, str]:
    """
    Return what stands in *text* before the first slash or question mark, and the rest.
    """
    head, slash, rest = text.partition("/")
    if "?" in head:
        head, _, query = text.partition("?")
        return head, f"?{query}"
    return head, slash + rest


def _origin(scheme: str, host: str) -> str:
    # Two proxies in a row may have written "https, http"; the first is the visitor's.
    scheme, host = scheme.partition(",")[0].strip().lower(), host.partition(",")[0].strip()
    return f"{scheme}://{host}" if scheme in _SCHEMES and host else ""


def status_of(outcome: Outcome) -> str:
    """
    Return the word for an outcome: one of `STATUSES`.
    """
    match outcome:
        case Allow():
            return ADMITTED
        case Unprotected():
            return BYPASS
        case LetThrough():
            return BYPASS if outcome.shadow else DEGRADED
        case SendToWait():
            return REFUSED if outcome.reason is Reason.REVOKED else WAIT
        case Refuse():
            return FAILED
        case _:
            raise TypeError(f"{outcome!r} is to be decided before it is answered")


def answer(dialect: Dialect, outcome: Outcome, room: str, method: str, language: str, position: int = 0) -> Answer:
    """
    Return the whole answer to a proxy.

    *position* is that of one who waits, where it is known. All headers of ours are always there, empty where there is
    nothing to say: a proxy that copies them to the shop then overwrites whatever the visitor has made up.
    """
    status = status_of(outcome)
    said = _said(outcome, status, room, position)
    if status in {ADMITTED, BYPASS, DEGRADED}:
        return Answer(HTTPStatus.OK, {**said, **wire.UNCACHED}, b"")
    assert isinstance(outcome, SendToWait | Refuse)
    if isinstance(outcome, SendToWait) and status == WAIT:
        return _wait(dialect, outcome, said, room, method, language)
    refusal = Refuse(_refusal(dialect, status), outcome.reason, outcome.as_json)
    sent = sent_away(refusal, room, language)
    return Answer(sent.status, {**sent.headers, **said}, sent.body)


def failed(dialect: Dialect) -> Answer:
    """
    Return the answer when the service itself is at fault: the proxy's own rule for an outage then counts.
    """
    said = {**dict.fromkeys(wire.VERDICT_HEADERS, ""), wire.STATUS_HEADER: FAILED}
    headers = {**said, **wire.UNCACHED, "Retry-After": str(RETRY_AFTER_S)}
    return Answer(dialect.failure, headers, b"")


def _refusal(dialect: Dialect, status: str) -> int:
    return HTTPStatus.FORBIDDEN if status == REFUSED else dialect.failure


def _wait(
    dialect: Dialect, outcome: SendToWait, said: Mapping[str, str], room: str, method: str, language: str
) -> Answer:
    if not dialect.redirects:
        headers = {**said, "Location": outcome.url, **wire.UNCACHED}
        return Answer(HTTPStatus.UNAUTHORIZED, headers, b"")
    sent = sent_away(outcome, room, language)
    # A 302 keeps a GET a GET in every client; a form's POST must become one, which only 303 promises.
    moved = HTTPStatus.FOUND if method in SAFE_METHODS else HTTPStatus.SEE_OTHER
    return Answer(sent.status if outcome.as_json else moved, {**sent.headers, **said}, sent.body)


def _said(outcome: Outcome, status: str, room: str, position: int) -> dict[str, str]:
    held = outcome if isinstance(outcome, Allow) else None
    away = outcome if isinstance(outcome, SendToWait | Refuse) else None
    return {
        wire.STATUS_HEADER: status,
        wire.ROOM_HEADER: room,
        wire.VISITOR_ID_HEADER: held.admission.visitor if held else "",
        wire.EXPIRES_HEADER: str(held.end_ms // 1000) if held else "",
        wire.POSITION_HEADER: str(position) if position and status == WAIT else "",
        wire.REASON_HEADER: away.reason.value if away else "",
        wire.URL_HEADER: outcome.url if isinstance(outcome, SendToWait) else "",
    }
