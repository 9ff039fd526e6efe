"""
Invitations, those who come back and those who are turned away, over the whole service.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.web.desk import BASE, KEYS, POLICY, ROOM, START_MS, Desk, cookies_of, gate_token, open_desk, set_cookies
from waiting_room import wire
from waiting_room.core.lanes import Lane
from waiting_room.core.phase import Phase
from waiting_room.entrance import revoke
from waiting_room.tokens import Invitation, Ticket, Visitor

LANES = (Lane("standard"), Lane("loyal", entry="invitation"), Lane("again", entry="return"))
LANED = replace(POLICY, lanes=LANES)
COOKIE = wire.invitation_cookie(ROOM)
HTML = {"Accept": "text/html", "Accept-Language": "en"}


def invitation(lane: str = "loyal", uses: int = 1, room: str = ROOM, life_ms: int = 60_000, id_: str = "x") -> str:
    """
    Return an invitation as text.
    """
    return KEYS.sign(Invitation(room, lane, id_, uses, START_MS + life_ms))


def visitor(name: str) -> dict[str, str]:
    """
    Return the cookies of a visitor who has no place yet.
    """
    return {wire.VISITOR_COOKIE: KEYS.sign(Visitor(name))}


async def join(desk: Desk, name: str, text: str = "", cookies: dict[str, str] | None = None) -> dict[str, Any]:
    """
    Join as an app does, with the invitation as a header.
    """
    headers = {wire.INVITATION_HEADER: text} if text else {}
    answer = await desk.post(f"{BASE}/join", cookies or visitor(name), **headers)
    said: dict[str, Any] = await answer.json(content_type=None)
    return said


def lane_of(said: dict[str, Any]) -> str:
    """
    Return the lane of the ticket in an answer.
    """
    return KEYS.ticket(said["ticket"], ROOM).lane


async def filled(desk: Desk) -> None:
    """
    Let somebody wait, so that nobody goes straight in.
    """
    await desk.fill("first")


async def test_an_invited_visitor_joins_the_lane_of_the_invitation() -> None:
    """And one without it the standard one."""
    async with open_desk(LANED) as desk:
        await filled(desk)

        assert lane_of(await join(desk, "anna", invitation())) == "loyal"
        assert lane_of(await join(desk, "ben")) == "standard"


async def test_an_invited_visitor_is_not_put_off_for_their_network() -> None:
    """Though it has been given its places; an invitation that does not count is no way around it."""
    async with open_desk(replace(LANED, joins_per_address=1)) as desk:
        await filled(desk)
        await join(desk, "ben")

        assert lane_of(await join(desk, "anna", invitation())) == "loyal"
        assert (await join(desk, "carl"))["reason"] == "network_busy"
        assert (await join(desk, "carl", invitation(life_ms=-1)))["reason"] == "invitation_expired"


async def test_the_invited_hear_why_a_room_is_closed() -> None:
    """What all others hear: that everything is sold, and not that the room may open again."""
    async with open_desk(LANED) as desk:
        await desk.lobby.sell_out(ROOM)

        assert (await join(desk, "anna", invitation()))["reason"] == "sold_out"


async def test_the_same_visitor_again_keeps_the_place() -> None:
    """A join that is tried again, with its reply lost, is one place and one use."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        first, again = await join(desk, "anna", invitation()), await join(desk, "anna", invitation())

        assert (lane_of(again), again["number"]) == (lane_of(first), first["number"])


@pytest.mark.parametrize("uses", [1, 3])
async def test_fifty_visitors_at_once_are_as_many_as_it_is_for(uses: int) -> None:
    """The others are told that it is used, and may join like everybody else."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        said = await asyncio.gather(*(join(desk, f"v{number}", invitation(uses=uses)) for number in range(50)))

        assert sum(one["state"] == "waiting" for one in said) == uses
        assert [one["reason"] for one in said if one["state"] == "refused"] == ["invitation_used"] * (50 - uses)
        assert lane_of(await join(desk, "v49")) == "standard"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (invitation(life_ms=0), "invitation_expired"),
        (invitation(room="books"), "invitation_invalid"),
        (invitation(lane="gone"), "invitation_invalid"),
        (invitation(lane="again"), "invitation_invalid"),
        (invitation()[:-2] + "xx", "invitation_invalid"),
        (KEYS.sign(Visitor("anna")), "invitation_invalid"),
        ("rubbish", "invitation_invalid"),
    ],
    ids=["over", "other room", "lane is no more", "lane of those who return", "forged", "another token", "rubbish"],
)
async def test_what_is_no_good_invitation_is_refused_with_its_reason(text: str, reason: str) -> None:
    """And costs nothing: the visitor may join without it."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        said = await join(desk, "anna", text)

        assert (said["state"], said["reason"], said["status"]) == ("refused", reason, 403)
        assert lane_of(await join(desk, "anna")) == "standard"


async def test_who_waits_keeps_the_place_whatever_the_invitation() -> None:
    """A bad one changes nothing; a good one to another lane moves, and gives the old place back."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        waits = await join(desk, "anna")
        ticket = KEYS.ticket(waits["ticket"], ROOM)
        bad = await join(desk, "anna", "rubbish", cookies_of(ticket))
        assert (bad["state"], bad["number"]) == ("waiting", waits["number"])
        moved = await join(desk, "anna", invitation(), cookies_of(ticket))

        assert lane_of(moved) == "loyal"
        assert not desk.store._rooms[ROOM].lanes["standard"].present.__contains__(ticket.number)


async def test_a_closed_room_takes_no_use() -> None:
    """The invitation is as good as before when the room opens."""
    async with open_desk(LANED) as desk:
        await desk.set_phase(Phase.CLOSED)
        assert (await join(desk, "anna", invitation()))["state"] == "closed"
        await desk.set_phase(Phase.OPEN)
        await filled(desk)

        assert lane_of(await join(desk, "ben", invitation())) == "loyal"


async def test_an_invite_only_room_needs_an_invitation() -> None:
    """To whichever lane it is; gates are told that nobody goes straight in without one."""
    async with open_desk(replace(LANED, invite_only=True)) as desk:
        refused = await join(desk, "anna")
        report = await desk.client.post(
            f"/waiting-room/gate/{ROOM}/report", json={}, headers={"Authorization": gate_token()}
        )

        assert (refused["state"], refused["reason"]) == ("refused", "invitation_needed")
        assert (await report.json())["straight"] is False
        assert (await join(desk, "anna", invitation(lane="standard")))["state"] == "admitted"


async def test_the_page_takes_the_invitation_out_of_the_address() -> None:
    """Before anything of the page can tell it on: a redirect with a cookie that no script can read."""
    async with open_desk(LANED) as desk:
        answer = await desk.get(f"{BASE}?lang=en&invite={invitation()}&target=%2Fbasket", None, **HTML)
        cookie = set_cookies(answer)[COOKIE]

        assert (answer.status, answer.headers["Location"]) == (303, f"{BASE}?target=%2Fbasket&lang=en")
        assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
        assert cookie.startswith(f"{COOKIE}={invitation()};")
        assert "HttpOnly" in cookie


async def test_an_odd_invitation_cannot_write_a_cookie_of_its_own() -> None:
    """What is no token is carried as an invalid one."""
    async with open_desk(LANED) as desk:
        answer = await desk.get(f"{BASE}?invite=a%3B+Domain%3Devil%0D%0AX%3A+y", None, **HTML)

        assert set_cookies(answer)[COOKIE].startswith(f"{COOKIE}=invalid;")


async def test_the_page_joins_with_the_invitation_without_a_script() -> None:
    """The next request joins the lane; then the invitation is forgotten, and the ticket carries the place."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        answer = await desk.get(BASE, visitor("anna") | {COOKIE: invitation()}, **HTML)
        cookies = set_cookies(answer)

        ticket = cookies[wire.ticket_cookie(ROOM)].partition("=")[2].partition(";")[0]
        assert KEYS.ticket(ticket, ROOM).lane == "loyal"
        assert "Max-Age=0" in cookies[COOKIE]


async def test_the_script_joins_with_the_cookie() -> None:
    """A join without a word about it bears the cookie."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        said = await join(desk, "anna", cookies=visitor("anna") | {COOKIE: invitation()})

        assert lane_of(said) == "loyal"


async def test_a_used_invitation_is_told_until_the_visitor_chooses_to_join_without_it() -> None:
    """No place is taken unasked, however often the page is loaded; the choice forgets the invitation."""
    async with open_desk(LANED) as desk:
        await filled(desk)
        await join(desk, "ben", invitation())
        cookies = visitor("anna") | {COOKIE: invitation()}
        for _ in range(2):
            page = await desk.get(BASE, cookies, **HTML)
            html = await page.text()
            assert "Your invitation has been used already" in html
            assert f'href="{BASE}?again=1"' in html
            assert COOKIE not in set_cookies(page)
        chosen = set_cookies(await desk.get(f"{BASE}?again=1", cookies, **HTML))

        assert (
            KEYS.ticket(chosen[wire.ticket_cookie(ROOM)].partition("=")[2].partition(";")[0], ROOM).lane == "standard"
        )
        assert "Max-Age=0" in chosen[COOKIE]


async def test_an_invite_only_room_offers_no_way_around() -> None:
    """Neither without an invitation nor with a used one."""
    async with open_desk(replace(LANED, invite_only=True)) as desk:
        await join(desk, "ben", invitation())
        bare = await (await desk.get(BASE, visitor("anna"), **HTML)).text()
        used = await (await desk.get(BASE, visitor("anna") | {COOKIE: invitation()}, **HTML)).text()

        assert "This queue is for invited guests" in bare
        assert "Your invitation has been used already" in used
        assert "again=1" not in bare + used


async def ended(desk: Desk, stage: str | None) -> Ticket:
    """
    Let Anna in, put her visit into *stage*, and let it end by being idle.
    """
    said = await join(desk, "anna")
    ticket = KEYS.ticket(said["ticket"], ROOM)
    stages = {"standard.1": stage} if stage else {}
    await desk.lobby.report(ROOM, {}, [], stages)
    desk.store.now_ms += 300_000
    await desk.lobby.refresh(ROOM)
    await filled(desk)
    return ticket


async def test_who_lost_a_seat_with_a_basket_joins_the_returning_lane_once() -> None:
    """The used ticket is told first; then the way back is open, and the second time it is the way of all."""
    async with open_desk(LANED) as desk:
        ticket = await ended(desk, "basket")
        told = await (await desk.post(f"{BASE}/claim", cookies_of(ticket))).json(content_type=None)
        assert told["reason"] == "ticket_used"
        first, again = await join(desk, "anna"), await join(desk, "anna")
        assert (lane_of(first), lane_of(again), again["number"]) == ("again", "again", first["number"])
        desk.store.now_ms += 61_000

        assert lane_of(await join(desk, "anna")) == "standard"


async def test_who_comes_back_is_not_put_off_for_their_network() -> None:
    """They had a place here before."""
    async with open_desk(replace(LANED, joins_per_address=1)) as desk:
        await ended(desk, "basket")
        await join(desk, "ben")

        assert lane_of(await join(desk, "anna")) == "again"


async def test_who_had_no_basket_joins_like_everybody() -> None:
    """Just looking around gives no right."""
    async with open_desk(LANED) as desk:
        await ended(desk, None)

        assert lane_of(await join(desk, "anna")) == "standard"


async def test_a_room_without_a_returning_lane_asks_nothing() -> None:
    """The right is not looked at, and not used up."""
    async with open_desk(POLICY) as desk:
        await ended(desk, "basket")

        assert lane_of(await join(desk, "anna")) == "standard"
        assert await desk.store.come_back(ROOM, ["anna"]) == [True]


async def test_a_revoked_visitor_is_refused_everywhere() -> None:
    """Status, join and claim say why; the seat is free, and the gates hear it with the next report."""
    async with open_desk(LANED) as desk:
        said = await join(desk, "anna")
        cookies = cookies_of(KEYS.ticket(said["ticket"], ROOM))
        assert await revoke(desk.lobby, ROOM, visitor="anna", for_ms=60_000) == 1
        answers = [
            await desk.get(f"{BASE}/status", cookies),
            await desk.post(f"{BASE}/claim", cookies),
            await desk.post(f"{BASE}/join", cookies),
            await desk.post(f"{BASE}/join", visitor("anna")),
        ]
        page = await desk.get(BASE, cookies, **HTML)
        report = await desk.client.post(
            f"/waiting-room/gate/{ROOM}/report", json={}, headers={"Authorization": gate_token()}
        )

        assert [(answer.status, (await answer.json(content_type=None))["reason"]) for answer in answers] == [
            (403, "revoked")
        ] * 4
        assert "Your visit was ended by the shop" in await page.text()
        heard = await report.json()
        assert heard["revoked"] == [{"visitor": "anna", "until_ms": START_MS + 60_000}]
        desk.store.now_ms += 60_000
        assert (await join(desk, "anna"))["state"] == "admitted"


async def test_a_gate_that_has_the_list_is_not_told_it_again() -> None:
    """The version that it names is the present one."""
    async with open_desk(LANED) as desk:
        await revoke(desk.lobby, ROOM, seat="standard.7", for_ms=60_000)
        answers = []
        for version in ("", "1.1"):
            report = await desk.client.post(
                f"/waiting-room/gate/{ROOM}/report",
                json={"revoked_version": version},
                headers={"Authorization": gate_token()},
            )
            answers.append(await report.json())

        assert [answer["revoked"] for answer in answers] == [
            [{"seat": "standard.7", "until_ms": START_MS + 60_000}],
            None,
        ]
        assert {answer["revoked_version"] for answer in answers} == {"1.1"}


@pytest.mark.parametrize(
    "body", [{"stages": {"standard.7": "paying"}}, {"stages": ["payment"]}, {"revoked_version": 7}]
)
async def test_a_report_with_an_unheard_of_stage_is_refused(body: dict[str, Any]) -> None:
    """With its place and what to send instead."""
    async with open_desk(LANED) as desk:
        answer = await desk.client.post(
            f"/waiting-room/gate/{ROOM}/report", json=body, headers={"Authorization": gate_token()}
        )

        assert answer.status == 422
        assert [fault["where"] for fault in (await answer.json())["faults"]] == list(body)
