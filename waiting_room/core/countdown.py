"""
How often those who came before the opening ask, so that they hear of it soon and not all in one instant.

Before the opening nobody's place is known and nothing can be missed, so the longest interval will do; the last answer
before it asks for a poll after it, at an instant of a window that is as long as the budget needs for the whole crowd.
Where nobody knows when the room will open, polls come as the budget allows, and find it open spread out as they are.
"""

from typing import Final

from waiting_room.core import polling
from waiting_room.core.policy import Policy

SPREAD_MS: Final = 5000
"""Even a small crowd comes within five seconds of the opening, and not in one instant."""
_POLLS_ON_THE_WAY: Final = 6


class Countdown:
    """
    Tell the early when to ask again; what is the same for all of a room's visitors is worked out once.
    """

    __slots__ = ("_low_ms", "_most_ms", "_window_ms")

    def __init__(self, waiting: int, policy: Policy) -> None:
        self._low_ms = int(policy.poll_min_s * 1000)
        self._window_ms = max(SPREAD_MS, polling.far_interval_ms(waiting, policy))
        self._most_ms = max(self._window_ms, int(policy.poll_max_s * 1000))

    def ask_in_ms(self, number: int, opens_in_ms: int | None, salt: int) -> int:
        """
        Return when *number* shall ask again, where the room opens in *opens_in_ms* (None: nobody knows).
        """
        if opens_in_ms is None or opens_in_ms <= 0:
            return polling.jittered_ms(self._window_ms, number, salt)
        wished_ms = max(self._window_ms, min(self._most_ms, opens_in_ms // _POLLS_ON_THE_WAY))
        interval = polling.jittered_ms(wished_ms, number, salt)
        if interval < opens_in_ms:
            return interval
        return max(self._low_ms, opens_in_ms) + int(self._window_ms * polling.spread(number, salt))

    @property
    def longest_ms(self) -> int:
        """
        Return an interval that no answer exceeds.
        """
        return int(max(self._most_ms, self._window_ms) * (1 + polling.JITTER)) + self._window_ms
