"""
What can come of a visitor's request, as values.

`Waiting`, its `Eta` and `Early` are tuples with names, made several thousand times a second: a frozen dataclass takes
four times as long to make.
"""

from dataclasses import dataclass
from typing import NamedTuple

from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Longer, Reason
from waiting_room.core.revoked import Revoked


class Eta(NamedTuple):
    """
    Give the time until the turn as a range, in seconds, rounded up.
    """

    low_s: float
    high_s: float


class Waiting(NamedTuple):
    """
    Tell a visitor that others are before them.

    *position* is 1 for the next one; *ahead* is *position* − 1; *eta* is None while it is unknown.
    *reason* is QUEUE_WAIT, or STORE_AWAY or RECOVERING while the room runs on its last knowledge. *longer*: why waits
    have become longer lately, where they have.
    """

    number: int
    position: int
    eta: Eta | None
    next_poll_ms: int
    reason: Reason = Reason.QUEUE_WAIT
    longer: Longer | None = None


class Early(NamedTuple):
    """
    Tell a visitor that they came before the opening: the draw will give them a position, and they have none yet.

    *opens_in_ms* is None where nobody knows when that will be. *reason* is PREQUEUE, ROOM_PAUSED while the pre-queue is
    interrupted, or STORE_AWAY or RECOVERING while the room runs on its last knowledge.
    """

    number: int
    opens_in_ms: int | None
    next_poll_ms: int
    reason: Reason = Reason.PREQUEUE


@dataclass(frozen=True, slots=True)
class Called:
    """
    Tell a visitor to claim; *reason* says why an attempt did not succeed yet.
    """

    number: int
    next_poll_ms: int
    reason: Reason = Reason.YOUR_TURN


@dataclass(frozen=True, slots=True)
class Admitted:
    """
    Let a visitor in: *seat* is theirs until *hard_end_ms* at the latest, counted by the store's clock.

    *number* is that of the ticket; *fresh* is False when a retried claim met the same seat again.
    """

    number: int
    seat: str
    issued_ms: int
    hard_end_ms: int
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Paused:
    """
    Tell a visitor that nobody is admitted for the moment; the place (0: none yet) is kept.

    *resumes_in_ms* is None where nobody knows when it goes on.
    """

    number: int
    position: int
    next_poll_ms: int
    reason: Reason = Reason.ROOM_PAUSED
    resumes_in_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """
    Tell a visitor that the room is closed, and when it opens, where that is planned.
    """

    reason: Reason = Reason.ROOM_CLOSED
    opens_in_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """
    Refuse, with the reason and, where it helps, when to try again.
    """

    reason: Reason
    retry_ms: int | None = None


Outcome = Waiting | Early | Called | Admitted | Paused | Closed | Refused


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """
    Tell a gate what it must know; *degraded* while the store is away and the answer is the last known one.

    *revoked* is None where the gate knows it already.
    """

    gone: tuple[str, ...]
    phase: Phase
    straight: bool
    now_ms: int
    degraded: bool = False
    revoked: Revoked | None = None
