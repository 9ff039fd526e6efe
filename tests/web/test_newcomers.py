"""The bound on the new places of a network, as visitors and programs meet it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.web.desk import BASE, KEYS, POLICY, ROOM, Desk, cookies_of, open_desk, set_cookies
from waiting_room import wire
from waiting_room.core.phase import Phase
from waiting_room.tokens import Visitor

LOOPBACK = ("127.0.0.0/8", "::1/128")
HOME = "192.0.2.7"


@pytest.fixture(params=[True, False], ids=["quick", "routed"])
async def bounded(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Serve a room that gives each network two places a minute, behind a proxy that is believed."""
    policy = replace(POLICY, joins_per_address=2)
    async with open_desk(policy, quick=request.param, trusted_proxies=LOOPBACK) as desk:
        yield desk


async def join(desk: Desk, address: str = HOME, visitor: str = "", **headers: str) -> ClientResponse:
    """Join from *address*, by the name of *visitor* if there is one."""
    cookies = {wire.VISITOR_COOKIE: KEYS.sign(Visitor(visitor))} if visitor else None
    return await desk.post(f"{BASE}/join", cookies, X_Forwarded_For=address, **headers)


async def statuses(desk: Desk, *addresses: str) -> list[int]:
    """Return how joins of somebody new from each of *addresses* are answered."""
    return [(await join(desk, address)).status for address in addresses]


async def said(answer: ClientResponse) -> dict[str, Any]:
    """Return the answer's document."""
    found: dict[str, Any] = await answer.json()
    return found


async def test_more_new_places_than_the_bound_are_put_off(bounded: Desk) -> None:
    """Two at once, and the third is asked to wait."""
    assert await statuses(bounded, HOME, HOME, HOME) == [200, 200, 429]


async def test_another_network_is_not_put_off(bounded: Desk) -> None:
    """Whoever floods hurts their own network."""
    await statuses(bounded, HOME, HOME, HOME)
    assert await statuses(bounded, "192.0.2.8") == [200]


async def test_one_who_is_put_off_is_told_when_to_come_again(bounded: Desk) -> None:
    """As HTTP says it, and as the visitor's answer says it."""
    await statuses(bounded, HOME, HOME)
    answer = await join(bounded, visitor="me")
    document = await said(answer)
    assert answer.headers["Retry-After"] == "30"
    assert (document["state"], document["reason"], document["next_poll_s"]) == ("refused", "network_busy", 30.0)


async def test_one_who_comes_again_when_told_has_a_place_though_others_kept_asking(bounded: Desk) -> None:
    """A bot at the same address takes nothing that was promised."""
    await statuses(bounded, HOME, HOME)
    await join(bounded, visitor="me")
    bounded.store.now_ms += 30_000
    assert await statuses(bounded, HOME, HOME) == [429, 429]
    assert (await join(bounded, visitor="me")).status == 200


async def test_one_who_is_put_off_gets_the_name_by_which_they_are_known_when_they_come_again(bounded: Desk) -> None:
    """Programs begin without one."""
    await statuses(bounded, HOME, HOME)
    assert (await said(await join(bounded)))["visitor"]


async def test_programs_that_keep_no_cookie_are_told_different_times(bounded: Desk) -> None:
    """They would come back as a herd."""
    told = [(await said(await join(bounded)))["next_poll_s"] for _ in range(12)][2:]
    assert len(set(told)) == 10
    assert min(told) >= 30


async def test_who_has_a_ticket_is_not_put_off(bounded: Desk) -> None:
    """They have a place already."""
    ticket, *_ = await bounded.fill("me")
    await statuses(bounded, HOME, HOME)
    answer = await bounded.post(f"{BASE}/join", cookies_of(ticket), X_Forwarded_For=HOME)
    assert answer.status == 200


async def test_a_repeated_join_costs_nothing(bounded: Desk) -> None:
    """It gives the place that is there."""
    await bounded.store.set_phase(ROOM, Phase.PAUSED)
    for _ in range(3):
        await join(bounded, visitor="me")
    assert await statuses(bounded, HOME, HOME) == [200, 429]


async def test_a_repeated_join_is_not_put_off(bounded: Desk) -> None:
    """Its first answer may have been lost, ticket and all; other workers have counted it."""
    await bounded.store.set_phase(ROOM, Phase.PAUSED)
    await join(bounded, visitor="me")
    first = await said(await join(bounded, visitor="me"))
    await statuses(bounded, HOME, HOME)
    again = await join(bounded, visitor="me")
    assert (again.status, (await said(again))["number"]) == (200, first["number"])
    assert bounded.lobby.known[ROOM].newcomers.booked == 0


async def test_a_join_that_gets_no_place_costs_nothing(bounded: Desk) -> None:
    """Here for the room takes nobody new."""
    await bounded.set_phase(Phase.DRAINING)
    await statuses(bounded, HOME, HOME, HOME)
    await bounded.set_phase(Phase.OPEN)
    assert await statuses(bounded, HOME, HOME, HOME) == [200, 200, 429]


async def test_the_bound_holds_before_the_opening(bounded: Desk) -> None:
    """A place in the draw is a place."""
    await bounded.set_phase(Phase.PREQUEUE)
    assert await statuses(bounded, HOME, HOME, HOME) == [200, 200, 429]


async def test_a_change_of_the_bound_holds_at_once(bounded: Desk) -> None:
    """As with all settings."""
    await statuses(bounded, HOME, HOME)
    await bounded.lobby.configure(ROOM, POLICY)
    assert await statuses(bounded, HOME, HOME) == [200, 200]


@pytest.mark.parametrize("told", ["", "nonsense", "127.0.0.1"], ids=["nothing", "nonsense", "itself"])
async def test_where_a_believed_proxy_tells_no_address_there_is_no_bound(bounded: Desk, told: str) -> None:
    """Else all its visitors would be one network."""
    assert await statuses(bounded, told, told, told) == [200, 200, 200]


async def test_all_of_an_ipv6_network_count_together(bounded: Desk) -> None:
    """A /56 is one household."""
    assert await statuses(bounded, "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1") == [200, 200, 429]


async def test_what_a_stranger_writes_as_its_address_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    """Only a believed proxy is; that the stranger may be one is logged once, and nobody's address with it."""
    async with open_desk(replace(POLICY, joins_per_address=2)) as desk:
        assert await statuses(desk, "192.0.2.1", "192.0.2.2", "192.0.2.3") == [200, 200, 429]
    (record,) = [record for record in caplog.records if record.name == "waiting_room.web.whence"]
    assert "server.trusted_proxies" in record.message
    assert "192.0.2" not in record.message


async def test_the_bound_holds_where_everybody_goes_straight_in() -> None:
    """That is how programs take seats while a room is calm."""
    policy = replace(POLICY, joins_per_address=2, mode="standby")
    async with open_desk(policy, trusted_proxies=LOOPBACK) as desk:
        states = []
        for _ in range(3):
            states.append((await said(await join(desk)))["state"])
            desk.store.now_ms += 1000
    assert states == ["admitted", "admitted", "refused"]


async def test_workers_share_what_a_network_is_given() -> None:
    """Each counts for itself, so it has its part of the bound."""
    async with open_desk(replace(POLICY, joins_per_address=4), workers=2) as desk:
        assert await statuses(desk, HOME, HOME, HOME) == [200, 200, 429]


async def test_each_worker_gives_one_place_at_least() -> None:
    """However many share a small bound."""
    async with open_desk(replace(POLICY, joins_per_address=1), workers=8) as desk:
        assert await statuses(desk, HOME, HOME) == [200, 429]


async def test_a_ticket_that_has_expired_is_no_way_around_the_bound(bounded: Desk) -> None:
    """It gives a new place as well."""
    tickets = await bounded.fill("a", "b", "c")
    bounded.store.now_ms += 2 * 86_400_000
    answers = [await bounded.post(f"{BASE}/join", cookies_of(each), X_Forwarded_For=HOME) for each in tickets]
    assert [answer.status for answer in answers] == [200, 200, 429]


async def test_people_see_the_page_and_it_comes_again_when_their_place_is_there(bounded: Desk) -> None:
    """Without a script, by its Refresh; then they have a ticket."""
    await statuses(bounded, HOME, HOME)
    cookies = {wire.VISITOR_COOKIE: KEYS.sign(Visitor("me"))}
    put_off = await bounded.get(BASE, cookies, X_Forwarded_For=HOME, Accept="text/html")
    bounded.store.now_ms += 30_000
    later = await bounded.get(BASE, cookies, X_Forwarded_For=HOME, Accept="text/html")
    assert (put_off.status, put_off.headers["Refresh"]) == (200, f"30; url={BASE}")
    assert wire.ticket_cookie(ROOM) in set_cookies(later)


async def test_every_join_that_is_put_off_is_counted(bounded: Desk) -> None:
    """For the metrics, by room alone."""
    await statuses(bounded, HOME, HOME, HOME, HOME)
    assert bounded.lobby.known[ROOM].tally["put_off",] == 2
