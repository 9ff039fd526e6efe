"""
Passes that are JSON Web Tokens against compact ones: signed, verified for the first time, and seen again.
"""

import gc
import itertools
from collections.abc import Callable, Sequence
from time import process_time

from benchmarks.ratio import Ratio
from waiting_room.gates.passes import PassBook
from waiting_room.jwts.claims import ALGORITHMS, ISSUER
from waiting_room.jwts.keys import make, signing_key
from waiting_room.jwts.seals import JwtSigner, JwtVerifier
from waiting_room.tokens import Keyring, Pass

NAME = "passes"

ROOM = "sale"
NOW_MS = 1_800_000_000_000
PASSES = 1_000
ROUNDS = 5
SEEN_AGAIN = 1.5
"""A remembered pass costs a look into a dictionary, whatever its format; a longer text takes longer to compare."""


def held() -> list[Pass]:
    """
    Return the passes of as many visitors.
    """
    return [
        Pass(ROOM, "standard", number, f"visitor-{number:016d}", f"standard.{number}", NOW_MS, NOW_MS + 3_600_000)
        for number in range(PASSES)
    ]


def us_each(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """
    Return how many µs of the processor's time *work* takes for each text: the best of a few rounds.
    """
    rounds = []
    for _ in range(ROUNDS):
        begun = process_time()
        for text in texts:
            work(text)
        rounds.append((process_time() - begun) / len(texts) * 1e6)
    return min(rounds)


def costs(
    sign: Callable[[Pass], str], read: Callable[[str, str, int], object], book: PassBook
) -> tuple[float, float, float]:
    """
    Return the cost of signing, of verifying, and of reading again what a gate's *book* remembers.
    """
    passes = held()
    names = [str(number) for number in range(PASSES)]
    signing = us_each(lambda name: sign(passes[int(name)]), names)
    texts = [sign(one) for one in passes]
    verifying = us_each(lambda text: read(text, ROOM, NOW_MS), texts)
    us_each(lambda text: book.read(text, "", NOW_MS), texts)
    again = us_each(lambda text: book.read(text, "", NOW_MS), list(itertools.chain(texts, texts)))
    return signing, verifying, again


def run() -> list[Ratio]:
    """
    Measure each algorithm, and set it against the compact format.
    """
    keyring = Keyring(["k1:" + "s" * 32])
    gc.disable()
    try:
        compact = costs(keyring.sign, keyring.admission, PassBook(keyring, ROOM, 0))
        found = {}
        for algorithm in ALGORITHMS:
            key = signing_key(make(algorithm))
            verifier = JwtVerifier({key.id: key.verifying}, ISSUER)
            book = PassBook(keyring, ROOM, 0, jwts=verifier)
            found[algorithm] = costs(JwtSigner(key, ISSUER).sign, verifier.admission, book)
    finally:
        gc.enable()
    ratios = []
    for algorithm, made in found.items():
        for what, value, base, target in zip(
            ("signing", "verifying", "seen again"), made, compact, (None, None, SEEN_AGAIN), strict=True
        ):
            note = "the compact format"
            ratios.append(Ratio(f"{what}, {algorithm}", value, base, target, unit="us", better="lower", note=note))
    return ratios
