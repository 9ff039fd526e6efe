"""
How a shop's throughput grows with the shoppers inside: two laws, and their fits to what was measured.

The universal scalability law (Gunther, "Guerrilla Capacity Planning", 2007) tells waiting for each other (contention)
from keeping each other informed (coherency), whose price grows with the square and makes a shop slower beyond its peak:
X(N) = λN / (1 + σ(N - 1) + κN(N - 1)). It bends smoothly. A shop that holds a pool of something (connections, workers)
grows in proportion until the pool is full and stays there; that is the pair of asymptotic bounds of operational
analysis (Denning and Buzen, 1978): X(N) = min(λN, C). Both are fitted, and the worse one is never silently believed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from waiting_room.errors import Fault, FaultsError

LEAST_POINTS: Final = 4
"""Three numbers are fitted; with as many points any law would seem perfect."""
GOOD_WITHIN: Final = 0.10
"""A law that misses one of the points by more than this share of it does not describe the shop."""
CEILING_POINTS: Final = 2
"""One point beyond the corner would be met exactly by any ceiling."""
_ROUNDS: Final = 100
_ENOUGH: Final = 1e-12


class ScalingError(FaultsError):
    """
    Refuse points that no law can be fitted to, with everything that is wrong about them.
    """


@dataclass(frozen=True, slots=True)
class Point:
    """
    Hold what was measured at one concurrency.

    Args:
        shoppers: how many went round at one time.
        per_s: what they got done per second.
    """

    shoppers: float
    per_s: float


@dataclass(frozen=True, slots=True)
class UniversalLaw:
    """
    Follow the universal scalability law.

    Args:
        alone_per_s: λ, what one shopper alone gets done per second.
        contention: σ, the share of the work that must be done by one at a time.
        coherency: κ, what each pair of shoppers costs beyond that.
    """

    alone_per_s: float
    contention: float
    coherency: float

    def per_s(self, shoppers: float) -> float:
        """
        Return the throughput with so many inside.
        """
        more = shoppers - 1
        return self.alone_per_s * shoppers / (1 + self.contention * more + self.coherency * shoppers * more)

    @property
    def peak(self) -> float | None:
        """
        Return the number of shoppers beyond which throughput falls, √((1 - σ) / κ); None where it never does.
        """
        if self.coherency <= 0:
            return None
        return max(1.0, math.sqrt(max(0.0, 1 - self.contention) / self.coherency))

    @property
    def knee(self) -> float | None:
        """
        Return the number of shoppers at which throughput per response time is best; None where there is no such number.

        This is Kleinrock's knee: the maximum of X²/N. For this law it is the root of
        3κN² + (σ - κ)N - (1 - σ) = 0. Beyond it, one more shopper lengthens everybody's pages by more than it sells.
        """
        bent, straight, rest = 3 * self.coherency, self.contention - self.coherency, 1 - self.contention
        if rest <= 0:
            return 1.0
        if bent <= 0 and straight <= 0:
            return None
        # In the form that does not cancel where the bend is slight.
        root = math.sqrt(straight * straight + 4 * bent * rest)
        return max(1.0, 2 * rest / (straight + root))


@dataclass(frozen=True, slots=True)
class PoolLaw:
    """
    Grow in proportion until a pool is full, and stay there.

    Args:
        alone_per_s: what one shopper alone gets done per second.
        ceiling_per_s: what the full pool gets done; infinite where no point lay beyond the corner.
    """

    alone_per_s: float
    ceiling_per_s: float

    def per_s(self, shoppers: float) -> float:
        """
        Return the throughput with so many inside.
        """
        return min(self.alone_per_s * shoppers, self.ceiling_per_s)

    @property
    def knee(self) -> float | None:
        """
        Return the number of shoppers that fill the pool; None where it was never full.
        """
        return self.ceiling_per_s / self.alone_per_s if math.isfinite(self.ceiling_per_s) else None


Law = UniversalLaw | PoolLaw


@dataclass(frozen=True, slots=True)
class Fit:
    """
    Hold a law with how well it tells what was measured.

    Args:
        law: the law.
        residuals: by how much of each point the law misses it, in the order of the points; above 0 where it promises
            more than was measured.
        r_squared: the share of the variance between the points that the law explains; 1 is all of it. A high figure
            alone says little: any rising curve explains most of a rise.
    """

    law: Law
    residuals: tuple[float, ...]
    r_squared: float

    @property
    def worst(self) -> float:
        """
        Return the largest miss, as a share of its point.
        """
        return max(abs(residual) for residual in self.residuals)

    @property
    def error(self) -> float:
        """
        Return the root of the mean squared residual.
        """
        return math.sqrt(sum(residual**2 for residual in self.residuals) / len(self.residuals))

    @property
    def good(self) -> bool:
        """
        Tell whether the law misses none of the points by more than `GOOD_WITHIN`.
        """
        return self.worst <= GOOD_WITHIN


def fit_universal(points: Sequence[Point]) -> Fit:
    """
    Return the universal law with the least squared relative residuals, σ and κ never below 0.

    With y = N/X the law is linear in 1/λ, σ/λ and κ/λ, which gives the start; Gauss-Newton leads from there to the
    least squares in X itself. A coefficient that would fall below 0 is held there: every choice of those held is
    tried, and the best that keeps the bounds wins.

    Raises:
        ScalingError: the points are too few, too close or no figures; all faults at once.
    """
    _refuse(points)
    choices = (held for count in range(3) for held in combinations((1, 2), count))
    found = [law for held in choices if (law := _universal(points, held)) is not None]
    return min((_fit(law, points) for law in found), key=lambda fit: fit.error)


def fit_pool(points: Sequence[Point]) -> Fit:
    """
    Return the pool law with the least squared relative residuals.

    Sorted by concurrency, the points before the corner set the slope and those after it the ceiling; each place of
    the corner is tried. One point at least lies on the slope, and none or two at least on the ceiling.

    Raises:
        ScalingError: as for `fit_universal`.
    """
    _refuse(points)
    ordered = sorted(points, key=lambda point: point.shoppers)
    laws = []
    for corner in (*range(1, len(ordered) - CEILING_POINTS + 1), len(ordered)):
        slope = _scale([point.shoppers / point.per_s for point in ordered[:corner]])
        beyond = ordered[corner:]
        ceiling = _scale([1 / point.per_s for point in beyond]) if beyond else math.inf
        laws.append(PoolLaw(slope, ceiling))
    return min((_fit(law, points) for law in laws), key=lambda fit: fit.error)


def _refuse(points: Sequence[Point]) -> None:
    faults = list(_faults(points))
    if not faults and len({point.shoppers for point in points}) < LEAST_POINTS:
        remedy = f"measure at {LEAST_POINTS} different concurrencies or more"
        faults.append(Fault("points", "are too few for a law with three numbers", remedy))
    if faults:
        raise ScalingError(tuple(faults))


def _faults(points: Sequence[Point]) -> Iterator[Fault]:
    for place, point in enumerate(points):
        if not (math.isfinite(point.shoppers) and point.shoppers >= 1):
            yield Fault(f"points[{place}]", f"must have at least one shopper, has {point.shoppers}")
        if not (math.isfinite(point.per_s) and point.per_s > 0):
            what = f"must have a throughput above 0, has {point.per_s}"
            yield Fault(f"points[{place}]", what, "leave out what sold nothing")


def _scale(shapes: Sequence[float]) -> float:
    # The factor by which all shapes together come nearest to 1, in least squares.
    return sum(shapes) / sum(shape * shape for shape in shapes)


def _universal(points: Sequence[Point], held: tuple[int, ...]) -> UniversalLaw | None:
    """
    Return the best law whose *held* coefficients (1: contention, 2: coherency) are 0; None if others fell below.
    """
    free = [place for place in range(3) if place not in held]
    rows = [[(1.0, n - 1, n * (n - 1))[place] for place in free] for n in (point.shoppers for point in points)]
    times = [point.shoppers / point.per_s for point in points]
    values = _least_squares([[part / y for part in row] for row, y in zip(rows, times, strict=True)], [1.0] * len(rows))
    if values is None or not _above(rows, values):
        return None
    values = _refined(rows, times, values)
    full = [0.0, 0.0, 0.0]
    for place, value in zip(free, values, strict=True):
        full[place] = value
    if full[0] <= 0 or min(full) < 0:
        return None
    return UniversalLaw(1 / full[0], full[1] / full[0], full[2] / full[0])


def _refined(rows: list[list[float]], times: list[float], values: list[float]) -> list[float]:
    """
    Return the values that Gauss-Newton reaches from *values*: least squares of y / ŷ - 1, which is X̂ / X - 1.
    """
    error = _misses(rows, times, values)
    for _ in range(_ROUNDS):
        better = _improved(rows, times, values, error)
        if better is None:
            return values
        values, less = better
        if error - less <= _ENOUGH * error:
            return values
        error = less
    return values


def _improved(
    rows: list[list[float]], times: list[float], values: list[float], error: float
) -> tuple[list[float], float] | None:
    """
    Return values with less error, along the step of Gauss and Newton or a part of it; None where there are none.
    """
    law = [_dot(row, values) for row in rows]
    slopes = [[-y * part / z**2 for part in row] for row, y, z in zip(rows, times, law, strict=True)]
    step = _least_squares(slopes, [1 - y / z for y, z in zip(times, law, strict=True)])
    share = 1.0
    while step is not None and share > _ENOUGH:
        tried = [value + share * part for value, part in zip(values, step, strict=True)]
        if _above(rows, tried) and (less := _misses(rows, times, tried)) < error:
            return tried, less
        share /= 2
    return None


def _misses(rows: list[list[float]], times: list[float], values: list[float]) -> float:
    return sum((y / _dot(row, values) - 1) ** 2 for row, y in zip(rows, times, strict=True))


def _above(rows: list[list[float]], values: list[float]) -> bool:
    return all(_dot(row, values) > 0 for row in rows)


def _dot(row: Sequence[float], values: Sequence[float]) -> float:
    return sum(part * value for part, value in zip(row, values, strict=True))


def _least_squares(rows: list[list[float]], wanted: list[float]) -> list[float] | None:
    """
    Return the values for which the rows come nearest to what is wanted, by the normal equations; None if any would do.

    Columns are scaled to length 1 first: N(N - 1) is thousands of times as large as 1.
    """
    lengths = [math.sqrt(sum(row[i] ** 2 for row in rows)) or 1.0 for i in range(len(rows[0]))]
    scaled = [[part / length for part, length in zip(row, lengths, strict=True)] for row in rows]
    columns = [[row[i] for row in scaled] for i in range(len(lengths))]
    matrix = [[*(_dot(column, other) for other in columns), _dot(column, wanted)] for column in columns]
    solved = _solved(matrix)
    return None if solved is None else [value / length for value, length in zip(solved, lengths, strict=True)]


def _solved(matrix: list[list[float]]) -> list[float] | None:
    # Gauss and Jordan, with the largest pivot of each column.
    size = len(matrix)
    for i in range(size):
        pivot = max(range(i, size), key=lambda place: abs(matrix[place][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        if abs(matrix[i][i]) < _ENOUGH:
            return None
        matrix[i] = [part / matrix[i][i] for part in matrix[i]]
        for j in range(size):
            if j != i:
                matrix[j] = [part - matrix[j][i] * own for part, own in zip(matrix[j], matrix[i], strict=True)]
    return [row[size] for row in matrix]


def _fit(law: Law, points: Sequence[Point]) -> Fit:
    told = [law.per_s(point.shoppers) for point in points]
    mean = sum(point.per_s for point in points) / len(points)
    spread = sum((point.per_s - mean) ** 2 for point in points)
    missed = sum((value - point.per_s) ** 2 for value, point in zip(told, points, strict=True))
    residuals = tuple(value / point.per_s - 1 for value, point in zip(told, points, strict=True))
    return Fit(law, residuals, 1 - missed / spread if spread > 0 else float(missed == 0))
