"""
What a shop behind a proxy says of a visit: the shop alone may say it, and of the visit alone whose pass it shows.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.web.desk import (
    BASE,
    KEYS,
    POLICY,
    ROOM,
    START_MS,
    Desk,
    gate_token,
    open_desk,
)
from tests.web.test_authorize import FORWARD, admitted, ask
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.entrance import revoke
from waiting_room.errors import StoreUnavailableError
from waiting_room.tokens import Keyring, Pass, PaymentStage, Visitor

COMMAND = f"/waiting-room/gate/{ROOM}/command"
PASS, STAGE, TICKET = wire.pass_cookie(ROOM), wire.stage_cookie(ROOM), wire.ticket_cookie(ROOM)
HOUR_MS = 3_600_000


async def say(desk: Desk, body: Any, authorization: str | None = None) -> tuple[int, Any]:
    """
    Say something of a visit as a shop's server does; return status and document.
    """
    headers = {"Authorization": gate_token(life_ms=10**9) if authorization is None else authorization}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await desk.client.post(COMMAND, data=data, headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, await answer.json(content_type=None)


def of(word: str, cookies: dict[str, str]) -> dict[str, str]:
    """
    Return *word* with the visitor's cookies, as a shop hands them on.
    """
    names = {"pass": PASS, "visitor": wire.VISITOR_COOKIE, "stage": STAGE}
    return {"command": word, **{name: cookies[cookie] for name, cookie in names.items() if cookie in cookies}}


def kept(said: Any, cookies: dict[str, str]) -> dict[str, str]:
    """
    Return what a browser has after it was given what the service *said*.
    """
    after = dict(cookies)
    for line in said["set_cookie"]:
        name, _, rest = line.partition("=")
        after[name] = rest.partition(";")[0]
        if "Max-Age=0" in line:
            del after[name]
    return after


async def seats(desk: Desk) -> int:
    """
    Return how many seats are held.
    """
    return (await desk.lobby.refresh(ROOM)).view.snapshot.seats


async def wait(desk: Desk, ms: int) -> None:
    """
    Let time pass, and the worker see how the room stands then.
    """
    desk.store.now_ms += ms
    await desk.lobby.refresh(ROOM)


def lines(said: Any) -> dict[str, str]:
    """
    Return the cookies that the service *said*, each as its whole line.
    """
    return {line.partition("=")[0]: line for line in said["set_cookie"]}


async def is_as_before(desk: Desk) -> bool:
    """
    Tell whether the one visit that was begun is there, and ends as if nobody had said anything of it.
    """
    await wait(desk, 299_000)
    before = await seats(desk)
    await wait(desk, 1001)
    return (before, await seats(desk)) == (1, 0)


@pytest.fixture
async def shop() -> AsyncIterator[Desk]:
    """
    Serve a room whose visits end after five minutes without a request, or ten minutes in all.
    """
    async with open_desk(replace(POLICY, max_session_s=600)) as desk:
        yield desk


async def test_released_seat_is_free_at_once(shop: Desk) -> None:
    """The answer takes the cookies back, and whoever kept them is sent away."""
    cookies = await admitted(shop)
    status, said = await say(shop, of("release", cookies))

    assert (status, said["command"], said["seat"], said["room"]) == (200, "release", "standard.1", ROOM)
    assert await seats(shop) == 0
    assert {PASS, TICKET}.isdisjoint(kept(said, cookies))
    assert (await ask(shop, FORWARD, cookies)).headers[wire.REASON_HEADER] == "pass_ended"


async def test_payer_keeps_the_seat_and_passes_beyond_the_hard_end(shop: Desk) -> None:
    """For as long as a payment may last, by what the browser was given."""
    cookies = await admitted(shop)
    status, said = await say(shop, of("payment", cookies))
    paying = kept(said, cookies)
    await wait(shop, 1_700_000)

    assert (status, said["stage"]) == (200, paying[STAGE])
    assert await seats(shop) == 1
    assert (await ask(shop, FORWARD, paying)).status == 200
    assert (await ask(shop, FORWARD, cookies)).status == 302
    assert {name: line.count("Max-Age=2100") for name, line in lines(said).items()} == {PASS: 1, STAGE: 1}


async def test_payment_is_over_with_its_cap(shop: Desk) -> None:
    """Also when it was said again and again: the cap counts from the first."""
    cookies = await admitted(shop)
    for _ in range(6):
        _, said = await say(shop, of("payment", cookies))
        cookies = kept(said, cookies)
        await wait(shop, 290_000)
    await wait(shop, 100_000)

    assert await seats(shop) == 0
    assert (await ask(shop, FORWARD, cookies)).status == 302
    assert (await say(shop, of("payment", cookies)))[1]["reason"] == "pass_expired"


async def test_broken_off_payment_is_forgotten(shop: Desk) -> None:
    """The visit ends like any other again."""
    cookies = await admitted(shop)
    cookies = kept((await say(shop, of("payment", cookies)))[1], cookies)
    status, said = await say(shop, of("basket", cookies))

    assert (status, said["stage"]) == (200, None)
    assert STAGE not in kept(said, cookies)
    await wait(shop, 300_001)
    assert await seats(shop) == 0


async def test_shop_by_https_gives_secure_cookies(shop: Desk) -> None:
    """Though its server calls without: what the room's address says counts."""
    cookies = await admitted(shop)
    _, said = await say(shop, of("release", cookies))

    assert all(line.endswith("; HttpOnly; SameSite=Lax; Secure") for line in said["set_cookie"])


@pytest.mark.parametrize("word", ["payment", "basket", "release"])
@pytest.mark.parametrize(
    "authorization",
    ["", "Basic YTpi", "Bearer", gate_token("books"), gate_token(life_ms=0)],
    ids=["none", "basic", "empty", "other room", "over"],
)
async def test_nobody_but_the_shop_says_anything(shop: Desk, word: str, authorization: str) -> None:
    """A visitor who finds this call can neither prolong their visit nor end another's."""
    cookies = await admitted(shop)

    assert (await say(shop, of(word, cookies), authorization))[0] == 401
    assert await is_as_before(shop)


@pytest.mark.parametrize("which", [PASS, TICKET, wire.VISITOR_COOKIE])
async def test_what_a_visitor_bears_is_no_credential(shop: Desk, which: str) -> None:
    """Not even the pass that the command is about."""
    cookies = await admitted(shop)

    assert (await say(shop, of("payment", cookies), f"Bearer {cookies[which]}"))[0] == 401
    assert await is_as_before(shop)


def forged(cookies: dict[str, str]) -> dict[str, dict[str, str]]:
    """
    Return what eve may make the shop hand on, to speak of the visit of the holder of *cookies*.
    """
    held = {"r": ROOM, "l": "standard", "n": 1, "v": "eve", "s": "standard.1", "i": START_MS, "e": START_MS + HOUR_MS}
    admission = Pass(ROOM, "standard", 1, "eve", "standard.1", START_MS, START_MS + HOUR_MS)
    foreign = Pass("other", "standard", 1, "ann", "standard.1", START_MS, START_MS + HOUR_MS)
    mine = Keyring(["k2:" + "e" * 32]).sign(admission)
    head, _, signature = cookies[PASS].rpartition(".")
    return {
        "nothing": {},
        "own key": {"pass": mine},
        "own payload": {"pass": ".".join([*head.split(".")[:3], mine.split(".")[3], signature])},
        "no signature": {"pass": head + "."},
        "plain": {"pass": json.dumps(held)},
        "other room": {"pass": KEYS.sign(foreign)},
        "ticket": {"pass": cookies[TICKET]},
        "stage": {"pass": KEYS.sign(PaymentStage(ROOM, "standard.1", START_MS))},
        "other visitor": {"pass": cookies[PASS], "visitor": KEYS.sign(Visitor("eve"))},
        "lines": {"pass": cookies[PASS] + "\r\nSet-Cookie: a=b"},
    }


@pytest.mark.parametrize("word", ["payment", "basket", "release"])
async def test_made_up_pass_changes_nobody_s_visit(shop: Desk, word: str) -> None:
    """Whatever a visitor makes the shop hand on: the seat that it names stays as it is."""
    cookies = await admitted(shop)
    for how, tokens in forged(cookies).items():
        status, said = await say(shop, {"command": word, **tokens})
        assert (status, said["reason"] in {"pass_invalid", "ticket_other_visitor"}) == (403, True), how

    assert await is_as_before(shop)


async def test_beginning_of_another_s_payment_prolongs_nothing(shop: Desk) -> None:
    """The stage names its seat."""
    cookies = await admitted(shop)
    other = KEYS.sign(PaymentStage(ROOM, "standard.9", START_MS))
    await wait(shop, 700_000)

    assert (await say(shop, of("payment", cookies | {STAGE: other})))[1]["reason"] == "pass_expired"


async def test_replayed_release_frees_no_other_s_seat(shop: Desk) -> None:
    """A seat is named after its place, and no place is given twice."""
    cookies = await admitted(shop)
    assert (await say(shop, of("release", cookies)))[0] == 200
    bob = await admitted(shop, "bob")
    assert (await say(shop, of("release", cookies)))[0] == 200

    assert await seats(shop) == 1
    assert (await ask(shop, FORWARD, bob)).status == 200


@pytest.mark.parametrize("word", ["payment", "basket"])
async def test_replayed_word_brings_no_visit_back(shop: Desk, word: str) -> None:
    """What was given back stays so, whichever worker is asked; this one may have heard of it or not."""
    cookies = await admitted(shop)
    await shop.post(f"{BASE}/leave", cookies)
    status, said = await say(shop, of(word, cookies))

    assert (status, said["reason"]) == (403, "pass_ended")
    assert "set_cookie" not in said
    assert await seats(shop) == 0
    assert (await say(shop, of(word, cookies)))[1]["reason"] == "pass_ended"


async def test_late_order_still_gives_its_seat_back(shop: Desk) -> None:
    """The form of somebody whose pass has just ended is taken; nothing can begin any more."""
    cookies = await admitted(shop)
    await wait(shop, 700_000)

    assert (await say(shop, of("release", cookies)))[0] == 200
    assert (await say(shop, of("payment", cookies)))[1]["reason"] == "pass_expired"


async def test_who_was_turned_away_begins_no_payment(shop: Desk) -> None:
    """The operator's word stands above the shop's."""
    cookies = await admitted(shop)
    await revoke(shop.lobby, ROOM, visitor="ann", for_ms=HOUR_MS)

    assert (await say(shop, of("payment", cookies)))[1]["reason"] == Reason.REVOKED


async def test_what_the_store_has_not_heard_is_told_when_it_is_back(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop need not say it twice."""
    cookies = await admitted(shop)

    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailableError("refused", "away")

    with monkeypatch.context() as outage:
        outage.setattr(shop.store, "touch", away)
        assert (await say(shop, of("payment", cookies)))[0] == 200
    await shop.gatehouse.report()
    await wait(shop, 800_000)
    assert await seats(shop) == 1

    with monkeypatch.context() as outage:
        outage.setattr(shop.store, "touch", away)
        assert (await say(shop, of("release", cookies)))[0] == 200
    await shop.gatehouse.report()
    assert await seats(shop) == 0


async def test_all_faults_of_a_command_come_at_once(shop: Desk) -> None:
    """Each with its place and remedy."""
    status, said = await say(shop, {"command": "sold-out", "pass": 1, "visitor": None, "seat": "standard.1"})

    assert status == 422
    assert [fault["where"] for fault in said["faults"]] == ["seat", "command", "pass", "visitor"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b'{"command": ["release"]}', b"{}"])
async def test_command_that_is_none_is_refused(shop: Desk, body: bytes) -> None:
    """With 422 and what is wrong, never with a 500."""
    status, said = await say(shop, body)

    assert status == 422
    assert said["faults"]


async def test_command_without_end_is_refused(shop: Desk) -> None:
    """A shop that went mad costs a few packets."""
    assert (await say(shop, {"command": "release", "pass": "x" * 70_000}))[0] == 413


async def test_room_that_is_not_here_is_said_so(shop: Desk) -> None:
    """A slip in the shop's configuration."""
    answer = await shop.post("/waiting-room/gate/nowhere/command", Authorization=gate_token("nowhere"))

    assert answer.status == 404
