"""
How each kind of shopper walks: the one place where the load generator looks a journey up.
"""

from collections.abc import Callable, Mapping
from typing import Final

from loadtests.journeys.cast import Cast, Walk
from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.journeys.journey import Journey


def _shopping(cast: Cast) -> Walk:
    return Journey(
        cast.browser, cast.recorder, cast.visit, cast.shopper, cast.behaviour, cast.shop_url, thinks=cast.thinks
    )


WALKS: Final[Mapping[str, Callable[[Cast], Walk]]] = {"buyer": _shopping, **HOSTILE}
