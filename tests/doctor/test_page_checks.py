"""
What is said of the way to the waiting page, of the host, and of the clocks.
"""

import json
from dataclasses import replace

import pytest

from tests.doctor.makings import COOKIE, PAGE, SHOP, answer, codes
from waiting_room.doctor.answers import Answer, Silence
from waiting_room.doctor.findings import Severity
from waiting_room.doctor.page_checks import PageFacts, check_page
from waiting_room.doctor.site_checks import Clock, SiteFacts, check_clocks, check_site, clock_of

HTML = {"cache_control": "no-store", "content_encoding": "gzip"}


def state(**more: object) -> Answer:
    """
    Return the public state.
    """
    document = json.dumps({"room": "sale", "phase": "open", **more})
    return answer(f"{PAGE}/state.json", 200, document, content_type="application/json")


def page(cookie: str = COOKIE, **more: str) -> Answer:
    """
    Return a first visit.
    """
    return answer(PAGE, 200, "<html>", **{**HTML, **more}, **({"set_cookie": cookie} if cookie else {}))


WELL = PageFacts(
    "sale",
    PAGE,
    state=state(),
    first=page(),
    second=page(COOKIE.replace("abc", "def")),
    known=answer(PAGE),
    heavy=answer(PAGE),
    asked_ms=(3.0, 4.0, 5.0),
)


def test_a_page_that_is_well_has_no_findings() -> None:
    """
    And the question's time is told.
    """
    found = check_page(WELL)

    assert codes(found) == []
    assert found.fine[0] == "the question of a proxy takes 4 ms, at most 5 ms, of 3"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(WELL, elsewhere="https://queue.example/waiting-room/sale"), "page-elsewhere"),
        (replace(WELL, state=Silence("GET", PAGE, "gone")), "page-missing"),
        (replace(WELL, state=answer(status=404)), "page-missing"),
        (
            replace(
                WELL,
                state=answer(
                    status=404,
                    text='{"reason":"room_unknown","room":"sale"}',
                    content_type="application/problem+json",
                ),
            ),
            "room-unknown",
        ),
        (replace(WELL, state=state(phase="closed")), "room-closed"),
        (replace(WELL, state=replace(state(), headers=(*state().headers, ("age", "60")))), "state-stale"),
        (replace(WELL, state=replace(state(), version="1.0")), "connection-closed"),
        (replace(WELL, second=page(x_cache="HIT")), "page-cached"),
        (replace(WELL, second=page()), "page-cached"),
        (replace(WELL, first=page(cache_control="max-age=60")), "page-storable"),
        (replace(WELL, first=page(content_encoding="")), "page-unpacked"),
        (replace(WELL, first=page("")), "cookie-dropped"),
        (replace(WELL, first=page(COOKIE.replace("Path=/", "Path=/waiting-room"))), "cookie-path"),
        (replace(WELL, first=page(f"{COOKIE}; Domain=.shop.example")), "cookie-domain"),
        (replace(WELL, first=page(COOKIE.replace("; Secure", ""))), "cookie-insecure"),
        (replace(WELL, url=PAGE.replace("https", "http")), "cookie-secure-by-http"),
        (replace(WELL, first=page(COOKIE.replace("; HttpOnly", ""))), "cookie-changed"),
        (replace(WELL, first=page(COOKIE.replace("Lax", "Strict"))), "cookie-changed"),
        (replace(WELL, known=page()), "cookie-not-forwarded"),
        (replace(WELL, heavy=answer(PAGE, 400)), "headers-limited"),
        (replace(WELL, heavy=Silence("HEAD", PAGE, "closed")), "headers-limited"),
        (replace(WELL, asked_ms=(60.0, 70.0, 80.0)), "question-slow"),
        (replace(WELL, question=Silence("GET", "http://10.0.0.5", "refused")), "service-unreachable"),
    ],
)
def test_what_is_wrong_with_the_page_is_found(facts: PageFacts, code: str) -> None:
    """
    Each fault by its own code, and nothing else with it.
    """
    assert codes(check_page(facts)) == [code]


def test_without_a_room_the_page_is_not_looked_at() -> None:
    """
    And it is said how to name one.
    """
    assert check_page(PageFacts("")).untold[0].why == "no gate has named a room; name it with --room"


HSTS = answer(f"{SHOP}/", strict_transport_security="max-age=1")
PLAIN = answer("http://shop.example/", 301, location=f"{SHOP}/")
PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (SiteFacts("http://shop.example", HSTS), ["no-https"]),
        (SiteFacts("http://127.0.0.1:8000", HSTS), []),
        (SiteFacts(SHOP, HSTS, PLAIN), []),
        (SiteFacts(SHOP, HSTS, replace(PLAIN, status=200, headers=())), ["http-served"]),
        (SiteFacts(SHOP, HSTS, Silence("GET", "http://shop.example/", "refused")), []),
        (SiteFacts(SHOP, answer(f"{SHOP}/"), PLAIN), ["no-hsts"]),
        (SiteFacts(SHOP, HSTS, PLAIN, (answer("/metrics", text="waiting_room_joins_total 1"),)), ["private-reachable"]),
        (SiteFacts(SHOP, HSTS, PLAIN, (answer("/metrics", text="mine 1"),)), []),
        (
            SiteFacts(
                SHOP,
                HSTS,
                PLAIN,
                (
                    answer("/waiting-room/authorize/nginx/sale", 401, waiting_room_status="wait"),
                    answer("/admin/api/v1/rooms", 401, '{"reason":"admin_token_refused"}', content_type=PROBLEM),
                ),
            ),
            ["private-reachable", "private-reachable"],
        ),
    ],
)
def test_what_is_wrong_with_the_host_is_found(facts: SiteFacts, code: list[str]) -> None:
    """
    On this machine nobody needs https.
    """
    assert codes(check_site(facts)) == code


@pytest.mark.parametrize(
    ("clocks", "whose"),
    [
        ([Clock("the shop", 900), Clock("the service", -400)], []),
        ([Clock("the shop", 90_000), Clock("the service", 100)], [("the shop", Severity.PROBLEM)]),
        ([Clock("the shop", 9_000), Clock("the service", 100)], [("the shop", Severity.WARNING)]),
        (
            [Clock("the shop", 9_000), Clock("the service", 9_100), Clock("Redis", 9_050)],
            [("this machine", Severity.NOTE)],
        ),
        ([Clock("the shop", 9_000)], [("the shop", Severity.WARNING)]),
    ],
)
def test_the_clock_that_disagrees_is_the_wrong_one(clocks: list[Clock], whose: list[tuple[str, Severity]]) -> None:
    """
    It may be this machine's: it is not the measure of the others.
    """
    assert [(one.where, one.severity) for one in check_clocks(clocks).findings] == whose


def test_a_date_that_a_cache_kept_tells_no_time() -> None:
    """
    It is as old as the answer.
    """
    date = "Sun, 22 Nov 2026 20:00:00 GMT"
    now = replace(answer(date=date), at_ms=1_795_377_600_000)

    assert clock_of("the shop", now) == Clock("the shop", 500)
    assert clock_of("the shop", replace(now, headers=(*now.headers, ("age", "60")))) is None
    assert clock_of("the shop", answer()) is None
    assert clock_of("the shop", answer(date="yesterday")) is None
