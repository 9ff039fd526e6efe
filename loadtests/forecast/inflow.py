"""
Who comes to the room: how many in each step, how long they stay, and what they do when they are called.
"""

from bisect import bisect_right
from dataclasses import dataclass

from loadtests.forecast.patience import STAYS, Patience


@dataclass(frozen=True, slots=True)
class Inflow:
    """
    Describe people of one kind who come to the room.

    Args:
        name: what to call them.
        came: how many come in each step.
        patience: how long they stay.
        comes: the share of those called who come in; for the others somebody else is called. Who meets no line goes
            straight in, whoever it is.
        seats: how long their seats are held, as (seconds, share); empty where seats are no matter.
        late: the share of those called who come late: they ask once in *late_s* after they came, and no sooner.
            Somebody else is called for them as well, and what they use when they come, nobody else has.
        late_s: how often these ask, in seconds.
        patiences: for each step the patience in seconds of each of those who come in it, rising, where it is known who
            they are; else their patience is the law.
    """

    name: str
    came: tuple[float, ...]
    patience: Patience = STAYS
    comes: float = 1.0
    seats: tuple[tuple[float, float], ...] = ()
    late: float = 0.0
    late_s: float = 60.0
    patiences: tuple[tuple[float, ...], ...] = ()

    def stays(self, step: int, waited_s: float) -> float:
        """
        Return the share of those who came in *step* that is still there after *waited_s*.
        """
        if not self.patiences:
            return self.patience.stays(waited_s)
        drawn = self.patiences[step]
        return 1 - bisect_right(drawn, waited_s) / len(drawn) if drawn else 0.0
