"""
The ways into a shop that known platforms have, and how to ask each without any consequence. Data, and pure.

Nothing here is ever asked by ``POST``, and no address that does something when it is fetched. WooCommerce's Store API
makes a draft order of whoever GETs its checkout (developer.woocommerce.com, Checkout API), so it is asked by
``OPTIONS``, which WordPress answers with the route's description; ``?wc-ajax=`` is asked for the mini-cart's fragments,
which only reads; Shopware's API without its key, so that it refuses before it looks for a cart; and carts by an id that
no shop has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from waiting_room.core.platforms import PAYMENTS
from waiting_room.doctor.answers import Answer

CHECKOUT: Final = "checkout"
CART: Final = "cart"
SHARED: Final = "shared"
"""One address for browsing and for buying alike, such as GraphQL: its path alone does not tell them apart."""
FREE: Final = "free"
"""What must be reached without a pass."""
CALLBACK: Final = "callback"
"""What a payment provider may call, if the shop has its plugin."""

_NOBODYS: Final = "waiting-room-doctor"


@dataclass(frozen=True, slots=True)
class Entrance:
    """
    Hold one way in: what to ask, and of what *kind* it is.

    *platform* is who has it, or nothing for all. *answers* are words of an error by which a shop shows that the
    entrance is there although it answers 404; *absent* are words by which it shows that it is not, whatever the
    status. *named* ones were named by the operator, who knows that they are there.
    """

    path: str
    kind: str
    platform: str = ""
    method: str = "GET"
    answers: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    named: bool = False

    def __str__(self) -> str:
        return self.path if self.method == "GET" else f"{self.method} {self.path}"


_WP: Final = ("rest_no_route",)
_MAGENTO: Final = ("does not match any route",)

PAGES: Final = (
    Entrance("/checkout", CHECKOUT),
    Entrance("/kasa", CHECKOUT),
    Entrance("/zamowienie", CHECKOUT),
    Entrance("/order", CHECKOUT),
    Entrance("/cart", CART),
    Entrance("/basket", CART),
    Entrance("/koszyk", CART),
)
"""What any shop may call them, in English and Polish."""

OF_PLATFORMS: Final = (
    Entrance("/wp-json/wc/store/v1/checkout", CHECKOUT, "woocommerce", "OPTIONS", absent=_WP),
    Entrance("/?rest_route=/wc/store/v1/checkout", CHECKOUT, "woocommerce", "OPTIONS", absent=_WP),
    Entrance("/wp-json/wc/store/v1/batch", CHECKOUT, "woocommerce", "OPTIONS", absent=_WP),
    Entrance("/wp-json/wc/store/v1/cart", CART, "woocommerce", "OPTIONS", absent=_WP),
    Entrance("/?wc-ajax=get_refreshed_fragments", SHARED, "woocommerce"),
    Entrance("/checkout/cart", CART, "magento"),
    Entrance(
        f"/rest/V1/guest-carts/{_NOBODYS}", CHECKOUT, "magento", answers=("No such entity", "message"), absent=_MAGENTO
    ),
    Entrance(
        f"/rest/default/V1/guest-carts/{_NOBODYS}",
        CHECKOUT,
        "magento",
        answers=("No such entity", "message"),
        absent=_MAGENTO,
    ),
    Entrance("/graphql?query=%7B__typename%7D", SHARED, "magento"),
    Entrance("/index.php?controller=order", CHECKOUT, "prestashop"),
    Entrance("/zam%C3%B3wienie", CHECKOUT, "prestashop"),
    Entrance("/index.php?controller=cart", CART, "prestashop"),
    Entrance("/api/carts", CART, "prestashop"),
    Entrance("/checkout/confirm", CHECKOUT, "shopware"),
    Entrance("/checkout/register", CHECKOUT, "shopware"),
    Entrance("/store-api/checkout/order", CHECKOUT, "shopware"),
    Entrance("/checkout/cart", CART, "shopware"),
    Entrance("/store-api/checkout/cart", CART, "shopware"),
    Entrance("/graphql/?query=%7B__typename%7D", SHARED, "saleor"),
    Entrance(f"/store/carts/{_NOBODYS}", CHECKOUT, "medusa", answers=("not_found", "was not found")),
)

PLATFORMS: Final = ("woocommerce", "magento", "prestashop", "shopware", "saleor", "medusa")

MUST_BE_FREE: Final = (Entrance("/robots.txt", FREE), Entrance("/.well-known/security.txt", FREE))

_BY_HEADER: Final = (
    ("x-magento-", "magento"),
    ("sw-", "shopware"),
    ("x-medusa-", "medusa"),
)
_BY_TEXT: Final = (
    ("/plugins/woocommerce/", "woocommerce"),
    ("wc-ajax", "woocommerce"),
    ('content="woocommerce', "woocommerce"),
    ("text/x-magento-init", "magento"),
    ("mage/cookies", "magento"),
    ('content="prestashop', "prestashop"),
    ("var prestashop", "prestashop"),
    ("/bundles/storefront/", "shopware"),
    ("saleor.cloud", "saleor"),
    ("medusajs", "medusa"),
)
"""Words of their own templates: a shop may sell a toy called Medusa."""
_BY_COOKIE: Final = (("woocommerce_", "woocommerce"), ("prestashop-", "prestashop"), ("sw-", "shopware"))


def platform_of(home: Answer) -> str:
    """
    Return the platform that a shop's first page shows, or nothing.
    """
    text = home.text.lower()
    for name, value in home.headers:
        if name == "powered-by" and "prestashop" in value.lower():
            return "prestashop"
        for start, platform in _BY_HEADER:
            if name.startswith(start):
                return platform
        for start, platform in _BY_COOKIE:
            if name == "set-cookie" and value.lower().startswith(start):
                return platform
    return next((platform for sign, platform in _BY_TEXT if sign in text), "")


def entrances(platform: str, base: str = "", wanted: Sequence[str] = (), free: Sequence[str] = ()) -> list[Entrance]:
    """
    Return what to try at a shop: all platforms' where *platform* is not known, each address once.

    *base* is the path under which the shop has its pages, such as ``/pl``; *wanted* and *free* are paths that the
    operator named: to be gated, and to be reached without a pass. The latter may be a bank's, so they are not fetched.
    """
    found = [
        *(Entrance(path, CHECKOUT, named=True) for path in wanted),
        *(Entrance(path, FREE, method="OPTIONS", named=True) for path in free),
        *_below(base),
        *(one for one in OF_PLATFORMS if platform in {"", one.platform}),
        *MUST_BE_FREE,
    ]
    return list({(one.method, one.path): one for one in reversed(found)}.values())[::-1]


def callbacks(platform: str) -> list[Entrance]:
    """
    Return what payment providers call at shops of *platform*, to be asked by OPTIONS, which says nothing of a payment.
    """
    paths = (path for path in PAYMENTS.get(platform, ()) if not path.startswith("/*"))
    return [Entrance(path.replace("*", _NOBODYS), CALLBACK, platform, "OPTIONS") for path in paths]


def _below(base: str) -> Iterator[Entrance]:
    for page in PAGES:
        yield Entrance(f"{base}{page.path}", page.kind)


def spellings(path: str) -> list[str]:
    """
    Return other ways to write *path* that some servers take for the same, without any query.
    """
    head, tail = path[:2], path[2:]
    coded = f"/%{ord(head[1]):02X}{tail}" if len(path) > 1 else path
    return [path.upper(), coded, f"/{path}", f"/.{path}", f"{path};a=1", f"/index.php{path}"]
