"""
The starting points for well-known shops walk through small pages with those shops' markup.
"""

import json
from urllib.parse import urlsplit

import pytest

from loadtests.journeys.browser import Request
from loadtests.journeys.shopping import Shopping
from loadtests.journeys.shops.magento import Magento
from loadtests.journeys.shops.prestashop import PrestaShop
from loadtests.journeys.shops.woocommerce import WooCommerce
from loadtests.measuring.measures import Outcome
from tests.loadtests.journeys.story import ROOM, SHOP, Reply, Scene, page, to, walk

WOO = {
    "GET /shop/": page(f'<li class="product"><a href="{SHOP}/product/kite/">Kite</a></li><a href="/cart/">Cart</a>'),
    "GET /product/kite/": page(
        f'<form role="search" method="get" action="/"><input name="s"></form>'
        f'<form class="cart" action="{SHOP}/product/kite/" method="post" enctype="multipart/form-data">'
        '<input type="number" name="quantity" value="1"><button type="submit" name="add-to-cart" value="17">Add'
        "</button></form>"
    ),
    "POST /product/kite/": page('<div class="woocommerce-message">Kite has been added to your cart.</div>'),
    "GET /checkout/": page(
        f'<form name="checkout" method="post" class="checkout" action="{SHOP}/checkout/">'
        '<input name="billing_first_name" value=""><input name="billing_email" value="">'
        '<input type="radio" name="payment_method" value="bacs" checked>'
        '<input type="radio" name="payment_method" value="cod"><noscript>Without scripts: '
        '<button type="submit" name="woocommerce_checkout_update_totals" value="Update">Update</button></noscript>'
        '<button type="submit" name="woocommerce_checkout_place_order" value="Place order">Place order</button>'
        '<input type="hidden" name="woocommerce-process-checkout-nonce" value="c82a4af261">'
        '<input type="hidden" name="_wp_http_referer" value="/checkout/"></form>'
    ),
    "POST /checkout/": to("/checkout/order-received/31/?key=wc_order_a"),
    "GET /checkout/order-received/31/": page("Thank you. Your order has been received."),
}
CUSTOMER = (
    '<form action="/order" id="customer-form" method="post"><input name="firstname"><input name="lastname">'
    '<input type="email" name="email"><input type="checkbox" name="psgdpr" value="1" required>'
    '<input type="hidden" name="submitCreate" value="1"><button name="continue" type="submit" value="1">Go</button>'
    "</form>"
)
ADDRESS = (
    '<form method="POST" action="/order?id_address=0"><div><form method="POST" action="/order?id_address=0">'
    '<input type="hidden" name="id_customer" value="8"><input name="address1"><input name="postcode">'
    '<input name="city"><select name="id_country"><option value disabled>-- please choose --</option>'
    '<option value="14" selected>PL</option></select><input type="hidden" name="saveAddress" value="delivery">'
    '<form><button type="submit" name="confirm-addresses" value="1">Continue</button></form></div></form>'
)
DELIVERY = (
    '<form id="js-delivery" method="post"><input type="radio" name="delivery_option[5]" value="2," checked>'
    '<textarea name="delivery_message"></textarea>'
    '<button type="submit" name="confirmDeliveryOption" value="1">Go</button></form>'
)
PAYMENT = (
    '<form id="conditions-to-approve" method="GET"><input name="conditions_to_approve[terms-and-conditions]"></form>'
    '<form id="payment-form" method="POST" action="/module/ps_wirepayment/validation"><button></button></form>'
)
PRESTA = {
    "GET /": page('<a href="/3-clothes">Clothes</a><a href="/home/1-kite.html#/1-size-s">Kite</a>'),
    "GET /home/1-kite.html": page(
        '<form action="/cart" method="post" id="add-to-cart-or-refresh"><input type="hidden" name="token" value="t9">'
        '<input type="hidden" name="id_product" value="1"><input name="qty" value="1"></form>'
    ),
    "POST /cart": page("<h1>Shopping cart</h1>"),
    "GET /index.php": to("/order"),
    "GET /order": page(CUSTOMER),
    "POST /module/ps_wirepayment/validation": to("/order-confirmation?id_cart=9&id_order=4&key=k"),
    "GET /order-confirmation": page("Your order is confirmed"),
}
MAGENTO = {
    "GET /": page(f'<a href="{SHOP}/toys.html">Toys</a><a class="product-item-link" href="{SHOP}/kite.html">Kite</a>'),
    "GET /kite.html": page(
        f'<form action="{SHOP}/checkout/cart/add/uenc/aHR0/product/1/" method="post" id="product_addtocart_form">'
        '<input type="hidden" name="product" value="1"><input name="form_key" type="hidden" value="of the cache">'
        '<input name="qty" value="1"></form>'
    ),
    "POST /checkout/cart/add/uenc/aHR0/product/1/": to("/kite.html"),
    "GET /checkout/": page(
        '<script>window.checkoutConfig = {"quoteData":{"is_active":"1","entity_id":"Ma5k"}};</script>'
    ),
    "POST /rest/default/V1/guest-carts/Ma5k/shipping-information": page(json.dumps({"payment_methods": []})),
    "POST /rest/default/V1/guest-carts/Ma5k/payment-information": page('"31"'),
    "GET /checkout/onepage/success/": page("Thank you for your purchase!"),
}


def scene(pages: dict[str, Reply]) -> Scene:
    """
    Return a shop with these pages.
    """
    made = Scene(pages=dict(pages))
    made.first["POST /order"] = [page(ADDRESS), page(DELIVERY), page(PAYMENT)]
    return made


def sent(scene: Scene, path: str) -> Request:
    """
    Return what was posted to *path*.
    """
    return next(each for each in scene.asked if each.method == "POST" and urlsplit(each.url).path == path)


@pytest.mark.parametrize(
    ("shop", "pages"),
    [(WooCommerce, WOO), (PrestaShop, PRESTA), (Magento, MAGENTO)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_buyer_gets_to_the_confirmation(shop: type[Shopping], pages: dict[str, Reply]) -> None:
    """
    From the first page to the order, which is counted once.
    """
    told = walk(scene(pages), kind=shop)

    assert told.outcome is Outcome.BOUGHT, told.measures.problems
    assert sum(second.orders_seen for second in told.measures.seconds) == 1


@pytest.mark.parametrize(("shop", "pages"), [(WooCommerce, WOO), (PrestaShop, PRESTA), (Magento, MAGENTO)])
def test_buyer_is_sent_through_the_room(shop: type[Shopping], pages: dict[str, Reply]) -> None:
    """
    A gate in front of the till leads to the room and back, in whichever shop.
    """
    gated = scene({f"GET {ROOM}": page("wait"), **pages})
    till = "GET /checkout/" if "GET /checkout/" in pages else "GET /index.php"
    gated.first[till] = [to(f"{ROOM}?target={till.removeprefix('GET ')}")]
    gated.room = [page(json.dumps({"state": "admitted"}))]

    assert walk(gated, kind=shop).outcome is Outcome.BOUGHT
    assert f"POST {ROOM}/join" in gated.calls()


def test_woocommerce_checkout_is_one_form_with_its_nonce() -> None:
    """
    The hidden fields come back, the payment is the one asked for, and the button is that of browsers with scripts.
    """
    shop = scene(WOO)
    walk(shop, kind=WooCommerce)
    form = sent(shop, "/checkout/").form or {}

    assert sent(shop, "/product/kite/").form == {"quantity": "1", "add-to-cart": "17"}
    assert form["woocommerce-process-checkout-nonce"] == "c82a4af261"
    assert form["payment_method"] == "cod"
    assert form["billing_email"] == "shopper0@rehearsal.example"
    assert "woocommerce_checkout_update_totals" not in form


def test_prestashop_steps_are_told_apart_by_their_fields() -> None:
    """
    All of them are posted to the same page; the form within the address's form is no form of its own.
    """
    shop = scene(PRESTA)
    walk(shop, kind=PrestaShop)
    steps = [each.form or {} for each in shop.asked if each.method == "POST" and urlsplit(each.url).path == "/order"]

    assert sent(shop, "/cart").form == {"token": "t9", "id_product": "1", "qty": "1", "add": "1"}
    assert steps[0]["submitCreate"] == "1"
    assert (steps[1]["id_country"], steps[1]["confirm-addresses"]) == ("14", "1")
    assert (steps[2]["delivery_option[5]"], steps[2]["delivery_message"]) == ("2,", "rehearsal")


def test_magento_key_is_the_same_in_cookie_and_form() -> None:
    """
    A cached page bears somebody else's key: the script's own one counts.
    """
    shop = scene(MAGENTO)
    walk(shop, kind=Magento)
    form = sent(shop, "/checkout/cart/add/uenc/aHR0/product/1/").form or {}

    assert form["form_key"] == shop.cookies["form_key"]
    assert form["product"] == "1"


def test_magento_orders_by_json_with_a_marked_address() -> None:
    """
    The order bears the e-mail address of a rehearsal.
    """
    shop = scene(MAGENTO)
    walk(shop, kind=Magento)
    document = sent(shop, "/rest/default/V1/guest-carts/Ma5k/payment-information").document or {}

    assert document["email"] == "shopper0@rehearsal.example"
    assert document["paymentMethod"] == {"method": "checkmo"}


@pytest.mark.parametrize(
    ("shop", "pages", "at", "says"),
    [
        (WooCommerce, WOO, "GET /product/kite/", page('<p class="stock out-of-stock">Out of stock</p>')),
        (PrestaShop, PRESTA, "POST /cart", page("This product is no longer available.")),
        (
            Magento,
            MAGENTO,
            "POST /rest/default/V1/guest-carts/Ma5k/payment-information",
            page('{"message": "The requested qty is not available"}', 400),
        ),
    ],
)
def test_sold_out_is_understood(shop: type[Shopping], pages: dict[str, Reply], at: str, says: Reply) -> None:
    """
    Where nothing is left the visit ends so, and is no error.
    """
    assert walk(scene({**pages, at: says}), kind=shop).outcome is Outcome.SOLD_OUT


def test_checkout_that_is_shown_again_is_an_error_with_a_word() -> None:
    """
    A form that the shop did not take is no order.
    """
    refused = scene({**WOO, "POST /checkout/": page("Billing Postcode is not valid.")})
    told = walk(refused, kind=WooCommerce)

    assert told.outcome is Outcome.ERROR
    assert told.measures.problems == {"a page at /checkout/ came where /order-received/ was due": 1}
