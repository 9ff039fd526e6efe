"""
Why an address is protected, in data and in words.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import run
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
    assert said(explain(url, PROTECT, NEVER)) == words


def test_odd_spelling_of_a_free_path_is_told() -> None:
    """With all protected, only what is plain is spared."""
    why = explain("/static//app.js", ("/*",), NEVER)

    assert (why.protected, why.spelled_oddly) == (True, True)
    assert said(why).endswith("; it would never need one if it were spelled plainly")


@given(st.text(alphabet="/.%2563cCheckoutSTATIC;\\ a", max_size=24).map(lambda text: "/" + text))
def test_explanation_is_what_the_gate_does(path: str) -> None:
    """Whatever the path."""
    path = path.partition("#")[0].partition("?")[0]
    rules = PathRules.of(PROTECT, NEVER)

    assert explain(path, PROTECT, NEVER).protected == (rules.guarded(path) and not rules.listed(path))


def test_command_answers_for_each_url() -> None:
    """On a line of its own."""
    done = run("gate", "explain", "/checkout/pay", "/robots.txt", "--protect", "/checkout/*")

    assert done.code == 0
    assert done.out.splitlines() == [
        "/checkout/pay: protected by /checkout/*",
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
