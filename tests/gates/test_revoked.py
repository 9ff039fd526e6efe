"""
Whom the operator has turned away stays out, at every gate, whatever else is away.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.gates.makings import KEYRING, NOW_MS, ROOM, pass_text, request, settings, stage_text, visitor_text
from tests.gates.service import Service, get, now_ms, scene
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.core.revoked import Revoked
from waiting_room.gates.core import Allow, GateCore, Outcome, SendToWait
from waiting_room.gates.ledger import GateAnswer, Ledger, RoomState, read_answer
from waiting_room.gates.requests import Request

UNTIL_MS = NOW_MS + 1000
SEAT = Revoked("1.1", seats={"standard.7": UNTIL_MS})
VISITOR = Revoked("1.1", visitors={"anna": UNTIL_MS})
OPEN = {"phase": "open", "straight": False, "gone": [], "now_ms": 1}


def _decide(asked: Request, state: RoomState, now_ms: int = NOW_MS, **changed: Any) -> Outcome:
    return GateCore(settings(**changed), KEYRING).decide(asked, state, now_ms)


@pytest.mark.parametrize("revoked", [SEAT, VISITOR], ids=["seat", "visitor"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_revoked_pass_is_refused_forms_and_payments_as_well(revoked: Revoked, method: str) -> None:
    """
    No grace: the operator has said so. Until its time is over, and no longer.
    """
    asked = request(method=method, pass_=pass_text(), stage=stage_text(NOW_MS - 1))
    state = RoomState(phase="open", revoked=revoked)
    outcome = _decide(asked, state)

    assert isinstance(outcome, SendToWait)
    assert outcome.reason is Reason.REVOKED
    assert isinstance(_decide(asked, state, UNTIL_MS), Allow)


@pytest.mark.parametrize("rule", ["static", "open", "closed"])
@pytest.mark.parametrize("state", [RoomState(down=True), RoomState(opened=True), RoomState(straight=True)])
def test_no_outage_lets_a_revoked_visitor_in(rule: str, state: RoomState) -> None:
    """
    Not by an open door, not straight in, not with a pass and not without one.
    """
    for asked in (request(pass_=pass_text()), request(visitor=visitor_text())):
        outcome = _decide(asked, replace(state, revoked=VISITOR), when_service_down=rule)

        assert isinstance(outcome, SendToWait)
        assert outcome.reason is Reason.REVOKED


def test_others_are_let_in() -> None:
    """
    Nobody is turned away for another one's sake.
    """
    others = Revoked("1.1", seats={"standard.8": UNTIL_MS}, visitors={"ben": UNTIL_MS})

    assert isinstance(_decide(request(pass_=pass_text()), RoomState(phase="open", revoked=others)), Allow)


def test_answer_names_seats_and_visitors() -> None:
    """
    Each with its time.
    """
    entries = [{"seat": "a", "until_ms": 5}, {"visitor": "b", "until_ms": 6}]

    assert read_answer(OPEN | {"revoked_version": "1.2", "revoked": entries}).revoked == Revoked(
        "1.2", {"a": 5}, {"b": 6}
    )


def test_store_that_lost_its_list_lets_nobody_in() -> None:
    """
    A new epoch's list may not be whole yet; what was known holds until its time.
    """
    ledger = Ledger(0)
    for version, revoked in (("1.1", SEAT), ("2.0", Revoked("2.0"))):
        ledger.heard(ledger.take(1), GateAnswer("open", straight=True, gone=(), now_ms=1, revoked=revoked), 1)
        assert ledger.state.revoked.version == version

    assert ledger.state.revoked.seats == SEAT.seats
    ledger.heard(ledger.take(1), GateAnswer("open", straight=True, gone=(), now_ms=1, revoked=Revoked("2.1")), 1)
    assert not ledger.state.revoked


@pytest.mark.parametrize("more", [{}, {"revoked_version": "1.1", "revoked": None}, {"revoked": [], "degraded": True}])
def test_answer_without_news_changes_nothing(more: dict[str, Any]) -> None:
    """
    Nothing new, an older service, or one that has lost its store: the gate keeps what it knew.
    """
    ledger = Ledger(0)
    ledger.heard(ledger.take(1), GateAnswer("open", straight=True, gone=(), now_ms=1, revoked=SEAT), 1)
    ledger.heard(ledger.take(2), read_answer(OPEN | more), 2)

    assert ledger.state.revoked == SEAT
    assert ledger.take(3).body("g")["revoked_version"] == "1.1"


def test_lost_store_tells_no_list_of_its_own() -> None:
    """
    What a degraded service remembers may be older than what the gate has heard.
    """
    document = OPEN | {"degraded": True, "revoked_version": "1.0", "revoked": []}

    assert read_answer(document).revoked is None


async def test_revoked_pass_is_out_after_the_next_report() -> None:
    """
    The service's answer takes effect at once; a program is told the reason.
    """
    service = Service()
    async with scene(service) as at:
        await at.admitted()
        assert (await get(at.client)).status == 200
        until_ms = now_ms() + 60_000
        service.more = {"revoked_version": "1.1", "revoked": [{"visitor": "anna", "until_ms": until_ms}]}
        await at.reported()
        answer = await at.client.get("/x", headers={"Accept": "application/json"})

        assert (await get(at.client)).status == 303
        assert (answer.status, (await answer.json())["reason"]) == (429, "revoked")
        assert service.reports[-1]["revoked_version"] == "1.1"


async def test_cap_of_payments_is_heard() -> None:
    """
    The room's own cap takes the place of the default.
    """
    async with scene(Service(more={"payment_cap_s": 60})) as at:
        await at.admitted()
        await at.reported()
        answer = await get(at.client, "/says/payment")

        assert int(answer.cookies[wire.stage_cookie(ROOM)]["max-age"]) == 360
