"""
The network addresses from which shoppers come, as a proxy in front of the room would tell them.

They are unique local ones of IPv6 (RFC 4193), which are nobody's on the internet: each of a network of its own, a /56
as a provider gives to a household, so that two are never taken for one.
"""

import random
from functools import lru_cache
from typing import Final

from loadtests.crowd.streams import Stream

HEADER: Final = "X-Forwarded-For"
"""What a proxy tells it by; a room believes it from its `trusted_proxies` alone."""
_IN_A_BLOCK: Final = 256
"""So many /56 are in a /48, whose 40 bits RFC 4193 has drawn by chance."""
_BLOCKS: Final = 4_096


def household_of(stream: Stream, seed: int, k: int) -> int:
    """
    Return which of the stream's addresses shopper number *k* has: the same for the same seed, whoever else comes.

    Of its `addresses` one is drawn; where it has none, each shopper has one of their own.
    """
    if not stream.addresses:
        return k
    return random.Random(f"address:{seed}:{stream.name}:{k}").randrange(stream.addresses)


def address_of(stream: Stream, seed: int, k: int) -> str:
    """
    Return the address of shopper number *k*; streams share none.
    """
    block, place = divmod(household_of(stream, seed, k), _IN_A_BLOCK)
    return f"fd{_block(stream.name, block)}:{place:02x}00::1"


@lru_cache(maxsize=_BLOCKS)
def _block(name: str, block: int) -> str:
    text = f"{random.Random(f'network:{name}:{block}').getrandbits(40):010x}"
    return f"{text[:2]}:{text[2:6]}:{text[6:]}"
