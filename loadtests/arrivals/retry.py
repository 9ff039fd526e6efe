"""
Retries: the same people again, because they were not served the first time.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from loadtests.arrivals.model import number_faults
from loadtests.arrivals.rate import Rate, together
from loadtests.documents import STRICT
from waiting_room.errors import Fault

MOST_TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Retry:
    """
    Let those who fail come again: lambda_eff(t) = sum over k from 0 to *most* of r^k lambda(t - k d).

    In the long run that is lambda / (1 - r): the amplified work that keeps a shop down after the spike is over
    (Bronson et al.: Metastable failures in distributed systems, HotOS 2021). It is for crowds whose journeys do not
    reload by themselves; those of a rehearsal do.

    Args:
        again_share: the share r of tries that fails and is made again.
        after_s: the pause d before that.
        most: how often one person tries again at most.
    """

    again_share: float
    after_s: float
    most: int = 5

    __pydantic_config__: ClassVar = STRICT

    def amplified(self, first: Rate) -> Rate:
        """
        Return the rate of first, second and all further tries, where *first* is that of the first ones.
        """
        return together(first.scaled(self.again_share**k).later(k * self.after_s) for k in range(self.most + 1))

    def faults(self, where: str) -> tuple[Fault, ...]:
        """
        Return everything that makes the retries senseless, and nothing when they are sound.
        """
        found = tuple(number_faults(self, where, shares=("again_share",)))
        if self.most > MOST_TRIES:
            found += (Fault(f"{where}.most", f"must be at most {MOST_TRIES}, is {self.most}"),)
        return found

    def says(self) -> str:
        """
        Return the line for people.
        """
        return f"{100 * self.again_share:g} % try again after {self.after_s:g} s"
