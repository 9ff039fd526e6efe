"""
What one worker holds of one room: the last view, the check-ins not yet sent, and enough to put the room back.
"""

import json
from array import array
from collections import Counter, defaultdict
from typing import Final

from waiting_room.core.causes import Causes
from waiting_room.core.flow import Flow
from waiting_room.core.health import Health, gathered
from waiting_room.core.newcomers import Newcomers
from waiting_room.core.outcomes import Eta
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_RANKS, CheckIns
from waiting_room.core.revoked import NOTHING_REVOKED
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.core.soundings import Soundings
from waiting_room.core.view import STALE_MS, View

PROMISES_KEPT: Final = 10_000
"""Enough to judge the estimate by; the others are not followed."""
SWEEP_SEATS: Final = 1000
"""Up to so many seats that are over may be remembered beside those in use, and as many again."""
_UNSEEN: Final = 0xFFFFFFFF


class Positions:
    """
    Remember the position last shown for each rank, so that a shown position never goes up.

    Four bytes a rank, in chunks that are made when first used; chunks behind the frontier are dropped.
    """

    __slots__ = ("_chunks",)

    def __init__(self) -> None:
        self._chunks: dict[int, array[int]] = {}

    def lowest(self, rank: int, position: int) -> int:
        """
        Return the lower of *position* and what was shown before, and remember it.
        """
        chunk, offset = divmod(rank, CHUNK_RANKS)
        shown = self._chunks.get(chunk)
        if shown is None:
            shown = self._chunks[chunk] = array("I", [_UNSEEN]) * CHUNK_RANKS
        if shown[offset] <= position:
            return shown[offset]
        shown[offset] = position
        return position

    def forget_below(self, frontier: int) -> None:
        """
        Drop what lies wholly behind the frontier.
        """
        for chunk in [chunk for chunk in self._chunks if (chunk + 1) * CHUNK_RANKS <= frontier]:
            del self._chunks[chunk]

    def forget_from(self, first: int) -> None:
        """
        Forget what was shown to the rank *first* and to all behind it.
        """
        whole, inside = divmod(first, CHUNK_RANKS)
        for chunk, shown in list(self._chunks.items()):
            if chunk > whole:
                del self._chunks[chunk]
            elif chunk == whole:
                shown[inside:] = array("I", [_UNSEEN]) * (CHUNK_RANKS - inside)


class LaneNotes:
    """
    Hold what one worker remembers of one lane: check-ins not yet sent, positions and ranges shown, the highest number.
    """

    __slots__ = ("checkins", "highest", "positions", "promises", "soundings")

    def __init__(self) -> None:
        self.checkins = CheckIns()
        self.positions = Positions()
        self.highest = 0
        self.promises: dict[int, tuple[int, Eta]] = {}
        self.soundings = Soundings()

    def promise(self, rank: int, eta: Eta, now_ms: int) -> None:
        """
        Remember the range that was shown to *rank* first, to learn later whether it was kept.
        """
        if len(self.promises) < PROMISES_KEPT:
            self.promises[rank] = (now_ms, eta)

    def see(self, lane: LaneSnapshot, now_ms: int, window_ms: float) -> None:
        """
        Take new counters: what is behind the frontier is forgotten, when the memory is full even the promises to those
        who were called and did not come within *window_ms*, for they would keep out all later ones.
        """
        self.positions.forget_below(lane.frontier)
        if len(self.promises) >= PROMISES_KEPT:
            young = (cohort.low for cohort in lane.cohorts if now_ms - cohort.at_ms < window_ms)
            still_due = min(young, default=lane.frontier)
            self.promises = {rank: promise for rank, promise in self.promises.items() if rank >= still_due}

    def forget_numbers(self, first: int) -> None:
        """
        Forget what was noted from the rank *first* on while ranks were numbers: a draw has given these to others.

        Nobody is missed for it: in the slot of a draw all count as present.
        """
        self.checkins = CheckIns()
        self.positions.forget_from(first)
        self.promises = {rank: promise for rank, promise in self.promises.items() if rank < first}

    def take_checkins(self) -> CheckIns:
        """
        Return what has gathered, and begin anew.
        """
        gathered, self.checkins = self.checkins, CheckIns()
        return gathered


class Room:
    """
    Hold a worker's knowledge of a room.

    *lanes* are made when they are first asked for: their names come from snapshots and from signed tickets. *seats* are
    those that this worker gave or saw in use, with the end of their pass and when they were seen last: after a loss of
    state they are put back from here. *paying* tells since when those are held whose holders pay. *tally* counts events
    since the metrics were last flushed.
    """

    def __init__(self, name: str, view: View, now_ms: int) -> None:
        self.name = name
        self.view = view
        self.viewed_ms = now_ms
        self.lanes: defaultdict[str, LaneNotes] = defaultdict(LaneNotes)
        for lane, held in view.snapshot.lanes.items():
            self.lanes[lane].highest = held.issued
        self.seats: dict[str, tuple[int, int]] = {}
        self.paying: dict[str, int] = {}
        self.revoked = NOTHING_REVOKED
        self.newcomers = Newcomers()
        self._sweep_at = SWEEP_SEATS
        self.tally: Counter[tuple[str, ...]] = Counter()
        self.waits_s: list[float] = []
        self.flow = Flow()
        self.causes = Causes()
        self.lost = False
        self.reports: list[Health] = []
        self.reported_ms = 0
        self.polls_waiting = 0
        self.eta_errors_s: list[float] = []
        self.json_name = json.dumps(name)
        self.json_message = _as_json(view.snapshot.message)

    @property
    def policy(self) -> Policy:
        """
        Return the settings in force.
        """
        return self.view.snapshot.policy

    def bars(self, lane: str, number: int, visitor: str, now_ms: int) -> bool:
        """
        Tell whether the seat of a ticket, or its visitor, is turned away.
        """
        return self.revoked.bars(f"{lane}.{self.view.rank_of(lane, number)}", visitor, now_ms)

    def stale(self, now_ms: int) -> bool:
        """
        Return whether the view is older than visitors should be told without a word.
        """
        return now_ms - self.viewed_ms > STALE_MS

    def saw(self, health: Health | None) -> None:
        """
        Keep what a gate saw of the shop, beside what others did.
        """
        if health is not None:
            self.reports.append(health)

    def take_health(self, now_ms: int) -> Health | None:
        """
        Return what has gathered up to *now_ms*, and begin anew.
        """
        found = gathered(self.reports, now_ms - self.reported_ms)
        if found is not None:
            self.reports, self.reported_ms = [], now_ms
        return found

    def see(self, snapshot: Snapshot, now_ms: int) -> None:
        """
        Take a new snapshot.
        """
        drawn = snapshot.round != self.view.snapshot.round
        self.flow.see(snapshot)
        self.causes.see(snapshot, self.flow)
        spreads = {name: notes.soundings.spread for name, notes in self.lanes.items()}
        self.view = View(snapshot, spreads, self.flow, self.causes)
        self.viewed_ms = now_ms
        window_ms = snapshot.policy.claim_window_s * 1000
        for name, lane in snapshot.lanes.items():
            if drawn:
                self.lanes[name].forget_numbers(lane.orders[0].first if lane.orders else 1)
            self.lanes[name].see(lane, snapshot.now_ms, window_ms)
            self.lanes[name].soundings.see(self.view, name)
        self.json_message = _as_json(snapshot.message)

    def keep_promise(self, lane: str, rank: int, now_ms: int) -> None:
        """
        Note by how much the wait of *rank*, who comes to the door now, lay outside the range that was shown at first.
        """
        promise = self.lanes[lane].promises.pop(rank, None)
        if promise is not None:
            told_ms, eta = promise
            waited_s = (now_ms - told_ms) / 1000
            self.eta_errors_s.append(max(0.0, eta.low_s - waited_s, waited_s - eta.high_s))
            self.tally["promise", "early" if waited_s < eta.low_s else "late" if waited_s > eta.high_s else "kept"] += 1

    def highest(self) -> dict[str, int]:
        """
        Return the highest number that is known of each lane.
        """
        return {name: notes.highest for name, notes in self.lanes.items()}

    def hold_seat(self, seat: str, hard_end_ms: int, now_ms: int) -> None:
        """
        Note that *seat* is in use; now and then forget those that are over, for nobody tells of an idle end.
        """
        self.seats[seat] = (hard_end_ms, now_ms)
        if len(self.seats) >= self._sweep_at:
            self._sweep_at = 2 * len(self.live_seats(now_ms)) + SWEEP_SEATS

    def enter_stage(self, seat: str, stage: str, now_ms: int) -> None:
        """
        Note that the shop has put the visit of *seat* into *stage*; a payment that lasts keeps its beginning.
        """
        if stage != "payment":
            self.paying.pop(seat, None)
        elif self._paid_until(seat) <= now_ms:
            self.paying[seat] = now_ms

    def drop_seats(self, seats: tuple[str, ...]) -> None:
        """
        Note that *seats* are no longer held.
        """
        for seat in seats:
            self.seats.pop(seat, None)
            self.paying.pop(seat, None)

    def live_seats(self, now_ms: int) -> dict[str, int]:
        """
        Return the seats in use within the idle time, and those whose holders pay, with their ends; forget the others.
        """
        oldest = self.view.snapshot.agenda.idle_clock_ms(now_ms) - int(self.policy.idle_timeout_s * 1000)
        self.paying = {seat: since_ms for seat, since_ms in self.paying.items() if self._paid_until(seat) > now_ms}
        self.seats = {
            seat: held
            for seat, held in self.seats.items()
            if (held[1] > oldest and held[0] > now_ms) or seat in self.paying
        }
        return {seat: max(end_ms, self._paid_until(seat)) for seat, (end_ms, _) in self.seats.items()}

    def _paid_until(self, seat: str) -> int:
        since_ms = self.paying.get(seat)
        return 0 if since_ms is None else since_ms + int(self.policy.payment_cap_s * 1000)


def _as_json(message: str) -> str:
    return json.dumps(message, ensure_ascii=False) if message else "null"
