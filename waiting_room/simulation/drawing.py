"""
The draws of a run: whether they are the ones that were promised, and whether chance alone made the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, sqrt
from statistics import NormalDist
from typing import Final

from waiting_room.core.draw import Draw, verify
from waiting_room.core.prequeue import Drawn
from waiting_room.core.snapshot import Snapshot

_MOST_PARTS: Final = 10
_LEAST_IN_A_CELL: Final = 5
"""A chi-square test needs about five expected in each cell."""
LEAST_DRAWN: Final = _LEAST_IN_A_CELL * 4


class Draws:
    """
    Hold the commitments that were published, and the draws that were held, by their round.
    """

    def __init__(self) -> None:
        self.held: dict[int, Drawn] = {}
        self.ranks: dict[tuple[int, str], tuple[int, list[int]]] = {}
        self._promised: set[str] = set()

    def seen(self, snapshot: Snapshot) -> tuple[Drawn, ...]:
        """
        Note what was published; return the draws that were not known.
        """
        if snapshot.promise is not None:
            self._promised.add(snapshot.promise.commitment)
        return tuple(drawn for drawn in snapshot.draws if self.held.get(drawn.round) != drawn)

    def hold(self, drawn: Drawn) -> str:
        """
        Take over a draw; return what is wrong with it, empty where nothing is.
        """
        if drawn.round in self.held:
            return f"draw {drawn.round} was held anew"
        self.held[drawn.round] = drawn
        for draw in drawn.draws():
            if draw.commitment not in self._promised:
                return f"the seed of draw {drawn.round} was never promised"
            ranks = [verify(draw, number) for number in range(draw.first, draw.first + draw.size)]
            if sorted(ranks) != list(range(draw.first, draw.first + draw.size)):
                return f"draw {drawn.round} gives no place of their own to all of {draw.lane}"
            self.ranks[drawn.round, draw.lane] = (draw.first, ranks)
        return ""

    def misses(self, draw: Draw, early: tuple[int, int] | None) -> bool:
        """
        Tell whether *draw* leaves out somebody of *early*, the first and last number of those who were to be drawn.
        """
        return early is not None and not (draw.holds(early[0]) and draw.holds(early[1]))


@dataclass(frozen=True, slots=True)
class DrawResult:
    """
    Hold the figures of one lane's draw.

    *correlation*: of arrival and place (Spearman's rho), 0 for chance, and *deviations*: how many of its standard
    deviations that is. *chi_square*, with *freedom* degrees, of arrivals and places cut into equal parts; *chance*: how
    often chance alone makes it as large. *late*: those who came after the opening and stood behind. *first_call_s*:
    from the opening to the first call.
    """

    lane: str
    drawn: int
    late: int
    correlation: float
    deviations: float
    chi_square: float
    freedom: int
    chance: float
    first_call_s: float | None


def figures(lane: str, first: int, ranks: Sequence[int], late: int, first_call_s: float | None) -> DrawResult | None:
    """
    Return what chance made of the *ranks* of the numbers from *first* on; None where too few were drawn to tell.
    """
    count = len(ranks)
    if count < LEAST_DRAWN:
        return None
    apart = sum((rank - number) ** 2 for number, rank in enumerate(ranks, first))
    rho = 1 - 6 * apart / (count * (count * count - 1))
    square, freedom = chi_square(first, ranks)
    chance = chance_of(square, freedom)
    return DrawResult(lane, count, late, rho, rho * sqrt(count - 1), square, freedom, chance, first_call_s)


def chi_square(first: int, ranks: Sequence[int]) -> tuple[float, int]:
    """
    Return chi-square of the table of arrivals and places, each cut into as many equal parts as the crowd bears, and its
    degrees of freedom.
    """
    count = len(ranks)
    parts = min(_MOST_PARTS, isqrt(count // _LEAST_IN_A_CELL))
    cells = [[0] * parts for _ in range(parts)]
    for number, rank in enumerate(ranks, first):
        cells[(number - first) * parts // count][(rank - first) * parts // count] += 1
    came, places = [sum(row) for row in cells], [sum(column) for column in zip(*cells, strict=True)]
    total = 0.0
    for row, some in zip(cells, came, strict=True):
        for seen, others in zip(row, places, strict=True):
            due = some * others / count
            total += (seen - due) ** 2 / due
    return total, (parts - 1) ** 2


def chance_of(square: float, freedom: int) -> float:
    """
    Return how often chance alone makes a chi-square as large (Wilson and Hilferty, "The distribution of chi-square",
    1931).
    """
    spread = 2 / (9 * freedom)
    return 1 - NormalDist().cdf(((square / freedom) ** (1 / 3) - (1 - spread)) / sqrt(spread))
