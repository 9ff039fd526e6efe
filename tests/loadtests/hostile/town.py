"""
A shop behind its gate and a room, in memory, with real tokens and holes to choose: for those who mean no good.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from loadtests.crowd.shoppers import Behaviour, draw_shopper
from loadtests.journeys.browser import Answer, Line, Request
from loadtests.journeys.cast import Cast
from loadtests.journeys.catalogue import WALKS
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.measuring.recorder import Recorder, Unobserved
from tests.loadtests.engine import stub
from tests.loadtests.journeys.story import PLAN, SHOP
from waiting_room import wire
from waiting_room.errors import TokenError
from waiting_room.tokens import Keyring, Pass, Ticket, Visitor

ROOM = "sale"
BASE = f"/waiting-room/{ROOM}"
KEYS = Keyring(["k1:" + "x" * 40])
HOUR_MS = 3_600_000
TAKES_S = 0.02

PAGES = {
    "": stub.HOME,
    "product": stub.PRODUCT.format(slug="kite"),
    "basket": "basket",
    "checkout": stub.CHECKOUT,
    "payment": stub.PAYMENT,
}
LEADS = {"basket": "/basket", "checkout": "/payment/5", "payment": "/order/5"}
"""Where the shop leads on to after a form."""

Said = tuple[int, str, dict[str, str]]
"""Status, body and headers, `Set-Cookie` apart."""


@dataclass
class Town:
    """
    Play shop, gate and room.

    Args:
        holes: what is wrong on purpose.
        idle: whether nobody waits, so that the gate lets everybody straight in.
        invited: whether everybody may join; else nobody without an invitation, which is for one visitor.
        put_off: how many joins are told to come again in five seconds, before any counts.
        turn_s: so long after the join one is called.
    """

    holes: frozenset[str] = frozenset()
    idle: bool = False
    invited: bool = True
    put_off: int = 0
    redeemed: set[str] = field(default_factory=set)
    turn_s: float = 4.0
    time_s: float = 0.0
    joined: dict[str, tuple[int, float]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    orders: int = 0
    asked: int = 0
    lines: int = 0
    times_s: list[float] = field(default_factory=list)

    def now_ms(self) -> int:
        """
        Return the time as tokens tell it.
        """
        return 1_800_000_000_000 + round(self.time_s * 1000)

    def answer(self, request: Request, cookies: Mapping[str, str]) -> tuple[Said, list[tuple[str, str]]]:
        """
        Return what is answered, and the cookies that are set.
        """
        self.asked += 1
        parts = urlsplit(request.url)
        sets: list[tuple[str, str]] = []
        if parts.path.startswith(BASE):
            if "denies" in self.holes and self.lines:
                return (0, "", {}), sets
            return self._room(request, parts.path.removeprefix(BASE).strip("/"), cookies, sets), sets
        if self._needs_pass(parts.path) and (away := self._gate(request, cookies, sets)) is not None:
            return away, sets
        return self._shop(request, parts.path, cookies, sets), sets

    def _needs_pass(self, path: str) -> bool:
        plain = path.startswith(("/order/", "/assets/")) and ".." not in path
        return not plain and not ("open checkout" in self.holes and path == "/checkout")

    def _gate(self, request: Request, cookies: Mapping[str, str], sets: list[tuple[str, str]]) -> Said | None:
        text = request.headers.get(wire.PASS_HEADER) or cookies.get(wire.pass_cookie(ROOM), "")
        visitor = request.headers.get(wire.VISITOR_HEADER) or cookies.get(wire.VISITOR_COOKIE, "")
        if "any pass" in self.holes and text:
            return None
        try:
            held = KEYS.admission(text, ROOM, self.now_ms())
            if held.seat not in self.over and ("shared" in self.holes or _id_of(visitor) in ("", held.visitor)):
                return None
        except TokenError:
            pass
        if self.idle:
            self._admit(_id_of(visitor), sets)
            return None
        target = unquote(urlsplit(request.url).path)
        return 303, "", {"location": f"{BASE}?target={target}"}

    def _shop(self, request: Request, path: str, cookies: Mapping[str, str], sets: list[tuple[str, str]]) -> Said:
        text = request.headers.get(wire.PASS_HEADER) or cookies.get(wire.pass_cookie(ROOM), "")
        page = path.strip("/").split("/")[0]
        if (request.method, page) == ("GET", "order"):
            self.orders += 1
            if "no release" not in self.holes and text:
                self.over.add(_seat_of(text))
                sets.append((wire.pass_cookie(ROOM), ""))
            return 200, "thank you", {}
        if request.method == "POST" and page in LEADS:
            return 303, "", {"location": LEADS[page]}
        if request.method == "GET" and page in PAGES:
            return 200, PAGES[page], {}
        return 404, "nothing here", {}

    def _room(self, request: Request, verb: str, cookies: Mapping[str, str], sets: list[tuple[str, str]]) -> Said:
        visitor = request.headers.get(wire.VISITOR_HEADER) or cookies.get(wire.VISITOR_COOKIE, "")
        text = request.headers.get(wire.TICKET_HEADER) or cookies.get(wire.ticket_cookie(ROOM), "")
        if verb == "state.json":
            return _said({"rate_per_minute": 60})
        who = _id_of(visitor)
        ticket, fault = self._ticket(text, who)
        if verb == "":
            return self._page(request, who, ticket, sets)
        if verb == "join" and ticket is None and not fault:
            return self._join(request, who, sets)
        if fault or ticket is None:
            return _said({"state": "refused", "reason": fault or "no_ticket"}, 403)
        if verb == "leave":
            if "deaf" not in self.holes:
                self.over.add(f"standard.{ticket.number}")
            self.used.add(ticket.number)
            return _said({"state": "left"})
        if ticket.number in self.used and "reusable" not in self.holes:
            done = f"standard.{ticket.number}" in self.over
            return _said({"state": "refused", "reason": "ticket_used"}, 403) if done else _said({"state": "admitted"})
        called = self._is_called(ticket)
        if verb == "claim" and (called or "early" in self.holes):
            fresh = self._admit(ticket.visitor, sets, ticket.number)
            return _said({"state": "admitted", "number": ticket.number, "pass": fresh})
        state = {"number": ticket.number, "next_poll_s": 1.0}
        told = {"state": "called", "position": 0} if called else {"state": "waiting", "position": 50}
        return _said({**state, **told})

    def _page(self, request: Request, who: str, ticket: Ticket | None, sets: list[tuple[str, str]]) -> Said:
        if not who:
            sets.append((wire.VISITOR_COOKIE, KEYS.sign(Visitor(f"v{self.asked}"))))
        if ticket is None or ticket.number not in self.used:
            return 200, "please wait", {}
        target = parse_qs(urlsplit(request.url).query).get("target", ["/"])[0]
        return 303, "", {"location": target if "open redirect" in self.holes else f"{SHOP}/"}

    def _join(self, request: Request, who: str, sets: list[tuple[str, str]]) -> Said:
        invitation = request.headers.get(wire.INVITATION_HEADER, "")
        if not self.invited and (not invitation or invitation in self.redeemed):
            return _said({"state": "refused", "reason": "invitation_used" if invitation else "invitation_needed"}, 403)
        self.redeemed.add(invitation)
        if self.put_off:
            self.put_off -= 1
            return _said({"state": "refused", "reason": "network_busy", "next_poll_s": 5.0}, 429)
        tokens = {}
        if not who:
            who = f"v{self.asked}"
            tokens["visitor"] = KEYS.sign(Visitor(who))
            sets.append((wire.VISITOR_COOKIE, tokens["visitor"]))
        if who not in self.joined:
            self.joined[who] = (100 + len(self.joined), self.time_s)
        number = self.joined[who][0] + (self.asked if "new places" in self.holes else 0)
        tokens["ticket"] = KEYS.sign(Ticket(ROOM, "standard", number, who, self.now_ms()))
        sets.append((wire.ticket_cookie(ROOM), tokens["ticket"]))
        told = {"state": "waiting", "number": number, "position": 50, "next_poll_s": 1.0}
        return _said({**told, **tokens})

    def _ticket(self, text: str, who: str) -> tuple[Ticket | None, str]:
        if not text:
            return None, ""
        try:
            ticket = KEYS.ticket(text, ROOM)
        except TokenError as error:
            if "any ticket" in self.holes:
                return Ticket(ROOM, "standard", 1, who, self.now_ms()), ""
            return None, str(error.reason)
        if who and ticket.visitor != who and "shared" not in self.holes:
            return None, "ticket_other_visitor"
        if "new places" in self.holes:
            return None, ""
        return ticket, ""

    def _is_called(self, ticket: Ticket) -> bool:
        return self.time_s - self.joined.get(ticket.visitor, (0, self.time_s))[1] >= self.turn_s

    def _admit(self, who: str, sets: list[tuple[str, str]], number: int = 0) -> str:
        number = number or 1000 + self.asked
        who = who or f"v{self.asked}"
        seat = f"standard.{self.asked if 'reusable' in self.holes else number}"
        text = KEYS.sign(Pass(ROOM, "standard", number, who, seat, self.now_ms(), self.now_ms() + HOUR_MS))
        self.used.add(number)
        sets.append((wire.pass_cookie(ROOM), text))
        return text


class TownBrowser:
    """
    Be one browser in a town.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self.cookies: dict[str, str] = {}

    def now_s(self) -> float:
        """
        Return the town's time.
        """
        return self._town.time_s

    def rest_until(self, at_s: float) -> None:
        """
        Let time pass.
        """
        self._town.time_s = max(self._town.time_s, at_s)

    def ask(self, request: Request) -> Answer:
        """
        Ask shop or room.
        """
        town = self._town
        told = request.headers.get("Cookie")
        cookies = self.cookies if told is None else {k: m.value for k, m in SimpleCookie(told).items()}
        sent_s = town.time_s
        town.times_s.append(sent_s)
        (status, body, headers), sets = town.answer(request, cookies)
        town.time_s += TAKES_S
        for name, value in sets:
            self.cookies[name] = value
        location = headers.get("location", "")
        bears = any(name.startswith("wr_pass_") and value for name, value in sets)
        fault = "" if status else "ConnectionError: nobody answers"
        return Answer(status, sent_s, town.time_s, body.encode(), location, fault, sets_pass=bears)

    def cookie(self, prefix: str) -> str | None:
        """
        Return a cookie.
        """
        return next((value for name, value in self.cookies.items() if name.startswith(prefix)), None)

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep a cookie.
        """
        assert url.startswith(SHOP)
        name, _, value = cookie.partition(";")[0].partition("=")
        self.cookies[name] = value

    def forget(self, prefix: str) -> None:
        """
        Drop cookies.
        """
        self.cookies = {name: value for name, value in self.cookies.items() if not name.startswith(prefix)}


@dataclass
class TownLine:
    """
    Be a bare connection: the server listens for as long as *patient* says.
    """

    town: Town
    patient: Callable[[], bool]

    def send(self, piece: bytes) -> bool:
        """
        Return whether it still listens.
        """
        assert piece
        return self.patient()

    def close(self) -> None:
        """
        Hang up.
        """
        self.town.lines -= 1


@dataclass(frozen=True)
class Told:
    """
    Hold what came of a visit.
    """

    outcome: Outcome
    record: ShopperRecord
    measures: Measures


def play(
    town: Town, kind: str, *, i: int = 0, patience_s: float = 30.0, leaves: bool = False, invitation: str = ""
) -> Told:
    """
    Let one of a kind visit the town.
    """
    recorder = Recorder(PLAN, Unobserved())
    visit = recorder.arrived(i, town.time_s, town.time_s, "bad", kind)
    shopper = replace(draw_shopper(Behaviour(), 7, i), room_patience_s=patience_s, says_goodbye=leaves)

    def dial(url: str) -> Line | None:
        assert url
        town.lines += 1
        return TownLine(town, lambda: True)

    browser = TownBrowser(town)
    cast = Cast(
        browser=browser,
        new_browser=lambda: TownBrowser(town),
        dial=dial,
        recorder=recorder,
        visit=visit,
        shopper=shopper,
        behaviour=Behaviour(),
        shop_url=SHOP,
        thinks=True,
        invitation=invitation,
    )
    outcome = WALKS[kind](cast).walk()
    recorder.ended(visit, outcome, town.time_s)
    measures = recorder.take(started_at_ms=0, duration_s=60, scheduled=1, cpu_share=0, interrupted=False)
    return Told(outcome, measures.shoppers[0], measures)


def _said(document: dict[str, Any], status: int = 200) -> Said:
    return status, json.dumps(document), {}


def _id_of(visitor: str) -> str:
    try:
        return KEYS.visitor(visitor).id
    except TokenError:
        return ""


def _seat_of(text: str) -> str:
    try:
        return KEYS.admission(text, ROOM, 0).seat
    except TokenError:
        return ""
