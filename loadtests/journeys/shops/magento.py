"""
A buyer in a Magento 2 shop (Adobe Commerce), with the theme "Luma" and its checkout by scripts.

Verified against the sources of Magento 2 (Catalog's product/view/form.phtml, Checkout's webapi.xml and
DefaultConfigProvider, PageCache's RegisterFormKeyFromCookie): a product is posted to checkout/cart/add with `form_key`,
which must equal the cookie of that name that a script sets; the checkout page names the guest's cart in
`quoteData.entity_id`; scripts then post `shipping-information` and `payment-information`, which places the order.
Product links bear the class `product-item-link` (read from scrapers of such shops, not from the source).

Not verified against a running shop. Not covered: configurable products, themes with another checkout (Hyvä, PWA),
payment at a provider: rehearse with "check / money order" (`checkmo`).
"""

import re
from hashlib import sha256
from typing import Any, ClassVar, Final

from loadtests.journeys.shopping import Shopping
from loadtests.journeys.table import Edge, Table, Thought

_QUOTE: Final = re.compile(r'"quoteData":\s*\{[^{}]*?"entity_id":\s*"(\w+)"')


class Magento(Shopping):
    """
    Walk one buyer through a Magento shop.
    """

    table: ClassVar[Table] = Table(
        {
            "home": (Edge("product"),),
            "product": (Edge("basket"),),
            "basket": (Edge("checkout"),),
            "checkout": (Edge("delivery", thought=Thought.FILL),),
            "delivery": (Edge("order"),),
            "order": (Edge("bought", thought=Thought.NONE),),
        }
    )
    sold_out = ("The requested qty is not available", "not salable", "out of stock")
    catalogue: ClassVar[str] = "/"
    store: ClassVar[str] = "default"
    country: ClassVar[str] = "PL"
    shipping: ClassVar[tuple[str, str]] = ("flatrate", "flatrate")
    payment_method: ClassVar[str] = "checkmo"
    products: tuple[str, ...] = ()
    cart: str = ""

    def home(self) -> None:
        """
        See which products there are.
        """
        self.products = self.open(self.catalogue).links(marked="product-item-link")

    def product(self) -> None:
        """
        Look at one of them.
        """
        self.open(self.choose(self.products))

    def basket(self) -> None:
        """
        Put it into the basket, with the key that the page's script makes up for cookie and form.
        """
        key = sha256(self.shopper.who.encode()).hexdigest()[:16]
        self.keep(f"form_key={key}; path=/")
        self.send("/checkout/cart/add", {"qty": self.behaviour.quantity, "form_key": key})

    def checkout(self) -> None:
        """
        Go to the till, and read which cart it is.
        """
        found = _QUOTE.search(self.open("/checkout/").text)
        self.cart = found[1] if found else self.fail("the checkout page names no cart: is the basket empty?")

    def delivery(self) -> None:
        """
        Send the address and the way of delivery.
        """
        method, carrier = self.shipping
        where = {"shipping_address": self._address(), "billing_address": self._address()}
        chosen = {"shipping_method_code": method, "shipping_carrier_code": carrier}
        self.call(self._guest("shipping-information"), {"addressInformation": {**where, **chosen}})

    def order(self) -> None:
        """
        Place the order, and see the confirmation.
        """
        billing = {"email": self.contact()["email"], "billingAddress": self._address()}
        self.call(self._guest("payment-information"), {"paymentMethod": {"method": self.payment_method}, **billing})
        self.open("/checkout/onepage/success/")
        self.expect("/success")
        self.ordered()

    def _guest(self, what: str) -> str:
        return f"/rest/{self.store}/V1/guest-carts/{self.cart}/{what}"

    def _address(self) -> dict[str, Any]:
        address = self.contact()
        return {
            "firstname": "Shopper",
            "lastname": address["name"],
            "street": [address["street"]],
            "city": address["city"],
            "postcode": "00-001",
            "countryId": self.country,
            "telephone": "+48 000 000 000",
        }
