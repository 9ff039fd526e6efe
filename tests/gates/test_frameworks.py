"""
One table of what a request gets, held by the gate in every framework, with the real service and a real Valkey behind.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest

from tests.gates.fronts import SERVERS, Browser, Reply, front, in_aiohttp
from tests.gates.makings import ROOM, settings
from tests.gates.service import Service, good_pass, now_ms
from tests.waiting import refusing, wait_until_sync
from waiting_room import wire
from waiting_room.gates.core import GateCore
from waiting_room.gates.settings import NEVER

FORM = b"name=Anna&street=Long+1"
FORM_TYPE = {"Content_Type": "application/x-www-form-urlencoded"}
PROGRAM = {"Accept": "application/json", "Sec_Fetch_Mode": ""}
NOBODY, HOLDER, LATE, FOREIGN, FORGED = "nobody", "holder", "late", "foreign", "forged"


@dataclass
class At:
    """
    Hold a shop of one framework, gated by a room that is full since its *holder* went straight in.
    """

    kind: str
    shop: str
    room: str
    holder: Browser

    def browser(self, who: str) -> Browser:
        """
        Return a browser with the pass of *who*.
        """
        if who == HOLDER:
            return Browser(self.shop, dict(self.holder.cookies))
        texts = {
            NOBODY: "",
            LATE: good_pass(room=self.room, hard_end_ms=now_ms() - 1_000),
            FOREIGN: good_pass(room="another"),
            FORGED: self.holder.cookies[wire.pass_cookie(self.room)][:-4] + "AAAA",
        }
        return Browser(self.shop, {wire.pass_cookie(self.room): texts[who]} if texts[who] else {})


def straight_in(visitor: Browser) -> Reply | None:
    """
    Return the shop's page for one who went straight in; None where the machine was too late to let them in.
    """
    first = visitor.ask("/checkout?a=1")
    return first if (first.status, first.body) == (200, b"GET /checkout") else None


def goes_in(visitor: Browser) -> None:
    """
    Let a visitor try until they went straight in.
    """
    wait_until_sync(lambda: straight_in(visitor), what="the first visitor to go straight in")


@pytest.fixture(scope="module", params=list(SERVERS))
def at(request: pytest.FixtureRequest, service_url: str) -> Iterator[At]:
    """
    Run each framework's shop in turn.
    """
    room = f"{request.param}-table"
    gate = settings(
        room=room, service_url=service_url, page_url=f"/waiting-room/{room}", report_interval_s=0.05, never=NEVER
    )
    with front(request.param, gate) as shop:
        holder = Browser(shop)
        first = wait_until_sync(lambda: straight_in(holder), what="the first visitor to go straight in")
        assert first is not None
        assert {wire.pass_cookie(room), wire.ticket_cookie(room), wire.VISITOR_COOKIE} == set(holder.cookies)
        assert first.header("Cache-Control") == "no-store"
        yield At(request.param, shop, room, holder)


@dataclass(frozen=True)
class Row:
    """
    Say what *who* asks, and what that gets; in *headers*, None stands for none and "{}" for the room's waiting page.
    """

    who: str
    ask: dict[str, Any]
    status: int
    body: bytes | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    problem: dict[str, Any] = field(default_factory=dict)


NOT_ADDED = {"Set-Cookie": None, "Cache-Control": None, "X-Accel-Expires": None}
CONFINED = {"Set-Cookie": None, "Cache-Control": "private", "X-Accel-Expires": "0"}
SENT = {"Location": "{}?target=%2Fcheckout", "Cache-Control": "no-store", "X-Accel-Expires": "0"}
TOLD = {
    "Waiting-Room-Url": "{}?target=%2Fcheckout",
    "Cache-Control": "no-store",
    "Content-Type": "application/problem+json",
    "Retry-After": "5",
    "Location": None,
}
WAIT = {"status": 429, "reason": "queue_wait"}

TABLE = {
    "a browser without a pass": Row(NOBODY, {}, 303, b"", SENT),
    "its wish with a query": Row(NOBODY, {"path": "/a?b=%20c"}, 303, b"", {"Location": "{}?target=%2Fa%3Fb%3D%2520c"}),
    "a HEAD without a pass": Row(NOBODY, {"method": "HEAD"}, 303, b"", SENT),
    "an app": Row(NOBODY, PROGRAM, 429, None, TOLD, WAIT),
    "a HEAD of an app": Row(NOBODY, {"method": "HEAD", **PROGRAM}, 429, b"", TOLD),
    "an app that posts JSON": Row(
        NOBODY,
        {"method": "POST", "body": b"{}", "Content_Type": "application/json", "Accept": "*/*", "Sec_Fetch_Mode": ""},
        429,
        None,
        {"Location": None},
        WAIT,
    ),
    "a script (fetch)": Row(NOBODY, {"Sec_Fetch_Mode": "cors"}, 429, None, TOLD, WAIT),
    "a script (XMLHttpRequest)": Row(
        NOBODY, {"X_Requested_With": "XMLHttpRequest", "Sec_Fetch_Mode": "", "Accept": "*/*"}, 429, None, TOLD, WAIT
    ),
    "an app in Polish": Row(NOBODY, {"Accept_Language": "pl", **PROGRAM}, 429, None, {"Content-Language": "pl"}, WAIT),
    "a form without a pass": Row(
        NOBODY, {"method": "POST", "body": FORM, **FORM_TYPE}, 303, b"", {"Location": "{}?target=%2Fcheckout"}
    ),
    "a forged pass": Row(FORGED, {}, 303, b"", SENT),
    "an app with a forged pass": Row(FORGED, PROGRAM, 429, None, TOLD, {"reason": "pass_invalid"}),
    "another room's pass": Row(FOREIGN, {}, 303, b"", SENT),
    "forged headers of proxies": Row(
        NOBODY,
        {"X_Forwarded_Host": "evil.example", "X_Original_URL": "/robots.txt", "X_Forwarded_Uri": "/robots.txt"},
        303,
        b"",
        SENT,
    ),
    "a holder": Row(HOLDER, {}, 200, b"GET /checkout", CONFINED),
    "a holder's form": Row(
        HOLDER, {"method": "POST", "body": FORM, **FORM_TYPE}, 200, b"POST /checkout " + FORM, CONFINED
    ),
    "a page that may be kept for a while": Row(
        HOLDER, {"path": "/kept/max-age=60"}, 200, b"kept", CONFINED | {"Cache-Control": "max-age=60, private"}
    ),
    "a page that its shop keeps from caches": Row(
        HOLDER, {"path": "/kept/no-store"}, 200, b"kept", NOT_ADDED | {"Cache-Control": "no-store"}
    ),
    "a page that its shop declares public": Row(
        HOLDER, {"path": "/kept/public,max-age=60"}, 200, b"kept", NOT_ADDED | {"Cache-Control": "public,max-age=60"}
    ),
    "a holder's stream": Row(HOLDER, {"path": "/stream"}, 200, b"abc", CONFINED),
    "a holder at a page that fails": Row(HOLDER, {"path": "/broken"}, 500, b"broken", CONFINED),
    "a form whose pass has just run out": Row(
        LATE, {"method": "POST", "body": FORM, **FORM_TYPE}, 200, b"POST /checkout " + FORM, CONFINED
    ),
    "a page for a pass that has just run out": Row(LATE, {}, 303, b"", SENT),
    "an app whose pass has just run out": Row(LATE, PROGRAM, 429, None, TOLD, {"reason": "pass_expired"}),
    "what never needs a pass": Row(NOBODY, {"path": "/robots.txt"}, 200, b"GET /robots.txt", NOT_ADDED),
    "a way around by dots": Row(NOBODY, {"path": "/assets/../checkout"}, 303),
    "a way around by coded dots": Row(NOBODY, {"path": "/assets/%2e%2e/checkout"}, 303),
    "a way around by a coded slash": Row(NOBODY, {"path": "/assets/..%2fcheckout"}, 303),
    "a way around by bytes that are no text": Row(NOBODY, {"path": "/assets/%ff%c0%af"}, 303),
    "a preflight of CORS": Row(
        NOBODY,
        {"method": "OPTIONS", "Origin": "http://x.example", "Access_Control_Request_Method": "POST"},
        200,
        None,
        NOT_ADDED,
    ),
    "the stage of a visit, by header": Row(
        HOLDER, {"path": "/says/basket"}, 200, b"said", {"Waiting-Room-Command": None}
    ),
    "a command that a visitor sends": Row(HOLDER, {"Waiting_Room_Command": "release"}, 200, b"GET /checkout", CONFINED),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_request_gets_the_same_in_every_framework(name: str, at: At) -> None:
    """
    Status, headers and body are those of the table, whichever framework the gate stands in.
    """
    row = TABLE[name]
    reply = at.browser(row.who).ask(**row.ask)

    assert (reply.status, reply.body if row.body is not None else None) == (row.status, row.body)
    wanted = {key: value and value.replace("{}", f"/waiting-room/{at.room}") for key, value in row.headers.items()}
    found = {key: ", ".join(reply.headers.get(key.lower(), [])) or None for key in wanted}
    assert found == wanted
    if row.problem:
        document = reply.json()
        assert {key: document[key] for key in row.problem} == row.problem
        assert document["waiting_room_url"] == reply.header("Waiting-Room-Url")


@pytest.mark.parametrize("way", ["says", "calls"])
def test_payment_is_signed_into_a_cookie(way: str, at: At) -> None:
    """
    Said by the header or by a call: every process of the shop will know that its holder pays.
    """
    anna = at.browser(HOLDER)
    reply = anna.ask(f"/{way}/payment")

    assert (reply.status, reply.header("Waiting-Room-Command")) == (200, None)
    assert reply.header("Cache-Control") == "no-store"
    assert wire.stage_cookie(at.room) in anna.cookies


def test_holder_in_a_header_gets_the_stage_in_a_header(at: At) -> None:
    """
    An app without cookies is told the beginning of its payment.
    """
    text = at.holder.cookies[wire.pass_cookie(at.room)]
    reply = at.browser(NOBODY).ask("/says/payment", Waiting_Room_Pass=text)

    assert reply.status == 200
    assert reply.header(wire.STAGE_HEADER)


@pytest.fixture(params=list(SERVERS), name="kind")
def _kind(request: pytest.FixtureRequest) -> str:
    """
    Name each framework.
    """
    name: str = request.param
    return name


def _state(service_url: str, room: str) -> dict[str, Any]:
    return Browser(service_url).ask(f"/waiting-room/{room}/state.json").json()


def test_released_seat_lets_the_next_visitor_in(kind: str, service_url: str) -> None:
    """
    Anna buys, by a form whose answer says so: her pass is over, forms as well, and Ben comes in.
    """
    room = f"{kind}-story"
    with front(kind, settings(room=room, service_url=service_url, report_interval_s=0.05)) as shop:
        anna, ben = Browser(shop), Browser(shop)
        goes_in(anna)
        assert ben.ask().status == 303
        used = Browser(shop, dict(anna.cookies))
        assert anna.ask("/says/release", "POST", FORM).status == 200
        assert set(anna.cookies) == {wire.VISITOR_COOKIE}
        wait_until_sync(lambda: _state(service_url, room)["seats"] == 0, what="the seat to be free")

        assert used.ask(method="POST", body=FORM).status == 303
        room_page = Browser(service_url, ben.cookies)

        def inside(verb: str) -> bool:
            return bool(room_page.ask(f"/waiting-room/{room}/{verb}", "POST").json().get("state") == "admitted")

        # The seat that is free may be Ben's at once.
        wait_until_sync(lambda: inside("join") or inside("claim"), what="Ben's turn")
        assert ben.ask().status == 200


def test_holders_go_on_without_the_service(kind: str) -> None:
    """
    Who has a pass shops on, and who has none goes to the waiting page; neither waits for the service.
    """
    with refusing() as port, front(kind, settings(service_url=f"http://127.0.0.1:{port}")) as shop:
        assert Browser(shop).ask(Waiting_Room_Pass=good_pass()).status == 200
        assert Browser(shop).ask().status == 303


def test_seat_given_back_is_told_before_the_next_report(kind: str, service_url: str) -> None:
    """
    Who comes back right after an order would else be sent to the seat that is over, and back again, without an end.
    """
    room = f"{kind}-health"
    with front(kind, settings(room=room, service_url=service_url, report_interval_s=60)) as shop:
        anna = Browser(shop)
        goes_in(anna)
        assert anna.ask("/says/release").status == 200

        wait_until_sync(lambda: _state(service_url, room)["seats"] == 0, what="the seat to be free")


@contextmanager
def stand_in(kind: str, service: Service, **changed: Any) -> Iterator[Browser]:
    """
    Run the shop of this *kind* with a *service* that tells what it heard.
    """
    with in_aiohttp(service.app()) as port:
        gate = settings(service_url=f"http://127.0.0.1:{port}", **({"report_interval_s": 0.05} | changed))
        with front(kind, gate) as shop:
            yield Browser(shop)


def test_last_seats_are_told_when_the_shop_stops(kind: str) -> None:
    """
    A seat that was used since the last report is not taken for idle: the shop reports once more when its server stops.
    """
    service = Service()
    with stand_in(kind, service, report_interval_s=60) as browser:
        browser.ask("/x", Waiting_Room_Pass=good_pass())
        assert service.told("touched") == set()

    assert service.told("touched") == {"standard.7"}


def counted(service: Service, what: str) -> int:
    """
    Return how many requests, or errors, the gate has told of.
    """
    return sum(report["health"][what] for report in service.reports)


@pytest.mark.parametrize(("path", "requests", "errors"), [("/x", 1, 0), ("/broken", 1, 1), ("/robots.txt", 0, 0)])
def test_health_of_the_shop_is_reported(kind: str, path: str, requests: int, errors: int) -> None:
    """
    Who used the shop, how many answers there were, how many of them were errors, and that nothing is left in flight.
    """
    service = Service()
    with stand_in(kind, service) as browser:
        browser.ask(path, Waiting_Room_Pass=good_pass())
        browser.ask("/y", Waiting_Room_Pass=good_pass(seat="standard.8"), Accept="*/*")
        wait_until_sync(lambda: counted(service, "requests") > requests, what="both requests to be told")
        seen = len(service.reports)
        wait_until_sync(lambda: len(service.reports) > seen, what="another report")
        told, in_flight = set(service.told("touched")), service.reports[-1]["health"]["in_flight"]
        sums = counted(service, "requests"), counted(service, "errors")

    assert "standard.8" in told
    assert (*sums, in_flight) == (requests + 1, errors, 0)


def test_form_of_a_newcomer_is_taken_in_an_idle_room(kind: str) -> None:
    """
    Straight through, a POST arrives with its body, and its answer bears the pass.
    """
    with stand_in(kind, Service(straight=True)) as browser:
        reply = browser.ask("/basket", "POST", FORM, **FORM_TYPE)

        assert (reply.status, reply.body) == (200, b"POST /basket " + FORM)
        assert wire.pass_cookie(ROOM) in browser.cookies


def test_slow_service_does_not_hold_the_newcomer(kind: str) -> None:
    """
    After the time-out for joins the visitor goes to the waiting page, with the identity that may have joined.
    """
    service = Service(straight=True, hold=asyncio.Event())
    with stand_in(kind, service, join_time_out_s=0.1) as browser:
        browser.ask("/robots.txt")
        wait_until_sync(lambda: len(service.reports) > 1, what="the gate to have heard an answer")
        reply = browser.ask()
        assert service.hold is not None
        service.hold.set()

    assert reply.status == 303
    assert set(browser.cookies) == {wire.VISITOR_COOKIE}


def test_error_inside_the_gate_admits_nobody(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    Whatever breaks in the gate, the visitor sees a page that says to try again, and the shop sees no request.
    """
    with stand_in(kind, Service()) as browser, patch.object(GateCore, "decide", side_effect=RuntimeError("broken")):
        reply = browser.ask("/x", Waiting_Room_Pass=good_pass(), Accept_Language="pl")

    assert (reply.status, reply.header("Cache-Control")) == (503, "no-store")
    assert "nie możemy Cię wpuścić" in reply.body.decode()
    assert "broken" not in reply.body.decode()
    assert any("the gate failed" in record.message for record in caplog.records)
