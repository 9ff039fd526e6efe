"""
Reading a request: who sends it, person or program, and where it wanted to go.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from waiting_room import wire
from waiting_room.gates.networks import NOWHERE, Way
from waiting_room.gates.texts import LANGUAGES

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1: they ask for nothing to be done, so nothing is lost when they are sent away."""
LONGEST_TARGET: Final = 2048
"""A longer address to come back to is dropped: the page then goes on to the room's own target."""
FORWARDED_HEADER: Final = "X-Forwarded-For"
LOOKING_METHODS: Final = frozenset({"GET", "HEAD"})
"""What crawlers ask by."""
LANGUAGE_FIELD: Final = "lang"
"""So it is called in the address of the waiting page, and in those of most shops."""

_PLAIN_IN_PATHS: Final = "/!$&'()*+,;=:@~"


class Request(NamedTuple):
    """
    Hold the facts of a request that a gate looks at.

    *path* is undecoded and without query, *query* without its ``?``; *headers* are looked up regardless of case.
    *origin* is scheme and host as the request has them, or empty. *way* is told where anybody is known by address.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    origin: str
    way: Way = NOWHERE

    @property
    def visitor_text(self) -> str:
        """
        Return the text of the identity that the request bears, or nothing.
        """
        return self.headers.get(wire.VISITOR_HEADER) or self.cookies.get(wire.VISITOR_COOKIE) or ""


class SmallHeaders(Mapping[str, str]):
    """
    Look headers up regardless of case; *by_name* has their names in small letters.
    """

    __slots__ = ("_by_name",)

    def __init__(self, by_name: Mapping[str, str]) -> None:
        self._by_name = by_name

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def get(self, name: str, default: Any = None) -> Any:
        """
        Return the header of this *name*, or *default*; most are asked for and not there, and raising costs time.
        """
        return self._by_name.get(name.lower(), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def undecoded(path: str) -> str:
    """
    Return a path that decodes to *path*, for servers that only tell the decoded one.
    """
    return quote(path, safe=_PLAIN_IN_PATHS, errors="surrogateescape")


def wants_json(request: Request) -> bool:
    """
    Tell programs (fetch, XMLHttpRequest, apps, sub-resources) from a browser that shows a page to a person.
    """
    headers = request.headers
    mode = headers.get("Sec-Fetch-Mode", "")
    if mode == "navigate" and "prefetch" not in headers.get("Sec-Purpose", ""):
        return False
    if mode or headers.get("X-Requested-With") or headers.get("Upgrade"):
        return True
    accept = headers.get("Accept", "").lower()
    if "text/html" in accept or "application/xhtml+xml" in accept:
        return False
    return "json" in accept or "json" in headers.get("Content-Type", "").lower() or "text/event-stream" in accept


def may_start_visit(request: Request) -> bool:
    """
    Tell whether a request without identity may take a seat for its sender.

    A browser's prefetches and sub-resources come in many at once, before the page's cookies are there: each would
    take a seat of its own, for one person.
    """
    mode = request.headers.get("Sec-Fetch-Mode", "")
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return mode != "no-cors" and "prefetch" not in purpose


def is_preflight(request: Request) -> bool:
    """
    Tell a CORS preflight: browsers send it without cookies, so it can never bear a pass (Fetch standard, section 4.8).
    """
    headers = request.headers
    return (
        request.method == "OPTIONS"
        and bool(headers.get("Origin"))
        and bool(headers.get("Access-Control-Request-Method"))
        and headers.get("Content-Length", "0") == "0"
        and "Transfer-Encoding" not in headers
    )


def target_of(request: Request, shop_url: str, *, absolute: bool, as_json: bool) -> str:
    """
    Return the address to come back to after the wait: a path, or *absolute* below *shop_url* or the request's origin.
    """
    base = shop_url.rstrip("/") or request.origin
    path = ""
    if as_json or request.method not in SAFE_METHODS:
        # The address of a form's action can often not be fetched, and what a script asks for is nothing to look at; the
        # page that the form stood on, or the script, can be.
        path = _referring_path(request.headers.get("Referer", ""), base)
    path = path or _joined(request.path, request.query)
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    return base + path if absolute else path


def language_asked(request: Request, cookie: str) -> str:
    """
    Return the language that the address asks for by ``lang``, else the one kept in the shop's *cookie*, else nothing.

    Only a language of ours counts; ``pl-PL`` and ``pl_PL`` are Polish.
    """
    asked = parse_qs(request.query[:LONGEST_TARGET]).get(LANGUAGE_FIELD, [""])[0]
    kept = request.cookies.get(cookie, "") if cookie else ""
    for wish in (asked, kept):
        code = wish.lower().replace("_", "-").partition("-")[0]
        if code in LANGUAGES:
            return code
    return ""


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _referring_path(referrer: str, base: str) -> str:
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return ""
    same = bool(base) and f"{parts.scheme}://{parts.netloc}" == base
    return _joined(parts.path or "/", parts.query) if same else ""
