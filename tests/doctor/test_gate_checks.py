"""
What is said of a gate.
"""

from dataclasses import replace

import pytest

from tests.doctor.makings import answer, codes, judged, waits
from waiting_room.doctor.answers import Answer
from waiting_room.doctor.entrances import CALLBACK, CART, FREE, SHARED
from waiting_room.doctor.findings import Severity
from waiting_room.doctor.gate_checks import GateFacts, check_gate
from waiting_room.doctor.judging import Fate

GATED = judged(waits(), Fate.GATED)
OPEN = judged(answer("/kasa"), Fate.OPEN)
WELL = GateFacts(
    (GATED, judged(answer("/robots.txt"), Fate.OPEN, FREE)),
    room="sale",
    home=answer("/", text="home"),
    nowhere=answer("/nowhere", 404),
    spelled=(waits("/CHECKOUT"), answer("//checkout", 404)),
    forged=(("X-Original-URL", waits()),),
    hosted=waits(),
    head=waits(),
    polish=waits(content_language="pl"),
    english=waits(),
)


def test_a_gate_that_is_well_has_no_findings() -> None:
    """
    And it is said what was looked at.
    """
    found = check_gate(WELL)

    assert (codes(found), found.untold) == ([], ())
    assert found.fine == ("gated: /checkout", "reached without a pass: /robots.txt")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(WELL, judged=(OPEN,)), "gate-missing"),
        (replace(WELL, judged=(GATED, OPEN)), "entrance-open"),
        (replace(WELL, judged=(GATED, judged(answer("/kasa", age="9"), Fate.OPEN))), "entrance-cached"),
        (replace(WELL, judged=(GATED, judged(answer("/cart"), Fate.OPEN, CART))), "cart-open"),
        (replace(WELL, judged=(GATED, judged(answer("/graphql"), Fate.OPEN, SHARED))), "entrance-shared"),
        (replace(WELL, judged=(GATED, judged(waits("/robots.txt"), Fate.GATED, FREE))), "free-gated"),
        (replace(WELL, judged=(GATED, judged(waits("/wc-api/x"), Fate.GATED, CALLBACK))), "payments-gated"),
        (replace(WELL, judged=(judged(answer(status=503), Fate.AWAY),)), "gate-without-room"),
        (replace(WELL, mode="shadow"), "room-shadow"),
        (replace(WELL, spelled=(answer("/CHECKOUT", text="till"),)), "spelling-open"),
        (replace(WELL, forged=(("X-Original-URL", answer(text="till")),)), "forged-header"),
        (replace(WELL, hosted=waits(waiting_room_url="https://forged.invalid/waiting-room/sale")), "forged-host"),
        (replace(WELL, head=replace(answer(), method="HEAD")), "head-open"),
        (
            replace(WELL, judged=(judged(answer(status=302, location="/waiting-room/sale"), Fate.GATED),)),
            "program-redirected",
        ),
        (replace(WELL, judged=(judged(waits(cache_control="max-age=60"), Fate.GATED),)), "refusal-storable"),
        (replace(WELL, judged=(judged(waits(x_cache="HIT from edge"), Fate.GATED),)), "refusal-cached"),
        (replace(WELL, english=waits(content_language="pl")), "refusal-cached"),
        (replace(WELL, room="other"), "other-room"),
    ],
)
def test_what_is_wrong_is_found(facts: GateFacts, code: str) -> None:
    """
    Each fault by its own code.
    """
    assert code in codes(check_gate(facts))


def test_a_page_for_everything_is_no_way_around() -> None:
    """
    The first page at an odd spelling is not the checkout.
    """
    assert codes(check_gate(replace(WELL, spelled=(answer("//checkout", text="home"),)))) == []


def test_a_bank_that_is_sent_to_wait_is_worse_than_a_crawler() -> None:
    """
    The operator named that path.
    """
    named = judged(waits("/callback"), Fate.GATED, FREE, named=True)

    assert check_gate(replace(WELL, judged=(GATED, named))).findings[0].severity is Severity.PROBLEM


@pytest.mark.parametrize("fate", [Fate.ABSENT, Fate.UNTOLD])
def test_a_shop_of_which_nothing_was_seen_does_not_pass(fate: Fate) -> None:
    """
    Whether its checkout has another name, or a firewall answers.
    """
    found = check_gate(GateFacts((judged(answer(status=404), fate),)))

    assert codes(found) == ["gate-unseen"]
    assert "--entrance" in found.findings[0].remedy


@pytest.mark.parametrize(
    "stored",
    [
        answer(age="3"),
        answer(cf_cache_status="HIT"),
        answer(x_cache="Hit from cloudfront"),
        answer(x_varnish="12 34"),
        answer(cache_status="edge; hit"),
    ],
)
def test_a_cache_is_known_by_what_it_writes(stored: Answer) -> None:
    """
    Cloudflare, CloudFront, Varnish, and any that tells the age.
    """
    assert stored.stored
    assert not answer(age="0", cf_cache_status="DYNAMIC", x_cache="MISS", x_varnish="12").stored
