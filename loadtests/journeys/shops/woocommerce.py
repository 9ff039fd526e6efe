"""
A buyer in a WooCommerce shop, with the classic checkout.

Verified against the sources of WooCommerce (templates single-product/add-to-cart/simple.php and checkout/payment.php,
payment-method.php, form-checkout.php, 9.4; WC_Form_Handler): the product's form is posted to its own address with
`add-to-cart`; the checkout's form to the checkout page with `woocommerce_checkout_place_order`, `payment_method` and
the nonce `woocommerce-process-checkout-nonce`, as browsers without scripts post it. The session's cookies
(`wp_woocommerce_session_…`, `woocommerce_cart_hash`) are kept like all others.

Not verified against a running shop. Not covered: the block checkout (Store API), products with variations, a coupon,
payment at a provider: rehearse with "cheque" or "cash on delivery" (`cod`), and keep their orders apart by the e-mail
domain rehearsal.example.
"""

from typing import ClassVar

from loadtests.journeys.shopping import Shopping
from loadtests.journeys.table import Table
from loadtests.journeys.tables import ONE_PAGE


class WooCommerce(Shopping):
    """
    Walk one buyer through a WooCommerce shop.
    """

    table: ClassVar[Table] = ONE_PAGE
    sold_out = ("is out of stock", "out-of-stock", "Not enough units")
    catalogue: ClassVar[str] = "/shop/"
    products_at: ClassVar[str] = "/product/"
    checkout_at: ClassVar[str] = "/checkout/"
    country: ClassVar[str] = "PL"
    payment_method: ClassVar[str] = "cod"
    products: tuple[str, ...] = ()

    def home(self) -> None:
        """
        See which products there are.
        """
        self.products = self.open(self.catalogue).links(self.products_at)

    def product(self) -> None:
        """
        Look at one of them.
        """
        self.open(self.choose(self.products))

    def basket(self) -> None:
        """
        Put it into the basket.
        """
        self.send("add-to-cart", {"quantity": self.behaviour.quantity})

    def checkout(self) -> None:
        """
        Go to the till; an empty basket leads elsewhere.
        """
        self.open(self.checkout_at)
        self.expect(self.checkout_at)

    def order(self) -> None:
        """
        Send address and payment, and see the confirmation.
        """
        address = self.contact()
        fields = {
            "billing_first_name": "Shopper",
            "billing_last_name": address["name"],
            "billing_country": self.country,
            "billing_address_1": address["street"],
            "billing_postcode": "00-001",
            "billing_city": address["city"],
            "billing_phone": "+48 000 000 000",
            "billing_email": address["email"],
            "order_comments": "rehearsal",
            "payment_method": self.payment_method,
            "terms": "on",
            "woocommerce_checkout_place_order": "1",
        }
        self.send("woocommerce-process-checkout-nonce", fields, leads_to="/order-received/")
        self.ordered()
