"""
The operator's rooms over HTTP: looked at, made, changed, and their admission logs.
"""

import pytest

from tests.web.office import Client, asked
from waiting_room.core.audit import Head
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.proof import verify
from waiting_room.lobby import Lobby


async def test_the_rooms_are_listed(client: Client) -> None:
    """
    All rooms come with their state and settings.
    """
    status, document = await asked(client, "GET")

    assert status == 200
    assert [(room["room"], room["phase"], room["policy"]["capacity"]) for room in document["rooms"]] == [
        ("sale", "open", 5)
    ]


async def test_a_room_is_shown(client: Client) -> None:
    """
    One room's document has what operators and programs watch.
    """
    status, room = await asked(client, "GET", "/sale")

    assert status == 200
    promised = {"room", "phase", "policy", "seats", "seats_peak", "issued", "frontier", "waiting", "admitted_total"}
    assert promised | {"expected", "version", "epoch"} <= set(room)


async def test_put_replaces_all_settings(client: Client) -> None:
    """
    What a PUT leaves out takes its default.
    """
    status, room = await asked(client, "PUT", "/sale", json={"rate_per_minute": 60})

    assert status == 200
    assert room["policy"] == Policy(rate_per_minute=60).as_dict()


async def test_put_creates_a_room(client: Client, lobby: Lobby) -> None:
    """
    A PUT on a new name makes the room, and says so by 201.
    """
    status, room = await asked(client, "PUT", "/autumn", json={"capacity": 3})

    assert (status, room["phase"], room["policy"]["capacity"]) == (201, "open", 3)
    assert await lobby.store.rooms() == ("autumn", "sale")


async def test_lanes_are_put_and_kept(client: Client) -> None:
    """
    A table of lanes keeps its order; a change of something else leaves it alone.
    """
    lanes = {"loyal": {"weight": 3, "entry": "invitation"}, "standard": {}}
    await asked(client, "PUT", "/sale", json={"lanes": lanes, "lane_order": "strict"})
    _, state = await asked(client, "PATCH", "/sale", json={"capacity": 9})
    _, refused = await asked(client, "PATCH", "/sale", json={"lanes": {"loyal": {}}})

    assert list(state["policy"]["lanes"]) == list(state["lanes"]) == ["loyal", "standard"]
    assert state["policy"]["lanes"]["loyal"] == {"weight": 3.0, "floor": 0.0, "entry": "invitation"}
    assert "there is no lane standard" in str(refused)


async def test_patch_changes_what_is_named(client: Client) -> None:
    """
    A PATCH leaves other settings as they are.
    """
    status, room = await asked(client, "PATCH", "/sale", json={"rate_per_minute": 60})

    assert status == 200
    assert room["policy"] == Policy(capacity=5, rate_per_minute=60).as_dict()


async def test_wrong_settings_change_nothing(client: Client, lobby: Lobby) -> None:
    """
    All faults come in one problem document, and the room stays as it was.
    """
    status, problem = await asked(client, "PATCH", "/sale", json={"capacity": -1, "rate": 3})

    assert status == 422
    assert [fault["where"] for fault in problem["faults"]] == ["sale.rate", "sale.capacity"]
    assert lobby.policy("sale") == Policy(capacity=5)


@pytest.mark.parametrize(
    ("body", "what"),
    [(b"{", "is no JSON"), (b"[]", "is no object"), (b"\xff", "is no JSON"), (b"[" * 50_000, "is no JSON")],
)
async def test_a_body_that_is_no_object_is_told(client: Client, body: bytes, what: str) -> None:
    """
    Nonsense is a fault, not a stack trace.
    """
    status, problem = await asked(client, "PUT", "/sale", data=body)

    assert status == 422
    assert what in problem["faults"][0]["what"]


async def test_a_bad_name_makes_no_room(client: Client) -> None:
    """
    A room's name is checked before anything is stored.
    """
    status, problem = await asked(client, "PUT", "/Gate", json={})

    assert status == 422
    assert "is no room name" in problem["faults"][0]["what"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nope"), ("PATCH", "/nope"), ("POST", "/nope/pause")])
async def test_an_unknown_room_is_told(client: Client, method: str, path: str) -> None:
    """
    404 with the reason in the document.
    """
    status, problem = await asked(client, method, path, json={})

    assert (status, problem["reason"]) == (404, "room_unknown")


async def test_the_admission_log_is_told_in_pages(client: Client, lobby: Lobby) -> None:
    """
    A page holds records as they stand in the store; the next one goes on where it ended, until there is none.
    """
    step = plan(await lobby.store.snapshot("sale"), "test")
    assert step is not None
    assert await lobby.store.advance("sale", step)
    await lobby.refresh("sale")
    status, page = await asked(client, "GET", "/sale/audit")
    _, last = await asked(client, "GET", f"/sale/audit?after={page['next']}")

    assert (status, page["room"], page["next"], last["records"], last["next"]) == (200, "sale", 1, [], None)
    assert verify(page["records"], [Head.parse(page["head"])]).flaws == ()


async def test_a_page_after_no_number_is_refused(client: Client) -> None:
    """
    With the fault named, and for an unknown room as anywhere.
    """
    assert [(await asked(client, "GET", f"/sale/audit?after={text}"))[0] for text in ("x", "-1", "9" * 40)] == [422] * 3
    assert (await asked(client, "GET", "/none/audit"))[0] == 404
