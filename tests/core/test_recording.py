"""
When a record of the admission log is due, and what it holds.
"""

from dataclasses import replace
from hashlib import sha256

import pytest

from tests.core.makings import NOW_MS, POLICY, lane, lanes
from waiting_room.core.audit import Head, Record
from waiting_room.core.recording import QUIET_MS, link

HEAD = Head(8, "ab" * 32, NOW_MS - 1000)
ROOM = replace(
    lanes(POLICY, standard=lane(range(5, 8), frontier=5), vip=lane([2], frontier=2)),
    rate_per_minute=480,
    seats=42,
    epoch=3,
    head=HEAD,
    events=(f"claimed:{NOW_MS}:standard.4", f"left:{NOW_MS}:standard.1"),
    events_lost=2,
)


def test_a_record_holds_what_happened_and_the_state_it_led_to() -> None:
    """Chained to the one before, and hashed as it stands."""
    made = link(ROOM)
    assert made is not None

    assert Record.parse(made.text) == Record(
        room="toys",
        sequence=9,
        at_ms=NOW_MS,
        epoch=3,
        version=7,
        phase="open",
        capacity=100,
        rate_per_minute=480,
        seats=42,
        frontier={"standard": 5, "vip": 2},
        events=(f"claimed:{NOW_MS}:standard.4", f"left:{NOW_MS}:standard.1"),
        previous="ab" * 32,
        lost=2,
    )
    assert (made.sequence, made.at_ms, made.drained, made.lost) == (9, NOW_MS, 2, 2)
    assert made.hash == sha256(made.text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("events", "lost", "quiet_ms", "due"),
    [
        (None, 0, QUIET_MS, False),
        (None, 5, 1000, False),
        ((), 0, QUIET_MS - 1, False),
        ((), 0, QUIET_MS, True),
        ((), 1, 0, True),
        ((f"claimed:{NOW_MS}:standard.4",), 0, 0, True),
    ],
)
def test_a_record_is_due_for_what_happened_or_after_a_minute_of_silence(
    events: tuple[str, ...] | None, lost: int, quiet_ms: int, due: bool
) -> None:
    """Not where the journal was not read."""
    room = replace(ROOM, events=events, events_lost=lost, head=Head(8, "ab" * 32, NOW_MS - quiet_ms))

    assert (link(room) is not None) == due
