"""
Engines that break a promise each: every check of the simulator finds its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.simulation.makings import RUSH, favour_the_first
from waiting_room.core import calendar, pacing, plan
from waiting_room.core.phase import Phase
from waiting_room.core.plan import LaneStep
from waiting_room.core.snapshot import LaneSnapshot
from waiting_room.entrance import Entrance
from waiting_room.ports import ClaimCode, RedeemCode, Redemption
from waiting_room.simulation import CALM, BreachError, Change, People, Scenario, simulate
from waiting_room.simulation.catalogue import SCENARIOS
from waiting_room.simulation.present import Present
from waiting_room.store import memory_step
from waiting_room.store.memory import MemoryStore
from waiting_room.store.memory_rights import MemoryRights
from waiting_room.store.memory_room import MemoryRoom

pytestmark = pytest.mark.apart

CROWD = replace(RUSH, faults=CALM, workers=2, visitors=160, people=People(session_s=15, page_s=8))
VANISHING = replace(CROWD, visitors=300, changes=(Change(30, vanishes=0.6),), people=People(session_s=60, page_s=20))
Plant = Callable[[pytest.MonkeyPatch], None]


def breach(scenario: Scenario) -> BreachError:
    """Return the promise that breaks."""
    with pytest.raises(BreachError) as caught:
        simulate(scenario)
    return caught.value


def count_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show everybody how many numbers stand before theirs, whoever is there."""
    monkeypatch.setattr(LaneSnapshot, "position", lambda lane, rank: max(0, rank - lane.frontier + 1))


def flatter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show everybody half of their position."""
    real = LaneSnapshot.position
    monkeypatch.setattr(LaneSnapshot, "position", lambda lane, rank: -(-real(lane, rank) // 2))


def keep_ghosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who was there once be there for ever; positions would tell as well."""
    monkeypatch.setattr(Present, "bounds", lambda *_: None)
    real = memory_step._commit_lane

    def commit(state: MemoryRoom, name: str, change: LaneStep, now_ms: int, *, rotate: bool) -> None:
        real(state, name, change, now_ms, rotate=rotate)
        lane = state.lane(name)
        if rotate:
            lane.present.join(0, bytes(lane.before.bits))

    monkeypatch.setattr(memory_step, "_commit_lane", commit)


def call_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave all who wait where they are."""
    monkeypatch.setattr(pacing, "calls_due", lambda *_: 0.0)


def call_ghosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call one at a time, and wait for each who does not come for ever."""
    monkeypatch.setattr(pacing, "expected", lambda cohorts, *_: sum(c.present - c.claimed for c in cohorts) * 10.0)


def open_in_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let in who was called, though the room is paused."""
    real = MemoryStore._rests

    def rest(store: MemoryStore, state: MemoryRoom) -> ClaimCode | None:
        found = real(store, state)
        return None if found is ClaimCode.PAUSED else found

    monkeypatch.setattr(MemoryStore, "_rests", rest)


def call_before_the_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the frontier by one with each step, whatever the room waits for."""
    real = plan._lane_steps

    def steps(*arguments: Any) -> Mapping[str, LaneStep]:
        return {name: replace(step, frontier=step.frontier + 1) for name, step in real(*arguments).items()}

    monkeypatch.setattr(plan, "_lane_steps", steps)


def draw_by_another_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise one seed, and draw by another."""
    real = MemoryRoom.change_phase

    def change(state: MemoryRoom, phase: Phase, *more: Any, **options: Any) -> None:
        if phase is Phase.OPEN and state.draws.seed:
            state.draws.seed = "5" * 64
        real(state, phase, *more, **options)

    monkeypatch.setattr(MemoryRoom, "change_phase", change)


def read_no_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take all local times for those of winter."""
    real = calendar._ms

    def instant_ms(time: Any, zone: Any) -> int:
        summer_ms = 0 if time.tzinfo else int(time.replace(tzinfo=zone).dst().total_seconds() * 1000)
        return real(time, zone) + summer_ms

    monkeypatch.setattr(calendar, "_ms", instant_ms)
    monkeypatch.setattr(calendar, "appointments", calendar.appointments.__wrapped__)
    monkeypatch.setattr(calendar, "conflicts", lambda *_: ())


def oversleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carry the schedule out two seconds after its instants."""
    real = calendar.due
    monkeypatch.setattr(
        calendar, "due", lambda planned, after_ms, now_ms: real(planned, after_ms - 2000, now_ms - 2000)
    )


def count_no_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take an invitation as often as it is shown."""
    real = MemoryRights.redeem

    def redeem(rights: MemoryRights, use: Redemption, now_ms: int) -> RedeemCode:
        return real(rights, use._replace(uses=1_000_000), now_ms)

    monkeypatch.setattr(MemoryRights, "redeem", redeem)


def ask_for_no_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who bears a link join its lane, whatever the store says of it."""

    async def nothing(*_: object) -> None:
        """Refuse nobody."""

    monkeypatch.setattr(Entrance, "_refusal", nothing)


def named(name: str, scenario: Scenario = CROWD) -> Scenario:
    """Return *scenario* as it is played under *name*."""
    return SCENARIOS[name].make(scenario)


PAUSED = replace(CROWD, changes=(Change(30, phase=Phase.PAUSED), Change(40, phase=Phase.OPEN)))
THERE = "the position that is shown counts who is there"
INVITED = "an invitation lets in as many as it is for"
DRAW = "a draw is the one that was promised, and is held once"
SCHEDULE = "the schedule is carried out at its instants"
ON = "somebody is called while one waits, a seat is free and the pace allows it"


@pytest.mark.parametrize(
    ("plant", "scenario", "promise"),
    [
        (count_numbers, VANISHING, THERE),
        (flatter, CROWD, THERE),
        (keep_ghosts, VANISHING, "who has gone costs no call after two presence slots"),
        (call_nobody, CROWD, ON),
        (call_ghosts, replace(CROWD, people=People(no_shows=0.9)), ON),
        (open_in_a_pause, PAUSED, "nobody goes in while the room lets nobody in"),
        (call_before_the_draw, named("draw"), DRAW),
        (draw_by_another_seed, named("draw"), DRAW),
        (read_no_summer_time, named("clocks-forward"), SCHEDULE),
        (oversleep, named("clocks-back"), SCHEDULE),
        (count_no_uses, named("invitations"), INVITED),
        (ask_for_no_invitation, named("invitations"), INVITED),
        (favour_the_first, named("lanes"), "no lane gets less than its part of the calls"),
        (favour_the_first, named("lanes-strict"), "no lane gets less than its part of the calls"),
    ],
)
def test_a_break_is_found_out(monkeypatch: pytest.MonkeyPatch, plant: Plant, scenario: Scenario, promise: str) -> None:
    """Each plant breaks the promise that it is about."""
    plant(monkeypatch)

    assert breach(scenario).promise == promise
