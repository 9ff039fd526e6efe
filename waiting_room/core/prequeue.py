"""
The pre-queue: what a room promises of its draw before the opening, and what it tells of it after.

A store keeps a promise as fields of its own and the draws that were held as one text, a line each; a ticket lives a
day, and so long the draw that ordered it must be known.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple

from waiting_room.core.draw import Draw, Order, beacon_faults, commitment, order_of
from waiting_room.core.presence import CHUNK_RANKS, chunk_of, filled
from waiting_room.core.reading import can_be_sent
from waiting_room.errors import Fault

MOST_SOURCE: Final = 200
_SOURCE: Final = re.compile(rf"[^\x00-\x1f\x7f]{{0,{MOST_SOURCE}}}")


class Gap(NamedTuple):
    """
    Hold the first and the last of consecutive numbers that a loss has left out, and that are nobody's.
    """

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Promise:
    """
    Hold a draw that is still to come: the *seed*, secret until then, and where its beacon's value will be found.

    *source* is empty where no beacon was announced.
    """

    seed: str = field(repr=False)
    source: str = ""

    @property
    def commitment(self) -> str:
        """
        Return what anybody may know of the seed.
        """
        return commitment(self.seed)


@dataclass(frozen=True, slots=True)
class Drawn:
    """
    Hold a draw that was held: the *round*-th of its room, at *at_ms*; *lanes* are names, first numbers and sizes.
    """

    round: int
    at_ms: int
    seed: str
    source: str
    beacon: str
    lanes: tuple[tuple[str, int, int], ...]

    def draws(self) -> tuple[Draw, ...]:
        """
        Return the draw of each lane.
        """
        promised = commitment(self.seed)
        return tuple(Draw(self.seed, promised, self.beacon, lane, first, size) for lane, first, size in self.lanes)

    def to_text(self) -> str:
        """
        Return the line that a store keeps; `read_draws` of it gives an equal value.
        """
        lanes = ",".join(f"{lane}:{first}:{size}" for lane, first, size in self.lanes)
        return "\t".join((str(self.round), str(self.at_ms), self.seed, self.source, self.beacon, lanes))


@lru_cache(maxsize=64)
def read_draws(text: str) -> tuple[Drawn, ...]:
    """
    Return the draws that were held, the oldest first, of the lines that a store keeps.
    """
    return tuple(_read(line) for line in text.split("\n") if line)


def _read(line: str) -> Drawn:
    round_, at_ms, seed, source, beacon, lanes = line.split("\t")
    parts = (lane.split(":") for lane in lanes.split(",") if lane)
    return Drawn(
        int(round_),
        int(at_ms),
        seed,
        source,
        beacon,
        tuple((name, int(first), int(size)) for name, first, size in parts),
    )


def orders_of(held: Iterable[Drawn], lane: str) -> tuple[Order, ...]:
    """
    Return the orders that the draws of a room gave to *lane*, the latest first.
    """
    return _orders_of(tuple(held), lane)


@lru_cache(maxsize=256)
def _orders_of(held: tuple[Drawn, ...], lane: str) -> tuple[Order, ...]:
    found = [order_of(draw) for drawn in held for draw in drawn.draws() if draw.lane == lane and draw.size]
    return tuple(reversed(found))


def read_gaps(text: str) -> tuple[Gap, ...]:
    """
    Return the gaps of a text that a store keeps of a lane.
    """
    bounds = (gap.split("-") for gap in text.split(",") if gap)
    return tuple(Gap(int(low), int(high)) for low, high in bounds)


def gaps_text(gaps: Iterable[Gap]) -> str:
    """
    Return the text that a store keeps; `read_gaps` of it gives equal values.
    """
    return ",".join(f"{low}-{high}" for low, high in gaps)


def before_gaps(number: int, gaps: Sequence[Gap]) -> int:
    """
    Return the first number of those of *gaps* that end, one after another, before *number*; that itself if none does.
    """
    ends = {gap.high + 1: gap.low for gap in reversed(gaps)}
    while number in ends:
        number = ends[number]
    return number


def assumed_bits(frontier: int, orders: Sequence[Order], gaps: tuple[Gap, ...]) -> bytes:
    """
    Return the bitmap, from the chunk of *frontier*, of all who wait up to the last of the latest of *orders*.

    In the slot of a draw they count as present: their check-ins were by number, and nobody has had the time for others.
    The ranks of the numbers in *gaps* are left out: there was never anybody who bore them.
    """
    if not orders:
        return b""
    bits = filled(chunk_of(frontier) * CHUNK_RANKS, frontier, orders[0].last)
    empty = _ranks_of(orders[0], gaps)
    # Both bitmaps end with the byte of the last rank, and so are aligned as numbers wherever they begin.
    return (int.from_bytes(bits) & ~int.from_bytes(empty)).to_bytes(len(bits)) if empty else bits


@lru_cache(maxsize=16)
def _ranks_of(order: Order, gaps: tuple[Gap, ...]) -> bytes:
    """
    Return the bitmap, from the chunk of the first rank of *order*, of the ranks that it gave to numbers in *gaps*.

    A gap of 50,000 numbers takes some 30 ms, once for a draw.
    """
    base = chunk_of(order.first) * CHUNK_RANKS
    found = bytearray((order.last - base) // 8 + 1)
    spans = (range(max(low, order.first), min(high, order.last) + 1) for low, high in gaps)
    for number in chain.from_iterable(spans):
        offset = order.rank_of(number) - base
        found[offset >> 3] |= 0x80 >> (offset & 7)
    return bytes(found) if any(found) else b""


def published(promise: Promise | None, held: Iterable[Drawn]) -> list[dict[str, Any]]:
    """
    Return what anybody may know of the draws of a room, the oldest first; of one to come, the commitment alone.
    """
    told: list[dict[str, Any]] = [
        {
            "commitment": commitment(drawn.seed),
            "beacon_source": drawn.source or None,
            "drawn_at_ms": drawn.at_ms,
            "seed": drawn.seed,
            "beacon": drawn.beacon or None,
            "lanes": {lane: {"first": first, "size": size} for lane, first, size in drawn.lanes},
        }
        for drawn in held
    ]
    if promise is not None:
        unknown = dict.fromkeys(("drawn_at_ms", "seed", "beacon", "lanes"))
        told.append({"commitment": promise.commitment, "beacon_source": promise.source or None, **unknown})
    return told


def source_faults(source: str) -> tuple[Fault, ...]:
    """
    Return what is wrong with the announcement of a beacon.
    """
    if _SOURCE.fullmatch(source) and can_be_sent(source):
        return ()
    what = f"is not a line of up to {MOST_SOURCE} characters"
    return (Fault("beacon_source", what, "name the beacon and which of its values, such as 'drand quicknet 4711000'"),)


def opening_faults(promise: Promise | None, beacon: str) -> tuple[Fault, ...]:
    """
    Return what forbids to hold a draw with the value *beacon* (empty: none).
    """
    found = beacon_faults(beacon)
    source = promise.source if promise is not None else ""
    if source and not beacon:
        what = f"was announced ({source}) and is missing"
        found += (Fault("beacon", what, "open with its value, as soon as its source has published it"),)
    if beacon and not source:
        what = "was not announced beforehand"
        found += (Fault("beacon", what, "open without: a value that nobody expected proves nothing"),)
    return found
