"""
When a room in standby queues, and when everybody passes again.

While it is calm, newcomers go straight through. It queues from the first one who cannot: more come than the rate
allows, too many seats are taken, or the shop is slowed down by what its gates report. It goes back when nobody has
waited for a while and the seats are clearly below the threshold, so that it does not swing to and fro.
"""

from math import ceil
from typing import Final

from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot

CALM_MS: Final = 10_000
"""As long as nobody must have waited; also as long as the crowd that may come at once, measured by the rate."""
EASE: Final = 0.9
"""The seats must fall to nine tenths of the threshold."""


def standby_seats(policy: Policy) -> int:
    """
    Return up to how many seats newcomers go straight through in a room in standby.
    """
    return ceil(policy.standby_seats * policy.capacity)


def crowded_since_ms(snapshot: Snapshot) -> int:
    """
    Return since when not everybody passes in a room in standby, 0 while they do, and in any other mode.
    """
    if snapshot.policy.mode != "standby":
        return 0
    waits = snapshot.waiting > 0 or round(snapshot.expected) > 0
    slowed = snapshot.rate_per_minute < snapshot.rate_limit
    seats = standby_seats(snapshot.policy)
    if not snapshot.crowded_ms:
        return snapshot.now_ms if waits or slowed or snapshot.seats >= seats else 0
    if waits or slowed or snapshot.seats >= EASE * seats:
        return snapshot.now_ms
    return snapshot.crowded_ms if snapshot.now_ms - snapshot.crowded_ms < CALM_MS else 0
