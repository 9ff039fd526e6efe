"""
Who is in the lanes of a room in Redis: as much of their bitmaps is read as a snapshot needs.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from waiting_room.store import replies
from waiting_room.store.chunks import LaneChunks
from waiting_room.store.connection import Connection
from waiting_room.store.keys import RoomKeys

CHUNKS_A_READ: Final = 64


class Crowds:
    """
    Read crowds through *connection*, and remember what need not be read again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chunks: defaultdict[tuple[str, str], LaneChunks] = defaultdict(LaneChunks)

    async def read(self, keys: RoomKeys, counters: replies.Counters) -> dict[str, replies.Crowd]:
        """
        Return who is in each lane: what must be read of the bitmaps, in as few calls as their size allows, and what is
        known of the rest.
        """
        age = (counters.whole("epoch"), counters.whole("slot_at"), counters.round)
        held = {lane: self._chunks[counters.room, lane] for lane in counters.lanes}
        read: dict[str, list[int]] = {}
        wanted: dict[str, tuple[str, int, int]] = {}
        for lane, known in counters.lanes.items():
            read[lane] = held[lane].due(known.waiting_chunks, age, counters.now_ms)
            for chunk in read[lane]:
                now, before = slots(keys, lane, chunk, counters.round)
                wanted |= {now: (lane, 0, chunk), before: (lane, 1, chunk)}
            wanted |= {keys.claimed(lane, chunk): (lane, 2, chunk) for chunk in known.called_chunks}
        found = await self._bitmaps(wanted)
        crowds = {}
        for lane, known in counters.lanes.items():
            chunks, waiting = held[lane], known.waiting_chunks
            chunks.take(read[lane], age, counters.now_ms, found[lane, 0], found[lane, 1])
            chunks.forget_below(waiting.start)
            presence = chunks.presence(known.frontier, waiting)
            crowds[lane] = replies.Crowd(presence, chunks.fresh(waiting), found[lane, 2])
        return crowds

    async def _bitmaps(
        self, wanted: Mapping[str, tuple[str, int, int]]
    ) -> defaultdict[tuple[str, int], dict[int, bytes]]:
        """
        Return the bitmaps that are there, by lane and kind, then by chunk.
        """
        found: defaultdict[tuple[str, int], dict[int, bytes]] = defaultdict(dict)
        names_ = list(wanted)
        for at in range(0, len(names_), CHUNKS_A_READ):
            part = names_[at : at + CHUNKS_A_READ]
            for name, value in zip(part, await self._connection.many("bitmaps", part), strict=True):
                lane, kind, chunk = wanted[name]
                if value:
                    found[lane, kind][chunk] = value
        return found


def slots(keys: RoomKeys, lane: str, chunk: int, round_: int) -> tuple[str, str]:
    """
    Return the names of a chunk's check-ins: those of this slot, and of the one before.
    """
    return keys.present(lane, chunk, round_), keys.present_before(lane, chunk, round_)
