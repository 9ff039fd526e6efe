"""
The service's HTTP as a whole: health, metrics, measuring, and what happens when something breaks.
"""

import logging
import re

import pytest

from tests.source import ROOT
from tests.web.desk import BASE, ROOM, Desk, cookies_of, open_desk
from waiting_room.errors import StoreUnavailableError
from waiting_room.web.server import route_of

PREFIX = "/waiting-room"


async def test_healthz_is_well_while_the_process_is(desk: Desk) -> None:
    """Whatever Redis does: an outage must not take all workers away."""
    desk.health.ready = False
    answer = await desk.get("/healthz")

    assert (answer.status, await answer.text()) == (200, "ok\n")


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readyz_tells_whether_visitors_may_come(desk: Desk, ready: bool, status: int) -> None:
    """Not while starting, not while stopping."""
    desk.health.ready = ready

    assert (await desk.get("/readyz")).status == status


async def test_metrics_are_what_prometheus_reads(desk: Desk) -> None:
    """With the content type of the exposition."""
    answer = await desk.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert await answer.read() == b"waiting_room_up 1\n"


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", f"{BASE}/status", "status", 401),
        ("POST", f"{BASE}/join", "join", 200),
        ("POST", f"{BASE}/claim", "claim", 401),
        ("POST", f"{BASE}/leave", "leave", 200),
        ("GET", f"{BASE}/state.json", "state", 200),
        ("GET", BASE, "page", 200),
        ("POST", f"{PREFIX}/gate/{ROOM}/report", "report", 401),
        ("POST", f"{PREFIX}/gate/{ROOM}/command", "command", 401),
        ("GET", "/admin/api/v1/rooms", "admin", 403),
        ("GET", "/healthz", "health", 200),
        ("GET", "/metrics", "metrics", 200),
        ("GET", "/favicon.ico", "other", 404),
        ("GET", f"{PREFIX}/nowhere/status", "status", 404),
    ],
)
async def test_every_request_is_measured_once(desk: Desk, method: str, path: str, route: str, status: int) -> None:
    """Under a name of a closed set, with the status that was answered."""
    answer = await desk.ask(method, path, None)

    assert answer.status == status
    assert [(name, code) for name, code, _ in desk.observed] == [(route, status)]
    assert desk.observed[0][2] >= 0


@pytest.mark.parametrize(
    ("path", "route"),
    [(f"{PREFIX}/a/status", "status"), (f"{PREFIX}/status", "page"), ("/adminx", "other"), ("/", "other")],
)
def test_a_route_is_named_by_its_path(path: str, route: str) -> None:
    """A room may be called like a call."""
    assert route_of(path, PREFIX) == route


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_nobody_is_shown_a_stack_trace(
    desk: Desk, method: str, accept: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is a page, or a problem with a number, under which the log has the trace."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    (ticket,) = await desk.fill("anna")
    monkeypatch.setattr(desk.lobby, "join", broken)
    monkeypatch.setattr(desk.lobby, "status", broken)
    with caplog.at_level(logging.ERROR):
        path = f"{BASE}/status" if method == "GET" else f"{BASE}/join"
        answer = await desk.ask(method, path, cookies_of(ticket), Accept=accept)
    body = await answer.text()

    assert answer.status == 500
    assert "secret" not in body
    assert "Traceback" not in body
    assert "RuntimeError" not in body
    incident = re.search(r"incident (\w{8})", caplog.text)
    assert incident is not None
    assert accept == "text/html" or incident[1] in body
    assert "the secret inside" in caplog.text
    assert [(name, code) for name, code, _ in desk.observed][-1] == (path.rpartition("/")[2], 500)


async def test_an_outage_is_no_error_of_the_visitor_s(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A join while Redis is away is put off, with a reason and a time, and 200."""

    async def away(*_: object) -> None:
        raise StoreUnavailableError("timeout", "250 ms")

    monkeypatch.setattr(desk.store, "join", away)
    answer = await desk.post(f"{BASE}/join")
    said = await answer.json()

    assert answer.status == 200
    assert (said["state"], said["reason"], said["number"]) == ("paused", "store_away", None)
    assert said["next_poll_s"] >= 2
    assert said["message"]
    assert said["pass"] is None


async def test_a_body_without_end_is_refused(desk: Desk) -> None:
    """Visitors send a word at most."""
    answer = await desk.client.post(f"{BASE}?x=1", data=b"wr_action=" + b"x" * 100_000)

    assert answer.status in {200, 413}
    assert (await desk.get("/healthz")).status == 200


async def test_the_prefix_can_be_another() -> None:
    """For a shop that has a page of that name."""
    async with open_desk(prefix="/kolejka") as desk:
        moved = await desk.get(f"/kolejka/{ROOM}/state.json")
        old = await desk.get(f"{BASE}/state.json")

    assert (moved.status, old.status) == (200, 404)


def described(text: str) -> set[tuple[str, str]]:
    """
    Return the calls that the page about HTTP describes, each as method and path.
    """
    return set(re.findall(r"^\| `(GET|POST|PUT|PATCH|ANY) (/[^` ?]*)", text, re.MULTILINE))


async def test_the_page_about_http_knows_every_route_and_no_other(desk: Desk) -> None:
    """docs/http.md and the router say the same."""
    app = desk.client.app
    assert app is not None
    routes = {
        ("ANY" if route.method == "*" else route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.resource.canonical))
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }

    assert described((ROOT / "docs" / "http.md").read_text()) == routes - {("ANY", "/{anything}")}


async def test_the_wrong_method_is_named_as_such() -> None:
    """A GET where only POST is taken is 405 with the methods allowed, not a missing page."""
    async with open_desk() as desk:
        answer = await desk.get(f"{BASE}/join")

    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


async def test_a_page_of_the_wrong_method_names_the_right_one(desk: Desk) -> None:
    """To a person's browser as to a program (RFC 9110 section 15.5.6)."""
    answer = await desk.get(f"{BASE}/join", Accept="text/html")

    assert (answer.status, answer.content_type, answer.headers["Allow"]) == (405, "text/html", "POST")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/%0A", 404), (f"{BASE}/%0A", 404), (f"{PREFIX}/authorize/forward-inline/{ROOM}/%0A", 429)],
)
async def test_a_line_break_in_a_path_is_answered_by_us(desk: Desk, path: str, status: int) -> None:
    """Never in the library's own words, which no proxy and no visitor expects."""
    answer = await desk.get(path, Accept="text/html")

    assert (answer.status, answer.content_type) == (status, "text/html")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("form", ["; charset=nobody-knows", "; charset=utf-16", ""])
async def test_a_form_that_cannot_be_read_is_none(desk: Desk, form: str) -> None:
    """Whatever character set it claims, or fails, to be in."""
    headers = {"Content-Type": f"application/x-www-form-urlencoded{form}", "Accept": "text/html"}
    answer = await desk.client.post(BASE, data=b"wr_action=\xff&a", headers=headers, allow_redirects=False)

    assert answer.status == 200
