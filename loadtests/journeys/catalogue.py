"""
How each kind of shopper walks: the one place where the load generator looks a journey up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from loadtests.crowd.shoppers import Behaviour, Shopper
from loadtests.journeys.browser import Browser
from loadtests.journeys.journey import Journey
from loadtests.journeys.visit import Visit
from loadtests.measuring.measures import Outcome
from loadtests.measuring.recorder import Recorder


class Walk(Protocol):
    """
    A visit that is about to be made.
    """

    def walk(self) -> Outcome:
        """
        Return how the visit ended.
        """
        ...


@dataclass(frozen=True, slots=True)
class Cast:
    """
    Hold what a visit needs.

    Args:
        browser: the shopper's own browser.
        new_browser: opens another one of the same person: other cookies, other connections.
        recorder, visit: where it is taken down.
        shopper: who walks.
        behaviour: what the stream has in common.
        shop_url: the shop's address.
        thinks: whether think times are kept; without them the shop is measured, not the people.
    """

    browser: Browser
    new_browser: Callable[[], Browser]
    recorder: Recorder
    visit: Visit
    shopper: Shopper
    behaviour: Behaviour
    shop_url: str
    thinks: bool


def _shopping(cast: Cast) -> Walk:
    return Journey(
        cast.browser, cast.recorder, cast.visit, cast.shopper, cast.behaviour, cast.shop_url, thinks=cast.thinks
    )


WALKS: Final[Mapping[str, Callable[[Cast], Walk]]] = {"buyer": _shopping}
