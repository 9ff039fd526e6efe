"""
How long people stay in the waiting room: the law that a stream's shoppers are drawn from.
"""

import math
from dataclasses import dataclass

from loadtests.crowd.shoppers import Behaviour


@dataclass(frozen=True, slots=True)
class Patience:
    """
    Say who is still there after a wait: a Weibull law, which is exponential where its shape is 1.

    Args:
        scale_s: after this time 1/e of all are still there; infinite where nobody ever leaves.
        shape: below 1 the hasty leave at once and the others hardly ever, above 1 most leave at about the same time.
    """

    scale_s: float = math.inf
    shape: float = 1.0

    @classmethod
    def of(cls, behaviour: Behaviour) -> "Patience":
        """
        Return the law that the room patience of *behaviour* is drawn from.

        A Weibull law with scale s and shape k has the mean s * gamma(1 + 1/k).
        """
        shape = behaviour.room_patience_shape
        return cls(behaviour.room_patience_s / math.gamma(1 + 1 / shape), shape)

    def stays(self, waited_s: float) -> float:
        """
        Return the share of people who are still there after *waited_s*.
        """
        return math.exp(-((waited_s / self.scale_s) ** self.shape)) if waited_s > 0 else 1.0


STAYS = Patience()
"""Nobody ever leaves."""
