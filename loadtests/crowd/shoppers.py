"""
Who the shoppers are: what they want, how long they think, and how long they put up with waiting.

Shopper number i of a seed is the same person in every run, so that a rehearsal without the room and one with it are a
paired experiment: the same crowd, the same products, the same patience.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Final

from loadtests.documents import STRICT
from waiting_room.errors import Fault

STEPS: Final = 8
"""How many think times are drawn for a shopper; a longer journey begins again with the first."""
MAX_THINK_MEANS: Final = 6.0
"""A think time is cut at so many means: the long tail of dwell times is people who left the desk."""

_SHARES: Final = ("window_share", "leave_share", "page_patience_spread")
_POSITIVE: Final = ("page_patience_s", "room_patience_s", "room_patience_shape", "think_shape")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    Say how shoppers of a crowd behave; every person of it is drawn from this by a seed.

    Args:
        browse_think_s: mean time on a page that is read (home, product).
        form_think_s: mean time on a page that is filled in (checkout, payment).
        think_shape: Weibull shape of the think times; below 1 most look briefly and a few for long
            (Liu, White, Dumais, SIGIR 2010, found 0.7 to 0.9 on most pages).
        page_patience_s: how long a page may take before it is abandoned and reloaded.
        page_patience_spread: shoppers' patience lies evenly within this share around the mean.
        reloads: how often a page that was too slow or failed is tried again before giving up.
        reload_pause_s: pause before the first reload; it doubles with each further one.
        room_patience_s: mean time in the waiting room before giving up.
        room_patience_shape: Weibull shape of that patience; 1 is exponential. No public data; say how sure you are.
        leave_share: of those who give up waiting, the share that tells the room; the others just vanish.
        window_share: share of shoppers who only look and buy nothing.
        popularity: Zipf exponent of the products' popularity, in the order of the home page
            (published exponents: 0.6 to 1.03).
        products: paths of the products to buy; empty: those that the home page links to.
        quantity: how many of the product a buyer puts into the basket.
    """

    browse_think_s: float = 3.0
    form_think_s: float = 6.0
    think_shape: float = 0.8
    page_patience_s: float = 8.0
    page_patience_spread: float = 0.25
    reloads: int = 3
    reload_pause_s: float = 1.0
    room_patience_s: float = 600.0
    room_patience_shape: float = 1.0
    leave_share: float = 0.2
    window_share: float = 0.3
    popularity: float = 0.8
    products: tuple[str, ...] = ()
    quantity: int = 1

    __pydantic_config__: ClassVar = STRICT

    def faults(self, where: str = "behaviour") -> tuple[Fault, ...]:
        """
        Return everything that makes the settings senseless, and nothing when they are sound.
        """
        return tuple(self._number_faults(where)) + tuple(
            Fault(f"{where}.products[{place}]", f"must be a path such as /product/kite, is {path!r}")
            for place, path in enumerate(self.products)
            if not path.startswith("/")
        )

    def _number_faults(self, where: str) -> Iterator[Fault]:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                continue
            if not (math.isfinite(value) and value >= 0):
                yield Fault(f"{where}.{field.name}", f"must be a finite number of at least 0, is {value}")
            elif field.name in _SHARES and value > 1:
                yield Fault(f"{where}.{field.name}", f"is a share and must not exceed 1, is {value}")
            elif field.name in _POSITIVE and value == 0:
                yield Fault(f"{where}.{field.name}", "must be greater than 0")
        if self.quantity < 1:
            yield Fault(f"{where}.quantity", f"must be at least 1, is {self.quantity}")


@dataclass(frozen=True, slots=True)
class Shopper:
    """
    One person of the crowd: everything about them that chance decides, decided beforehand.

    Args:
        i: the place in the order of arrival, from 0.
        buys: whether they mean to buy; the others look at *looks* products and go.
        looks: how many products they look at.
        tastes: one number in [0, 1) per product looked at; the popularity turns it into a product.
        browse_thinks_s, form_thinks_s: think times in seconds, used one after another.
        page_patience_s: how long they wait for a page.
        haste: one number in [0.5, 1.5) per reload, by which its pause is multiplied.
        room_patience_s: how long they stay in the waiting room.
        says_goodbye: whether they tell the room when they give up.
    """

    i: int
    buys: bool
    looks: int
    tastes: tuple[float, ...]
    browse_thinks_s: tuple[float, ...]
    form_thinks_s: tuple[float, ...]
    page_patience_s: float
    haste: tuple[float, ...]
    room_patience_s: float
    says_goodbye: bool


def draw_shopper(behaviour: Behaviour, who: int | str, i: int) -> Shopper:
    """
    Return the person *who*, shopper number *i* of the run: the same for the same behaviour and *who*.
    """
    draw = random.Random(f"shopper:{who}")
    buys = draw.random() >= behaviour.window_share
    looks = 1 if buys else draw.randint(1, 3)
    spread = behaviour.page_patience_spread
    return Shopper(
        i=i,
        buys=buys,
        looks=looks,
        tastes=tuple(draw.random() for _ in range(looks)),
        browse_thinks_s=_thinks(draw, behaviour.browse_think_s, behaviour.think_shape),
        form_thinks_s=_thinks(draw, behaviour.form_think_s, behaviour.think_shape),
        page_patience_s=behaviour.page_patience_s * draw.uniform(1 - spread, 1 + spread),
        haste=tuple(draw.uniform(0.5, 1.5) for _ in range(max(1, behaviour.reloads))),
        room_patience_s=_weibull(draw, behaviour.room_patience_s, behaviour.room_patience_shape),
        says_goodbye=draw.random() < behaviour.leave_share,
    )


def pick(taste: float, count: int, popularity: float) -> int:
    """
    Return which of *count* things, the most popular first, somebody of this taste in [0, 1) wants.

    The chance of the k-th is proportional to 1/k**popularity (Zipf).
    """
    weights = [1 / place**popularity for place in range(1, count + 1)]
    left = taste * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return count - 1


def _thinks(draw: random.Random, mean_s: float, shape: float) -> tuple[float, ...]:
    return tuple(min(_weibull(draw, mean_s, shape), mean_s * MAX_THINK_MEANS) for _ in range(STEPS))


def _weibull(draw: random.Random, mean: float, shape: float) -> float:
    # A Weibull law with scale s and shape k has the mean s * gamma(1 + 1/k).
    return draw.weibullvariate(mean / math.gamma(1 + 1 / shape), shape)
