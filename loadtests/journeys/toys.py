"""
The demo shop's pages, as its shoppers open them.
"""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from loadtests.journeys.shopping import ADDRESSES, Shopping

_PAGES: Final = ("home", "product", "basket", "checkout", "payment", "order")


@lru_cache(maxsize=ADDRESSES)
def kind_of(url: str) -> str:
    """
    Return which of the demo shop's pages stands at *url*, from a closed set.
    """
    first = urlsplit(url).path.strip("/").partition("/")[0] or "home"
    return first if first in _PAGES else "other"


class ToyShopping(Shopping):
    """
    Walk one shopper through the demo shop, or one with the same pages.
    """

    products: tuple[str, ...] = ()

    def home(self) -> None:
        """
        See which products there are.
        """
        self.products = self.open("/").links("/product/")

    def product(self) -> None:
        """
        Look at one of them.
        """
        self.open(self.choose(self.products))

    def basket(self) -> None:
        """
        Put it into the basket.
        """
        fields = {"quantity": str(self.behaviour.quantity)}
        if self.page is not None and self.page.form("/basket") is None:
            fields["product"] = urlsplit(self.page.url).path.rstrip("/").rpartition("/")[2]
        self.send("/basket", fields)

    def checkout(self) -> None:
        """
        Go to the till.
        """
        self.open("/checkout")
        self.expect("/checkout")

    def payment(self) -> None:
        """
        Send the address.
        """
        self.send("/checkout", self.contact(), leads_to="/payment/")

    def order(self) -> None:
        """
        Pay, and see the confirmation.
        """
        self.send("/payment/", leads_to="/order/")
        self.ordered()

    def name_of(self, url: str) -> str:
        """
        Return which of the demo shop's pages stands at *url*.
        """
        return kind_of(url)
