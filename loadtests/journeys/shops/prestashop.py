"""
A buyer in a PrestaShop shop (1.7 and 8), with its five-step checkout and the theme "classic".

Verified against the sources of PrestaShop (CartController; the classic theme's catalog/product.tpl and checkout steps):
the product's form is posted to the cart with `token`, `id_product`, `qty` and `add`; the checkout is one address,
whose steps are posted by `submitCreate`/`continue`, `saveAddress`/`confirm-addresses` and `confirmDeliveryOption`; the
payment's form is posted to its module. The cart is only filled for browsers that keep cookies (`PrestaShop-…`).

Not verified against a running shop. Not covered: combinations that must be chosen, one-page checkout modules, payment
at a provider: rehearse with "bank transfer" (ps_wirepayment). A guest's names must have no digits, so orders are told
apart by the e-mail domain rehearsal.example and by the message.
"""

from typing import ClassVar

from loadtests.journeys.shopping import Shopping
from loadtests.journeys.table import Edge, Table, Thought


class PrestaShop(Shopping):
    """
    Walk one buyer through a PrestaShop shop.
    """

    table: ClassVar[Table] = Table(
        {
            "home": (Edge("product"),),
            "product": (Edge("basket"),),
            "basket": (Edge("checkout"),),
            "checkout": (Edge("customer", thought=Thought.FILL),),
            "customer": (Edge("address", thought=Thought.FILL),),
            "address": (Edge("delivery"),),
            "delivery": (Edge("order"),),
            "order": (Edge("bought", thought=Thought.NONE),),
        }
    )
    sold_out = ("product-unavailable", "no longer available")
    products_at: ClassVar[str] = ".html"
    checkout_at: ClassVar[str] = "/index.php?controller=order"
    payment_at: ClassVar[str] = "/ps_wirepayment/validation"
    products: tuple[str, ...] = ()

    def home(self) -> None:
        """
        See which products there are.
        """
        self.products = self.open("/").links(self.products_at)

    def product(self) -> None:
        """
        Look at one of them.
        """
        self.open(self.choose(self.products))

    def basket(self) -> None:
        """
        Put it into the basket, as a form without scripts does.
        """
        self.send("id_product", {"qty": self.behaviour.quantity, "add": "1"})

    def checkout(self) -> None:
        """
        Begin to check out.
        """
        self.open(self.checkout_at)

    def customer(self) -> None:
        """
        Say who one is, as a guest.
        """
        names = {"firstname": "Shopper", "lastname": "Rehearsal", "email": self.contact()["email"], "password": ""}
        self.send("submitCreate", {**names, "customer_privacy": "1", "psgdpr": "1", "continue": "1"})

    def address(self) -> None:
        """
        Say where to deliver.
        """
        address = self.contact()
        where = {"address1": address["street"], "postcode": "00-001", "city": address["city"]}
        names = {"firstname": "Shopper", "lastname": "Rehearsal"}
        self.send("saveAddress", {**names, **where, "use_same_address": "1", "confirm-addresses": "1"})

    def delivery(self) -> None:
        """
        Take the way of delivery that is marked.
        """
        self.send("confirmDeliveryOption", {"delivery_message": "rehearsal", "confirmDeliveryOption": "1"})

    def order(self) -> None:
        """
        Choose the payment, and see the confirmation.
        """
        self.send(self.payment_at, leads_to="order-confirmation")
        self.ordered()
