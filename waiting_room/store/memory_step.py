"""
What a step of the controller does to a room in memory.
"""

from dataclasses import replace

from waiting_room.core import plan as steps
from waiting_room.core.audit import Act
from waiting_room.core.opening import Opening
from waiting_room.core.plan import Advance, LaneStep
from waiting_room.core.shop import encode
from waiting_room.core.snapshot import Cohort
from waiting_room.store.bitmap import Bitmap
from waiting_room.store.memory_room import MemoryRoom


def commit(state: MemoryRoom, step: Advance, now_ms: int) -> None:
    """
    Carry out a step that was planned for the room as it is.
    """
    state.refill(now_ms)
    if step.link is not None:
        state.journal.write_down(step.link, step.records_kept)
    for name, change in step.lanes.items():
        _commit_lane(state, name, change, now_ms, rotate=step.rotate)
    if step.rotate:
        state.slot_at, state.draws.assumed = now_ms, False
    state.slot_ms = step.slot_ms
    before, state.rate = state.limits, step.rate_per_minute
    state.crowded = state.crowded if step.crowded_ms is None else step.crowded_ms
    if state.limits != before:
        state.turn(now_ms)
    state.shadow = state.shadow if step.shadow is None else step.shadow.to_text()
    asked = step.orders
    if asked.phase is not None:
        state.change_phase(asked.phase, now_ms, asked.resume_at_ms, opening=Opening("", step.slot_ms, step.no_show))
    state.agenda = replace(state.agenda, scheduled_ms=asked.scheduled_ms, rate_step=asked.rate_step)
    state.version += 1
    state.owner, state.owner_until = step.owner, now_ms + steps.OWNER_MS
    state.expected = round(step.expected * 1000)
    state.adaptation = encode(step.adaptation)
    state.no_show, state.leaving = round(step.no_show * 1e6), round(step.leaving_per_s * 1e6)
    state.ended, state.turnover = step.ended, round(step.turnover_per_s * 1e6)
    state.lost, state.ticked = 0, now_ms


def _commit_lane(state: MemoryRoom, name: str, change: LaneStep, now_ms: int, *, rotate: bool) -> None:
    lane = state.lane(name)
    frontier = max(lane.frontier, change.frontier)
    if change.called:
        lane.calls.note(Cohort(now_ms, lane.frontier, frontier, change.called))
    if frontier > lane.frontier:
        state.journal.note(Act.CALLED, now_ms, [name, lane.frontier, frontier, change.called])
    lane.frontier, lane.credit = frontier, round(change.credit * 1e6)
    lane.high_water = max(lane.high_water, change.high_water)
    if rotate:
        lane.before, lane.present = lane.present, Bitmap()
