"""
What a visit is given to walk with, whoever walks it.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from loadtests.crowd.shoppers import Behaviour, Shopper
from loadtests.journeys.browser import Browser, Line
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


class Cast(NamedTuple):
    """
    Hold what a visit needs.

    Args:
        browser: the shopper's own browser.
        new_browser: opens another one of the same person: other cookies, other connections.
        dial: opens a bare connection to the host of an address; None where nobody takes it.
        recorder, visit: where it is taken down.
        shopper: who walks.
        behaviour: what the stream has in common.
        shop_url: the shop's address.
        thinks: whether think times are kept; without them the shop is measured, not the people.
        invitation: the link to the room that they were sent; empty for none.
    """

    browser: Browser
    new_browser: Callable[[], Browser]
    dial: Callable[[str], Line | None]
    recorder: Recorder
    visit: Visit
    shopper: Shopper
    behaviour: Behaviour
    shop_url: str
    thinks: bool
    invitation: str = ""
