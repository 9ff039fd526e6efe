"""
What of the journal a step writes down.
"""

from typing import Final, NamedTuple

from waiting_room.core.audit import Record, digest
from waiting_room.core.snapshot import Snapshot

RECORD_MS: Final = 1000
"""What happens within a second is one record; one a step would take an eighth more room at 200 admissions a second,
and nearly twice as much at ten."""
RECORD_EVENTS: Final = 1000
"""And it is written down earlier where so many events have gathered."""
QUIET_MS: Final = 60_000
"""Where nothing happens, a record a minute shows that nothing did."""
EVENTS_KEPT: Final = 20_000
"""So many events are kept while nobody writes them down; those beyond are counted: no admission waits for its log."""


class Link(NamedTuple):
    """
    Hold the record that is to be chained to the log: its *text* and its *hash*. It tells the first *drained* events of
    the journal, and that *lost* others are missing.
    """

    sequence: int
    at_ms: int
    text: str
    hash: str
    drained: int
    lost: int


def link(snapshot: Snapshot) -> Link | None:
    """
    Return the next record, or None where none is due: the journal was not read, or holds nothing and is not quiet long.
    """
    events, head = snapshot.events, snapshot.head
    quiet_ms = snapshot.now_ms - head.at_ms
    if events is None or not (events or snapshot.events_lost or quiet_ms >= QUIET_MS):
        return None
    record = Record(
        room=snapshot.room,
        sequence=head.sequence + 1,
        at_ms=snapshot.now_ms,
        epoch=snapshot.epoch,
        version=snapshot.version,
        phase=snapshot.phase.value,
        capacity=snapshot.capacity,
        rate_per_minute=snapshot.rate_per_minute,
        seats=snapshot.seats,
        frontier={name: lane.frontier for name, lane in snapshot.lanes.items()},
        events=events,
        previous=head.hash,
        lost=snapshot.events_lost,
    )
    text = record.text
    return Link(record.sequence, record.at_ms, text, digest(text), len(events), snapshot.events_lost)
