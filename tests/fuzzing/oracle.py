"""
Who may pass, decided without the code that is tried: by who minted a token, and by readings written anew.

Where servers differ (two headers of a name, two cookies), whatever any of them could take counts; what none of them
could take must not get in.
"""

import ipaddress
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from tests.fuzzing.grammar import Case
from tests.fuzzing.material import BARRED, CAP_MS, GRACE_MS, IDLE, RELEASED, REVOKED, Material, Minted
from waiting_room import wire

_SAFE: Final = ("GET", "HEAD", "OPTIONS", "TRACE")
_FILES: Final = ("robots.txt", "sitemap.xml", "favicon.ico", "health", "healthz", "readyz", "livez", "metrics")
_FOLDERS: Final = (".well-known", "assets", "static")
_STEERING: Final = ("controller", "route", "rest_route", "pagename", "page_id", "p", "wc-ajax")
_STAFF: Final = ipaddress.ip_network("203.0.113.0/24")
_CRAWLERS: Final = ipaddress.ip_network("66.249.64.0/27")
_TRUSTED: Final = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "127.0.0.0/8", "::1/128")))


@dataclass(frozen=True, slots=True)
class Heard:
    """
    Hold a request as its gate hears it: *path* and *query* undecoded, or *decoded* where the server has done it.
    """

    case: Case
    path: str
    query: str
    decoded: bool = False


class Oracle:
    """
    Judge by the *material* of a run.
    """

    def __init__(self, material: Material) -> None:
        self._material = material

    def permits(self, heard: Heard) -> str:
        """
        Return why a request may pass: ``pass``, ``never``, ``preflight``, ``staff``, ``crawler``; or nothing.
        """
        case = heard.case
        if any(self._admits(held, case) for held in self._borne(case, "pass")):
            return "pass"
        if _is_never(heard):
            return "never"
        if _is_preflight(case):
            return "preflight"
        address = _visitor(case)
        if address is not None and address in _STAFF:
            return "staff"
        return "crawler" if address is not None and address in _CRAWLERS and case.method in {"GET", "HEAD"} else ""

    def _borne(self, case: Case, kind: str) -> list[Minted]:
        """
        Return the tokens of ours that *case* bears as its pass, its identity or its payment, wherever a server looks.
        """
        header = {"pass": wire.PASS_HEADER, "visitor": wire.VISITOR_HEADER, "stage": wire.STAGE_HEADER}[kind]
        room = self._material.room
        cookie = {"pass": wire.pass_cookie(room), "visitor": wire.VISITOR_COOKIE, "stage": wire.stage_cookie(room)}[
            kind
        ]
        texts = [value for name in (header, header.replace("-", "_")) for value in case.values(name)]
        for line in [*case.values("Cookie"), "; ".join(case.values("Cookie")), ",".join(case.values("Cookie"))]:
            pairs = (part.partition("=") for part in re.split("[;,]" if "," in line else ";", line))
            texts += [value for name, _, value in pairs if name.strip() == cookie]
        found = (self._material.by_text.get(text.strip().strip('"').strip()) for text in texts)
        return [minted for minted in found if minted is not None and minted.kind == kind]

    def _admits(self, held: Minted, case: Case) -> bool:
        now_ms = self._material.now_ms
        if not held.trusted or held.seat in {REVOKED, RELEASED} or held.visitor == BARRED:
            return False
        bearer = self._material.by_text.get(_one_identity(case))
        if bearer is not None and bearer.kind == "visitor" and bearer.trusted and bearer.visitor != held.visitor:
            return False
        late = case.method not in _SAFE
        if held.seat == IDLE and not late:
            return False
        stages = (stage for stage in self._borne(case, "stage") if stage.trusted and stage.seat == held.seat)
        begun = (stage.at_ms for stage in stages if stage.at_ms <= now_ms and stage.at_ms < held.at_ms)
        ends = [held.at_ms, *(begun_ms + CAP_MS for begun_ms in begun)]
        return now_ms < max(ends) + (GRACE_MS if late else 0)


def _one_identity(case: Case) -> str:
    """
    Return the text of the one identity that *case* bears where any server would find it; two are read as one or other.
    """
    lines, named = case.values("Cookie"), case.values(wire.VISITOR_HEADER)
    if "".join(lines).count(wire.VISITOR_COOKIE) + len(named) != 1:
        return ""
    pairs = [part.partition("=") for part in lines[0].split(";")] if len(lines) == 1 else []
    found = [value.strip().strip('"') for name, _, value in pairs if name.strip(" \t") == wire.VISITOR_COOKIE]
    return next(iter([*named, *found]), "")


def _is_preflight(case: Case) -> bool:
    asked = any(case.values("Origin")) and any(case.values("Access-Control-Request-Method"))
    return case.method == "OPTIONS" and asked and not case.body


def _is_never(heard: Heard) -> bool:
    path = heard.path
    if not heard.decoded:
        if re.search("%(?![0-9A-Fa-f]{2})", path):
            return False
        try:
            path = unquote_to_bytes(path).decode()
        except UnicodeDecodeError:
            return False
        if len(re.findall("%", heard.path)) and re.search(r"%(2[0f35e]|3[bf]|5c|[01].|7f)", heard.path, re.IGNORECASE):
            return False
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or any(re.search(r"[\x00-\x20\x7f\\;%?#]", part) for part in parts):
        return False
    if "" in parts[1:-1] or any(part in {".", ".."} or part.endswith((".", " ")) for part in parts):
        return False
    known = parts[1] in _FOLDERS or (parts[1] in _FILES and parts[2:] in ([], [""]))
    return known and not _steers(heard.query)


def _steers(query: str) -> bool:
    for text in (query, unquote(query), unquote(unquote(query))):
        for pair in re.split("[&;?#]", text):
            name = re.split(r"[=\x00]", pair.replace("+", " ").lstrip().lower())[0].rstrip()
            if re.sub(r"[. \[]", "_", name) in _STEERING or name.partition("[")[0].rstrip() in _STEERING:
                return True
    return False


def _visitor(case: Case) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    hops = [hop.strip() for line in case.values("X-Forwarded-For") for hop in line.split(",")]
    address = _address(case.peer)
    while address is not None and hops and any(address in network for network in _TRUSTED):
        address = _address(hops.pop())
    return address


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = re.sub(r"^\[(.*)\](:\d+)?$", r"\1", text.strip())
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def may_be(path: str, wanted: str) -> bool:
    """
    Tell whether some server, of those that decode, resolve, cut and fold in any order, reads *path* as below *wanted*.
    """
    return any(reading == wanted or reading.startswith(f"{wanted}/") for reading in _readings(path))


def _readings(path: str) -> Iterator[str]:
    steps: tuple[Callable[[str], str], ...] = (
        lambda text: unquote(text, errors="replace"),
        lambda text: unquote(text, errors="replace"),
        lambda text: posixpath.normpath(text.replace("\\", "/")),
        lambda text: re.sub(";[^/]*", "", text),
        lambda text: re.sub(r"(?<=[^/. ])[. ]+(?=/|$)", "", re.sub("/+", "/", text)),
    )
    for order in permutations(steps):
        text = path
        for step in order:
            text = step(text)
            yield "/" + text.lower().lstrip("/")
