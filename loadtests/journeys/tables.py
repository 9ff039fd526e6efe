"""
The transition tables of the kinds of shoppers, as data.
"""

from collections.abc import Mapping
from typing import Final

from loadtests.journeys.table import Edge, Table, Thought

READ, FILL, NONE = Thought.READ, Thought.FILL, Thought.NONE

BUYER: Final = Table(
    {
        "home": (Edge("product"),),
        "product": (Edge("basket"),),
        "basket": (Edge("checkout"),),
        "checkout": (Edge("payment", thought=FILL),),
        "payment": (Edge("order", thought=FILL),),
        "order": (Edge("bought", thought=NONE),),
    }
)
"""Comes for the promotion: one product, straight through."""

WINDOW: Final = Table(
    {
        "home": (Edge("product"),),
        "product": (Edge("product", 0.5), Edge("browsed", 0.5, NONE)),
    }
)
"""Looks at two products on average, and goes."""

ABANDONER: Final = Table(
    {
        "home": (Edge("product"),),
        "product": (Edge("product", 0.25), Edge("basket", 0.75)),
        "basket": (Edge("left_basket", 0.4, NONE), Edge("checkout", 0.6)),
        "checkout": (Edge("left_basket", 0.75, NONE), Edge("payment", 0.25, FILL)),
        "payment": (Edge("left_basket", thought=NONE),),
    }
)
"""
Leaves with a full basket: at the basket, at the checkout when the whole price is seen, or at the payment. That they
leave is the kind; how the three share it is an assumption, since only totals are published (Baymard's mean: 70 %).
"""

RETURNING: Final = Table(
    {
        "home": (Edge("product"),),
        "product": (Edge("basket"),),
        "basket": (Edge("checkout"),),
        "checkout": (Edge("payment", thought=FILL),),
        "payment": (Edge("order", thought=FILL),),
        "order": (Edge("home/2"),),
        "home/2": (Edge("product/2"),),
        "product/2": (Edge("product/2", 0.5), Edge("basket/2", 0.5)),
        "basket/2": (Edge("checkout/2"),),
        "checkout/2": (Edge("payment/2", thought=FILL),),
        "payment/2": (Edge("order/2", thought=FILL),),
        "order/2": (Edge("bought", thought=NONE),),
    }
)
"""Buys, looks around, and buys again: the seat was given back with the first order, so it may mean a second wait."""

SLOW: Final = 1.5
"""How much longer somebody with a small screen and a slow line reads and types; an assumption."""
SLOW_BUYER: Final = Table(
    {
        "home": (Edge("product", slowness=SLOW),),
        "product": (Edge("basket", slowness=SLOW),),
        "basket": (Edge("checkout", slowness=SLOW),),
        "checkout": (Edge("payment", thought=FILL, slowness=SLOW),),
        "payment": (Edge("order", thought=FILL, slowness=SLOW),),
        "order": (Edge("bought", thought=NONE),),
    }
)
"""A buyer who takes longer over each page."""

ONE_PAGE: Final = Table(
    {
        "home": (Edge("product"),),
        "product": (Edge("basket"),),
        "basket": (Edge("checkout"),),
        "checkout": (Edge("order", thought=FILL),),
        "order": (Edge("bought", thought=NONE),),
    }
)
"""A buyer in a shop where the address and the payment are one form."""

TABLES: Final[Mapping[str, Table]] = {
    "buyer": BUYER,
    "window": WINDOW,
    "abandoner": ABANDONER,
    "returning": RETURNING,
    "refresher": BUYER,
    "many-tabs": BUYER,
    "slow-phone": SLOW_BUYER,
    "app": BUYER,
    "no-show": BUYER,
}
"""Which way each kind of honest shopper goes."""
