"""
The middleware in front of a real aiohttp shop, with a small room service behind it.
"""

import asyncio
import json
from unittest.mock import patch

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from aiohttp.typedefs import Handler

from tests.gates.makings import BROWSER, KEYRING, ROOM, settings, visitor_text
from tests.gates.service import Client, Service, good_pass, now_ms, scene, shop
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.gates import core, ledger
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.aiohttp.link import ServiceLink
from waiting_room.gates.passes import PassBook

PASS = wire.pass_cookie(ROOM)
TICKET = wire.ticket_cookie(ROOM)
API = {"Accept": "application/json"}


async def _get(client: Client, path: str = "/checkout", **headers: str) -> ClientResponse:
    return await client.get(path, headers=BROWSER | headers, allow_redirects=False)


async def test_newcomer_is_sent_to_the_waiting_page() -> None:
    """
    A browser is redirected with the page it asked for as target, and nothing of it may be cached.
    """
    async with scene() as at:
        answer = await _get(at.client, "/checkout?a=1")

        assert answer.status == 303
        assert answer.headers["Location"] == f"/waiting-room/{ROOM}?target=/checkout%3Fa%3D1"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_program_is_told_where_to_wait() -> None:
    """
    An app or a script gets a problem document and never a redirect.
    """
    async with scene() as at:
        answer = await at.client.post("/api/cart", json={}, headers=API, allow_redirects=False)
        problem = json.loads(await answer.text())

        assert answer.status == 429
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Waiting-Room-Url"] == problem["waiting_room_url"]
        assert problem["waiting_room_url"].startswith(f"/waiting-room/{ROOM}?target=")
        assert (problem["status"], problem["reason"], problem["room"]) == (429, "queue_wait", ROOM)


async def test_program_is_told_in_its_language() -> None:
    """
    The sentence is Polish for who asks for Polish.
    """
    async with scene() as at:
        answer = await at.client.get("/", headers=API | {"Accept-Language": "pl-PL,pl;q=0.9,en;q=0.8"})

        assert answer.headers["Content-Language"] == "pl"
        assert "poczekalni" in json.loads(await answer.text())["detail"]


async def test_holder_of_a_pass_is_served() -> None:
    """
    The shop answers as if there were no gate.
    """
    async with scene() as at:
        await at.admitted()
        answer = await _get(at.client)

        assert (answer.status, await answer.text()) == (200, "shop:/checkout")
        assert "Set-Cookie" not in answer.headers
        assert "Cache-Control" not in answer.headers


async def test_pass_is_checked_without_asking_anybody() -> None:
    """
    No request of a holder touches the network.
    """
    async with scene(report_interval_s=60) as at:
        await at.admitted()
        with patch.object(ServiceLink, "_ask", side_effect=AssertionError("asked")):
            assert (await _get(at.client)).status == 200


async def test_used_seat_is_reported() -> None:
    """
    The service hears of a used seat with its hard end, within a report.
    """
    async with scene() as at:
        text = good_pass()
        end_ms = wire.peek(text)["e"]
        await _get(at.client, **{wire.PASS_HEADER: text})

        await wait_until(lambda: at.service.told("touched") == ["standard.7"], what="the touch")
        assert [report["touched"] for report in at.service.reports if report["touched"]] == [{"standard.7": end_ms}]


async def test_last_report_is_sent_on_shutdown() -> None:
    """
    A shop that is stopped has told of every seat.
    """
    service = Service()
    async with scene(service, report_interval_s=60) as at:
        await at.admitted()
        await _get(at.client)
        assert service.told("touched") == []

    assert service.told("touched") == ["standard.7"]


async def test_gone_seat_is_refused_by_the_next_report() -> None:
    """
    What the service has given away is no seat here either.
    """
    async with scene() as at:
        at.service.gone = ["standard.7"]
        await at.admitted()
        assert (await _get(at.client)).status == 200
        await at.reported()

        assert (await _get(at.client)).status == 303
        answer = await at.client.get("/", headers=API)
        assert json.loads(await answer.text())["reason"] == "pass_ended"


async def test_form_of_a_gone_seat_is_kept() -> None:
    """
    Who filled in a form while the seat expired does not lose it, but no page is shown.
    """
    async with scene() as at:
        at.service.gone = ["standard.7"]
        await at.admitted()
        await _get(at.client)
        await at.reported()

        assert (await at.client.post("/checkout", data={"a": "b"}, headers=BROWSER)).status == 200


async def test_form_of_a_pass_that_has_just_ended_is_kept() -> None:
    """
    Within the grace time a POST is taken; its seat is not revived.
    """
    async with scene() as at:
        over = {wire.PASS_HEADER: good_pass(hard_end_ms=now_ms() - 1000)}
        kept = await at.client.post("/checkout", data={"a": "b"}, headers=BROWSER | over)
        page = await _get(at.client, **over)
        await at.reported()

        assert (kept.status, page.status) == (200, 303)
        assert at.service.told("touched") == []


async def test_time_is_the_service_s() -> None:
    """
    A shop whose clock is wrong by an hour judges passes by the service's clock.
    """
    async with scene(Service(ahead_ms=3_600_000)) as at:
        await at.reported()
        over = good_pass()
        good = good_pass(hard_end_ms=now_ms() + 3_660_000)

        assert (await _get(at.client, **{wire.PASS_HEADER: over})).status == 303
        assert (await _get(at.client, **{wire.PASS_HEADER: good})).status == 200


@pytest.mark.parametrize("text", ["x", "wr1.pass.k1.e30.AAAA", good_pass(room="other"), good_pass()[:-4] + "AAAA"])
async def test_bad_pass_is_no_pass(text: str) -> None:
    """
    Forged, altered and foreign passes wait like everybody.
    """
    async with scene() as at:
        assert (await _get(at.client, **{wire.PASS_HEADER: text})).status == 303


async def test_newcomer_goes_straight_into_an_idle_room() -> None:
    """
    No page is seen: the shop answers at once, and its answer bears the pass.
    """
    async with scene(Service(straight=True)) as at:
        first = await _get(at.client)
        again = await _get(at.client)

        assert (first.status, await first.text()) == (200, "shop:/checkout")
        assert first.headers["Cache-Control"] == "no-store"
        assert set(first.cookies) == {wire.VISITOR_COOKIE, PASS, TICKET}
        assert again.status == 200
        assert "Set-Cookie" not in again.headers
        assert len(at.service.joins) == 1


async def test_cookies_are_out_of_reach() -> None:
    """
    Scripts and other sites' forms cannot use the cookies; over https they never leave it.
    """
    async with scene(Service(straight=True), shop_url="https://shop.example") as at:
        for cookie in (await _get(at.client)).headers.getall("Set-Cookie"):
            assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_pass_cookie_outlives_the_pass_by_the_grace_time() -> None:
    """
    A late form still bears it.
    """
    async with scene(Service(straight=True), grace_s=100) as at:
        life_s = int((await _get(at.client)).cookies[PASS]["max-age"])

        assert 150 <= life_s <= 160


async def test_form_of_a_newcomer_is_taken_in_an_idle_room() -> None:
    """
    Straight through, a POST arrives with its body.
    """
    async with scene(Service(straight=True)) as at:
        assert (await at.client.post("/basket", data={"a": "b"}, headers=BROWSER)).status == 200


async def test_known_visitor_joins_as_themselves() -> None:
    """
    The identity goes to the service; cookies of the shop do not.
    """
    async with scene(Service(straight=True)) as at:
        at.client.session.cookie_jar.update_cookies({wire.VISITOR_COOKIE: visitor_text(), "shop_session": "secret"})
        answer = await _get(at.client)

        (join,) = at.service.joins
        assert join[wire.VISITOR_HEADER] == visitor_text()
        assert "Cookie" not in join
        assert set(answer.cookies) == {PASS, TICKET}


async def test_newcomer_who_is_not_admitted_takes_the_place_along() -> None:
    """
    A place that the service gave goes to the waiting page with the visitor, and others do not try in vain.
    """
    async with scene(Service(straight=True, admits=False), report_interval_s=60) as at:
        first = await _get(at.client)
        at.client.session.cookie_jar.clear()
        second = await _get(at.client)

        assert (first.status, second.status) == (303, 303)
        visitor = KEYRING.visitor(first.cookies[wire.VISITOR_COOKIE].value).id
        assert first.cookies[TICKET].value == "ticket-of-" + visitor
        assert len(at.service.joins) == 1


async def test_waiting_visitor_keeps_their_place() -> None:
    """
    Trying the shop again while waiting never costs the place.
    """
    async with scene(Service(straight=True, admits=False)) as at:
        at.client.session.cookie_jar.update_cookies({wire.VISITOR_COOKIE: visitor_text(), TICKET: "old"})
        answer = await _get(at.client)

        assert answer.status == 303
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("answer", [[], {}, {"state": "admitted"}, {"state": "admitted", "pass": "x"}, "admitted"])
async def test_service_that_talks_nonsense_admits_nobody(answer: object) -> None:
    """
    An answer without a good pass is no admission.
    """
    async with scene(Service(straight=True, join_answer=answer)) as at:
        assert (await _get(at.client)).status == 303


async def test_slow_service_does_not_hold_the_newcomer() -> None:
    """
    After the time-out for joins the visitor goes to the waiting page, with the identity that may have joined.
    """
    service = Service(straight=True, hold=asyncio.Event())
    async with scene(service, join_time_out_s=0.05) as at:
        answer = await _get(at.client)
        assert service.hold is not None
        service.hold.set()

        assert answer.status == 303
        assert set(answer.cookies) == {wire.VISITOR_COOKIE}


@pytest.mark.parametrize("path", ["/pay", "/pay-and-move"])
async def test_release_gives_the_seat_back(path: str) -> None:
    """
    The shop's header frees the seat, is not shown to the visitor, and ends the visit at once.
    """
    async with scene() as at:
        text = good_pass()
        at.client.session.cookie_jar.update_cookies({PASS: text})
        answer = await at.client.post(path, headers=BROWSER, allow_redirects=False)
        await wait_until(lambda: at.service.told("released") == ["standard.7"], what="the release")

        assert "Waiting-Room-Command" not in answer.headers
        assert {name: answer.cookies[name]["max-age"] for name in answer.cookies} == {PASS: "0", TICKET: "0"}
        assert (await _get(at.client, **{wire.PASS_HEADER: text})).status == 303
        assert (await at.client.post("/x", headers={wire.PASS_HEADER: text}, allow_redirects=False)).status == 303


async def test_release_on_an_unprotected_page_counts_too() -> None:
    """
    A thank-you page that never needs a pass may be the one that ends the visit.
    """
    async with scene(never=("/pay",)) as at:
        await at.admitted()
        await _get(at.client, "/pay")

        await wait_until(lambda: at.service.told("released") == ["standard.7"], what="the release")


async def test_release_without_a_pass_is_only_stripped() -> None:
    """
    Nothing is given back by somebody who holds nothing.
    """
    async with scene(never=("/pay",)) as at:
        answer = await _get(at.client, "/pay")
        await at.reported()

        assert "Waiting-Room-Command" not in answer.headers
        assert at.service.told("released") == []


async def test_release_of_a_visit_that_has_just_begun_leaves_no_pass() -> None:
    """
    Straight in and done in one request: no pass is left behind.
    """
    async with scene(Service(straight=True)) as at:
        answer = await _get(at.client, "/pay")
        await wait_until(lambda: at.service.told("released") == ["standard.1"], what="the release")

        assert answer.cookies[PASS]["max-age"] == "0"


async def test_visitor_cannot_send_the_command() -> None:
    """
    The header counts in the shop's answers only.
    """
    async with scene() as at:
        await at.admitted()
        await _get(at.client, **{"Waiting-Room-Command": "release"})
        await at.reported()

        assert at.service.told("released") == []


async def test_stream_passes_through() -> None:
    """
    A streamed answer is streamed, and bears the pass of a newcomer as well.
    """
    async with scene(Service(straight=True)) as at:
        answer = await _get(at.client, "/stream")

        assert await answer.text() == "abc"
        assert PASS in answer.cookies


async def test_websocket_passes_through() -> None:
    """
    Who holds a pass may open a socket, and talk.
    """
    async with scene() as at:
        await at.admitted()
        async with at.client.ws_connect("/socket") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello"


async def test_websocket_needs_a_pass() -> None:
    """
    A socket is no way around the gate.
    """
    async with scene() as at:
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        assert (await at.client.get("/socket", headers=upgrade)).status == 429


@pytest.mark.parametrize(
    ("path", "status", "errors"),
    [
        ("/x", 200, 0),
        ("/broken/404", 404, 0),
        ("/broken/503", 503, 1),
        ("/broken/answer", 500, 1),
        ("/broken/crash", 500, 1),
    ],
)
async def test_health_of_the_shop_is_reported(path: str, status: int, errors: int) -> None:
    """
    Answers of 500 and above and crashes are errors; what the shop says on purpose is not.
    """
    async with scene() as at:
        await at.admitted()
        assert (await _get(at.client, path)).status == status
        await wait_until(lambda: sum(report["health"]["requests"] for report in at.service.reports), what="the health")

        assert sum(report["health"]["errors"] for report in at.service.reports) == errors


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/healthz", "/assets/x.css", "/stream?type=text/event-stream", "/socket"]
)
async def test_what_says_nothing_of_the_shop_is_not_measured(path: str) -> None:
    """
    Pages of machines, event streams, sockets and refused visitors would blur the figures.
    """
    async with scene() as at:
        await _get(at.client, "/checkout")
        await at.admitted()
        if path == "/socket":
            await (await at.client.ws_connect(path)).close()
        else:
            await (await _get(at.client, path)).read()
        await at.reported()

        assert sum(report["health"]["requests"] for report in at.service.reports) == 0
        assert at.service.reports[-1]["health"]["in_flight"] == 0


async def test_in_flight_requests_are_counted() -> None:
    """
    A report tells how many requests are inside the shop.
    """
    inside, go = asyncio.Event(), asyncio.Event()

    @web.middleware
    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        inside.set()
        await go.wait()
        return await handler(request)

    async with scene(prepare=lambda app: app.middlewares.append(slow)) as at:
        await at.admitted()
        visit = asyncio.create_task(_get(at.client))
        await inside.wait()
        await wait_until(lambda: at.service.reports[-1]["health"]["in_flight"] == 1, what="one in flight")
        go.set()
        await visit
        await wait_until(lambda: at.service.reports[-1]["health"]["in_flight"] == 0, what="none in flight")


async def test_gate_stands_before_the_shop_s_own_middlewares() -> None:
    """
    Nothing of the shop runs for who is sent away, in whichever order it was put together.
    """
    ran: list[str] = []

    @web.middleware
    async def of_the_shop(request: web.Request, handler: Handler) -> web.StreamResponse:
        ran.append(request.path)
        return await handler(request)

    async with scene(prepare=lambda app: app.middlewares.append(of_the_shop)) as at:
        await _get(at.client)

    assert ran == []


async def _without_service(rule: str, *, shop_gate: WaitingRoomGate | None = None) -> ClientResponse:
    gate = shop_gate or WaitingRoomGate(
        settings(service_url=f"http://127.0.0.1:{unused_port()}", when_service_down=rule, report_interval_s=0.05)
    )
    app = shop()
    gate.setup(app)
    async with TestClient(TestServer(app)) as client:
        holder = await _get(client, **{wire.PASS_HEADER: good_pass()})
        assert holder.status == 200
        answer = await _get(client, **{"Accept-Language": "pl"})
        await answer.read()
        return answer


async def test_static_outage_sends_newcomers_to_the_waiting_page() -> None:
    """
    The page may be answered by other workers or by the proxy; holders go on.
    """
    answer = await _without_service("static")

    assert answer.status == 303
    assert answer.cookies == {}


async def test_open_outage_lets_newcomers_in() -> None:
    """
    Without a pass and without a trace in the visitor's browser.
    """
    answer = await _without_service("open")

    assert (answer.status, answer.cookies) == (200, {})


async def test_closed_outage_says_so_to_newcomers() -> None:
    """
    A page in the visitor's language that tries again by itself, with nothing of the machine in it.
    """
    answer = await _without_service("closed")
    page = await answer.text()

    assert answer.status == 503
    assert answer.headers["Refresh"] == answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<html lang="pl">' in page
    assert "nie możemy Cię wpuścić" in page


async def test_gate_opens_where_the_room_s_policy_says_so() -> None:
    """
    Redis away, and the room's policy is open: the service says it, and newcomers come in.
    """
    async with scene(Service(more={"degraded": True, "on_redis_outage": "open"})) as at:
        answer = await _get(at.client)

    assert (answer.status, answer.cookies) == (200, {})


async def test_lost_redis_alone_opens_nothing() -> None:
    """
    With any other policy, newcomers wait.
    """
    async with scene(Service(more={"degraded": True, "on_redis_outage": "static"})) as at:
        assert (await _get(at.client)).status == 303


async def test_service_that_comes_back_hears_what_it_missed() -> None:
    """
    Seats used during an outage are told after it.
    """
    service = Service(status=503)
    async with scene(service) as at:
        await at.admitted()
        assert (await _get(at.client)).status == 200
        service.status = 200

        await wait_until(lambda: service.told("touched") == ["standard.7"], what="the touch")


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_refused_report_is_an_outage_with_a_remedy(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """
    The log says once what is wrong and, where it is a matter of settings, what to look at.
    """
    async with scene(Service(status=status), when_service_down="closed") as at:
        assert (await _get(at.client)).status == 503

    told = [record.message for record in caplog.records if "cannot be told of seats" in record.message]
    assert len(told) == 1
    assert f"answered {status}" in told[0]
    assert ("secret keys" in told[0]) is (status in {401, 403})


@pytest.mark.parametrize(
    ("owner", "name"),
    [(core.GateCore, "decide"), (PassBook, "read"), (ledger.Ledger, "touch"), (ServiceLink, "now_ms")],
)
async def test_error_inside_the_gate_admits_nobody(owner: type, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    Whatever breaks in the gate, the visitor sees a page that says to try again, and the shop sees no request.
    """
    async with scene(report_interval_s=60) as at:
        await at.admitted()
        with patch.object(owner, name, side_effect=RuntimeError("broken")):
            answer = await _get(at.client)
            page = await answer.text()

    assert answer.status == 503
    assert "broken" not in page
    assert "Traceback" not in page
    assert any("the gate failed" in record.message for record in caplog.records)


async def test_error_in_giving_back_a_seat_does_not_spoil_the_order() -> None:
    """
    The thank-you page is shown, come what may.
    """
    async with scene() as at:
        await at.admitted()
        with patch.object(ledger.Ledger, "release", side_effect=RuntimeError("broken")):
            assert (await _get(at.client, "/pay")).status == 200


async def test_metrics_are_told_where_asked() -> None:
    """
    Each way a request went is counted, and the path of the metrics needs no pass.
    """
    async with scene(Service(straight=True), metrics_path="/internal/metrics") as at:
        await _get(at.client)
        await _get(at.client)
        await _get(at.client, "/robots.txt")
        text = await (await at.client.get("/internal/metrics")).text()

    def count(outcome: str) -> str:
        return f'waiting_room_gate_requests_total{{outcome="{outcome}",room="{ROOM}"}}'

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert (lines[count("straight")], lines[count("allowed")], lines[count("unprotected")]) == ("1.0", "1.0", "2.0")
    assert lines[f'waiting_room_gate_shop_requests_total{{outcome="ok",room="{ROOM}"}}'] == "2.0"
    assert lines[f'waiting_room_gate_reports_total{{outcome="ok",room="{ROOM}"}}'] != "0.0"


async def test_metrics_are_not_told_unasked() -> None:
    """
    Without a path for them, there is none.
    """
    async with scene() as at:
        assert await (await at.client.get("/metrics")).text() == "shop:/metrics"
