"""
Invitations: signed links that let their bearers join a lane. Nothing is kept of one until it is used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from waiting_room import wire
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, FaultsError
from waiting_room.tokens import Invitation, Keyring

MOST_AT_ONCE: Final = 10_000
"""About 2 MB of links, made in half a second; ask again for more."""
MOST_USES: Final = 1_000_000
LONGEST_S: Final = 366 * 86_400


class InvitationError(FaultsError):
    """
    Refuse to make invitations.
    """


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Say which invitations are wanted: *count* of them to *lane*, each for *uses* visitors and for *expires_s* seconds.
    """

    lane: str
    uses: int = 1
    expires_s: float = 7 * 86_400
    count: int = 1

    def check(self, policy: Policy) -> None:
        """
        Raise `InvitationError` with all that is wrong with this in a room with *policy*.
        """
        faults = []
        lanes = {lane.name: lane for lane in policy.lanes}
        if self.lane not in lanes:
            faults.append(Fault("lane", f"the room has no lane {self.lane!r}", f"it has {', '.join(lanes)}"))
        elif lanes[self.lane].entry == "return":
            what = f"the lane {self.lane} is for those who come back"
            faults.append(Fault("lane", what, "invite to another one"))
        bounds = (("uses", self.uses, 1, MOST_USES), ("count", self.count, 1, MOST_AT_ONCE))
        for name, value, low, high in (*bounds, ("expires_s", self.expires_s, 1, LONGEST_S)):
            if not low <= value <= high:
                faults.append(Fault(name, f"{value:,} is out of range", f"allowed are {low:,} to {high:,}"))
        if faults:
            raise InvitationError(tuple(faults))


def invite(
    keyring: Keyring, room: str, wanted: Wanted, now_ms: int, new_id: Callable[[], str], base: str
) -> list[dict[str, Any]]:
    """
    Return the *wanted* invitations as plain values, each with its link; *base* is what stands before the room's name.
    """
    expires_ms = now_ms + round(wanted.expires_s * 1000)
    made = [Invitation(room, wanted.lane, new_id(), wanted.uses, expires_ms) for _ in range(wanted.count)]
    return [_told(invitation, keyring.sign(invitation), base) for invitation in made]


def _told(invitation: Invitation, text: str, base: str) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "lane": invitation.lane,
        "uses": invitation.uses,
        "expires_ms": invitation.expires_ms,
        "link": f"{base}/{quote(invitation.room)}?{urlencode({wire.INVITATION_FIELD: text})}",
        "token": text,
    }


def columns(invitations: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """
    Return a table for a spreadsheet, its head first.
    """
    head = ("id", "lane", "uses", "expires_ms", "link")
    return [head, *(tuple(str(made[name]) for name in head) for made in invitations)]
