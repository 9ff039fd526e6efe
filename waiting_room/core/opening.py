"""
What an opening needs beside the draw itself: how long its first slot lasts, and how many are not expected to come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from waiting_room.core import polling
from waiting_room.core.breaks import resume_ms
from waiting_room.core.countdown import Countdown
from waiting_room.core.pacing import MAX_NO_SHOW
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import source_faults
from waiting_room.core.snapshot import Snapshot
from waiting_room.errors import Fault, PolicyError


@dataclass(frozen=True, slots=True)
class Opening:
    """
    Hold the *beacon*'s value (empty: none), the length of the first slot, and the share of those who have gone away.
    """

    beacon: str = ""
    slot_ms: int = polling.PRESENCE_MIN_MS
    no_show: float = 0.0


WITHOUT_DRAW: Final = Opening()
"""Enough for a change of phase where no draw was promised."""


def slot_ms(waiting: int, policy: Policy) -> int:
    """
    Return how long a slot lasts in which *waiting* people are told when to ask by a countdown.

    In the slot that begins with the opening all who were drawn count as present, so it must be long enough for each of
    them to ask once: whoever polls as told is never passed over.
    """
    return polling.slot_for_ms(Countdown(waiting, policy).longest_ms)


def opening_of(snapshot: Snapshot, beacon: str = "") -> Opening:
    """
    Return how to open the room of *snapshot*.

    Of those who wait for the draw some have gone away: who is silent now is called in vain at first, since all count as
    present, so their share is where the measuring of no-shows begins.
    """
    early = [lane for lane in snapshot.lanes.values() if lane.early_from]
    drawn = sum(max(0, lane.issued - max(lane.frontier, lane.early_from) + 1) for lane in early)
    there = sum(lane.waiting for lane in early)
    no_show = min(MAX_NO_SHOW, max(0.0, 1 - there / drawn)) if drawn else snapshot.no_show
    return Opening(beacon, slot_ms(max(drawn, snapshot.waiting), snapshot.policy), no_show)


def read_prequeue(values: Mapping[str, Any], timezone: str, now_ms: int) -> tuple[int | None, str]:
    """
    Return when the pre-queue that *values* describe ends (None: not said), and the announcement of its beacon.

    Known are ``opens_at`` (a time of the room's place) or ``opens_at_ms``, and ``beacon_source``. Raises `PolicyError`
    with all faults.
    """
    faults = _unknown(values, ("opens_at", "opens_at_ms", "beacon_source"))
    at_ms, text, source = values.get("opens_at_ms"), values.get("opens_at"), values.get("beacon_source") or ""
    if at_ms is not None and text is not None:
        faults.append(Fault("opens_at", "contradicts opens_at_ms", "say it in one way"))
    elif at_ms is not None and (isinstance(at_ms, bool) or not isinstance(at_ms, int) or not now_ms < at_ms < 2**53):
        faults.append(Fault("opens_at_ms", f"{at_ms!r:.40} is no instant to come", "write ms since the epoch"))
    elif text is not None:
        try:
            at_ms = resume_ms(str(text), timezone, now_ms, "opens_at")
        except PolicyError as error:
            faults.extend(error.faults)
    faults += source_faults(source) if isinstance(source, str) else [Fault("beacon_source", "is no text")]
    if faults:
        raise PolicyError(tuple(faults))
    return at_ms, source


def read_beacon(values: Mapping[str, Any]) -> str:
    """
    Return the beacon's value that *values* hold (empty: none), or raise `PolicyError` with all faults.
    """
    faults = _unknown(values, ("beacon",))
    beacon = values.get("beacon") or ""
    if not isinstance(beacon, str):
        faults.append(Fault("beacon", f"{beacon!r:.40} is no text", "put it in quotes"))
    if faults:
        raise PolicyError(tuple(faults))
    return str(beacon)


def _unknown(values: Mapping[str, Any], known: Sequence[str]) -> list[Fault]:
    return [Fault(name, "unknown setting", f"known are {', '.join(known)}") for name in values if name not in known]
