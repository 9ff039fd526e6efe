"""
The authorize endpoint, over HTTP: what a proxy sends, and what it gets.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse

from tests.web.desk import BASE, KEYS, POLICY, ROOM, START_MS, Desk, cookies_of, open_desk, set_cookies
from waiting_room import wire
from waiting_room.authorize.gatehouse import SLICE, RoomGate
from waiting_room.core.phase import Phase
from waiting_room.errors import StoreUnavailableError
from waiting_room.ports import TouchReply
from waiting_room.tokens import Pass, Visitor

SHOP = "https://shop.example"
PAGE = f"{SHOP}{BASE}"
NGINX = f"/waiting-room/authorize/nginx/{ROOM}"
FORWARD = f"/waiting-room/authorize/forward/{ROOM}"
INLINE = f"/waiting-room/authorize/forward-inline/{ROOM}"
ENVOY = f"/waiting-room/authorize/envoy/{ROOM}"
BROWSER = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}


@pytest_asyncio.fixture(params=[True, False], ids=["quick", "routed"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """
    Serve one room, with the quick way before the routes and without.
    """
    async with open_desk(quick=request.param) as opened:
        yield opened


async def admitted(desk: Desk, name: str = "ann") -> dict[str, str]:
    """Let a visitor in, and return their cookies."""
    (ticket,) = await desk.fill(name)
    await desk.call()
    answer = await desk.post(f"{BASE}/claim", cookies_of(ticket))
    assert (await answer.json())["state"] == "admitted"
    return {name: line.partition("=")[2].partition(";")[0] for name, line in set_cookies(answer).items()} | cookies_of(
        ticket
    )


async def ask(
    desk: Desk, path: str, cookies: dict[str, str] | None = None, method: str = "GET", /, **headers: str
) -> ClientResponse:
    """Ask as a proxy does for a browser's GET of the checkout."""
    return await desk.ask(
        method,
        path,
        cookies,
        **{
            "X_Original_URL": f"{SHOP}/checkout?step=2",
            "X_Original_Method": "GET",
            "X_Forwarded_Proto": "https",
            "X_Forwarded_Host": "shop.example",
            "X_Forwarded_Uri": "/checkout?step=2",
            "X_Forwarded_Method": "GET",
            **BROWSER,
            **headers,
        },
    )


@pytest.mark.parametrize("path", [NGINX, FORWARD, INLINE, f"{ENVOY}/checkout?step=2"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "PROPFIND"])
async def test_holder_passes_with_any_method(desk: Desk, path: str, method: str) -> None:
    """By the pass alone, with an empty 200, and no cookie is needed for it."""
    cookies = await admitted(desk)
    answer = await ask(desk, path, cookies, method)

    assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (200, "0", b"")
    assert (answer.headers[wire.STATUS_HEADER], answer.headers[wire.VISITOR_ID_HEADER]) == ("admitted", "ann")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("path", "status"), [(NGINX, 401), (FORWARD, 302), (f"{ENVOY}/checkout?step=2", 302)])
async def test_newcomer_is_sent_to_the_page_and_back(desk: Desk, path: str, status: int) -> None:
    """By an absolute address, which a proxy need not complete; the way back is where they wanted to go."""
    answer = await ask(desk, path, Host="shop.example") if path.startswith(ENVOY) else await ask(desk, path)

    assert answer.status == status
    assert answer.headers["Location"] == f"{PAGE}?target=https%3A%2F%2Fshop.example%2Fcheckout%3Fstep%3D2"
    assert "Set-Cookie" not in answer.headers


async def test_newcomer_of_an_idle_room_takes_a_seat_on_the_page(desk: Desk) -> None:
    """Who was let through without one would not be counted."""
    answer = await ask(desk, FORWARD)
    assert answer.status == 302

    visitor = {wire.VISITOR_COOKIE: KEYS.sign(Visitor("bob"))}
    on = await desk.get(answer.headers["Location"].removeprefix(SHOP), visitor, Accept="text/html")
    assert (on.status, on.headers["Location"]) == (303, f"{SHOP}/checkout?step=2")
    passed = set_cookies(on)[wire.pass_cookie(ROOM)].partition(";")[0].partition("=")[2]
    assert (await ask(desk, FORWARD, visitor | {wire.pass_cookie(ROOM): passed})).status == 200


async def test_form_is_sent_to_a_page_that_can_be_fetched(desk: Desk) -> None:
    """With 303, so that the browser asks for the page by GET."""
    headers = {"X_Forwarded_Method": "POST", "Referer": f"{SHOP}/basket"}
    answer = await ask(desk, FORWARD, **headers)

    assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}?target=https%3A%2F%2Fshop.example%2Fbasket")


@pytest.mark.parametrize(("path", "status"), [(NGINX, 401), (FORWARD, 429), (INLINE, 429)])
async def test_program_gets_a_problem_document(desk: Desk, path: str, status: int) -> None:
    """Where the proxy can hand it on; nginx asks the forward dialect for it."""
    answer = await ask(desk, path, Accept="application/json", Sec_Fetch_Mode="cors")

    assert answer.status == status
    assert answer.headers[wire.URL_HEADER].startswith(PAGE)
    if status == 429:
        assert (await answer.json())["waiting_room_url"] == answer.headers[wire.URL_HEADER]


async def test_position_of_one_who_waits_is_told(desk: Desk) -> None:
    """As a header, for pages that a proxy makes itself; nobody is checked in by it."""
    _, second = await desk.fill("ann", "bob")
    notes = desk.lobby.known[ROOM].lanes["standard"]
    notes.take_checkins()
    answer = await ask(desk, NGINX, cookies_of(second))

    assert answer.headers[wire.POSITION_HEADER] == "2"
    assert notes.take_checkins().count == 0


@pytest.mark.parametrize(("path", "status"), [(NGINX, 403), (FORWARD, 403), (INLINE, 403), (ENVOY, 403)])
async def test_revoked_holder_is_refused(desk: Desk, path: str, status: int) -> None:
    """At once in the worker that heard of it."""
    cookies = await admitted(desk)
    await desk.store.revoke(ROOM, "standard.1", "", 60_000)
    await desk.lobby.hear_revoked(desk.lobby.room(ROOM))
    answer = await ask(desk, path, cookies)

    assert (answer.status, answer.headers[wire.STATUS_HEADER]) == (status, "refused")


async def test_seat_that_is_used_is_told_and_one_that_is_gone_is_heard_of(desk: Desk) -> None:
    """As a gate in a shop does it, once a second: a seat in use does not end idle, one given back counts no more."""
    cookies = await admitted(desk)
    desk.store.now_ms += 250_000
    await desk.lobby.refresh(ROOM)
    assert (await ask(desk, NGINX, cookies)).status == 200
    await desk.gatehouse.report()
    desk.store.now_ms += 250_000
    assert (await desk.lobby.refresh(ROOM)).view.snapshot.seats == 1

    desk.store.now_ms += 100_000
    await desk.lobby.refresh(ROOM)
    assert (await ask(desk, NGINX, cookies)).status == 200
    await desk.gatehouse.report()
    ended = await ask(desk, NGINX, cookies)
    assert (ended.status, ended.headers[wire.REASON_HEADER]) == (401, "pass_ended")


async def test_form_of_a_holder_whose_visit_has_just_ended_is_kept(desk: Desk) -> None:
    """A POST within the grace time passes; a look at a page does not."""
    cookies = await admitted(desk)
    desk.store.now_ms += 3_600_000 + 60_000
    await desk.lobby.refresh(ROOM)

    assert (await ask(desk, NGINX, cookies, X_Original_Method="POST")).status == 200
    assert (await ask(desk, NGINX, cookies)).status == 401


async def test_path_that_is_never_gated_passes(desk: Desk) -> None:
    """Without a pass, and told as such."""
    answer = await ask(desk, NGINX, X_Original_URL=f"{SHOP}/robots.txt")

    assert (answer.status, answer.headers[wire.STATUS_HEADER]) == (200, "bypass")


FORGED: list[tuple[str, dict[str, str]]] = [
    (NGINX, {"X_Forwarded_Uri": "/robots.txt", "X_Forwarded_Host": "evil.example"}),
    (NGINX, {"X_Rewrite_URL": "/robots.txt", "X_Forwarded_Method": "POST"}),
    (FORWARD, {"X_Original_URL": "https://evil.example/robots.txt", "X_Original_Method": "POST"}),
    (f"{ENVOY}/checkout?step=2", {"X_Original_URL": "/robots.txt", "X_Forwarded_Uri": "/robots.txt"}),
]


@pytest.mark.parametrize(("path", "forged"), FORGED)
async def test_headers_of_another_dialect_are_without_effect(desk: Desk, path: str, forged: dict[str, str]) -> None:
    """The visitor may have made them up: the proxy sets its own, and no other."""
    answer = await ask(desk, path, Host="shop.example", **forged)

    assert answer.status in {401, 302}
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Location"].endswith("checkout%3Fstep%3D2")


@pytest.mark.parametrize(
    "host", ["evil.example", "shop.example.evil.example", "shop.example@evil.example", "evil.example#shop.example", ""]
)
@pytest.mark.parametrize("path", [NGINX, FORWARD])
async def test_nobody_is_redirected_to_a_host_that_the_settings_do_not_name(desk: Desk, path: str, host: str) -> None:
    """Neither the page nor the way back leave the shop, even where a proxy passes on what the visitor said."""
    answer = await ask(desk, path, X_Original_URL=f"https://{host}/checkout", X_Forwarded_Host=host)

    assert answer.headers["Location"].startswith(f"{PAGE}?target=https%3A%2F%2Fshop.example%2Fcheckout")
    assert "evil" not in answer.headers["Location"]


async def test_visitor_of_another_host_of_the_shop_comes_back_to_it() -> None:
    """Where the settings allow that host."""
    policy = replace(POLICY, allowed_hosts=("toys.example",))
    async with open_desk(policy=policy) as desk:
        answer = await ask(desk, FORWARD, X_Forwarded_Host="toys.example")

    assert answer.headers["Location"] == f"{PAGE}?target=https%3A%2F%2Ftoys.example%2Fcheckout%3Fstep%3D2"


async def test_public_address_is_where_the_page_is() -> None:
    """If the settings name one, whatever the shop's is."""
    async with open_desk(public_url="https://queue.example") as desk:
        answer = await ask(desk, FORWARD)

    assert answer.headers["Location"].startswith(f"https://queue.example{BASE}?target=")


async def test_query_of_the_call_is_the_visitor_s_and_counts_for_nothing(desk: Desk) -> None:
    """Caddy hands it on with the call."""
    answer = await ask(desk, f"{FORWARD}?room=other&target=https%3A%2F%2Fevil.example&invite=x")

    assert answer.headers["Location"] == f"{PAGE}?target=https%3A%2F%2Fshop.example%2Fcheckout%3Fstep%3D2"


@pytest.mark.parametrize(
    ("path", "status"), [("nginx/nowhere", 500), ("forward/nowhere", 503), ("forward-inline/nowhere", 503)]
)
async def test_unknown_room_is_a_failure(desk: Desk, path: str, status: int) -> None:
    """The proxy's rule for an outage counts; nobody passes."""
    answer = await ask(desk, f"/waiting-room/authorize/{path}")

    assert (answer.status, answer.headers[wire.STATUS_HEADER]) == (status, "error")


async def test_unknown_dialect_is_not_found(desk: Desk) -> None:
    """A slip in the proxy's configuration shows at the first request."""
    assert (await ask(desk, f"/waiting-room/authorize/apache/{ROOM}")).status == 404


@pytest.mark.parametrize(
    ("rule", "status", "word"), [("static", 401, "wait"), ("hold", 401, "wait"), ("open", 200, "degraded")]
)
async def test_while_the_store_is_away_the_room_s_rule_counts(rule: str, status: int, word: str) -> None:
    """Holders go on, newcomers go to the page or, where the operator chose so, in."""
    async with open_desk(policy=replace(POLICY, on_redis_outage=rule)) as desk:
        cookies = await admitted(desk)
        desk.store.now_ms += 10_000  # and no view since
        newcomer = await ask(desk, NGINX)
        holder = await ask(desk, NGINX, cookies)

    assert (newcomer.status, newcomer.headers[wire.STATUS_HEADER]) == (status, word)
    assert holder.status == 200


async def test_used_seats_are_told_when_the_store_is_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store did not take is told again."""
    cookies = await admitted(desk)

    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailableError("refused", "away")

    with monkeypatch.context() as outage:
        outage.setattr(desk.store, "touch", away)
        await ask(desk, NGINX, cookies)
        await desk.gatehouse.report()
    desk.store.now_ms += 200_000
    await desk.gatehouse.report()
    desk.store.now_ms += 200_000

    assert (await desk.lobby.refresh(ROOM)).view.snapshot.seats == 1


async def test_seats_are_told_in_slices(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seat once, however many there are, and none in a piece that keeps other answers waiting."""
    seats = {f"standard.{rank}": 2**43 for rank in range(1, 2 * SLICE + 2)}
    ledger = desk.gatehouse.gate(ROOM).ledger
    for seat, end_ms in seats.items():
        ledger.touch(seat, end_ms)
    told: list[Mapping[str, int]] = []
    touch = desk.store.touch

    async def noted(room: str, touched: Mapping[str, int], *more: Any) -> TouchReply:
        told.append(touched)
        return await touch(room, touched, *more)

    monkeypatch.setattr(desk.store, "touch", noted)
    await desk.gatehouse.report()

    assert [len(each) for each in told] == [SLICE, SLICE, 1]
    assert {seat: end_ms for each in told for seat, end_ms in each.items()} == seats


async def test_changed_settings_count_at_once(desk: Desk) -> None:
    """The next one is sent back to the new target."""
    await ask(desk, FORWARD)
    await desk.lobby.configure(ROOM, replace(POLICY, target="https://other.example/"))
    answer = await ask(desk, FORWARD, X_Forwarded_Host="other.example")

    assert answer.headers["Location"].startswith(f"https://other.example{BASE}?target=https%3A%2F%2Fother.example")


async def test_inline_answer_is_the_page_itself(desk: Desk) -> None:
    """With a status that no proxy takes for yes, the page's own cookies, and nothing of the shop's query."""
    (ticket,) = await desk.fill("ann")
    answer = await ask(
        desk, f"{INLINE}?again=1&left=1", cookies_of(ticket), X_Forwarded_Uri="/checkout?lang=pl", Accept_Language="en"
    )
    text = await answer.text()

    assert (answer.status, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (429, "5", "no-store")
    assert answer.headers[wire.STATUS_HEADER] == "wait"
    assert 'lang="pl"' in text
    assert f"{BASE}?" in answer.headers["Refresh"]


async def test_inline_newcomer_is_named_by_the_page(desk: Desk) -> None:
    """A proxy hands the cookies of a no on, so that the next look finds a visitor."""
    await desk.set_phase(Phase.PAUSED)
    answer = await ask(desk, INLINE)

    assert answer.status == 429
    assert wire.VISITOR_COOKIE in set_cookies(answer)


async def test_inline_visitor_whose_turn_it_is_goes_on_with_the_pass(desk: Desk) -> None:
    """The page claims it, and sends them where they wanted to go."""
    (ticket,) = await desk.fill("ann")
    await desk.call()
    answer = await ask(desk, INLINE, cookies_of(ticket))

    assert (answer.status, answer.headers["Location"]) == (303, f"{SHOP}/checkout?step=2")
    assert wire.pass_cookie(ROOM) in set_cookies(answer)


async def test_answers_are_counted_and_measured(desk: Desk) -> None:
    """By room and answer, and as a route of their own."""
    cookies = await admitted(desk)
    await ask(desk, NGINX, cookies)
    await ask(desk, FORWARD)
    tally = desk.lobby.known[ROOM].tally

    assert (tally["authorize", "admitted"], tally["authorize", "wait"]) == (1, 1)
    assert [(route, status) for route, status, _ in desk.observed][-2:] == [("authorize", 200), ("authorize", 302)]


@pytest.mark.parametrize(("path", "status"), [(NGINX, 500), (FORWARD, 503), (INLINE, 503)])
async def test_error_inside_is_a_failure_and_counted(
    desk: Desk, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a yes, whatever broke."""
    cookies = await admitted(desk)
    monkeypatch.setattr(RoomGate, "decide", None)
    answer = await ask(desk, path, cookies)

    assert (answer.status, answer.headers[wire.STATUS_HEADER]) == (status, "error")
    assert desk.lobby.known[ROOM].tally["authorize", "error"] == 1


async def test_pass_of_another_visitor_does_not_count(desk: Desk) -> None:
    """A copied pass in a browser that has an identity of its own."""
    cookies = await admitted(desk)
    cookies[wire.VISITOR_COOKIE] = KEYS.sign(Visitor("eve"))

    assert (await ask(desk, NGINX, cookies)).status == 401


@pytest.mark.parametrize("pass_text", ["", "x", "a.b.c", "p1.k2." + "A" * 400, "\xff", KEYS.sign(Visitor("ann"))])
async def test_made_up_pass_does_not_count(desk: Desk, pass_text: str) -> None:
    """Nor does it break anything."""
    assert (await ask(desk, NGINX, {wire.pass_cookie(ROOM): pass_text})).status == 401


async def test_pass_of_another_room_does_not_count(desk: Desk) -> None:
    """Each room signs for itself."""
    other = KEYS.sign(Pass("other", "standard", 1, "ann", "standard.1", START_MS, START_MS + 60_000))

    assert (await ask(desk, NGINX, {wire.pass_cookie(ROOM): other})).status == 401


async def test_head_of_a_no_has_no_body(desk: Desk) -> None:
    """Or the next answer on the connection would begin with it."""
    first = await ask(desk, FORWARD, None, "HEAD", Accept="application/json", Sec_Fetch_Mode="cors")
    second = await ask(desk, FORWARD)

    assert (first.status, await first.read(), second.status) == (429, b"", 302)
