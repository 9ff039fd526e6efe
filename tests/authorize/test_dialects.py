"""
What each kind of proxy asks, and which answers it is given.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room import wire
from waiting_room.authorize.dialects import DIALECTS, NGINX, STATUSES, Dialect, answer, asked, failed, status_of
from waiting_room.core.reasons import Reason
from waiting_room.gates.core import Allow, LetThrough, Outcome, Refuse, SendToWait, TryStraight, Unprotected
from waiting_room.telemetry import catalog
from waiting_room.tokens import Pass

PAGE = "https://shop.example/waiting-room/toys?target=%2Fcheckout"
HELD = Allow(Pass("toys", "standard", 7, "ann", "standard.7", 1_000, 61_000))
WAITS = SendToWait(PAGE, as_json=False, reason=Reason.QUEUE_WAIT)
WAITS_JSON = SendToWait(PAGE, as_json=True, reason=Reason.QUEUE_WAIT)
TURNED_AWAY = SendToWait(PAGE, as_json=False, reason=Reason.REVOKED)
AWAY = Refuse(503, Reason.STORE_AWAY, as_json=False)
FORWARD, ENVOY = DIALECTS["forward"], DIALECTS["envoy"]
OUTCOMES: tuple[Outcome, ...] = (
    HELD,
    Unprotected(listed=True),
    LetThrough(),
    LetThrough(shadow=True),
    WAITS,
    WAITS_JSON,
    TURNED_AWAY,
    AWAY,
)

# Who asks, with what the shop answers a visitor who goes through: the contract, a row for each answer.
CONTRACT = [
    # outcome, method, nginx, forward, envoy, word
    (HELD, "GET", 200, 200, 200, "admitted"),
    (HELD, "POST", 200, 200, 200, "admitted"),
    (Unprotected(listed=False), "GET", 200, 200, 200, "bypass"),
    (LetThrough(shadow=True), "GET", 200, 200, 200, "bypass"),
    (LetThrough(), "GET", 200, 200, 200, "degraded"),
    (WAITS, "GET", 401, 302, 302, "wait"),
    (WAITS, "HEAD", 401, 302, 302, "wait"),
    (WAITS, "POST", 401, 303, 303, "wait"),
    (WAITS_JSON, "GET", 401, 429, 429, "wait"),
    (WAITS_JSON, "POST", 401, 429, 429, "wait"),
    (TURNED_AWAY, "GET", 403, 403, 403, "refused"),
    (AWAY, "GET", 500, 503, 503, "error"),
]


@pytest.mark.parametrize(("outcome", "method", "nginx", "forward", "envoy", "word"), CONTRACT)
def test_the_contract_holds(outcome: Outcome, method: str, nginx: int, forward: int, envoy: int, word: str) -> None:
    """Each proxy gets the status that it understands, and the same word with it."""
    answers = [answer(dialect, outcome, "toys", method, "en") for dialect in (NGINX, FORWARD, ENVOY)]

    assert [said.status for said in answers] == [nginx, forward, envoy]
    assert {said.headers[wire.STATUS_HEADER] for said in answers} == {word}


@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_every_header_of_ours_is_always_there(dialect: Dialect, outcome: Outcome) -> None:
    """A proxy that copies them overwrites what the visitor has made up, even where there is nothing to say."""
    said = answer(dialect, outcome, "toys", "GET", "pl", 3)

    assert set(wire.VERDICT_HEADERS) <= set(said.headers)
    assert said.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("outcome", [HELD, Unprotected(listed=True), LetThrough()], ids=repr)
def test_yes_has_no_body(outcome: Outcome) -> None:
    """Nobody reads it."""
    assert answer(FORWARD, outcome, "toys", "GET", "en").body == b""


@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_yes_is_200_and_nothing_else_is_2xx(dialect: Dialect, outcome: Outcome) -> None:
    """Envoy takes 200 alone for yes, the others all of 2xx."""
    status = answer(dialect, outcome, "toys", "GET", "en").status

    assert (status == 200) == (status_of(outcome) in {"admitted", "bypass", "degraded"})
    assert status == 200 or not 200 <= status < 300


def test_holder_is_named_to_the_shop() -> None:
    """By an id that names nobody, and until when the pass counts."""
    headers = answer(NGINX, HELD, "toys", "GET", "en").headers

    assert (headers[wire.VISITOR_ID_HEADER], headers[wire.EXPIRES_HEADER]) == ("ann", "61")


def test_who_waits_is_told_where() -> None:
    """Nginx takes the address out of the header; the others hand it on."""
    for dialect in (NGINX, FORWARD, ENVOY):
        headers = answer(dialect, WAITS, "toys", "GET", "en", 12).headers
        assert headers["Location"] == headers[wire.URL_HEADER] == PAGE
        assert (headers[wire.POSITION_HEADER], headers[wire.REASON_HEADER]) == ("12", "queue_wait")


def test_program_is_told_in_its_own_way() -> None:
    """A problem document with the waiting page's address, no redirect that it would follow in vain."""
    said = answer(FORWARD, WAITS_JSON, "toys", "GET", "pl")
    document = json.loads(said.body)

    assert "Location" not in said.headers
    assert (said.headers["Content-Type"], document["waiting_room_url"]) == ("application/problem+json", PAGE)


def test_failure_is_one_in_the_proxy_s_own_words() -> None:
    """Nginx makes a 500 of everything it does not know anyway; to the others a 503 says that it will pass."""
    assert [failed(dialect).status for dialect in (NGINX, FORWARD, ENVOY)] == [500, 503, 503]
    assert failed(FORWARD).headers["Retry-After"] == "5"


def test_undecided_outcome_is_not_answered() -> None:
    """To try straight is the gate's to decide first."""
    with pytest.raises(TypeError):
        status_of(TryStraight("", has_place=False, otherwise=WAITS))


def test_words_are_those_of_the_metric() -> None:
    """Each answer can be counted."""
    assert catalog.label_values(catalog.AUTHORIZATIONS, "outcome") == STATUSES


ALL_HEADERS = {
    "X-Original-URL": "https://shop.example/original?o=1",
    "X-Original-Method": "PUT",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example",
    "X-Forwarded-Uri": "/forwarded?f=1",
    "X-Forwarded-Method": "POST",
    "Host": "envoy.example",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx", ("PUT", "https://shop.example", "/original", "o=1")),
        ("forward", ("POST", "https://shop.example", "/forwarded", "f=1")),
        ("forward-inline", ("POST", "https://shop.example", "/forwarded", "f=1")),
        ("envoy", ("PATCH", "https://envoy.example", "/own", "e=1")),
        ("envoy-inline", ("PATCH", "https://envoy.example", "/own", "e=1")),
    ],
)
def test_each_dialect_reads_its_own_headers_alone(name: str, expected: tuple[str, ...]) -> None:
    """What the others would read may come from the visitor."""
    found = asked(DIALECTS[name], "PATCH", "/own?e=1", ALL_HEADERS)

    assert (found.method, found.origin, found.path, found.query) == expected


@pytest.mark.parametrize("name", [name for name in DIALECTS if not name.startswith("envoy")])
def test_proxy_that_says_nothing_asks_for_a_get_of_the_start(name: str) -> None:
    """Which is sent to wait like any other."""
    found = asked(DIALECTS[name], "DELETE", "/made-up", {"Host": "service"})

    assert (found.method, found.origin, found.path, found.query) == ("GET", "", "/", "")


@pytest.mark.parametrize(
    ("url", "origin", "path", "query"),
    [
        ("/checkout?a=1", "", "/checkout", "a=1"),
        ("https://shop.example", "https://shop.example", "/", ""),
        ("https://shop.example?x=/y", "https://shop.example", "/", "x=/y"),
        ("HTTPS://shop.example/a%2Fb", "https://shop.example", "/a%2Fb", ""),
        ("gopher://shop.example/a", "", "/a", ""),
        ("nonsense", "", "/", ""),
        ("https:///a", "", "/a", ""),
    ],
)
def test_original_url_is_taken_apart(url: str, origin: str, path: str, query: str) -> None:
    """Undecoded, as the shop will see it."""
    found = asked(NGINX, "GET", "", {"X-Original-URL": url})

    assert (found.origin, found.path, found.query) == (origin, path, query)


@given(
    dialect=st.sampled_from(sorted(DIALECTS)),
    rest=st.text(max_size=40),
    headers=st.dictionaries(st.sampled_from(sorted(ALL_HEADERS)), st.text(max_size=60)),
)
def test_anything_can_be_read(dialect: str, rest: str, headers: dict[str, str]) -> None:
    """Whatever stands in the headers: a path that begins with a slash, and an origin that is http, https or nothing."""
    found = asked(DIALECTS[dialect], "GET", rest, headers)

    assert found.path.startswith("/")
    assert found.origin.partition("://")[0] in {"http", "https", ""}
