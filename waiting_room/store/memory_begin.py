"""
How a room in memory comes to be: new, or put back from what somebody remembers of it.
"""

from collections.abc import Mapping

from waiting_room.core import plan as steps
from waiting_room.core import polling
from waiting_room.core.agenda import NO_RATE, Agenda, first_phase, first_rate
from waiting_room.core.audit import Act
from waiting_room.core.policy import Policy
from waiting_room.core.presence import chunk_of
from waiting_room.core.shop import encode
from waiting_room.core.snapshot import Snapshot
from waiting_room.store.memory_room import MemoryRoom
from waiting_room.store.replies import numbers_of


def begun(policy: Policy, now_ms: int) -> MemoryRoom:
    """
    Return a new room, which begins as its schedule says.
    """
    room = MemoryRoom(policy, numbers_of(policy), now_ms, polling.slot_ms(0, policy), now_ms, now_ms)
    room.born = room.began = now_ms
    room.phase = first_phase(policy.planned, now_ms)
    room.agenda = Agenda(scheduled_ms=now_ms, rate_step=first_rate(policy.planned, now_ms))
    room.rate = policy.rate_per_minute if room.agenda.rate_step == NO_RATE else room.agenda.rate_step
    room.journal.note(Act.CREATED, now_ms, ())
    room.journal.note(Act.PHASE, now_ms, [room.phase.value])
    return room


def put_back(known: MemoryRoom | None, last: Snapshot, highest: Mapping[str, int], now_ms: int) -> MemoryRoom | None:
    """
    Return a lost room as it was in *last*, with the *highest* numbers that are known: what is left of it, *known*,
    brought up to that, or a new one. None where nothing is to be put back any more.
    """
    state = known or _lost(last, now_ms)
    if known is None or last.seniority > state.seniority:
        _recover(state, last, now_ms)
    elif now_ms >= state.recover_until:
        return None
    if known is None or last.head.sequence > state.journal.head.sequence:
        state.journal.note(Act.REMEMBERED, now_ms, last.head[:2] if last.head.sequence else ())
    _put_draws_back(state, last, now_ms)
    for name, lane in last.lanes.items():
        mark = max(lane.issued, highest.get(name, 0), lane.high_water)
        there = state.lane(name)
        if lane.frontier > there.frontier:
            state.journal.note(Act.CALLED, now_ms, [name, there.frontier, lane.frontier, 0])
        there.remember_gaps(lane.gaps)
        there.leave_out(max(lane.issued, highest.get(name, 0)), mark)
        there.lift(mark, lane.frontier, mark + steps.MARK_STEP)
        if last.round == state.draws.round:
            there.present.join(chunk_of(lane.frontier), last.checked_in(name))
    state.admitted = max(state.admitted, last.admitted)
    state.version += 1
    return state


def _lost(last: Snapshot, now_ms: int) -> MemoryRoom:
    """
    Return a room with the settings, the rate and the shop of *last*; how the shop fares is told anew.
    """
    state = MemoryRoom(last.policy, numbers_of(last.policy), now_ms, last.slot_ms, now_ms, now_ms, epoch=0, version=0)
    state.rate, state.journal.head = last.rate_per_minute, last.head
    state.supply(last.shop.stock)
    state.override, state.sold_out = last.shop.override, last.shop.sold_out
    state.adaptation = encode(last.shop.adaptation)
    return state


def _recover(state: MemoryRoom, last: Snapshot, now_ms: int) -> None:
    """
    Begin a new epoch after that of *last*: admissions rest for a while.
    """
    state.epoch, state.born, state.began = max(last.epoch, state.epoch) + 1, last.born_ms, now_ms
    state.phase, state.agenda = last.phase, last.agenda
    state.recover_until = now_ms + steps.RECOVERY_MS
    state.tokens, state.tokens_at = 0, now_ms
    state.owner, state.owner_until = "", 0
    state.ended = 0
    state.journal.note(Act.EPOCH, now_ms, [state.epoch])
    state.journal.note(Act.PHASE, now_ms, [state.phase.value])


def _put_draws_back(state: MemoryRoom, last: Snapshot, now_ms: int) -> None:
    """
    Take over the draws that *last* knows of, where the room has lost them.

    Where the slot of the last one was not over, it begins anew: those who were drawn have the time of one to check in.
    """
    if state.draws.take_over(state.lanes, last):
        state.phase = last.phase
        state.journal.note(Act.PHASE, now_ms, [last.phase.value])
        if last.assumed:
            state.slot_at = now_ms
    if last.round < state.draws.round:
        return
    state.draws.take_over_promise(last)
    for name, remembered in last.lanes.items():
        state.lane(name).draw_first = state.lane(name).draw_first or remembered.early_from
