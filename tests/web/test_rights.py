"""
The operator's HTTP, its part on invitations and on those who are turned away.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.web.desk import KEYS, POLICY, ROOM, START_MS, Desk, open_desk
from waiting_room.core.lanes import Lane

TOKEN = "t" * 32
ROOMS = f"/admin/api/v1/rooms/{ROOM}"
LANED = replace(POLICY, lanes=(Lane("standard"), Lane("loyal", entry="invitation"), Lane("again", entry="return")))


async def asked(desk: Desk, verb: str, body: Any, token: str = TOKEN) -> tuple[int, Any]:
    """
    Send a body as an operator.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with desk.client.post(f"{ROOMS}/{verb}", json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_invitations_are_made_with_their_links() -> None:
    """Signed, and with the address that shoppers see."""
    async with open_desk(LANED, admin_token=TOKEN, public_url="https://shop.example") as desk:
        status, said = await asked(desk, "invite", {"lane": "loyal", "uses": 3, "expires_s": 60, "count": 2})
        first = said["invitations"][0]

        assert (status, len(said["invitations"])) == (200, 2)
        assert first["link"] == f"https://shop.example/waiting-room/{ROOM}?invite={first['token']}"
        made = KEYS.invitation(first["token"], ROOM)
        assert (made.lane, made.uses, made.expires_ms) == ("loyal", 3, START_MS + 60_000)


async def test_a_seat_or_a_visitor_is_turned_away() -> None:
    """For a day if nothing is said; for no time at all takes it back."""
    async with open_desk(LANED, admin_token=TOKEN) as desk:
        seat = await asked(desk, "revoke", {"seat": "standard.7"})
        visitor = await asked(desk, "revoke", {"visitor": "anna", "for_s": 60})
        back = await asked(desk, "revoke", {"seat": "standard.7", "for_s": 0})

        assert seat == (
            200,
            {"room": ROOM, "freed": 0, "revoked": [{"seat": "standard.7", "until_ms": START_MS + 86_400_000}]},
        )
        assert visitor[1]["revoked"][1] == {"visitor": "anna", "until_ms": START_MS + 60_000}
        assert [list(entry) for entry in back[1]["revoked"]] == [["visitor", "until_ms"]]


@pytest.mark.parametrize(
    ("verb", "body", "places"),
    [
        ("invite", {}, ["lane"]),
        ("invite", {"lane": "gold", "uses": 0, "count": 10**6}, ["lane", "uses", "count"]),
        ("invite", {"lane": "again"}, ["lane"]),
        ("invite", {"lane": 7, "uses": 1.5, "expires_s": True, "life": 1}, ["life", "lane", "uses", "expires_s"]),
        ("invite", [], ["body"]),
        ("revoke", {}, ["body"]),
        ("revoke", {"seat": "standard.7", "visitor": "anna", "for_s": -1}, ["body", "for_s"]),
        ("revoke", {"seat": ["standard.7"]}, ["seat"]),
    ],
)
async def test_all_faults_are_told_at_once(verb: str, body: Any, places: list[str]) -> None:
    """Each with its place; nothing is made, nobody is turned away."""
    async with open_desk(LANED, admin_token=TOKEN) as desk:
        status, said = await asked(desk, verb, body)

        assert (status, [fault["where"] for fault in said["faults"]]) == (422, places)
        assert not await desk.store.revoked(ROOM)


@pytest.mark.parametrize("verb", ["invite", "revoke"])
async def test_nobody_comes_in_without_the_token(verb: str) -> None:
    """As with all of the operator's calls."""
    async with open_desk(LANED, admin_token=TOKEN) as desk:
        assert (await asked(desk, verb, {"seat": "standard.7"}, "x" * 32))[0] == 401
    async with open_desk(LANED) as desk:
        assert (await asked(desk, verb, {"seat": "standard.7"}))[0] == 403


async def test_an_unknown_room_is_told() -> None:
    """As everywhere."""
    async with open_desk(LANED, admin_token=TOKEN) as desk:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        for verb, body in (("invite", {"lane": "loyal"}), ("revoke", {"seat": "standard.7"})):
            async with desk.client.post(f"/admin/api/v1/rooms/nope/{verb}", json=body, headers=headers) as answer:
                assert answer.status == 404
