"""
Paths that shops of one platform share: what machines ask for, and what payment providers call. Data, and its names.

A payment that is told to the shop and not heard is an order lost: providers bear no pass and follow no redirect. The
paths are those of the plugins' own routes, as of 2026; a plugin that is not here shows its address in its settings.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

NEVER: Final = (
    "/.well-known/*",
    "/robots.txt",
    "/sitemap.xml",
    "/favicon.ico",
    "/health",
    "/healthz",
    "/readyz",
    "/livez",
    "/metrics",
    "/assets/*",
    "/static/*",
)
"""What machines ask for, and files that cost nothing."""

_PRESTASHOP: Final = (
    "adyenofficial/Notifications",
    "mollie/webhook",
    "paypal/ipn",
    "paypal/webhookhandler",
    "payu/notification",
    "przelewy24/paymentStatus",
    "ps_checkout/DispatchWebHook",
    "ps_checkout/webhook",
    "stripe_official/webhook",
    "tpay/confirmation",
    "tpay/notifications",
)
"""Module and controller; below /module/, and below a language where the shop has several."""

PAYMENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    # Every gateway that goes by WC()->api_request_url answers below /wc-api/ (Przelewy24, PayU, Tpay, Klarna, older
    # ones of Mollie and Adyen), or as /?wc-api=NAME (Stripe, and all where permalinks are plain).
    "woocommerce": (
        "/wc-api/*",
        "/?wc-api=*",
        "/wp-json/mollie/v1/webhook",
        "/wp-json/paypal/v1/incoming",
        "/wp-json/wc-stripe/v1/webhook",
        "/wp-json/wc/v3/payments/webhook",
        "/wp-json/woosa-adyen/*",
    ),
    "magento": (
        "/adyen/process/json",
        "/adyen/webhook/*",
        "/kco/api/*",
        "/magento2basic/tpay/notification/*",
        "/mollie/checkout/webhook/*",
        "/paypal/ipn/*",
        "/payu/data/getNotify/*",
        "/przelewy/przelewy/status/*",
        "/stripe/webhooks/*",
    ),
    "prestashop": tuple(f"{start}/module/{name}" for start in ("", "/*") for name in _PRESTASHOP),
    "shopware": (
        "/adyen/notification/*",
        "/api/_action/paypal/webhook/execute",
        "/klarna/callback/notification/*",
        "/mollie/webhook/*",
        "/payment/finalize-transaction",
        "/paypal/webhook/execute",
    ),
    # Payum: every gateway's notification.
    "sylius": ("/payment/notify/*",),
    "saleor": ("/plugins/*",),
    # django-payments and dj-stripe, where their documentation puts them.
    "django": ("/payments/process/*", "/stripe/webhook/*"),
})  # fmt: skip
"""What the plugins of Przelewy24, PayU, Tpay (BLIK comes by these), Stripe, PayPal, Adyen, Mollie and Klarna answer."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"@defaults": NEVER} | {f"@payments:{platform}": paths for platform, paths in PAYMENTS.items()}
)
"""Names that stand for several patterns in any list of them."""


def expanded(patterns: Iterable[str]) -> tuple[str, ...]:
    """
    Return *patterns* with what each name of `GROUPS` stands for in its place, each once; unknown ones stay.
    """
    return tuple(dict.fromkeys(path for pattern in patterns for path in GROUPS.get(pattern, (pattern,))))
