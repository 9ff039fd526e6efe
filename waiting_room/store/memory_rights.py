"""
What a room in memory holds of rights: uses of invitations, who is turned away, and who may come back.
"""

from dataclasses import dataclass, field
from typing import Final

from waiting_room.core.revoked import MOST_REVOKED, Revoked
from waiting_room.ports import RedeemCode, Redemption

RETRY_MS: Final = 60_000
"""As long as a join is remembered: a right that was used is found again by a join that is tried again."""


@dataclass(slots=True)
class MemoryRights:
    """
    Hold the same as the keys ``invitation``, ``revoked`` and ``ended`` of a room in Redis.
    """

    used: dict[str, tuple[set[str], int]] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    visitors: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    ended: dict[str, int] = field(default_factory=dict)

    def redeem(self, use: Redemption, now_ms: int) -> RedeemCode:
        """
        Count a use of an invitation, once for each visitor.
        """
        invitation, uses, expires_ms, visitor = use
        if now_ms >= expires_ms:
            return RedeemCode.EXPIRED
        who, _ = self.used.get(invitation, (set(), 0))
        if visitor in who:
            return RedeemCode.SAME
        if len(who) >= uses:
            return RedeemCode.USED
        self.used[invitation] = (who | {visitor}, expires_ms)
        return RedeemCode.NEW

    def revoke(self, seat: str, visitor: str, for_ms: int, now_ms: int) -> bool:
        """
        Turn *seat* or *visitor* away; return whether there was room on the list.
        """
        self._forget(now_ms)
        entries, entry = (self.seats, seat) if seat else (self.visitors, visitor)
        if for_ms <= 0:
            self.changes += entries.pop(entry, None) is not None
            return True
        if len(self.seats) + len(self.visitors) >= MOST_REVOKED and entry not in entries:
            return False
        entries[entry] = now_ms + for_ms
        self.changes += 1
        if visitor:
            self.ended.pop(visitor, None)
        return True

    def revoked(self, epoch: int, now_ms: int) -> Revoked:
        """
        Return who is turned away.
        """
        self._forget(now_ms)
        return Revoked(f"{epoch}.{self.changes}", dict(self.seats), dict(self.visitors))

    def come_back(self, visitor: str, now_ms: int) -> bool:
        """
        Tell whether *visitor* lost a seat with a basket lately; the right is used by that.
        """
        until_ms = self.ended.get(visitor, 0)
        if until_ms > now_ms + RETRY_MS:
            self.ended[visitor] = now_ms + RETRY_MS
        return until_ms > now_ms

    def _forget(self, now_ms: int) -> None:
        self.seats = {seat: until_ms for seat, until_ms in self.seats.items() if until_ms > now_ms}
        self.visitors = {visitor: until_ms for visitor, until_ms in self.visitors.items() if until_ms > now_ms}
