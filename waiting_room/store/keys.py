"""
The names of a room's keys: all under one hash tag, so that a room is atomic on one node of a cluster.
"""

from typing import Final

ROOMS: Final = "wr:rooms"
PERMANENT: Final = ("wr:rooms", "wr:{*}:meta", "wr:{*}:policy")
"""The only keys without a time to live, as patterns: one line for each room."""


class RoomKeys:
    """
    Name the keys of one room.
    """

    __slots__ = ("_prefix", "cohorts", "door", "holders", "meta", "policy", "scratch", "seats")

    def __init__(self, room: str) -> None:
        self._prefix = f"wr:{{{room}}}:"
        self.meta = f"{self._prefix}meta"
        self.policy = f"{self._prefix}policy"
        self.seats = f"{self._prefix}seats"
        self.holders = f"{self._prefix}holders"
        self.cohorts = f"{self._prefix}cohorts"
        self.door = f"{self._prefix}door"
        self.scratch = f"{self._prefix}scratch"

    def joined(self, visitor: str) -> str:
        """
        Return the key that remembers a visitor's join for a minute.
        """
        return f"{self._prefix}joined:{visitor}"

    def present(self, lane: str, chunk: int) -> str:
        """
        Return the key of the check-ins of this slot.
        """
        return f"{self._prefix}present:{lane}:now:{chunk}"

    def present_before(self, lane: str, chunk: int) -> str:
        """
        Return the key of the check-ins of the slot before.
        """
        return f"{self._prefix}present:{lane}:before:{chunk}"

    def claimed(self, lane: str, chunk: int) -> str:
        """
        Return the key of the ranks that were turned into passes.
        """
        return f"{self._prefix}claimed:{lane}:{chunk}"
