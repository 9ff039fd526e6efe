"""
The visitor's and the gate's JSON.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.web.desk import BASE, KEYS, POLICY, ROOM, START_MS, Desk, cookies_of, gate_token, open_desk
from waiting_room import wire
from waiting_room.core.phase import Phase
from waiting_room.gates.ledger import Health
from waiting_room.tokens import Ticket
from waiting_room.web.api import MAX_REPORT_BYTES

REPORT = f"/waiting-room/gate/{ROOM}/report"
PROBLEM = "application/problem+json"


async def in_state(desk: Desk, state: str) -> tuple[str, str, dict[str, str]]:
    """
    Bring a visitor into *state*; return the call that tells of it and the visitor's cookies.
    """
    first, second = await desk.fill("anna", "ben")
    cookies = cookies_of(first)
    match state:
        case "waiting":
            return "GET", "status", cookies_of(second)
        case "called":
            await desk.call()
            return "GET", "status", cookies
        case "admitted":
            await desk.call()
            return "POST", "claim", cookies
        case "paused" | "closed":
            await desk.set_phase(Phase(state))
            return "GET", "status", cookies
        case _:
            return "GET", "status", {}


STATES = {"waiting": 200, "called": 200, "admitted": 200, "paused": 200, "closed": 200, "refused": 401}


@pytest.mark.parametrize("state", STATES)
async def test_every_state_has_all_keys_and_its_status(desk: Desk, state: str) -> None:
    """Keys that do not apply are null; nothing may store the answer."""
    method, verb, cookies = await in_state(desk, state)
    answer = await desk.ask(method, f"{BASE}/{verb}", cookies)
    said = await answer.json(content_type=None)

    assert answer.status == STATES[state]
    assert (said["state"], said["room"]) == (state, ROOM)
    assert set(wire.KEYS) <= set(said)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == (PROBLEM if state == "refused" else "application/json")


@pytest.mark.parametrize("state", ["called", "paused", "closed"])
async def test_what_is_not_plain_waiting_is_said_in_words(desk: Desk, state: str) -> None:
    """In the language that was asked for."""
    method, verb, cookies = await in_state(desk, state)
    words = [
        (await (await desk.ask(method, f"{BASE}/{verb}?lang={lang}", cookies)).json())["message"]
        for lang in ("pl", "en")
    ]

    assert all(words)
    assert words[0] != words[1]


async def test_the_operator_s_message_comes_first() -> None:
    """Whatever the state, the operator's words stand there."""
    async with open_desk(POLICY.__class__(capacity=0, message="Back at noon")) as desk:
        (ticket,) = await desk.fill("anna")
        waiting = await (await desk.get(f"{BASE}/status", cookies_of(ticket))).json()
        await desk.set_phase(Phase.CLOSED)
        closed = await (await desk.get(f"{BASE}/status", cookies_of(ticket))).json()

    assert waiting["message"] == closed["message"] == "Back at noon"


@pytest.mark.parametrize("lang", ["pl", "en"])
async def test_a_refusal_is_a_problem_document(desk: Desk, lang: str) -> None:
    """RFC 9457: type, title, status and detail, with the reason as a code, in the visitor's language."""
    answer = await desk.get(f"{BASE}/status", Accept_Language=lang)
    said = await answer.json(content_type=None)
    other = await (await desk.get(f"{BASE}/status?lang={'pl' if lang == 'en' else 'en'}")).json(content_type=None)

    assert answer.content_type == PROBLEM
    assert (said["status"], said["reason"], said["type"]) == (401, "no_ticket", "urn:waiting-room:problem:no_ticket")
    assert answer.headers["Content-Language"] == lang
    assert said["title"] != other["title"]
    assert said["detail"] != other["detail"]


@pytest.mark.parametrize(
    ("method", "verb"),
    [("GET", "status"), ("POST", "join"), ("POST", "claim"), ("POST", "leave"), ("GET", "state.json")],
)
async def test_an_unknown_room_is_a_problem_whoever_asks(desk: Desk, method: str, verb: str) -> None:
    """With a ticket for it, too."""
    ticket = Ticket("nowhere", "standard", 1, "anna", START_MS)
    for cookies in ({}, cookies_of(ticket)):
        answer = await desk.ask(method, f"/waiting-room/nowhere/{verb}", cookies)

        assert answer.status == 404
        assert (await answer.json(content_type=None))["reason"] == "room_unknown"


@pytest.mark.parametrize("verb", ["status", "claim"])
@pytest.mark.parametrize("text", ["rubbish", "wr1.ticket.k2.e30.x", "\udcff\udcfe", "a" * 5000])
async def test_a_bad_cookie_is_refused_and_no_more(desk: Desk, verb: str, text: str) -> None:
    """Not even bytes that are no text at all."""
    method = "GET" if verb == "status" else "POST"
    header = f"{wire.ticket_cookie(ROOM)}={text}".encode("utf-8", "surrogateescape")
    status, body = await raw(desk, method, f"{BASE}/{verb}", header)

    assert status == 403
    assert json.loads(body)["reason"] == "ticket_invalid"


async def raw(desk: Desk, method: str, path: str, cookie: bytes) -> tuple[int, bytes]:
    """
    Send a request whose cookie is any bytes; return status and body.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.client.port)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nCookie: ".encode()
    writer.write(head + cookie + b"\r\n\r\n")
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def test_a_draining_room_refuses_a_newcomer_and_says_when_to_try(desk: Desk) -> None:
    """503 with Retry-After, for programs that know no rooms."""
    await desk.set_phase(Phase.DRAINING)
    answer = await desk.post(f"{BASE}/join")

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await answer.json(content_type=None))["reason"] == "room_draining"


async def test_what_is_public_may_be_cached_and_names_nobody(desk: Desk) -> None:
    """For a second, by anybody; the same for all."""
    (ticket,) = await desk.fill("anna-with-a-name")
    answer = await desk.get(f"{BASE}/state.json", cookies_of(ticket))
    body = await answer.text()

    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert "Set-Cookie" not in answer.headers
    assert "anna" not in body
    assert json.loads(body) == desk.lobby.public_state(ROOM)


async def report(desk: Desk, body: Any, authorization: str | None = None) -> tuple[int, Any]:
    """
    Send a gate's report; return status and document.
    """
    headers = {"Authorization": gate_token() if authorization is None else authorization}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await desk.client.post(REPORT, data=data, headers=headers)
    return answer.status, await answer.json(content_type=None)


async def test_a_gate_s_report_is_answered_with_what_it_must_know(desk: Desk) -> None:
    """Phase, straight, what is gone, and the store's clock."""
    status, said = await report(desk, {"gate": "shop-1", "touched": {"standard.9": START_MS + 1000}, "released": []})

    assert status == 200
    assert said == {
        "phase": "open", "straight": True, "gone": ["standard.9"], "now_ms": START_MS, "degraded": False,
        "on_redis_outage": "static", "shadow": False, "payment_cap_s": 1800, "revoked_version": "1.0", "revoked": [],
    }  # fmt: skip


async def test_an_empty_report_is_a_question(desk: Desk) -> None:
    """A gate that has seen nobody still wants to know."""
    assert (await report(desk, {}))[0] == 200


@pytest.mark.parametrize(
    "authorization", ["", "Basic YTpi", "Bearer", "Bearer rubbish", gate_token("books"), gate_token(life_ms=0)]
)
async def test_a_report_needs_a_gate_s_credential(desk: Desk, authorization: str) -> None:
    """Of this room, and of this time; nothing is touched or released without."""
    await desk.post(f"{BASE}/join")
    answered, said = await report(desk, {"released": ["standard.1"]}, authorization)

    assert (answered, said["reason"], said["room"]) == (401, "gate_unproven", ROOM)
    assert (await desk.store.snapshot(ROOM)).seats == 1


async def test_a_bearer_of_another_kind_is_no_gate(desk: Desk) -> None:
    """A visitor's ticket opens nothing here."""
    (ticket,) = await desk.fill("anna")
    text = cookies_of(ticket)[wire.ticket_cookie(ROOM)]

    assert (await report(desk, {}, f"Bearer {text}"))[0] == 401


async def test_all_faults_of_a_report_come_at_once(desk: Desk) -> None:
    """Each with its place and remedy."""
    status, said = await report(desk, {"touched": ["standard.1"], "released": {"standard.1": 1}, "health": 5})

    assert status == 422
    assert [fault["where"] for fault in said["faults"]] == ["touched", "released", "health"]
    assert all(fault["remedy"] for fault in said["faults"])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"touched": {"a.1": -1}}', b'{"touched": {"a.1": true}}',
     b'{"touched": {"a.1": 1.5}}', b'{"released": [1]}', b'{"released": ["\\ud800.1"]}', b'{"gate": 5}',
     b'{"touched": {"standard.1": 1e999}}', b'{"touched": {"standard.1": 99999999999999999999}}'],
)  # fmt: skip
async def test_a_report_that_is_none_is_refused(desk: Desk, body: bytes) -> None:
    """With 422 and what is wrong, never with a 500."""
    status, said = await report(desk, body)

    assert status == 422
    assert said["faults"]


@pytest.mark.parametrize("end", [b"1.9e12", b"1900000000000.0"])
async def test_a_whole_number_may_be_written_with_a_point(desk: Desk, end: bytes) -> None:
    """JSON knows one kind of numbers, and some languages write 5.0 for 5."""
    status, said = await report(desk, b'{"touched": {"standard.1": %b}, "stock": 5.0}' % end)

    assert (status, said["gone"]) == (200, ["standard.1"])


async def test_the_buckets_of_a_histogram_may_come_in_any_order(desk: Desk) -> None:
    """The members of a JSON object have none."""
    shop = Health(0)
    shop.add(60, error=False)
    health = shop.as_dict(1000, 2)
    health["latency_buckets"] = dict(sorted(health["latency_buckets"].items()))

    assert (await report(desk, {"health": health}))[0] == 200


async def test_a_report_may_come_in_pieces(desk: Desk) -> None:
    """The network cuts where it likes; a large shop's report takes many packets."""
    seats = {f"standard.{number}": START_MS + 1000 for number in range(20_000)}
    body = json.dumps({"touched": seats}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 50_000):
            yield body[at : at + 50_000]
            await asyncio.sleep(0)

    answer = await desk.client.post(REPORT, data=pieces(), headers={"Authorization": gate_token()})

    assert answer.status == 200
    assert len((await answer.json())["gone"]) == 20_000


async def test_a_report_without_end_is_refused(desk: Desk) -> None:
    """A gate that went mad costs a megabyte at the most."""
    status, _ = await report(desk, b'{"touched": {}, "x": "' + b"x" * MAX_REPORT_BYTES + b'"}')

    assert status == 413


async def test_a_gate_hears_that_the_room_only_watches(desk: Desk) -> None:
    """So that it keeps nobody out."""
    await desk.lobby.configure(ROOM, replace(desk.lobby.policy(ROOM), mode="shadow"))
    _, said = await report(desk, {"touched": {}})

    assert (said["shadow"], said["straight"]) == (True, True)


async def test_a_report_tells_the_shop_s_stock_and_health(desk: Desk) -> None:
    """Both are taken with it."""
    shop = Health(0)
    shop.add(60, error=False)
    status, _ = await report(desk, {"stock": 4, "health": shop.as_dict(1000, 2)})

    assert status == 200
    assert (await desk.store.snapshot(ROOM)).shop.stock == 4
    assert desk.lobby.room(ROOM).take_health(desk.lobby.clock_ms()) is not None


async def test_a_sold_out_room_is_closed_with_its_reason(desk: Desk) -> None:
    """Told in the visitor's language, and what to expect."""
    (ticket,) = await desk.fill("anna")
    assert (await report(desk, {"sold_out": True}))[0] == 200
    answer = await desk.get(f"{BASE}/status?lang=pl", Waiting_Room_Ticket=KEYS.sign(ticket))
    said = await answer.json()

    assert (said["state"], said["reason"]) == ("closed", "sold_out")
    assert said["message"].startswith("Wszystko, co było w tej sprzedaży")


@pytest.mark.parametrize(
    ("body", "where"),
    [({"stock": -1}, "stock"), ({"sold_out": "yes"}, "sold_out"), ({"health": {"requests": 1}}, "health.window_ms")],
)
async def test_a_report_on_the_shop_that_cannot_be_is_refused(desk: Desk, body: Any, where: str) -> None:
    """The fault names the place."""
    status, said = await report(desk, body)

    assert status == 422
    assert where in [fault["where"] for fault in said["faults"]]
