"""
Who bears an invitation, and when they show it.
"""

from array import array
from typing import Final

from waiting_room.core.outcomes import Outcome, Refused
from waiting_room.core.reasons import Reason
from waiting_room.simulation.crowd import Crowd
from waiting_room.simulation.scenario import Links
from waiting_room.simulation.worker import ROOM
from waiting_room.tokens import Invitation

_FOR_EVER_MS: Final = 1 << 52
_REFUSALS: Final = frozenset({Reason.INVITATION_USED, Reason.INVITATION_EXPIRED, Reason.INVITATION_INVALID})


class Bearers:
    """
    Hold the invitations of *links*, and who of *crowd* bears which one still: every second one shows it when they come,
    the others while they wait in the lane for all.
    """

    def __init__(self, links: Links | None, crowd: Crowd) -> None:
        uses = () if links is None else links.uses
        lane = "" if links is None else links.lane
        self._made = [Invitation(ROOM, lane, f"link {at}", most, _FOR_EVER_MS) for at, most in enumerate(uses, start=1)]
        self._link = array("H", crowd.link)

    def at_the_door(self, who: int) -> Invitation | None:
        """
        Return what *who* shows on coming.
        """
        link = self._link[who]
        return self._made[link - 1] if link and who % 2 == 0 else None

    def in_the_queue(self, who: int) -> Invitation | None:
        """
        Return what *who* shows while they wait.
        """
        link = self._link[who]
        return self._made[link - 1] if link else None

    def drop(self, who: int) -> None:
        """
        Let *who* show theirs no more.
        """
        self._link[who] = 0

    @staticmethod
    def is_in_vain(outcome: Outcome) -> bool:
        """
        Tell whether *outcome* refuses the invitation, and not its bearer.
        """
        return isinstance(outcome, Refused) and outcome.reason in _REFUSALS
