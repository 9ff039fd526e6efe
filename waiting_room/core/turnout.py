"""
Which share of those who are called come: what a wait is worked out with, and whether it is still that of before.

A crowd that leaves without a word stays in the books until its presence slots are over. Its calls that nobody answers
tell of it a minute earlier.
"""

from math import exp, log, sqrt
from typing import Final

from waiting_room.core.pacing import mature_ms
from waiting_room.core.snapshot import Snapshot

WANDERS: Final = 0.45
"""By so much, as a logarithm, the share of those who come when called differs from slot to slot by itself."""
_BEYOND: Final = 3.0
"""What goes beyond that counts three times, until it counts in full."""
_MEAN_S: Final = 60.0
_JUMP: Final = 0.5
"""A share that is off its mean by so much, as a logarithm, is taken at once."""
_BREAK: Final = 0.9
"""If it is off by so much, the crowd is another one: three of five who came do so no more."""
_LASTS_S: Final = 1200.0
"""A share that was higher is forgotten as slowly: those behind the last one who has gone may wait for a long time."""
_LEAST: Final = 0.02
_SOON: Final = 4 / 7
"""Most who come do so within this part of the time after which hardly anybody does: 4 s of 7."""
_LATELY_MS: Final = 5000
_CALLS: Final = 8
_SIGMAS: Final = 4.2
"""
Fewer come of eight calls or more, by so many standard deviations of a binomial, hardly ever: at 3.5 a calm sale of half
an hour was taken for one that is left by its crowd one time in ten.
"""


class Turnout:
    """
    Measure the share of those called who come, in a mean that follows a jump at once.

    *share*: None until the first no-show is known. *breaks*: how often the crowd has become another one.
    """

    __slots__ = ("_calm", "_most", "breaks", "share")

    def __init__(self) -> None:
        self.share: float | None = None
        self.breaks = 0
        self._calm = 0.0
        self._most = 0.0

    def see(self, snapshot: Snapshot, elapsed_s: float) -> None:
        """
        Learn from a snapshot that was taken *elapsed_s* after the last one.
        """
        now = share_now(snapshot)
        if self.share is None:
            if now < 1:
                self.share = self._calm = now
            return
        part, before = 1 - exp(-elapsed_s / _MEAN_S), self.share
        self.share = now if abs(log(now / before)) > _JUMP else before + part * (now - before)
        self._most = max(0.0, exp(-elapsed_s / _LASTS_S) * self._most + log(before / self.share))
        if abs(log(now / self._calm)) > _BREAK:
            self.breaks += 1
            self._calm = now
        else:
            self._calm += part * (now - self._calm)

    @property
    def higher(self) -> float:
        """
        Return by how much the share may come to be higher again, as a logarithm: as many calls fewer are made then.
        """
        return max(0.0, min(self._most, _BEYOND * (self._most - WANDERS)))


def share_now(snapshot: Snapshot) -> float:
    """
    Return the share of those called who come: the room's own measure, but that of the last calls where hardly anybody
    answers these.
    """
    share = min(1.0, 1 - snapshot.no_show)
    mature = mature_ms(snapshot)
    called = came = 0
    for cohort in snapshot.cohorts:
        if _SOON * mature <= snapshot.now_ms - cohort.at_ms <= mature + _LATELY_MS:
            called += cohort.present
            came += cohort.claimed + cohort.at_door
    if called >= _CALLS and called * share - came > _SIGMAS * sqrt(called * share * (1 - share)):
        return (came + 1) / (called + 2)
    return max(share, _LEAST)
