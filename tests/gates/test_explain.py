"""
Why an address is protected, in data and in words.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import run
from tests.gates.makings import settings
from waiting_room.cli.gate import said
from waiting_room.gates.explain import explain
from waiting_room.gates.paths import PathRules
from waiting_room.gates.settings import NEVER

PROTECT = ("/checkout/*", "/Kasa")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://shop.example/checkout/pay?a=/x", "protected by /checkout/*"),
        ("/checkout", "protected by /checkout/*"),
        ("/kasa", "protected by /Kasa"),
        ("/%63heckout", "protected by /checkout/*, read as /checkout"),
        ("/a/..//CHECKOUT", "protected by /checkout/*, read as /checkout"),
        ("/toys", "free, since no protected pattern fits it, however it is read"),
        ("https://shop.example", "free, since no protected pattern fits it, however it is read"),
        ("/static/app.js", "free, since /static/* never needs a pass"),
        ("/" + "%25" * 9, "protected, since there are too many ways to read it"),
    ],
)
def test_words(url: str, words: str) -> None:
    """The pattern, and how the path is read where that is not plain."""
    assert said(explain(url, settings(protect=PROTECT))) == words


def test_odd_spelling_of_a_free_path_is_told() -> None:
    """With all protected, only what is plain is spared."""
    why = explain("/static//app.js", settings())

    assert (why.protected, why.spelled_oddly) == (True, True)
    assert said(why).endswith("; it would never need one if it were spelled plainly")


@given(st.text(alphabet="/.%2563cCheckoutSTATIC;\\ a", max_size=24).map(lambda text: "/" + text))
def test_explanation_is_what_the_gate_does(path: str) -> None:
    """Whatever the path."""
    rules = PathRules.of(PROTECT, NEVER)

    assert explain(path, settings(protect=PROTECT)).protected == (rules.guarded(path) and not rules.listed(path))


def test_command_answers_for_each_url() -> None:
    """On a line of its own."""
    done = run("gate", "explain", "/checkout/pay", "/robots.txt", "--protect", "/checkout/*")

    assert done.code == 0
    assert done.out.splitlines() == [
        "/checkout/pay: protected by /checkout/*",
        "  page       303 to the waiting page",
        "  form       303 to the waiting page",
        "  script     429 with the waiting page's address",
        "  websocket  429 with the waiting page's address",
        "/robots.txt: free, since /robots.txt never needs a pass",
    ]


@pytest.mark.parametrize(("expect", "code"), [("protected", 0), ("free", 1)])
def test_command_can_be_a_check(expect: str, code: int) -> None:
    """For a script that must not let an entrance open."""
    done = run("gate", "explain", "/checkout", "/kasa", "--expect", expect, "--json")

    assert done.code == code
    assert [why["protected"] for why in done.json] == [True, True]


def test_patterns_with_faults_are_refused_together() -> None:
    """Each with what to do."""
    done = run("gate", "explain", "/", "--protect", "checkout", "--never", "/a*b")

    assert done.code == 3
    assert "--protect[0]" in done.err
    assert "--never[0]" in done.err


def test_address_that_a_trusted_proxy_tells_counts() -> None:
    """And the one that a visitor tells does not."""
    options = ("--staff", "203.0.113.0/24", "--trusted-proxy", "10.0.0.0/8", "--address", "10.0.0.1")

    staff = run("gate", "explain", "/checkout", *options, "--forwarded-for", "203.0.113.7", "--expect", "free")
    forged = run("gate", "explain", "/checkout", *options, "--forwarded-for", "203.0.113.7, 198.51.100.1")

    assert staff.code == 0
    assert staff.out.splitlines()[0] == "/checkout: passes, since 203.0.113.7 is of the staff's networks"
    assert forged.out.splitlines()[0] == "/checkout: protected by /*"


def test_crawler_is_told_by_its_address_alone(tmp_path: Path) -> None:
    """Its name is anybody's; and a form of its is sent away."""
    networks = tmp_path / "googlebot.json"
    networks.write_text('{"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}]}')
    options = ("--crawlers", str(networks), "--user-agent", "Googlebot/2.1")

    real = run("gate", "explain", "/toys", *options, "--address", "66.249.64.5")
    named = run("gate", "explain", "/toys", *options, "--address", "198.51.100.1")

    assert real.out.splitlines()[:3] == [
        "/toys: passes, since 66.249.64.5 is a crawler's, and it only looks",
        "  page       passes",
        "  form       303 to the waiting page",
    ]
    assert named.out.splitlines()[0] == (
        "/toys: protected by /*; its User-Agent counts for nothing, a crawler is known by its address"
    )


def test_preflight_is_told() -> None:
    """By its headers."""
    headers = ("--header", "Origin: https://app.example", "--header", "Access-Control-Request-Method: POST")

    done = run("gate", "explain", "/checkout", "--method", "OPTIONS", *headers)

    assert done.out.startswith("/checkout: passes, since browsers ask for permission without cookies")


def test_query_that_leads_elsewhere_is_told() -> None:
    """Or nobody would know why a spared path is not."""
    done = run("gate", "explain", "/static/a?controller=order")

    assert done.out.splitlines()[0] == (
        "/static/a?controller=order: protected by /*; its path would never need one, but its query could lead to"
        " another page"
    )


def test_groups_are_shown() -> None:
    """With what they stand for."""
    done = run("gate", "groups", "@payments:sylius")

    assert done.out == "@payments:sylius\n  /payment/notify/*\n"
