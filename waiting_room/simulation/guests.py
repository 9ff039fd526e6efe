"""
Who was invited, by the simulator's books: how often each invitation was tried, and by whom it was used.
"""

from collections import defaultdict
from collections.abc import Sequence

from waiting_room.ports import RedeemCode, Redemption


class Guests:
    """
    Hold, for each invitation, who tried it and who used it.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.tried: defaultdict[str, set[str]] = defaultdict(set)
        self.used: defaultdict[str, set[str]] = defaultdict(set)
        self.uses: dict[str, int] = {}
        self.joined: set[str] = set()
        self._ever: set[str] = set()

    def redeemed(self, asked: Sequence[Redemption], codes: Sequence[RedeemCode]) -> str:
        """
        Note what came of uses; return what is wrong, empty where nothing is.
        """
        for use, code in zip(asked, codes, strict=True):
            self.asked += 1
            self.uses[use.invitation] = use.uses
            self.tried[use.invitation].add(use.visitor)
            if code not in {RedeemCode.NEW, RedeemCode.SAME}:
                continue
            used = self.used[use.invitation]
            used.add(use.visitor)
            self._ever.add(use.visitor)
            if len(used) > use.uses:
                return f"invitation {use.invitation} for {use.uses} let {len(used)} in"
        return ""

    def joins(self, visitor: str) -> bool:
        """
        Note that *visitor* was given a place in a lane for the invited; return whether an invitation let them.
        """
        self.joined.add(visitor)
        return visitor in self._ever

    def lost(self) -> None:
        """
        Forget the uses, as a store does that loses its state: nobody puts them back.
        """
        self.used.clear()

    def due(self) -> int:
        """
        Return how many uses all that tried must have come to.
        """
        return sum(min(self.uses[invitation], len(who)) for invitation, who in self.tried.items())
