"""
The names of a room's keys: all under one hash tag, so that a room is atomic on one node of a cluster.
"""

from typing import Final

from waiting_room.core.lanes import STANDARD_LANE

ROOMS: Final = "wr:rooms"
BEGUN: Final = "wr:begun"
"""Stands where rooms have been made that nobody remembers from before: the server's data are known to be whole."""
PERMANENT: Final = ("wr:rooms", "wr:begun", "wr:{*}:meta", "wr:{*}:policy")
"""The only keys without a time to live, as patterns: one line for each room."""


class RoomKeys:
    """
    Name the keys of one room.

    Those of the lane `standard` that were there before the lanes bear no lane's name: workers of an older version share
    them while the version is changed.
    """

    __slots__ = (
        "_prefix",
        "audit",
        "ended",
        "events",
        "health",
        "holders",
        "meta",
        "missed",
        "policy",
        "revoked",
        "scratch",
        "seats",
    )

    def __init__(self, room: str) -> None:
        self._prefix = f"wr:{{{room}}}:"
        self.meta = f"{self._prefix}meta"
        self.missed = f"{self._prefix}missed"
        self.policy = f"{self._prefix}policy"
        self.seats = f"{self._prefix}seats"
        self.audit = f"{self._prefix}audit"
        self.events = f"{self._prefix}events"
        self.holders = f"{self._prefix}holders"
        self.ended = f"{self._prefix}ended"
        self.revoked = f"{self._prefix}revoked"
        self.health = f"{self._prefix}health"
        self.scratch = f"{self._prefix}scratch"

    def cohorts(self, lane: str) -> str:
        """
        Return the key of those whom each second has called.
        """
        return f"{self._prefix}cohorts{_suffix(lane)}"

    def door(self, lane: str) -> str:
        """
        Return the key of those who came when they were called, and were told to wait a moment.
        """
        return f"{self._prefix}door{_suffix(lane)}"

    def joined(self, lane: str, visitor: str) -> str:
        """
        Return the key that remembers a visitor's join for a minute.
        """
        return f"{self._prefix}joined{_suffix(lane)}:{visitor}"

    def invitation(self, invitation: str) -> str:
        """
        Return the key of those who have used an invitation.
        """
        return f"{self._prefix}invitation:{invitation}"

    def present(self, lane: str, chunk: int, round_: int = 0) -> str:
        """
        Return the key of the check-ins of this slot, by the ranks of the *round_*-th draw.
        """
        return f"{self._prefix}present:{lane}:now{_of_round(round_)}:{chunk}"

    def present_before(self, lane: str, chunk: int, round_: int = 0) -> str:
        """
        Return the key of the check-ins of the slot before.
        """
        return f"{self._prefix}present:{lane}:before{_of_round(round_)}:{chunk}"

    def claimed(self, lane: str, chunk: int) -> str:
        """
        Return the key of the ranks that were turned into passes.
        """
        return f"{self._prefix}claimed:{lane}:{chunk}"


def _suffix(lane: str) -> str:
    return "" if lane == STANDARD_LANE else f":{lane}"


def _of_round(round_: int) -> str:
    return f".{round_}" if round_ else ""
