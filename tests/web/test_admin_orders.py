"""
The operator's orders: phases, pre-queue and opening, breaks, the rate by hand, the stock.
"""

from typing import Any

import pytest

from tests.web.office import Client, asked
from waiting_room.core.calendar import Entry
from waiting_room.core.phase import ACTIONS
from waiting_room.core.policy import Policy
from waiting_room.lobby import Lobby


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_changes_the_phase(client: Client, action: str) -> None:
    """
    The answer is the room in its new phase.
    """
    status, room = await asked(client, "POST", f"/sale/{action}")

    assert (status, room["phase"]) == (200, ACTIONS[action])


async def test_an_unknown_action_is_not_found(client: Client) -> None:
    """
    Only the five actions exist.
    """
    status, _ = await asked(client, "POST", "/sale/explode")

    assert status == 404


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


async def test_a_room_is_closed_as_sold_out(client: Client) -> None:
    """
    The phase says closed, and the room why.
    """
    status, room = await asked(client, "POST", "/sale/sold-out")

    assert (status, room["phase"], room["sold_out"]) == (200, "closed", True)
