"""
Why waits have become longer, as far as a room's snapshots tell.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.adaptation import Adaptation, Limits, Mode, Reading, begin
from waiting_room.core.causes import LEAST_STOP_MS, TOLD_MS, Causes
from waiting_room.core.flow import Flow
from waiting_room.core.lanes import Lane
from waiting_room.core.outcomes import Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.prequeue import Drawn
from waiting_room.core.reasons import Longer, Reason
from waiting_room.core.shop import Shop
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.view import View

FULL = POLICY.capacity
CROWD = range(1, 401)
QUEUE = snapshot(CROWD, issued=CROWD[-1], seats=FULL, admitted=10 * FULL)
LONG = replace(QUEUE, policy=replace(POLICY, idle_timeout_s=3000, max_session_s=6000))
"""A room in which nobody is called by the rate, since its seats are full and last."""
BY_RATE = replace(QUEUE, policy=replace(POLICY, capacity=100_000, adaptive=True), seats=10)
FIXED = replace(BY_RATE, policy=replace(BY_RATE.policy, adaptive=False))
"""Two whose seats suffice for their rate."""


def told(rooms: Iterable[Snapshot], every_ms: int = 1000) -> Longer | None:
    """
    Return what somebody in the queue is told after a worker has seen *rooms*, one each second.
    """
    flow, causes, view = Flow(), Causes(), View(QUEUE)
    for index, room in enumerate(rooms):
        seen = replace(room, now_ms=NOW_MS + index * every_ms)
        flow.see(seen)
        causes.see(seen, flow)
        view = View(seen, flow=flow, causes=causes)
    outcome = view.tell("standard", 300, view.position("standard", 300), stale=False)
    assert isinstance(outcome, Waiting)
    return outcome.longer


def following(room: Snapshot, limit: float, mode: Mode = Mode.FOLLOWING) -> Snapshot:
    """
    Return *room* as it follows a shop that bears *limit* inside.
    """
    law = begin(Reading(NOW_MS, 0, 0, None), Limits(6, 600, room.capacity, 1000, 0.02))
    found: Adaptation = replace(law, limit=limit, mode=mode)
    return replace(room, shop=Shop(adaptation=found), rate_per_minute=0 if mode is Mode.HOLDING else 600)


def test_nothing_is_told_while_nothing_has_changed() -> None:
    """Neither of a room that goes by its seats nor of one that goes by its rate."""
    assert told([LONG] * 5) is None
    assert told([BY_RATE] * 5) is None


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (LONG, replace(LONG, policy=replace(LONG.policy, capacity=FULL // 2)), Longer.SEATS_LOWERED),
        (LONG, replace(LONG, shop=Shop(stock=FULL // 4)), Longer.STOCK_LOW),
        (FIXED, replace(FIXED, rate_per_minute=300), Longer.RATE_LOWERED),
        (following(BY_RATE, 90_000), following(BY_RATE, 40_000), Longer.SHOP_SLOW),
    ],
)  # fmt: skip
def test_the_limit_that_has_lost_most_is_the_reason(before: Snapshot, after: Snapshot, cause: Longer) -> None:
    """Each limit, halved or worse at one moment, and seen so again."""
    assert told([before, before, after, after]) is cause


def test_a_limit_that_was_raised_is_no_reason() -> None:
    """Waits became shorter."""
    lower = replace(LONG, policy=replace(LONG.policy, capacity=FULL // 2))

    assert told([lower, lower, LONG, LONG]) is None


def test_a_small_loss_is_no_reason() -> None:
    """A tenth is within every range."""
    less = replace(LONG, policy=replace(LONG.policy, capacity=FULL * 9 // 10))

    assert told([LONG, LONG, less, less]) is None


def test_a_loss_is_forgotten() -> None:
    """Who comes a quarter of an hour later was never told of anything better."""
    less = replace(LONG, policy=replace(LONG.policy, capacity=FULL // 2))

    assert told([LONG, LONG, *[less] * 45], every_ms=20_000) is None


def test_people_in_a_lane_that_is_served_before_are_a_reason() -> None:
    """The loyal come, and three of four calls go to them."""
    lanes = (Lane("standard", 1.0), Lane("loyal", 3.0))
    alone = replace(BY_RATE, policy=replace(BY_RATE.policy, lanes=lanes))
    empty = replace(alone.standard, presence=snapshot([]).standard.presence)
    before = replace(alone, lanes={"standard": alone.standard, "loyal": empty})
    after = replace(alone, lanes={"standard": alone.standard, "loyal": alone.standard})

    assert told([before, before, after, after]) is Longer.LANES_AHEAD


def test_visits_that_last_longer_are_a_reason() -> None:
    """Seats ended quickly for ten minutes, and then hardly at all."""
    rooms = [replace(QUEUE, admitted=10 * FULL + min(index, 600) * max(1, FULL // 20)) for index in range(1000)]

    assert told(rooms) is Longer.VISITS_LONGER


def test_fewer_who_leave_are_a_reason() -> None:
    """One of a hundred left each second, and then nobody does."""
    rooms = [
        replace(LONG, lanes=snapshot(range(1 + min(i, 60) * 2, 1001), frontier=1, issued=1000).lanes)
        for i in range(240)
    ]

    assert told(rooms) is Longer.FEWER_LEAVE


@pytest.mark.parametrize(
    ("stop", "cause"),
    [
        ({"phase": Phase.PAUSED}, Longer.WAS_PAUSED),
        ({"recover_until_ms": NOW_MS + LEAST_STOP_MS + 2000}, Longer.INTERRUPTED),
    ],
)
def test_a_stop_is_told_when_people_are_called_again(stop: dict[str, Any], cause: Longer) -> None:
    """It lasted as long as is worth a word."""
    stopped = [replace(LONG, **stop)] * (LEAST_STOP_MS // 1000 + 1)

    assert told([LONG, *stopped, LONG, LONG, LONG]) is cause


def test_a_short_stop_is_no_reason() -> None:
    """A pause of ten seconds."""
    assert told([LONG, *[replace(LONG, phase=Phase.PAUSED)] * 10, LONG, LONG]) is None


def test_a_stop_is_told_for_as_long_as_the_page_explains_it() -> None:
    """And no longer."""
    stopped = [replace(BY_RATE, phase=Phase.PAUSED)] * 30

    assert told([BY_RATE, *stopped, *[BY_RATE] * (TOLD_MS // 1000 - 1)]) is Longer.WAS_PAUSED
    assert told([BY_RATE, *stopped, *[BY_RATE] * (TOLD_MS // 1000 + 1)]) is None


def test_a_shop_that_is_down_is_the_reason_while_it_lasts() -> None:
    """Nobody goes in until it is back."""
    down = following(BY_RATE, 500, Mode.HOLDING)

    assert told([BY_RATE, *[down] * 25]) is Longer.SHOP_DOWN


def test_a_draw_begins_anew() -> None:
    """Before it nobody was told of a wait."""
    less = replace(LONG, policy=replace(LONG.policy, capacity=FULL // 2))
    drawn = replace(less, draws=(Drawn(1, NOW_MS, "5" * 64, "", "", (("standard", 1, 400),)),))

    assert told([LONG, LONG, less, less]) is Longer.SEATS_LOWERED
    assert told([LONG, LONG, less, drawn, drawn]) is None


def test_a_worker_on_its_last_knowledge_gives_no_reason() -> None:
    """While Redis is away there is no range either."""
    outcome = View(QUEUE).tell("standard", 300, 300, stale=True)

    assert isinstance(outcome, Waiting)
    assert (outcome.reason, outcome.longer) == (Reason.STORE_AWAY, None)
