"""
From the scripts' replies to values of the domain; the only place that knows their order.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads
from typing import Any, Final, NamedTuple

from waiting_room.core import shadow
from waiting_room.core.agenda import NO_RATE, Agenda
from waiting_room.core.audit import ROOT, Head
from waiting_room.core.draw import Order
from waiting_room.core.health import decode as decode_health
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.pacing import burst
from waiting_room.core.phase import MODES, Phase
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import Gap, Promise, assumed_bits, orders_of, read_draws, read_gaps
from waiting_room.core.presence import CHUNK_RANKS, Presence, assemble, chunk_of, chunks_between, count_between
from waiting_room.core.revoked import Revoked
from waiting_room.core.shop import Shop, decode, encode
from waiting_room.core.snapshot import Cohort, LaneSnapshot, Snapshot
from waiting_room.core.standby import standby_seats
from waiting_room.ports import ClaimCode, ClaimReply, JoinCode, JoinReply, TouchReply

EMPTY: Final = -100
BEYOND_CHUNKS: Final = -8
BEYOND_MARK: Final = -9
BEYOND_ROUND: Final = -10
ANOTHER_ROUND: Final = -1
_ADMISSION: Final = 60_000


@dataclass(frozen=True, slots=True)
class LaneCounters:
    """
    Hold what the snapshot script said of a lane, before the bitmaps are read.
    """

    issued: int
    frontier: int
    high_water: int
    credit: float
    cohorts: tuple[Cohort, ...]
    at_door: tuple[int, ...]
    orders: tuple[Order, ...]
    early_from: int
    gaps: tuple[Gap, ...]

    @property
    def waiting_chunks(self) -> range:
        """
        Return the chunks from the frontier to the last number.
        """
        return chunks_between(self.frontier, max(self.frontier, self.issued))

    @property
    def called_chunks(self) -> range:
        """
        Return the chunks of those who were called lately.
        """
        if not self.cohorts:
            return range(0)
        return chunks_between(self.cohorts[0].low, self.cohorts[-1].high)


@dataclass(frozen=True, slots=True)
class Counters:
    """
    Hold what the snapshot script said, before the bitmaps are read.

    *missing* are lanes of the room whose lists were not asked for; *events* is None where no record is due.
    """

    room: str
    now_ms: int
    seats: int
    policy: Policy
    fields: Mapping[str, str]
    shop: Shop
    lanes: Mapping[str, LaneCounters]
    missing: tuple[str, ...]
    events: tuple[str, ...] | None

    def whole(self, name: str) -> int:
        """
        Return a field as a whole number, 0 where it is missing.
        """
        return int(float(self.fields.get(name) or 0))

    @property
    def round(self) -> int:
        """
        Return how many draws the room has held.
        """
        return self.whole("draw_round")


class Crowd(NamedTuple):
    """
    Hold who is in a lane: the present, the check-ins of this slot alone, and by chunk who turned a ticket into a pass.
    """

    presence: Presence
    fresh: bytes
    claimed: Mapping[int, bytes]


def numbers_of(policy: Policy) -> dict[str, int]:
    """
    Return what the scripts must know of a policy.
    """
    return {
        "mode": MODES.index(policy.mode),
        "standby_seats": standby_seats(policy),
        "seats_limit": policy.capacity,
        "stock_factor": round(policy.stock_factor * 1000),
        "rate_limit": policy.rate_per_minute,
        "idle_ms": int(policy.idle_timeout_s * 1000),
        "session_ms": int(policy.max_session_s * 1000),
        "payment_ms": int(policy.payment_cap_s * 1000),
        "return_ms": int(policy.return_window_s * 1000),
    }


def told_of(shop: Shop) -> dict[str, str]:
    """
    Return the fields of the room's hash that hold what is known of its shop.
    """
    return {
        "adaptation": encode(shop.adaptation),
        "override": "" if shop.override is None else str(shop.override),
        "stock": "" if shop.stock is None else str(shop.stock),
        "sold_out": str(int(shop.sold_out)),
    }


def _shop(fields: Mapping[str, str], health: Sequence[str]) -> Shop:
    override, stock = fields.get("override"), fields.get("stock")
    return Shop(
        health=tuple(map(decode_health, health)),
        adaptation=decode(fields.get("adaptation", "")),
        override=int(override) if override else None,
        stock=int(stock) if stock else None,
        sold_out=fields.get("sold_out") == "1",
    )


def joined_seat(lane: str, value: bytes) -> str:
    """
    Return the seat that came of a join which is remembered as *value*, or nothing where it gave a place alone.
    """
    _, seated, rank = value.decode().partition("s")
    return f"{lane}.{rank}" if seated else ""


def read_joins(reply: Sequence[int]) -> list[JoinReply | int]:
    """
    Return a reply for each visitor; a code BEYOND_… in place of those to be asked again.
    """
    now_ms = reply[0]
    found: list[JoinReply | int] = []
    for at in range(3, len(reply), 4):
        code, number, issued_ms, hard_end_ms = reply[at : at + 4]
        if code in {BEYOND_CHUNKS, BEYOND_MARK, BEYOND_ROUND}:
            found.append(code)
        else:
            found.append(JoinReply(JoinCode(code), number, issued_ms, hard_end_ms, now_ms))
    return found


def read_claims(reply: Sequence[int]) -> list[ClaimReply]:
    """
    Return a reply for each claim.
    """
    return [
        ClaimReply(code := ClaimCode(reply[at]), reply[at + 1], reply[at + 2], reply[1] * (code is ClaimCode.PACED))
        for at in range(2, len(reply), 3)
    ]


def read_touch(reply: Sequence[Any], seats: Sequence[str]) -> TouchReply:
    """
    Return what a gate must know; *seats* in the order in which they were sent.
    """
    gone = tuple(seats[place - 1] for place in reply[5:])
    version = f"{reply[3]}.{reply[4]}"
    return TouchReply(gone, Phase(reply[1]), straight=reply[2] == 1, now_ms=reply[0], revoked_version=version)


def read_revoked(reply: Sequence[Any]) -> Revoked:
    """
    Return who is turned away.
    """
    ends = {entry.decode(): int(float(until_ms)) for entry, until_ms in zip(reply[2::2], reply[3::2], strict=True)}
    seats = {entry[1:]: until_ms for entry, until_ms in ends.items() if entry[0] == "s"}
    visitors = {entry[1:]: until_ms for entry, until_ms in ends.items() if entry[0] == "v"}
    return Revoked(f"{reply[0]}.{reply[1]}", seats, visitors)


def field(name: str, lane: str) -> str:
    """
    Return the field of the room's hash that holds the counter *name* of *lane*, as the scripts name it.
    """
    return name if lane == STANDARD_LANE else f"{name}.{lane}"


def read_counters(room: str, reply: Sequence[Any], asked: Sequence[str]) -> Counters:
    """
    Return the counters of a snapshot for which the lists of the lanes *asked* were read.
    """
    end = _until_gap(reply, 3, 2)
    pairs = reply[3:end]
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    policy = Policy.parse(loads(reply[2]), room)
    gap, end = end, _until_gap(reply, end + 1)
    shop = _shop(fields, reply[gap + 1 : end])
    lanes: dict[str, LaneCounters] = {}
    for lane in asked:
        begin, middle = end + 1, _until_gap(reply, end + 1)
        end = _until_gap(reply, middle + 1)
        lanes[lane] = _lane_counters(fields, lane, reply[begin:middle], reply[middle + 1 : end])
    events = tuple(reply[end + 2 :]) if reply[end + 1] else None
    there = fields.get("lanes", STANDARD_LANE).split(",")
    order = [lane.name for lane in policy.lanes if lane.name in lanes]
    sorted_ = {lane: lanes[lane] for lane in dict.fromkeys((*order, *there)) if lane in lanes}
    missing = tuple(lane for lane in there if lane not in lanes)
    return Counters(room, reply[0], reply[1], policy, fields, shop, sorted_, missing, events)


def _until_gap(reply: Sequence[Any], at: int, step: int = 1) -> int:
    while reply[at] != "":
        at += step
    return at


def _lane_counters(
    fields: Mapping[str, str], lane: str, cohorts: Sequence[str], at_door: Sequence[str]
) -> LaneCounters:
    def whole(name: str, default: int) -> int:
        return int(float(fields.get(field(name, lane)) or default))

    gathers = int(fields.get("draw_first") or 0) > 0
    return LaneCounters(
        issued=whole("issued", 0),
        frontier=max(1, whole("frontier", 1)),
        high_water=whole("high_water", 0),
        credit=whole("credit", 0) / 1e6,
        cohorts=tuple(map(_cohort, cohorts)),
        at_door=tuple(sorted(map(int, at_door))),
        orders=orders_of(read_draws(fields.get("draws", "")), lane),
        early_from=whole("draw_first", 1) if gathers else 0,
        gaps=read_gaps(fields.get(field("gaps", lane)) or ""),
    )


def _cohort(text: str) -> Cohort:
    at_ms, low, high, present = (int(part) for part in text.split(":"))
    return Cohort(at_ms, low, high, present)


def assemble_snapshot(counters: Counters, crowds: Mapping[str, Crowd]) -> Snapshot:
    """
    Return the snapshot of *counters* and of the *crowds* in its lanes.
    """
    rate, seed = counters.whole("rate"), counters.fields.get("draw_seed", "")
    assumed = counters.whole("draw_assumed") == 1
    return Snapshot(
        room=counters.room,
        policy=counters.policy,
        now_ms=counters.now_ms,
        epoch=counters.whole("epoch"),
        version=counters.whole("version"),
        phase=Phase(counters.fields["phase"]),
        lanes={name: _lane_snapshot(lane, crowds[name], assumed=assumed) for name, lane in counters.lanes.items()},
        rate_per_minute=rate,
        seats=counters.seats,
        seats_peak=counters.whole("peak"),
        seats_expired=counters.whole("expired"),
        seats_over=counters.whole("over"),
        admitted=counters.whole("admitted"),
        tokens=min(counters.whole("door_tokens") / _ADMISSION, burst(rate / 60)),
        lost_tokens=counters.whole("door_lost") / _ADMISSION,
        expected=counters.whole("expected") / 1000,
        no_show=counters.whole("no_show") / 1e6,
        leaving_per_s=counters.whole("leaving") / 1e6,
        slot_at_ms=counters.whole("slot_at"),
        slot_ms=counters.whole("slot_ms"),
        recover_until_ms=counters.whole("recover_until"),
        ticked_ms=counters.whole("ticked"),
        owner=counters.fields.get("owner", ""),
        owner_until_ms=counters.whole("owner_until"),
        head=Head(
            counters.whole("audit_sequence"), counters.fields.get("audit_hash") or ROOT, counters.whole("audit_at")
        ),
        events=counters.events,
        events_lost=counters.whole("events_lost"),
        agenda=_agenda(counters),
        promise=Promise(seed, counters.fields.get("draw_source", "")) if seed else None,
        draws=read_draws(counters.fields.get("draws", "")),
        assumed=assumed,
        opens_at_ms=counters.whole("opens_at"),
        born_ms=counters.whole("born"),
        began_ms=counters.whole("began"),
        crowded_ms=counters.whole("crowded"),
        shadow=shadow.read(counters.fields.get("shadow", "")),
        revocations=counters.whole("revocations"),
        ended=counters.whole("ended"),
        turnover_per_s=counters.whole("turnover") / 1e6,
        shop=counters.shop,
    )


AGENDA: Final = {
    "scheduled_ms": "scheduled",
    "phase_set_ms": "phase_set",
    "rate_set_ms": "rate_set",
    "rate_step": "rate_step",
    "resume_at_ms": "resume_at",
    "resume_to": "resume_to",
    "notice": "notice",
    "rest_from_ms": "rest_from",
    "rest_until_ms": "rest_until",
}
"""The fields of an agenda, and those of the room's hash that hold them."""


def _agenda(counters: Counters) -> Agenda:
    found: dict[str, Any] = {name: counters.whole(held) for name, held in AGENDA.items() if name.endswith("_ms")}
    found["rate_step"] = int(counters.fields.get("rate_step") or NO_RATE)
    found["resume_to"] = Phase(counters.fields.get("resume_to") or Phase.OPEN)
    return Agenda(notice=counters.fields.get("notice", ""), **found)


def fields_of(agenda: Agenda) -> list[str | int]:
    """
    Return an agenda as fields of the room's hash: name, value, name, value ...
    """
    return [part for name, held in AGENDA.items() for part in (held, getattr(agenda, name))]


def _lane_snapshot(lane: LaneCounters, crowd: Crowd, *, assumed: bool) -> LaneSnapshot:
    drawn = assumed_bits(lane.frontier, lane.orders, lane.gaps) if assumed else b""
    return LaneSnapshot(
        issued=lane.issued,
        frontier=lane.frontier,
        high_water=lane.high_water,
        presence=Presence(lane.frontier, crowd.fresh, drawn) if assumed else crowd.presence,
        fresh=crowd.fresh,
        cohorts=_with_claims(lane, crowd.claimed),
        credit=lane.credit,
        orders=lane.orders,
        early_from=lane.early_from,
        gaps=lane.gaps,
    )


def _with_claims(lane: LaneCounters, claimed: Mapping[int, bytes]) -> tuple[Cohort, ...]:
    if not lane.cohorts:
        return ()
    base = chunk_of(lane.cohorts[0].low) * CHUNK_RANKS
    bits = assemble(claimed, lane.called_chunks)
    return tuple(counted(cohort, bits, base, lane.at_door) for cohort in lane.cohorts)


def counted(cohort: Cohort, claimed: bytes | bytearray, base: int, at_door: Sequence[int]) -> Cohort:
    """
    Return *cohort* with its claims counted in the bitmap *claimed*, which begins at *base*, and its people in the
    sorted list *at_door*.
    """
    at_ms, low, high, present = cohort.at_ms, cohort.low, cohort.high, cohort.present
    there = bisect_left(at_door, high) - bisect_left(at_door, low) if at_door else 0
    return Cohort(at_ms, low, high, present, count_between(claimed, base, low, high), there)
