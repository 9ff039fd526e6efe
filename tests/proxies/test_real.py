"""
The printed configurations, run by real proxies in front of a real service: every answer, and every kind of outage.
"""

import json

import pytest

from tests.beside import Stage, beside
from tests.faults.service import ROOM
from tests.outcomes import AWAY, FOUND, SHOP, SLOW_S, TABLE
from tests.proxies.play import KINDS, OUTAGES, SPELLINGS, Table, played
from waiting_room import wire

PAGE = f"http://127.0.0.1/waiting-room/{ROOM}"
SLACK_S = 5.0
"""Of a machine that does something else as well."""
CONFINING = ("nginx", "haproxy", "caddy")
MOST_SHARE = 90
"""Of a hundred different newcomers with a lot of one in two: so many at the most, and not none."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=(pytest.mark.peer(kind), beside(played, kind)), id=kind) for kind in KINDS],
)
def kind(request: pytest.FixtureRequest) -> str:
    """
    Name the proxy.
    """
    return str(request.param)


@pytest.fixture(scope="module")
def table(kind: str, stage: Stage) -> Table:
    """
    Return what came of it, played once for all facts.
    """
    return stage.outcome(played, kind)


def test_holder_reaches_the_shop(table: Table) -> None:
    """
    As if there were no gate; the shop hears of the visitor what the service says, and nothing that they made up.
    """
    answer = table.answers["allow"]
    told = answer.shop["headers"]

    assert (answer.status, answer.shop["shop"]) == (200, "/checkout?step=2")
    assert (told["waiting-room-status"], told["waiting-room-room"]) == ("admitted", ROOM)
    assert told["waiting-room-visitor-id"] not in {"", "eve"}
    assert not told.get("waiting-room-position")


def test_page_of_a_holder_is_for_no_cache_further_out(table: Table, kind: str) -> None:
    """
    Where the shop says nothing of caches, the proxy says it for what needs a pass, and for nothing else.
    """
    if kind in CONFINING:
        assert table.answers["allow"].headers["Cache-Control"] == "private"
    assert "Cache-Control" not in table.answers["free"].headers


def test_form_of_a_holder_arrives_whole(table: Table) -> None:
    """
    The question about it has no body; the shop has all of it.
    """
    answer = table.answers["allow-form"]

    assert (answer.status, answer.shop["method"], answer.shop["body"]) == (200, "POST", "card=1")


def test_newcomer_is_redirected(table: Table) -> None:
    """
    To the page, with the way back; nothing of it comes from what the visitor sent.
    """
    answer = table.answers["wait"]

    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"{PAGE}?target=http")
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Location"].endswith("%2Fcheckout%3Fstep%3D2")
    assert answer.headers["Cache-Control"] == "no-store"


def test_program_is_told_with_a_problem_document(table: Table) -> None:
    """
    With the address of the page in it.
    """
    answer = table.answers["wait-program"]

    assert (answer.status, answer.headers["Content-Type"]) == (429, "application/problem+json")
    assert json.loads(answer.text)["waiting_room_url"].startswith(PAGE)


def test_form_of_a_newcomer_is_answered_by_see_other(table: Table) -> None:
    """
    So that the browser asks for the page by GET.
    """
    assert table.answers["wait-form"].status == 303


def test_who_is_turned_away_is_refused(table: Table) -> None:
    """
    With a page that says so in their language.
    """
    answer = table.answers["refuse"]

    assert answer.status == 403
    assert 'lang="pl"' in answer.text


def test_other_pages_need_no_pass(table: Table) -> None:
    """
    And are not asked about.
    """
    assert (table.answers["free"].status, table.answers["free"].shop["shop"]) == (200, "/toys?x=1")


def test_waiting_page_is_there(table: Table) -> None:
    """
    On the shop's own host, with its cookies.
    """
    answer = table.answers["page"]

    assert answer.status == 200
    assert any(cookie.startswith(wire.VISITOR_COOKIE) for cookie in answer.cookies)


@pytest.mark.parametrize("name", ["authorize/nginx", "authorize/forward", "gate"])
def test_calls_of_proxies_and_gates_are_not_for_visitors(table: Table, kind: str, name: str) -> None:
    """
    What a proxy asks, nobody else need. Traefik's way of saying so is to be a teapot.
    """
    answer = table.answers[f"private-{name}"]

    assert (answer.status, answer.shop) == (418 if kind == "traefik" else 404, {})


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_gets_around_the_gate(table: Table, spelling: str) -> None:
    """
    Whatever the proxy makes of it, the shop is not reached.
    """
    answer = table.answers[f"spelled {spelling}"]

    assert answer.shop == {}
    assert answer.status in {301, 302, 308, 400, 404}


def test_inline_shows_the_page_in_place(table: Table) -> None:
    """
    With its cookies, and a status that is no yes.
    """
    answer = table.answers["inline"]

    assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    assert any(cookie.startswith(wire.VISITOR_COOKIE) for cookie in answer.cookies)
    assert "<html" in answer.text


@pytest.mark.parametrize("row", TABLE)
def test_visitor_gets_what_the_table_says(table: Table, kind: str, row: str) -> None:
    """
    Whatever the service does: it is at fault, away or silent, and nobody waits for it longer than its time-out.
    """
    if kind in TABLE[row]:
        answer = table.answers[row]

        assert answer.cell == TABLE[row][kind]
        assert answer.seconds < SLOW_S + SLACK_S
        if answer.cell.what == AWAY.what:
            assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")


@pytest.mark.parametrize("row", ["free", "error-open", "down-open", "slow-open"])
def test_shop_is_told_nothing_that_a_visitor_made_up(table: Table, row: str) -> None:
    """
    On pages that nobody is asked about either, nor in an outage.
    """
    told = table.answers[row].shop["headers"] if row in table.answers else {}

    assert {name: value for name, value in told.items() if value} in ({}, {"waiting-room-status": "error"})


def test_share_is_a_share(table: Table, kind: str) -> None:
    """
    Of those who bear no pass, by their browser and address.
    """
    if kind == "nginx":
        assert 0 < table.shares["down"] < MOST_SHARE


@pytest.mark.parametrize("what", ["down", "slow"])
@pytest.mark.parametrize("outage", ["open", "share", "closed"])
def test_outage_touches_no_other_page(table: Table, kind: str, what: str, outage: str) -> None:
    """
    The rest of the shop goes on as before.
    """
    if outage in OUTAGES[kind]:
        assert table.answers[f"{what}-{outage}-free"].status == 200


def test_nobody_passes_by_a_restart(table: Table) -> None:
    """
    A worker is killed with requests on their way, and comes back: a holder passes again, nobody else ever did.
    """
    holder, newcomer = table.restarted["holder"], table.restarted["newcomer"]

    assert SHOP in holder
    assert FOUND in newcomer
    assert {cell.status for cell in holder - {SHOP} | newcomer - {FOUND}} <= {500, 502, 503, 504}
