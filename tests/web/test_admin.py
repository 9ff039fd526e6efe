"""
The operator's HTTP, with a real lobby on a real Valkey.
"""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from waiting_room.app import now_ms
from waiting_room.core.audit import Head
from waiting_room.core.calendar import Entry
from waiting_room.core.phase import ACTIONS
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.proof import verify
from waiting_room.lobby import Lobby
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore
from waiting_room.web import admin, problems

TOKEN = "the-operators-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROOMS = "/admin/api/v1/rooms"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def lobby(redis_url: str) -> AsyncIterator[Lobby]:
    """
    Open a room called sale with five seats.
    """
    lobby = Lobby(RedisStore(Connection(redis_url)), now_ms)
    await lobby.configure("sale", Policy(capacity=5))
    yield lobby
    await lobby.store.close()


async def serving(lobby: Lobby, token: str | None) -> Client:
    """
    Serve the operator's routes, and nothing else.
    """
    app = web.Application(middlewares=[problems.middleware()])
    app.router.add_routes(admin.routes(lobby, token))
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


@pytest.fixture
async def client(lobby: Lobby) -> AsyncIterator[Client]:
    """
    Serve with a token.
    """
    client = await serving(lobby, TOKEN)
    yield client
    await client.close()


async def asked(client: Client, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
    """
    Return status and document of an operator's call.
    """
    answer = await client.request(method, ROOMS + path, headers=BEARER, **options)
    return answer.status, await answer.json()


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


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_changes_the_phase(client: Client, action: str) -> None:
    """
    The answer is the room in its new phase.
    """
    status, room = await asked(client, "POST", f"/sale/{action}")

    assert (status, room["phase"]) == (200, ACTIONS[action])


async def test_a_pre_queue_says_when_it_ends_and_an_opening_names_the_beacon(client: Client) -> None:
    """
    The seed is in no answer before the opening; without the announced value nothing is opened.
    """
    body = {"opens_at_ms": 4_000_000_000_000, "beacon_source": "drand 5"}
    _, begun = await asked(client, "POST", "/sale/prequeue", json=body)
    status, refused = await asked(client, "POST", "/sale/open")
    _, still = await asked(client, "GET", "/sale")
    _, opened = await asked(client, "POST", "/sale/open", json={"beacon": "8e5c1b"})

    assert (begun["phase"], begun["opens_in_s"] > 0, begun["draws"][0]["seed"]) == ("prequeue", True, None)
    assert (status, "drand 5" in str(refused), still["phase"]) == (422, True, "prequeue")
    assert (opened["phase"], opened["draws"][0]["beacon"]) == ("open", "8e5c1b")


@pytest.mark.parametrize(
    ("action", "body", "where"),
    [
        (
            "prequeue",
            {"opens_at_ms": 5, "beacon_source": "a\tb", "opens": 1},
            ["opens", "opens_at_ms", "beacon_source"],
        ),
        ("prequeue", {"opens_at_ms": 5, "opens_at": "09:00"}, ["opens_at"]),
        ("prequeue", {"opens_at": "noon"}, ["opens_at"]),
        ("open", {"beacon": 7, "seed": "x"}, ["seed", "beacon"]),
        ("open", {"beacon": "8e5c1b"}, ["beacon"]),
    ],
)
async def test_what_means_nothing_to_a_pre_queue_is_refused(
    client: Client, action: str, body: dict[str, Any], where: list[str]
) -> None:
    """
    All faults at once, and nothing is changed.
    """
    status, document = await asked(client, "POST", f"/sale/{action}", json=body)

    assert status == 422
    assert [fault["where"] for fault in document["faults"]] == where
    assert (await asked(client, "GET", "/sale"))[1]["phase"] == "open"


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


async def test_an_unknown_action_is_not_found(client: Client) -> None:
    """
    Only the five actions exist.
    """
    status, _ = await asked(client, "POST", "/sale/explode")

    assert status == 404


async def refused(client: Client, headers: dict[str, str]) -> ClientResponse:
    """
    Try to pause the room.
    """
    session: ClientSession = client.session
    return await session.post(client.make_url(f"{ROOMS}/sale/pause"), headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer žluťoučký"},
    ],
)
async def test_without_the_token_nothing_happens(client: Client, lobby: Lobby, headers: dict[str, str]) -> None:
    """
    401, the way to authenticate, and a room that goes on as before.
    """
    answer = await refused(client, headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await answer.json())["reason"] == "admin_token_refused"
    assert lobby.admin_state("sale")["phase"] == "open"


async def test_without_a_configured_token_the_answer_says_how_to_set_one(lobby: Lobby) -> None:
    """
    No token, no access for anybody: 403 with the names of the settings.
    """
    client = await serving(lobby, None)
    answer = await refused(client, {"Authorization": "Bearer "})
    problem = await answer.json()
    await client.close()

    assert answer.status == 403
    assert "WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE" in problem["detail"]


async def test_changes_are_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """
    Each change leaves a line with the room, what was done, and from where.
    """
    with caplog.at_level(logging.INFO, "waiting_room.web.admin"):
        await asked(client, "POST", "/sale/pause")
        await asked(client, "PATCH", "/sale", json={"capacity": 6})

    paused, changed = (vars(record) for record in caplog.records)
    assert (paused["room"], paused["action"], paused["by"]) == ("sale", "pause", "127.0.0.1")
    assert (changed["room"], changed["policy"]["capacity"]) == ("sale", 6)


async def test_redis_out_of_reach_is_a_503_to_change_and_no_hindrance_to_look() -> None:
    """
    The last known state is shown; a change is refused with Retry-After.
    """
    lobby = Lobby(RedisStore(Connection("redis://127.0.0.1:1/0")), now_ms)
    client = await serving(lobby, TOKEN)
    status, _ = await asked(client, "GET")
    answer = await client.put(f"{ROOMS}/sale", headers=BEARER, json={})
    await client.close()
    await lobby.store.close()

    assert status == 200
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


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


async def test_a_pause_may_be_a_break(client: Client) -> None:
    """
    With its end in seconds and words of its own; resuming ends it.
    """
    status, paused = await asked(client, "POST", "/sale/pause", json={"for_s": 900, "message": "Back soon"})
    _, resumed = await asked(client, "POST", "/sale/resume")

    assert (status, paused["phase"], paused["message"]) == (200, "paused", "Back soon")
    assert 890 < paused["resumes_in_s"] <= 900
    assert (resumed["phase"], resumed["resumes_in_s"], resumed["message"]) == ("open", None, "")


@pytest.mark.parametrize(
    ("action", "body"), [("pause", {"for_s": -5}), ("pause", {"until": "noon"}), ("close", {"for_s": 5}), ("pause", [])]
)
async def test_a_body_that_means_nothing_changes_nothing(client: Client, action: str, body: object) -> None:
    """
    It is refused with what is wrong and what to do.
    """
    status, document = await asked(client, "POST", f"/sale/{action}", json=body)
    _, shown = await asked(client, "GET", "/sale")

    assert (status, shown["phase"]) == (422, "open")
    assert all(fault["what"] for fault in document["faults"])


async def test_a_rate_that_is_set_by_hand_ends_the_schedules(client: Client, lobby: Lobby) -> None:
    """
    Even if it is the one of the settings; another setting leaves the schedule's alone.
    """
    await lobby.configure("market", Policy(schedule=(Entry("2020-01-01 09:00", "rate", 60),)))
    _, other = await asked(client, "PATCH", "/market", json={"capacity": 7})
    _, same = await asked(client, "PATCH", "/market", json={"rate_per_minute": 600})

    assert (other["rate_per_minute"], same["rate_per_minute"]) == (60, 600)


@pytest.mark.parametrize("rate", [30, 0, None])
async def test_the_rate_is_taken_and_given_back(client: Client, rate: int | None) -> None:
    """
    The answer tells the rate by hand, null when the room has it back.
    """
    status, room = await asked(client, "POST", "/sale/override", json={"rate_per_minute": rate})

    assert (status, room["shop"]["override"]) == (200, rate)


async def test_the_stock_is_told(client: Client) -> None:
    """
    Three units are left: three seats.
    """
    status, room = await asked(client, "POST", "/sale/stock", json={"units": 3})

    assert (status, room["shop"]["stock"], room["capacity"]) == (200, 3, 3)


async def test_a_room_is_closed_as_sold_out(client: Client) -> None:
    """
    The phase says closed, and the room why.
    """
    status, room = await asked(client, "POST", "/sale/sold-out")

    assert (status, room["phase"], room["sold_out"]) == (200, "closed", True)


@pytest.mark.parametrize(
    "body", [{}, {"units": -1}, {"units": 1.5}, {"units": True}, {"units": 1, "more": 2}, {"n": 1}]
)
async def test_a_stock_that_is_no_number_is_refused(client: Client, body: dict[str, Any]) -> None:
    """
    The fault says what to send.
    """
    status, document = await asked(client, "POST", "/sale/stock", json=body)

    assert status == 422
    assert "units" in document["faults"][0]["remedy"]
