"""
One step of the controller: from a snapshot to what is to be committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from waiting_room.core import estimate, opening, pacing, polling
from waiting_room.core.adaptation import Adaptation
from waiting_room.core.agenda import Orders, orders
from waiting_room.core.lanes import share
from waiting_room.core.phase import Phase
from waiting_room.core.presence import Presence
from waiting_room.core.recording import Link, link
from waiting_room.core.shadow import Look, Shadow, watch
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.core.standby import crowded_since_ms
from waiting_room.core.steering import steer

OWNER_MS: Final = 2000
"""A controller that is silent for two seconds loses the room to the next worker."""
MARK_STEP: Final = 50_000
"""The high-water mark is raised this far ahead: 6 KiB of bitmap if all of it becomes a gap."""
RECOVERY_MS: Final = 3000
"""Admissions and new numbers rest this long after a loss: gates report every second, workers flush every second, and
each has read the room anew by then."""
PATIENCE_MS: Final = 2000
"""A room that is missing is not made anew before others had this long to put it back: a worker that remembers it asks
for it every second, or every three quarters while the store is away, and puts it back in the same step."""
_TELLING: Final = 100
_STEPS_AHEAD: Final = 4
"""Whoever is next in line tells who is silent: those of a second's steps, and at least a hundred."""


@dataclass(frozen=True, slots=True)
class LaneStep:
    """
    Hold what one step does in a lane: *called* people in [old frontier, *frontier*) are called, and *credit* calls are
    still owed to it. The lane's ranks that wait or may come back reach from *low* to *high*.
    """

    frontier: int
    called: int
    credit: float
    high_water: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Advance:
    """
    Hold the commands of one step; they are committed only if the room is still at *version*.

    *rate_per_minute* is the rate in force from now on, at which the door lets in; *adaptation* is what the law that
    found it remembers. *orders* are what schedule and break ask for. *crowded_ms* and *shadow* are as in the snapshot,
    None where they stay. The presence slot lasts *slot_ms*; where *rotate* is set a new one begins in every lane, for
    the ranks from its *low* to its *high*, of the *round*-th draw. *link* is the record that is chained to the
    admission log, where one is due; the log keeps its last *records_kept*.
    """

    version: int
    epoch: int
    owner: str
    lanes: Mapping[str, LaneStep]
    rate_per_minute: int
    expected: float
    no_show: float
    leaving_per_s: float
    rotate: bool
    slot_ms: int
    orders: Orders
    round: int = 0
    link: Link | None = None
    records_kept: int = 0
    crowded_ms: int | None = None
    shadow: Shadow | None = None
    ended: int = 0
    turnover_per_s: float = 0.0
    adaptation: Adaptation | None = None

    @property
    def called(self) -> int:
        """
        Return how many people are called, in all lanes.
        """
        return sum(lane.called for lane in self.lanes.values())


def plan(known: Snapshot, owner: str) -> Advance | None:
    """
    Return the next step for *owner*, or None while another controller holds the room.
    """
    if known.owner not in {"", owner} and known.now_ms < known.owner_until_ms:
        return None
    asked = _asked(known)
    draws = known.gathering and asked.phase is not None and asked.phase.admits
    drawing = opening.opening_of(known) if draws else None
    agenda = replace(known.agenda, rate_step=asked.rate_step)
    snapshot = replace(known, agenda=agenda, phase=asked.phase or known.phase)
    rate, adaptation = steer(snapshot)
    snapshot = replace(snapshot, rate_per_minute=rate)
    mature = pacing.mature_ms(snapshot)
    no_show = drawing.no_show if drawing else pacing.measured_no_show(snapshot, mature)
    still_expected, due = _due(snapshot, no_show, mature)
    lanes = _lane_steps(snapshot, due)
    slot_ms = _slot_ms(snapshot)
    rotate = snapshot.now_ms - snapshot.slot_at_ms >= slot_ms
    return Advance(
        version=snapshot.version,
        epoch=snapshot.epoch,
        owner=owner,
        lanes=lanes,
        rate_per_minute=rate,
        adaptation=adaptation,
        expected=still_expected + sum(lane.called for lane in lanes.values()) * (1 - no_show),
        no_show=_after_turn(snapshot, no_show, due) if rotate else no_show,
        leaving_per_s=_leaving(snapshot) if rotate and not snapshot.assumed else snapshot.leaving_per_s,
        rotate=rotate,
        slot_ms=drawing.slot_ms if drawing else _next_slot_ms(snapshot, slot_ms) if rotate else slot_ms,
        orders=asked,
        round=snapshot.round,
        link=link(known),
        records_kept=known.policy.audit_records,
        crowded_ms=None if (crowded := crowded_since_ms(known)) == known.crowded_ms else crowded,
        shadow=_watched(snapshot) if snapshot.in_shadow else None,
        ended=pacing.ended(snapshot),
        turnover_per_s=pacing.turnover_per_s(snapshot),
    )


def _asked(known: Snapshot) -> Orders:
    """
    Return what schedule and break ask for; an opening that waits for a beacon's value is the operator's, and one that
    is planned before the operator's own time does not happen.
    """
    asked = orders(known.agenda, known.policy.planned, known.phase, known.now_ms)
    awaits = known.promise is not None and known.promise.source != ""
    too_soon = known.gathering and known.opens_at_ms > known.now_ms and asked.phase is Phase.OPEN
    if too_soon or (awaits and asked.phase is not None and asked.phase.admits):
        return replace(asked, phase=None)
    return asked


def _due(snapshot: Snapshot, no_show: float, mature: int) -> tuple[float, int]:
    """
    Return how many of the called are still expected, and how many are to be called; nobody before a draw.
    """
    cohorts, now_ms, policy = snapshot.cohorts, snapshot.now_ms, snapshot.policy
    shares = pacing.survival(cohorts, now_ms, mature)
    still_expected = pacing.expected(cohorts, now_ms, no_show, shares, policy.claim_window_s * 1000)
    if snapshot.gathering:
        return still_expected, 0
    return still_expected, int(pacing.calls_due(snapshot, still_expected, no_show, pacing.lead_s(shares, mature)))


def _watched(snapshot: Snapshot) -> Shadow:
    rate_per_s = snapshot.rate_per_s
    capacity, burst = snapshot.capacity, pacing.burst(rate_per_s)
    return watch(snapshot.shadow, Look(snapshot.now_ms, snapshot.admitted, snapshot.seats, capacity, rate_per_s, burst))


def _lane_steps(snapshot: Snapshot, due: int) -> dict[str, LaneStep]:
    waiting = {name: lane.waiting for name, lane in snapshot.lanes.items()}
    credits_ = {name: lane.credit for name, lane in snapshot.lanes.items()}
    calls, owed = share(due, snapshot.line_up, snapshot.policy.lane_order, waiting, credits_)
    return {name: _lane_step(lane, due, calls[name], owed[name]) for name, lane in snapshot.lanes.items()}


def _lane_step(lane: LaneSnapshot, due: int, calls: int, credit: float) -> LaneStep:
    return LaneStep(
        frontier=_reach(lane, calls) if due > 0 else lane.frontier,
        called=calls,
        credit=credit,
        high_water=_mark(lane),
        low=lane.frontier,
        high=max(lane.frontier, lane.issued),
    )


def _reach(lane: LaneSnapshot, calls: int) -> int:
    """
    Return the frontier that calls the next *calls* present people; ghosts are stepped over for nothing.
    """
    if lane.waiting <= calls:
        return max(lane.frontier, lane.issued + 1)
    return lane.presence.nth(calls) + 1 if calls else lane.frontier


def _leaving(snapshot: Snapshot) -> float:
    """
    Return the measured rate at which waiting people fall silent, in all lanes, smoothed over slots.
    """
    slot_s = (snapshot.now_ms - snapshot.slot_at_ms) / 1000
    total = snapshot.waiting
    silent = total - sum(Presence(lane.frontier, lane.fresh).total for lane in snapshot.lanes.values())
    measured = silent / total / slot_s if total else 0.0
    if snapshot.leaving_per_s == 0:
        return measured
    return (snapshot.leaving_per_s + measured) / 2


def _after_turn(snapshot: Snapshot, no_show: float, due: int) -> float:
    """
    Return the share of no-shows that is to be reckoned with when the slot turns: those next in line who were silent for
    all of it are present no longer.
    """
    next_, there = 0, 0
    for lane in snapshot.lanes.values():
        count = min(lane.waiting, max(_TELLING, _STEPS_AHEAD * due))
        if count:
            next_ += count
            there += Presence(lane.frontier, lane.fresh).ahead(lane.presence.nth(count) + 1)
    return pacing.no_show_after_turn(no_show, 1 - there / next_) if next_ else no_show


def _slot_ms(snapshot: Snapshot) -> int:
    """
    Return how long the present slot has to last: it grows with the intervals that are told in it.

    The next one is no shorter than was told in this one, and knows of it only by this one's length: when a crowd had
    come within a slot and was called before its end, those who were told to ask in minutes were taken for ghosts.
    """
    waiting, policy = snapshot.waiting, snapshot.policy
    needed = opening.slot_ms(waiting, policy) if snapshot.gathering else polling.slot_for_far_ms(waiting, policy)
    return max(snapshot.slot_ms, needed)


def _next_slot_ms(snapshot: Snapshot, last_ms: int) -> int:
    if snapshot.gathering:
        return polling.no_shorter_ms(opening.slot_ms(snapshot.waiting, snapshot.policy), last_ms)
    rates = {name: estimate.call_rate_per_s(snapshot, name) for name in snapshot.lanes}
    waits_s = (lane.waiting / rates[name] for name, lane in snapshot.lanes.items() if rates[name] > 0)
    return polling.slot_ms(snapshot.waiting, snapshot.policy, max(waits_s, default=0.0), last_ms)


def _mark(lane: LaneSnapshot) -> int:
    if lane.high_water - lane.issued >= MARK_STEP // 2:
        return lane.high_water
    return lane.issued + MARK_STEP
