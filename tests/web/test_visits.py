"""
Cookies and tokens: set once, kept, forgotten, and never mistaken for another's.
"""

from dataclasses import replace

import pytest

from tests.web.desk import BASE, KEYS, ROOM, Desk, cookies_of, open_desk, set_cookies
from waiting_room import wire
from waiting_room.core.phase import Phase
from waiting_room.lobby import TICKET_LIFE_MS
from waiting_room.tokens import Keyring, Visitor

OURS = {wire.VISITOR_COOKIE, wire.ticket_cookie(ROOM), wire.pass_cookie(ROOM)}


async def test_a_newcomer_gets_name_place_and_pass(desk: Desk) -> None:
    """Straight through: all three cookies, and the same tokens as text."""
    answer = await desk.post(f"{BASE}/join")
    said = await answer.json()
    cookies = set_cookies(answer)

    assert set(cookies) == OURS
    for name, key in zip(sorted(cookies), ("pass", "ticket", "visitor"), strict=True):
        assert cookies[name].partition("=")[2].partition(";")[0] == said[key]


async def test_the_tokens_prove_what_was_given(desk: Desk) -> None:
    """One visitor, one number, one seat."""
    said = await (await desk.post(f"{BASE}/join")).json()
    ticket = KEYS.ticket(said["ticket"], ROOM)
    admission = KEYS.admission(said["pass"], ROOM, desk.store.now_ms)

    assert KEYS.visitor(said["visitor"]).id == ticket.visitor == admission.visitor
    assert (admission.seat, admission.number) == ("standard.1", ticket.number)


async def test_a_known_visitor_keeps_the_name(desk: Desk) -> None:
    """No visitor cookie is set again."""
    answer = await desk.post(f"{BASE}/join", {wire.VISITOR_COOKIE: KEYS.sign(Visitor("anna"))})

    assert wire.VISITOR_COOKIE not in set_cookies(answer)
    assert KEYS.ticket((await answer.json())["ticket"], ROOM).visitor == "anna"


async def test_a_forged_name_is_replaced(desk: Desk) -> None:
    """Nobody chooses who they are."""
    stranger = Keyring(["k2:" + "x" * 32])
    answer = await desk.post(f"{BASE}/join", {wire.VISITOR_COOKIE: stranger.sign(Visitor("admin"))})

    assert KEYS.visitor((await answer.json())["visitor"]).id != "admin"


async def test_a_join_with_a_ticket_sets_nothing(desk: Desk) -> None:
    """The place is there already."""
    (ticket,) = await desk.fill("anna")
    answer = await desk.post(f"{BASE}/join", cookies_of(ticket))
    said = await answer.json()

    assert set_cookies(answer) == {}
    assert (said["state"], said["number"], said["ticket"]) == ("waiting", ticket.number, None)


async def test_a_status_poll_sets_nothing(desk: Desk) -> None:
    """Nor does it name anybody."""
    (ticket,) = await desk.fill("anna")

    assert set_cookies(await desk.get(f"{BASE}/status", cookies_of(ticket))) == {}
    assert set_cookies(await desk.get(f"{BASE}/status")) == {}


async def test_the_page_names_a_newcomer_before_the_join(desk: Desk) -> None:
    """So that a join that is doubled finds one visitor."""
    answer = await desk.get(BASE, Accept="text/html")

    assert set(set_cookies(answer)) == {wire.VISITOR_COOKIE}


async def test_cookies_are_out_of_reach_for_scripts_and_other_sites(desk: Desk) -> None:
    """HttpOnly, SameSite=Lax, and for the whole shop."""
    for line in set_cookies(await desk.post(f"{BASE}/join")).values():
        assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))


async def test_cookies_are_secure_over_https_alone() -> None:
    """Where shoppers come by https; a shop on a developer's machine has none."""
    async with open_desk() as plain:
        lines = set_cookies(await plain.post(f"{BASE}/join")).values()
        assert not any("Secure" in line for line in lines)
    async with open_desk(public_url="https://shop.example") as secure:
        lines = set_cookies(await secure.post(f"{BASE}/join")).values()
        assert all("Secure" in line.split("; ") for line in lines)


async def test_a_called_ticket_becomes_a_pass(desk: Desk) -> None:
    """The pass cookie alone is new, and lives as long as the session and a grace."""
    (ticket,) = await desk.fill("anna")
    await desk.call()
    answer = await desk.post(f"{BASE}/claim", cookies_of(ticket))
    cookies = set_cookies(answer)

    assert set(cookies) == {wire.pass_cookie(ROOM)}
    assert "Max-Age=3900" in cookies[wire.pass_cookie(ROOM)]


async def test_a_retried_claim_gives_the_same_pass(desk: Desk) -> None:
    """Letter by letter."""
    (ticket,) = await desk.fill("anna")
    await desk.call()
    passes = {(await (await desk.post(f"{BASE}/claim", cookies_of(ticket))).json())["pass"] for _ in range(3)}

    assert len(passes) == 1


async def test_a_used_ticket_is_forgotten(desk: Desk) -> None:
    """Its cookies go with the refusal, and the next join gives a new place."""
    (ticket,) = await desk.fill("anna")
    await desk.call()
    await desk.post(f"{BASE}/claim", cookies_of(ticket))
    await desk.lobby.report(ROOM, {}, ["standard.1"])
    refused = await desk.post(f"{BASE}/claim", cookies_of(ticket))
    cookies = set_cookies(refused)
    again = await desk.post(f"{BASE}/join", {wire.VISITOR_COOKIE: KEYS.sign(Visitor("anna"))})

    assert (refused.status, (await refused.json())["reason"]) == (403, "ticket_used")
    assert set(cookies) == {wire.ticket_cookie(ROOM), wire.pass_cookie(ROOM)}
    assert all(line.partition("=")[2].startswith("; Max-Age=0;") for line in cookies.values())
    assert (await again.json())["number"] == 2


async def test_an_expired_ticket_is_exchanged_for_a_new_place(desk: Desk) -> None:
    """A join after more than a day is a first one."""
    (ticket,) = await desk.fill("anna")
    old = replace(ticket, issued_ms=desk.store.now_ms - TICKET_LIFE_MS - 1, number=900)
    answer = await desk.post(f"{BASE}/join", cookies_of(old))

    assert (await answer.json())["number"] != 900
    assert wire.ticket_cookie(ROOM) in set_cookies(answer)


async def test_another_s_ticket_gives_a_place_of_one_s_own(desk: Desk) -> None:
    """Ben comes with Anna's ticket: a poll is refused, a join is Ben's."""
    (ticket,) = await desk.fill("anna")
    shared = cookies_of(ticket, visitor="ben")
    refused = await desk.get(f"{BASE}/status", shared)
    claimed = await desk.post(f"{BASE}/claim", shared)
    joined = await (await desk.post(f"{BASE}/join", shared)).json()

    assert (await refused.json())["reason"] == (await claimed.json())["reason"] == "ticket_other_visitor"
    assert KEYS.ticket(joined["ticket"], ROOM).visitor == "ben"
    assert joined["number"] != ticket.number


async def test_leaving_gives_the_place_back_and_forgets_it(desk: Desk) -> None:
    """Both cookies are taken back; the visitor keeps the name."""
    (ticket,) = await desk.fill("anna")
    answer = await desk.post(f"{BASE}/leave", cookies_of(ticket))

    assert await answer.json() == {"state": "left", "room": ROOM}
    assert set(set_cookies(answer)) == {wire.ticket_cookie(ROOM), wire.pass_cookie(ROOM)}
    assert (await desk.store.snapshot(ROOM)).waiting == 0


async def test_headers_do_without_cookies(desk: Desk) -> None:
    """An app sends back what it was given, and gets the pass as text."""
    await desk.set_phase(Phase.PAUSED)
    joined = await (await desk.post(f"{BASE}/join")).json()
    await desk.set_phase(Phase.OPEN)
    await desk.call()
    bearer = {wire.VISITOR_HEADER: joined["visitor"], wire.TICKET_HEADER: joined["ticket"]}
    claimed = await (await desk.post(f"{BASE}/claim", **bearer)).json()

    assert claimed["state"] == "admitted"
    assert KEYS.admission(claimed["pass"], ROOM, desk.store.now_ms).number == joined["number"]


async def test_a_rotated_key_costs_no_place() -> None:
    """A ticket of the older key is as good as one of the new."""
    async with open_desk() as desk:
        (ticket,) = await desk.fill("anna")
        old = Keyring(["k1:" + "o" * 32])
        cookies = {wire.VISITOR_COOKIE: old.sign(Visitor("anna")), wire.ticket_cookie(ROOM): old.sign(ticket)}
        said = await (await desk.get(f"{BASE}/status", cookies)).json()

    assert (said["state"], said["number"]) == ("waiting", ticket.number)


@pytest.mark.parametrize(
    ("seen", "position"),
    [("2", 2), ("99", 3), ("0", 3), ("-1", 3), ("x", 3), ("", 3), ("9" * 40, 3), ("²", 3), ("1.5", 3)],
)
async def test_a_position_seen_is_believed_only_where_it_is_one(desk: Desk, seen: str, position: int) -> None:
    """It can lower what is shown, never raise it, and never break the answer."""
    ticket = (await desk.fill("a", "b", "c"))[-1]
    said = await (await desk.get(f"{BASE}/status?seen={seen}", cookies_of(ticket))).json()

    assert said["position"] == position
