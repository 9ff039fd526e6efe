"""
The phases of a room, and which change leads where.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Phase(StrEnum):
    """
    Tell what a room does with newcomers and with those who wait.
    """

    PREQUEUE = "prequeue"
    """joins and no admissions; at the opening a draw puts those who have joined in order"""
    OPEN = "open"
    """joins and admissions"""
    PAUSED = "paused"
    """joins and no admissions; every place is kept"""
    DRAINING = "draining"
    """admissions and no joins"""
    CLOSED = "closed"
    """neither"""

    @property
    def admits(self) -> bool:
        """
        Return whether those who wait are called.
        """
        return self in {Phase.OPEN, Phase.DRAINING}


MODES: Final = ("queue", "standby", "hold", "shadow")
"""What an open room does at its door; see `docs/how-admission-works.md`."""

ACTIONS: Final = MappingProxyType(
    {
        "prequeue": Phase.PREQUEUE,
        "open": Phase.OPEN,
        "pause": Phase.PAUSED,
        "resume": Phase.OPEN,
        "drain": Phase.DRAINING,
        "close": Phase.CLOSED,
    }
)
"""The operator's words and the phase each leads to."""
