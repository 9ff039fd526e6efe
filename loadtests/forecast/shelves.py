"""
What the demo shop's shelves let be sold: a stock for each product, and who wants which.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtests.crowd.shoppers import Behaviour, Shopper, choice, weights
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.catalogue import TOYS

PRODUCTS: Final = tuple(f"/product/{toy.slug}" for toy in TOYS)
"""The demo shop's products, as its home page lists them."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """
    Hold what there is of each product, and what an order takes of it.

    Args:
        stock: pieces of each product; infinite where nobody said.
        wants: by stream, how many pieces of each product one order takes in the mean.
    """

    stock: float
    wants: tuple[Mapping[str, float], ...]

    def sold(self, orders: Sequence[float]) -> tuple[float, ...]:
        """
        Return how many of each stream's *orders* find what they are for, where all streams take from the same shelves.
        """
        taken: defaultdict[str, float] = defaultdict(float)
        for count, wants in zip(orders, self.wants, strict=True):
            for product, pieces in wants.items():
                taken[product] += count * pieces
        there = {product: min(1.0, self.stock / pieces) if pieces else 1.0 for product, pieces in taken.items()}
        return tuple(
            count * sum(pieces * there[product] for product, pieces in wants.items()) / sum(wants.values())
            for count, wants in zip(orders, self.wants, strict=True)
        )


def shelves_of(shop: Mapping[str, Any], streams: Sequence[Stream]) -> Shelves:
    """
    Return the shelves of a scenario's shop, as its streams empty them.
    """
    return Shelves(float(shop.get("stock", math.inf)), tuple(_wants(stream.behaviour) for stream in streams))


def wanted(shopper: Shopper, behaviour: Behaviour) -> str:
    """
    Return the product that the shopper looks at first, which a buyer buys.
    """
    among = behaviour.products or PRODUCTS
    return among[choice(shopper, behaviour, 0, len(among))]


def _wants(behaviour: Behaviour) -> Mapping[str, float]:
    among = behaviour.products or PRODUCTS
    hot = min(len(among), behaviour.hot_products)
    wants: defaultdict[str, float] = defaultdict(float)
    for share, count in ((behaviour.hot_share, hot), (1 - behaviour.hot_share, len(among))):
        law = weights(count, behaviour.popularity)
        for product, weight in zip(among, law, strict=False):
            wants[product] += share * behaviour.quantity * weight / sum(law)
    return wants
