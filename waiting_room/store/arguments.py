"""
What goes to each script: its keys and its arguments, in the order that its header names; the replies are read in
`waiting_room.store.replies`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from waiting_room.core import plan as steps
from waiting_room.core.agenda import Orders
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import gaps_text
from waiting_room.core.presence import CHUNK_BYTES, CHUNK_RANKS, chunk_of, chunks_between
from waiting_room.core.shop import encode
from waiting_room.core.snapshot import Snapshot
from waiting_room.ports import Claim
from waiting_room.store import replies
from waiting_room.store.crowds import slots
from waiting_room.store.keys import RoomKeys

COHORTS_KEPT: Final = 300
"""One for each second of the longest useful memory: five minutes."""

Sent = tuple[list[str], list[str | int]]
"""The keys and the arguments of one call."""


def of_advance(keys: RoomKeys, step: Advance, now: str) -> Sent:
    """
    Return what commits *step*.
    """
    named = [keys.meta, keys.events, keys.audit, *(keys.cohorts(lane) for lane in step.lanes)]
    arguments: list[str | int] = [
        *(now, step.epoch, step.version, step.owner, steps.OWNER_MS, round(step.expected * 1000)),
        *(round(step.no_show * 1e6), round(step.leaving_per_s * 1e6), step.rate_per_minute),
        *(step.slot_ms, int(step.rotate), COHORTS_KEPT, *_ordered(step.orders)),
        "" if step.crowded_ms is None else step.crowded_ms,
        "" if step.shadow is None else step.shadow.to_text(),
        *(step.ended, round(step.turnover_per_s * 1e6), encode(step.adaptation), len(step.lanes)),
    ]
    for lane, lane_step in step.lanes.items():
        turned = chunks_between(lane_step.low, lane_step.high) if step.rotate else range(0)
        named += [key for chunk in turned for key in slots(keys, lane, chunk, step.round)]
        arguments += [lane, lane_step.frontier, lane_step.called, round(lane_step.credit * 1e6)]
        arguments.append(lane_step.high_water)
    if step.link is not None:
        arguments += [*step.link, step.records_kept]
    return named, arguments


def of_claims(keys: RoomKeys, batch: Sequence[Claim], now: str) -> Sent:
    """
    Return what turns the called ranks of *batch* into seats.
    """
    lanes = {lane: place for place, lane in enumerate(dict.fromkeys(c.lane for c in batch), start=1)}
    pairs = [(keys.claimed(c.lane, chunk_of(c.rank)), keys.joined(c.lane, c.visitor)) for c in batch]
    named = [
        *(keys.meta, keys.seats, keys.holders, keys.events, keys.ended),
        *map(keys.door, lanes),
        *(key for pair in pairs for key in pair),
    ]
    asked = [part for c in batch for part in (lanes[c.lane], c.rank, c.number or c.rank)]
    return named, [now, len(lanes), *lanes, *asked]


def of_restore(keys: RoomKeys, last: Snapshot, issued: Mapping[str, int], now: str, run: str) -> Sent:
    """
    Return what puts a room back as it was in *last*, with the highest number known of each lane.
    """
    arguments: list[str | int] = [
        *(now, run, steps.RECOVERY_MS, last.epoch, last.version, last.admitted, last.phase.value),
        *(last.policy.to_json(), last.slot_ms, *last.head, *_draws_of(last)),
        *(last.born_ms, last.began_ms, steps.MARK_STEP, len(last.lanes)),
    ]
    for name, lane in last.lanes.items():
        arguments += [name, issued[name], lane.frontier, max(lane.high_water, issued[name]), lane.early_from]
        arguments.append(gaps_text(lane.gaps))
    agenda = replies.fields_of(last.agenda)
    told = [part for pair in replies.told_of(last.shop).items() for part in pair]
    arguments += [len(agenda) // 2, *agenda, *numbers(last.policy), "rate", last.rate_per_minute, *told]
    return [keys.meta, keys.policy, keys.events, keys.audit, keys.missed], arguments


def or_nothing(number: int | None) -> str | int:
    """
    Return a number, or the empty text that stands for none.
    """
    return "" if number is None else number


def numbers(policy: Policy) -> list[str | int]:
    """
    Return what the scripts must know of a policy: name, value, name, value ...
    """
    return [part for pair in replies.numbers_of(policy).items() for part in pair]


def _ordered(asked: Orders) -> tuple[str | int, ...]:
    return asked.scheduled_ms, asked.rate_step, asked.phase.value if asked.phase else "", asked.resume_at_ms


def _draws_of(last: Snapshot) -> list[str | int]:
    promise = last.promise
    coming = (promise.seed, promise.source) if promise else ("", "")
    held = "\n".join(drawn.to_text() for drawn in last.draws)
    return [last.round, held, *coming, last.opens_at_ms, int(last.assumed)]


def join_keys(keys: RoomKeys, lane: str, first: int, round_: int, batch: Sequence[str]) -> list[str]:
    """
    Return the keys of joins whose numbers begin in the chunk *first* of *lane*.
    """
    chunks = (first, first + 1)
    return [
        *(keys.meta, keys.seats, keys.holders, keys.events, keys.ended),
        *(keys.present(lane, chunk, round_) for chunk in chunks),
        *(keys.claimed(lane, chunk) for chunk in chunks),
        *(keys.joined(lane, visitor) for visitor in batch),
    ]


def bitmaps_of(last: Snapshot, lane: str) -> dict[int, bytes]:
    """
    Return who has shown themselves in a lane, a bitmap for each chunk.
    """
    base = last.lanes[lane].frontier // CHUNK_RANKS
    bits = last.checked_in(lane)
    cut = (bits[at : at + CHUNK_BYTES].rstrip(b"\0") for at in range(0, len(bits), CHUNK_BYTES))
    return {base + index: part for index, part in enumerate(cut) if part}
