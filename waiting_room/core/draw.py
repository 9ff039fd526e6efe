"""
The draw: a secret order of those who came before the opening, fixed by one short seed, that anybody can check after.

The place of a number is a keyed permutation of 1 to N, worked out when it is asked for: nothing is stored for each
visitor, and a crowd of any size is ordered by writing down its size.

The permutation is a balanced Feistel network over pairs of digits in base a, with addition in place of exclusive or
(the shape of FF1, NIST SP 800-38G), walked on until it falls within 1 to N (cycle walking: Black and Rogaway, "Ciphers
with arbitrary finite domains", 2002). As a is the least even base that will do, hardly anybody of a large crowd walks
twice; over a power of four some sizes would walk four times. Each round adds an entry of a table of a random values,
read from SHAKE-256 under the key: what Luby and Rackoff's theorem asks for, but for the hash. The tables are read once
for a draw, so that a place costs a few additions of whole numbers: the same on any machine.

Rounds: ten, as in FF1, from a = 1000 on (a million people, the least for which the draft of its revision 1 allows ten).
What still tells two places from independent ones falls by a with every two rounds (Bellare, Hoang and Tessaro,
"Message-recovery attacks on Feistel-based format preserving encryption", 2016; a test works it out exactly), so smaller
draws take as many more as make ``a ** (rounds / 2 - 1) >= 10 ** 12``. Nobody sees a place before the seed is shown,
and a seed serves once: there is nothing to attack but chance itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, shake_256
from math import isqrt
from struct import unpack
from typing import Final

from waiting_room.errors import Fault, FaultsError

SEED_BYTES: Final = 32
"""256 bits, the size of the hash: nobody finds the seed of a commitment, or a second one for it, by trying."""
MOST_BEACON: Final = 256
"""Longer than any public beacon's value: drand's have 64 hexadecimal digits, NIST's 128."""
MOST_DRAWN: Final = 10**9
"""More than any crowd; the tables of a draw grow with the root of its size, and these take 2.5 MB."""
_ENOUGH: Final = 10**12
_LEAST_ROUNDS: Final = 10
_WORD_BYTES: Final = 8
"""A table's entry is 64 random bits modulo a: that favours none by more than a in 2^64."""
_SEED: Final = re.compile(rf"[0-9a-f]{{{2 * SEED_BYTES}}}")
_BEACON: Final = re.compile(rf"[\x21-\x7e]{{0,{MOST_BEACON}}}")


class DrawError(FaultsError):
    """
    Refuse published values that do not hold together.
    """


@dataclass(frozen=True, slots=True)
class Draw:
    """
    Hold all that fixes a draw: what a room publishes after its opening.

    *seed* and *commitment* are 64 lower-case hexadecimal digits each, *beacon* is printable ASCII without spaces, or
    empty where there was none. The numbers of *lane* from *first* on were drawn, *size* of them.
    """

    seed: str
    commitment: str
    beacon: str
    lane: str
    first: int
    size: int

    def holds(self, number: int) -> bool:
        """
        Return whether *number* was drawn.
        """
        return 0 <= number - self.first < self.size


def commitment(seed: str) -> str:
    r"""
    Return what is published of *seed* before the draw: SHA-256 of a line that says what it is for, and of the seed.

    ``printf 'waiting-room draw 1 commitment\n%s' SEED | sha256sum`` gives the same.
    """
    return sha256(f"waiting-room draw 1 commitment\n{seed}".encode()).hexdigest()


def seed_faults(seed: str) -> tuple[Fault, ...]:
    """
    Return what is wrong with the form of a seed.
    """
    if _SEED.fullmatch(seed):
        return ()
    return (Fault("seed", f"is not {2 * SEED_BYTES} lower-case hexadecimal digits", "take it as it was published"),)


def beacon_faults(beacon: str) -> tuple[Fault, ...]:
    """
    Return what is wrong with the form of a beacon's value.
    """
    if _BEACON.fullmatch(beacon):
        return ()
    what = f"is not up to {MOST_BEACON} printable ASCII characters without spaces"
    return (Fault("beacon", what, "take the value as its source publishes it, such as drand's randomness"),)


def faults_of(draw: Draw) -> tuple[Fault, ...]:
    """
    Return everything that is wrong with published values, so that no place may be worked out from them.
    """
    found = [*seed_faults(draw.seed), *beacon_faults(draw.beacon)]
    if draw.commitment != commitment(draw.seed):
        what = "is not the hash of the seed: the seed is not the one that was promised"
        found.append(Fault("commitment", what, "compare both with what was published before and after the opening"))
    if draw.first < 1:
        found.append(Fault("first", f"is {draw.first}", "numbers begin at 1"))
    if draw.size < 0:
        found.append(Fault("size", f"is {draw.size}", "take the number of those who were drawn"))
    if draw.size > MOST_DRAWN:
        what = f"is beyond {MOST_DRAWN:,}, which no crowd is"
        found.append(Fault("size", what, "take the number of those who were drawn"))
    if not draw.lane or "\n" in draw.lane:
        found.append(Fault("lane", "is no name of a lane", "take the lane that stands in the ticket"))
    return tuple(found)


def verify(draw: Draw, number: int) -> int:
    """
    Return the rank that *draw* gives to *number*, or raise `DrawError` with every fault.

    The drawn share the ranks of their numbers among themselves. Whoever came before the pre-queue, or after the
    opening, stands in order of arrival: the rank is the number itself.
    """
    found = list(faults_of(draw))
    if number < 1:
        found.append(Fault("number", f"is {number}", "numbers begin at 1"))
    if found:
        raise DrawError(tuple(found))
    return order_of(draw).rank_of(number) if draw.holds(number) else number


def base_for(size: int) -> int:
    """
    Return the least even base of which two digits hold *size* values.

    Even, because adding in an odd base only ever makes even permutations: half of all orders would not come up.
    """
    root = isqrt(max(0, size - 1)) + 1
    return root + root % 2


def rounds_for(base: int) -> int:
    """
    Return how many rounds a draw over pairs of digits in *base* takes; even.
    """
    rounds = _LEAST_ROUNDS
    while base > 1 and base ** (rounds // 2 - 1) < _ENOUGH:
        rounds += 2
    return rounds


class Order:
    """
    Give the rank of each number that was drawn, and the number at each rank; immutable.

    The ranks are those of the drawn numbers, *first* to *last*, in another order.
    """

    __slots__ = ("_base", "_pairs", "_size", "first", "last")

    def __init__(self, draw: Draw) -> None:
        self.first = draw.first
        self.last = draw.first + draw.size - 1
        self._size = draw.size
        self._base = base_for(draw.size)
        key = sha256(f"waiting-room draw 1 order\n{draw.seed}\n{draw.beacon}\n{draw.lane}\n{draw.size}".encode())
        tables = [_table(key.digest(), index, self._base) for index in range(rounds_for(self._base))]
        self._pairs = tuple(zip(tables[::2], tables[1::2], strict=True))

    def rank_of(self, number: int) -> int:
        """
        Return the rank of *number*, which is one of the drawn.
        """
        first, base, size = self.first, self._base, self._size
        at = number - first
        if not 0 <= at < size:
            raise IndexError(number)
        while True:
            left, right = divmod(at, base)
            for even, odd in self._pairs:
                left = (left + even[right]) % base
                right = (right + odd[left]) % base
            at = left * base + right
            if at < size:
                return first + at

    def number_of(self, rank: int) -> int:
        """
        Return the number that was drawn to *rank*, which is that of one of the drawn.
        """
        first, base, size = self.first, self._base, self._size
        at = rank - first
        if not 0 <= at < size:
            raise IndexError(rank)
        while True:
            left, right = divmod(at, base)
            for even, odd in reversed(self._pairs):
                right = (right - odd[left]) % base
                left = (left - even[right]) % base
            at = left * base + right
            if at < size:
                return first + at


@lru_cache(maxsize=64)
def order_of(draw: Draw) -> Order:
    """
    Return the order of *draw*, whose tables are read once: those of a million take a millisecond and 0.4 MB.
    """
    return Order(draw)


def _table(key: bytes, index: int, base: int) -> Sequence[int]:
    """
    Return the values that one round adds: SHAKE-256 of the key and the round's index, big-endian words modulo *base*.
    """
    words = shake_256(key + index.to_bytes(1)).digest(_WORD_BYTES * base)
    return [word % base for word in unpack(f">{base}Q", words)]
