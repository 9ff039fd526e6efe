"""
Who the shoppers are: what they want, how long they think, and how long they put up with waiting.

Shopper number i of a seed is the same person in every run, so that a rehearsal without the room and one with it are a
paired experiment: the same crowd, the same products, the same patience.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from math import log
from typing import ClassVar, Final

from loadtests.documents import STRICT
from waiting_room.errors import Fault

STEPS: Final = 8
"""How many think times are drawn for a shopper; a longer journey begins again with the first."""
LOOKS: Final = 4
"""How many tastes are drawn for a shopper; who looks at more products begins again with the first."""
MAX_THINK_MEANS: Final = 6.0
"""A think time is cut at so many means: the long tail of dwell times is people who left the desk."""

_SHARES: Final = ("leave_share", "page_patience_spread", "hot_share", "hidden_share")
_POSITIVE: Final = (
    *("page_patience_s", "room_patience_s", "room_patience_shape", "think_shape"),
    *("refresh_s", "hidden_poll_s", "line_kbit_s"),
)
_COUNTS: Final = ("quantity", "hot_products", "tabs")


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
        popularity: Zipf exponent of the products' popularity, in the order of the home page
            (published exponents: 0.6 to 1.03).
        hot_share: share of the shoppers who want one of the first *hot_products*, whatever the popularity says: a spike
            of demand falls on few things ("data spike": Bodik et al., SoCC 2010).
        hot_products: how many products are hot; one to three as a rule.
        products: paths of the products to buy; empty: those that the home page links to.
        quantity: how many of the product a buyer puts into the basket.
        refresh_s: mean time after which a `refresher` reloads the waiting page by hand.
        tabs: in how many tabs a `many-tabs` has the waiting page open.
        hidden_share: share of the `slow-phone`s whose waiting page is in a hidden tab.
        hidden_poll_s: how often a hidden tab may ask at most; browsers wake one once a minute
            (Chrome's intensive throttling, since version 88).
        line_kbit_s, line_delay_ms: the `slow-phone`'s line, and its delay there and back (the values are "Slow 3G" of
            Chrome's developer tools).
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
    popularity: float = 0.8
    hot_share: float = 0.0
    hot_products: int = 1
    products: tuple[str, ...] = ()
    quantity: int = 1
    refresh_s: float = 5.0
    tabs: int = 3
    hidden_share: float = 0.5
    hidden_poll_s: float = 60.0
    line_kbit_s: float = 400.0
    line_delay_ms: float = 400.0

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
            elif field.name in _COUNTS and value < 1:
                yield Fault(f"{where}.{field.name}", f"must be at least 1, is {value}")


@dataclass(frozen=True, slots=True)
class Shopper:
    """
    One person of the crowd: everything about them that chance decides, decided beforehand.

    Args:
        i: the place in the order of arrival, from 0.
        who: the person: what else chance decides about them is drawn from it.
        tastes: one number in [0, 1) per product looked at, used one after another; `choice` turns it into a product.
        wants_hot: whether it is one of the hot products that they want.
        browse_thinks_s, form_thinks_s: think times in seconds, used one after another.
        page_patience_s: how long they wait for a page.
        haste: one number in [0.5, 1.5) per reload, by which its pause is multiplied.
        room_patience_s: how long they stay in the waiting room.
        says_goodbye: whether they tell the room when they give up.
        hides: whether their waiting page is in a hidden tab, where their kind does that.
    """

    i: int
    who: str
    tastes: tuple[float, ...]
    wants_hot: bool
    browse_thinks_s: tuple[float, ...]
    form_thinks_s: tuple[float, ...]
    page_patience_s: float
    haste: tuple[float, ...]
    room_patience_s: float
    says_goodbye: bool
    hides: bool


def draw_shopper(behaviour: Behaviour, who: int | str, i: int) -> Shopper:
    """
    Return the person *who*, shopper number *i* of the run: the same for the same behaviour and *who*.
    """
    draw = random.Random(f"shopper:{who}")
    spread = behaviour.page_patience_spread
    return Shopper(
        i=i,
        who=str(who),
        tastes=tuple([draw.random() for _ in range(LOOKS)]),
        wants_hot=draw.random() < behaviour.hot_share,
        browse_thinks_s=_thinks(draw, behaviour.browse_think_s, behaviour.think_shape),
        form_thinks_s=_thinks(draw, behaviour.form_think_s, behaviour.think_shape),
        page_patience_s=behaviour.page_patience_s * draw.uniform(1 - spread, 1 + spread),
        haste=tuple([draw.uniform(0.5, 1.5) for _ in range(max(1, behaviour.reloads))]),
        room_patience_s=_weibull(draw, behaviour.room_patience_s, behaviour.room_patience_shape),
        says_goodbye=draw.random() < behaviour.leave_share,
        hides=draw.random() < behaviour.hidden_share,
    )


def choice(shopper: Shopper, behaviour: Behaviour, look: int, count: int) -> int:
    """
    Return which of *count* products, the most popular first, the shopper looks at as the *look*-th, from 0.
    """
    among = min(count, behaviour.hot_products) if shopper.wants_hot else count
    return pick(shopper.tastes[look % len(shopper.tastes)], among, behaviour.popularity)


def pick(taste: float, count: int, popularity: float) -> int:
    """
    Return which of *count* things, the most popular first, somebody of this taste in [0, 1) wants.

    The chance of the k-th is proportional to 1/k**popularity (Zipf).
    """
    law = weights(count, popularity)
    left = taste * sum(law)
    for index, weight in enumerate(law):
        left -= weight
        if left < 0:
            return index
    return count - 1


def weights(count: int, popularity: float) -> tuple[float, ...]:
    """
    Return in which proportions *count* things are wanted, the most popular first.
    """
    return tuple(1 / place**popularity for place in range(1, count + 1))


def _thinks(draw: random.Random, mean_s: float, shape: float) -> tuple[float, ...]:
    scale, power, most = _scale(mean_s, shape), 1.0 / shape, mean_s * MAX_THINK_MEANS
    # As random.weibullvariate has it, drawn sixteen times for everybody.
    return tuple([min(scale * (-log(1.0 - draw.random())) ** power, most) for _ in range(STEPS)])


def _weibull(draw: random.Random, mean: float, shape: float) -> float:
    return draw.weibullvariate(_scale(mean, shape), shape)


@cache
def _scale(mean: float, shape: float) -> float:
    # A Weibull law with scale s and shape k has the mean s * gamma(1 + 1/k).
    return mean / math.gamma(1 + 1 / shape)
