"""
Every exception of the waiting room, under one base.

Expected results (you must wait, you are refused) are values in `waiting_room.core.outcomes`; exceptions
are for misuse and for infrastructure, and each keeps its evidence as attributes.
"""

from dataclasses import dataclass


class WaitingRoomError(Exception):
    """
    Be the base of everything that is raised here on purpose.
    """


@dataclass(frozen=True, slots=True)
class Fault:
    """
    Say what is wrong, where, and what to do.

    *where* is a dotted path such as ``rooms.spring-sale.capacity``.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        return f"{text}; {self.remedy}" if self.remedy else text


@dataclass(frozen=True, slots=True)
class Conflict(Fault):
    """
    Say what is wrong with a schedule: with its times, or between two of its entries.
    """


class FaultsError(WaitingRoomError):
    """
    Carry all faults that were found, never only the first.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class ConfigError(FaultsError):
    """
    Refuse a configuration.
    """


class PolicyError(FaultsError):
    """
    Refuse the settings of a room.
    """


class TokenError(WaitingRoomError):
    """
    Refuse a token.

    *reason* is a code of `waiting_room.core.reasons.Reason`, *detail* is for the log, never for a page.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class UnprovenGateError(WaitingRoomError):
    """
    Refuse a call that bears no good credential of a gate; *detail* is for the log.
    """

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class RoomUnknownError(WaitingRoomError):
    """
    Say that no room of this name is open here.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        super().__init__(f"there is no room {room!r}; `waiting-room room list` shows those there are")


class LaneUnknownError(WaitingRoomError):
    """
    Say that a room's settings name no such lane.
    """

    def __init__(self, room: str, lane: str) -> None:
        self.room = room
        self.lane = lane
        super().__init__(f"the room {room!r} has no lane {lane!r}; add lanes.{lane} to its settings")


class RevokedFullError(FaultsError):
    """
    Say that as many seats and visitors are turned away as may be at once.
    """

    def __init__(self, room: str, most: int) -> None:
        self.room = room
        self.most = most
        what = f"{most:,} seats and visitors are turned away already"
        super().__init__((Fault(room, what, "take some of them back, or wait until their time is over"),))


class StoreError(WaitingRoomError):
    """
    Be the base of what the store cannot do.
    """


class StoreUnavailableError(StoreError):
    """
    Say that Redis did not answer in time; what was asked may or may not have happened.

    *kind* is one of ``timeout``, ``refused``, ``busy``, ``read_only``, ``full``, ``circuit_open``, ``other``.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(f"Redis is not available ({kind}): {detail}")


class StoreEmptyError(StoreError):
    """
    Say that Redis answers but has lost the room; it must be restored before anything else.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        super().__init__(f"Redis holds nothing of the room {room!r}")
