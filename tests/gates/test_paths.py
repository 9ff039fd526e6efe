"""
No spelling of a path gets around the gate, and none gets more than its plain spelling would.
"""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waiting_room.core.platforms import GROUPS, PAYMENTS
from waiting_room.gates.paths import PathRules, matches, parts_of, readings, rule_of

CHECKOUT = PathRules.of(("/checkout/*",), ())
ALL_BUT_ASSETS = PathRules.of(("/*",), ("/assets/*", "/healthz", "/.well-known/*"))

SPELLINGS = (
    "/checkout",
    "/checkout/",
    "/checkout/pay",
    "/CHECKOUT",
    "/ChEcKoUt/pay",
    "//checkout",
    "///checkout//pay",
    "/./checkout",
    "/x/../checkout",
    "/x/%2e%2e/checkout",
    "/x/%2E%2e/checkout",
    "/x/.%2e/checkout",
    "/%63heckout",
    "/%43HECKOUT",
    "/%2563heckout",
    "/%252563heckout",
    "/checkout%2fpay",
    "/checkout%2Fpay",
    "/x%2f..%2fcheckout",
    "/x%252f..%252fcheckout",
    "/checkout;jsessionid=1",
    "/checkout;a=b/pay",
    "/;a/checkout",
    "/x/..;/checkout",
    "/x/..;a=b/checkout",
    "/checkout%3bx",
    "/checkout.",
    "/checkout./pay",
    "/checkout...",
    "/checkout%2e",
    "/checkout%20",
    "/checkout%20/",
    "/ checkout",
    "/checkout%00",
    "/checkout%00.png",
    "/checkout%09",
    "/check%0aout",
    "\\checkout",
    "/\\checkout",
    "/x\\..\\checkout",
    "/%5ccheckout",
    "/x%5c..%5ccheckout",
    "/checkout%5cpay",
    "/checkout%3fx=1",
    "/checkout%23x",
    "/checkout/../checkout",
    "/checkout/..",
    "/checkout/../assets/x.png",
    "/checkout/%2e%2e/assets/x.png",
    "/checkout/..%2fassets/x.png",
    "/checkout/..;/assets/x.png",
    "/checkout//../../x",
    "/../checkout",
    "/../../checkout",
    "/%2e/checkout",
    "/checkout/x.css",
    "/checkout/x.css;y",
    "/\uff43heckout",
    "/%EF%BD%83heckout",
    "/chec\u212aout",
    "/chec%E2%84%AAout",
    "/%c0%afcheckout",
    "/%25252525252563heckout",
    "/" + "%63" * 1000,
)

# Each begins like a path that is never protected, and one server or another would read it as the checkout.
DISGUISES = (
    "/assets/../checkout",
    "/assets/%2e%2e/checkout",
    "/assets/..%2fcheckout",
    "/assets%2f..%2fcheckout",
    "/assets/..;/checkout",
    "/assets/;/../checkout",
    "/assets;/../checkout",
    "/assets\\..\\checkout",
    "/assets/%5c..%5ccheckout",
    "/assets/..%5ccheckout",
    "/assets/%252e%252e/checkout",
    "/assets/..%252fcheckout",
    "/assets//../checkout",
    "/assets/./../checkout",
    "/assets/.. /checkout",
    "/assets/..%20/checkout",
    "/assets/..%00/checkout",
    "/assets/%00/../checkout",
    "/assets/x%3f/../../checkout",
    "/assets/%c0%ae%c0%ae/checkout",
    "//assets/x",
    "/assets//x",
    "/ASSETS/x",
    "/assets./x",
    "/assets;v=1/x",
    "/healthz/../checkout",
    "/healthz;/../checkout",
    "/healthz%2f..%2fcheckout",
    "/healthz/x",
    "/healthz.",
    "/healthz%20",
    "/.well-known/../checkout",
    "/.well-known",
    "/x/assets/y",
    "",
    "*",
    "xassets/x",
)

PLAIN_ASSETS = (
    "/assets/x.png",
    "/assets/a/b-c_d~e.css",
    "/assets/",
    "/assets",
    "/assets/z%C5%82.png",
    "/assets/a%2Bb.js",
    "/healthz",
    "/healthz/",
    "/.well-known/acme-challenge/abc",
    "/assets/jquery.min.js",
)


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_protected_path_is_free(path: str) -> None:
    """
    Whatever a server could read as the checkout is protected.
    """
    assert CHECKOUT.guarded(path)


@pytest.mark.parametrize("path", [path for path in DISGUISES if path != "/.well-known"])
def test_no_disguise_makes_a_path_free(path: str) -> None:
    """
    What is spelled oddly is none of the paths that never need a pass.
    """
    assert not ALL_BUT_ASSETS.listed(path)
    assert ALL_BUT_ASSETS.guarded(path)


@pytest.mark.parametrize("path", PLAIN_ASSETS)
def test_plain_spelling_of_a_free_path_is_free(path: str) -> None:
    """
    What never needs a pass is let through when it is spelled as the rule spells it.
    """
    assert ALL_BUT_ASSETS.listed(path)


@pytest.mark.parametrize(
    "path", ["/", "/checkouts", "/checkout-help", "/x/checkout", "/product/checkout", "/basket.", "/%7Eme"]
)
def test_other_paths_are_free(path: str) -> None:
    """
    A rule protects its own path and what is below, and nothing that merely looks alike.
    """
    assert not CHECKOUT.guarded(path)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/*", "/", True),
        ("/*", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("/a/*", "/a", True),
        ("/a/*", "/a/b/c", True),
        ("/a/*", "/b", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/c", False),
        ("/a/*/c", "/a/b/c/d", False),
        ("/a/*/c/*", "/a/b/c/d", True),
        ("/", "/", True),
        ("/", "/a", False),
    ],
)
def test_star_stands_for_one_part_or_at_the_end_for_all(pattern: str, path: str, *, fits: bool) -> None:
    """
    A pattern means what the documentation says.
    """
    assert matches(tuple(parts_of(pattern)), parts_of(path)) is fits


def _coded(text: str, choices: list[int]) -> str:
    spelled = []
    for index, letter in enumerate(text):
        choice = choices[index % len(choices)] if choices else 0
        forms = (letter, letter.upper(), f"%{ord(letter):02x}", f"%{ord(letter):02X}", f"%25{ord(letter):02x}")
        spelled.append(forms[choice % len(forms)] if letter != "/" else ("/", "//", "/./", "/x/../", "\\")[choice % 5])
    return "".join(spelled)


@given(
    st.lists(st.integers(0, 24), max_size=12),
    st.sampled_from(["", "/", ".", ";a=b", "/pay", "%20", "%00", "%2fpay", "?"]),
    st.sampled_from(["", "/x/..", "/%2e", "/;a", "//", "/..", "/assets/..", "/healthz/%2e%2e"]),
)
def test_any_mixture_of_codings_is_protected(choices: list[int], tail: str, head: str) -> None:
    """
    Codings, cases, slashes and dots mixed at random leave a protected path protected.
    """
    rules = PathRules.of(("/checkout/*",), ("/assets/*", "/healthz"))
    path = head + _coded("/checkout", choices) + tail

    assert rules.guarded(path)
    assert not rules.listed(path)


@given(st.text(st.characters(), max_size=60))
@example("%")
@example("%zz")
@example("%2")
def test_every_text_has_a_verdict(text: str) -> None:
    """
    No text makes the rules fail, and with everything protected none is free but by the list.
    """
    rules = PathRules.of(("/*",), ())

    assert rules.guarded(text)
    assert not rules.listed(text)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/\\;?#%.", exclude_categories=["C", "Z"]), min_size=1),
        min_size=1,
    )
)
def test_free_path_stays_free_when_browsers_code_it(parts: list[str]) -> None:
    """
    An asset with letters outside ASCII is free in the form in which browsers ask for it.
    """
    path = "/assets/" + "/".join(quote(part) for part in parts)
    if "%3" in path or "%2" in path or "%5" in path:
        return  # punctuation that has a meaning somewhere is not plain

    assert ALL_BUT_ASSETS.listed(path)


@pytest.mark.parametrize(
    "path", ["/product/klocki-%C5%82%C3%B3d%C5%BA", "/search/a%20b", "/p/%F3%B3d%BC", "/a/b.html;v=2", "/x/%7e"]
)
def test_honest_odd_paths_are_read_to_the_end(path: str) -> None:
    """
    Letters of any coding, blanks and parameters do not make a free path protected.
    """
    assert not CHECKOUT.guarded(path)


def test_work_per_path_is_bounded() -> None:
    """
    The oddest path that is read at all ends in "cannot be told" after a hundred readings or so.
    """
    found = list(readings("/%" + "25" * 400 + "41;/..\\x./y"))

    assert found[-1] is None
    assert len(found) < 100


def test_method_of_a_rule_narrows_it() -> None:
    """
    A rule for one method leaves the others alone, but for those that frameworks take for it.
    """
    rules = PathRules.of(("POST /orders", "GET /stock/*", "PUT /basket"), ("POST /hook",))

    assert [rules.guarded("/orders", method) for method in ("POST", "post", "GET", "PUT")] == [True, True, False, False]
    assert [rules.guarded("/stock/1", method) for method in ("GET", "HEAD", "POST")] == [True, True, False]
    assert [rules.guarded("/basket", method) for method in ("PUT", "POST", "GET")] == [True, True, False]
    assert [rules.listed("/hook", "", method) for method in ("POST", "GET", "post")] == [True, False, False]


def test_group_stands_for_its_patterns() -> None:
    """
    Wherever patterns stand.
    """
    rules = PathRules.of(("/*",), ("@defaults", "@payments:woocommerce", "/ping"))

    assert [rules.listed(path) for path in ("/robots.txt", "/wc-api/WC_Gateway_X", "/ping", "/checkout")] == [
        *(True, True, True),
        False,
    ]


CALLBACKS = [
    ("woocommerce", "/wc-api/WC_Gateway_Przelewy24/", ""),
    ("woocommerce", "/", "wc-api=wc_stripe"),
    ("woocommerce", "/", "wc-api=mollie_wc_gateway_ideal&order_id=1234&key=wc_order_demo"),
    ("woocommerce", "/wp-json/paypal/v1/incoming", ""),
    ("woocommerce", "/wp-json/mollie/v1/webhook", "mollie_webhook_secret=secret"),
    ("magento", "/mollie/checkout/webhook/", "isAjax=1"),
    ("magento", "/payu/data/getNotify/type/payu_gateway/store/1/", ""),
    ("prestashop", "/module/przelewy24/paymentStatus", ""),
    ("prestashop", "/pl/module/payu/notification", ""),
    ("prestashop", "/module/tpay/confirmation", "type=basic"),
    ("shopware", "/mollie/webhook/0a1b2c", ""),
    ("shopware", "/payment/finalize-transaction", "_sw_payment_token=abc"),
    ("sylius", "/payment/notify/kY4x", ""),
    ("saleor", "/plugins/channel/default/mirumee.payments.adyen/webhooks", ""),
    ("django", "/payments/process/7f1c/", ""),
]


@pytest.mark.parametrize(("platform", "path", "query"), CALLBACKS)
def test_payment_provider_is_heard(platform: str, path: str, query: str) -> None:
    """
    At the addresses that their plugins tell them, with what they add.
    """
    rules = PathRules.of(("/*",), (f"@payments:{platform}",))

    assert rules.listed(path, query, "POST")


def test_every_pattern_of_every_group_is_one() -> None:
    """
    And every platform has a group, and a callback above.
    """
    assert all(rule_of(pattern).parts is not None for patterns in GROUPS.values() for pattern in patterns)
    assert {platform for platform, _, _ in CALLBACKS} == set(PAYMENTS)
    assert {f"@payments:{platform}" for platform in PAYMENTS} <= set(GROUPS)


STEERING = [
    "controller=order",
    "a=1&controller=order",
    "Controller=order",
    "%63ontroller=order",
    "%2563ontroller=order",
    "rest_route=/wc/store/v1/checkout",
    "rest.route=/wc/store/v1/checkout",
    "rest%20route=/x",
    "rest[route=/x",
    "+pagename=checkout",
    "%20pagename=checkout",
    "pagename%00=checkout",
    "pagename[]=checkout",
    "page_id=7",
    "p=7",
    "wc-ajax=checkout",
    "route=checkout/checkout",
    "a=1;controller=order",
    "a=1%26controller=order",
    "controller",
]


@pytest.mark.parametrize("query", STEERING)
@pytest.mark.parametrize("path", ["/static/x", "/wp-json/paypal/v1/incoming"])
def test_query_does_not_carry_a_spared_path_elsewhere(path: str, query: str) -> None:
    """
    Shops in PHP show the page that a field names, whatever the path.
    """
    rules = PathRules.of(("/*",), ("@defaults", "@payments:woocommerce"))

    assert rules.listed(path, "v=1&utm_source=controller&xpagename=1&up=3")
    assert not rules.listed(path, query)


UNPLAIN_FIELDS = """
wc-api= wc-api wc-api=0 wc-api=a&wc-api= wc-api=&wc-api=a wc-api[]=a wc-api=a&wc-api[]=b wc-api=a&%77c-api=
wc-api=a&WC-API= %77c-api=a wc-api=a;wc-api= wc-api=a%20b x=wc-api wc-api=a&wc-ajax=checkout wc-api=a&+wc-api=
"""


@pytest.mark.parametrize("query", ["", *UNPLAIN_FIELDS.split()])
def test_field_of_a_query_counts_only_once_and_plain(query: str) -> None:
    """
    What another server could read as nothing, or as something else, is the shop's front page.
    """
    assert not PathRules.of(("/*",), ("/?wc-api=*",)).listed("/", query)
