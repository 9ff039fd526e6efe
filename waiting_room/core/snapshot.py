"""
What the store knew of a room at one moment: the input of every decision.
"""

from dataclasses import dataclass, field

from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.presence import Presence


@dataclass(frozen=True, slots=True)
class Cohort:
    """
    Hold those whom one step of the frontier called: of *present* people in [*low*, *high*), *claimed* have got in, and
    *at_door* came within the last seconds and were told to wait for a seat or for the pace.
    """

    at_ms: int
    low: int
    high: int
    present: int
    claimed: int = 0
    at_door: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Hold the counters of a room and the people between its frontier and the last number.

    *frontier*: all ranks below it have been called. *issued*: the last number given out. *high_water*: no number above
    it is given out before it is raised. *seats_expired* and *seats_over* count the seats that ran out, and those that
    were ever taken beyond the capacity of their moment (a promise: none). *tokens*: admissions that the paced door
    would let in at this moment. *lost_tokens*: what the door could have let in since the last tick, and nobody came.
    *fresh*: the check-ins of the present slot alone, while *presence* counts those of the last one too.
    """

    room: str
    policy: Policy
    now_ms: int
    epoch: int
    version: int
    phase: Phase
    issued: int
    frontier: int
    high_water: int
    seats: int
    seats_peak: int
    seats_expired: int
    seats_over: int
    admitted: int
    tokens: float
    lost_tokens: float
    expected: float
    no_show: float
    leaving_per_s: float
    slot_at_ms: int
    slot_ms: int
    recover_until_ms: int
    ticked_ms: int
    owner: str
    owner_until_ms: int
    cohorts: tuple[Cohort, ...]
    presence: Presence = field(repr=False)
    fresh: bytes = field(repr=False, default=b"")

    @property
    def waiting(self) -> int:
        """
        Return how many present people have not been called.
        """
        return self.presence.total

    @property
    def recovering(self) -> bool:
        """
        Return whether the room's state is still being put together after a loss.
        """
        return self.now_ms < self.recover_until_ms

    @property
    def straight(self) -> bool:
        """
        Return whether a newcomer would be let in at once: nobody waits, nobody is expected, a seat is free.
        """
        return (
            self.phase is Phase.OPEN
            and not self.recovering
            and self.frontier > self.issued
            and round(self.expected) == 0
            and self.seats < self.policy.capacity
            and self.tokens >= 1
        )
