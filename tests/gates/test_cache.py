"""
A real nginx that caches, in front of a gated shop and its waiting room: many visitors at once, and none gets another's.
"""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.gates.fronts import Browser, Reply, in_asgi
from tests.gates.makings import SECRET, settings
from tests.proxies.peers import NGINX_MAIN, answers, free_port, patient
from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room import wire
from waiting_room.gates.asgi import App, Receive, Scope, Send, WaitingRoomGate
from waiting_room.proxies import nginx
from waiting_room.proxies.settings import ProxySettings
from waiting_room.tokens import Keyring

pytestmark = pytest.mark.peer("nginx")

VISITORS = 24
SEATS = 8
SCRIPT = {"Accept": "application/json", "Sec_Fetch_Mode": "cors"}
LIVES = {"/news": b"public, max-age=600", "/list": b"max-age=600"}
CACHE = """
proxy_cache_path {folder}/kept keys_zone=kept:1m;
server {{
    listen 127.0.0.1:{port};
    proxy_cache kept;
    proxy_cache_key $host$request_uri;
    proxy_cache_valid any 10m;
    {more}
    add_header Cache-Said $upstream_cache_status always;
    proxy_set_header Host $http_host;
    location / {{ proxy_pass {shop}; }}
    location /waiting-room/ {{ proxy_pass {service}; }}
}}
"""
BADLY = "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;"
"""As recipes against a slow shop have it: nginx then keeps what bears a cookie, and gives the cookie to everybody."""
ROOMS = {"cached": "", "cached-badly": BADLY}
PROXIED = "cached-inside"
"""The room in front of which nginx itself asks, and caches as badly further out."""
INSIDE = """
proxy_cache_path {folder}/kept keys_zone=kept:1m;
proxy_cache kept;
proxy_cache_key $host$request_uri;
proxy_cache_valid any 10m;
proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;
"""
"""Not even the header that is nginx' own is heeded: what is printed must not depend on it."""


async def mine(scope: Scope, _receive: Receive, send: Send) -> None:
    """
    Say whose page this is, as a checkout does.
    """
    visit = scope.get("waiting_room")
    life = LIVES.get(scope["path"])
    heads = [(b"cache-control", life)] if life else []
    await send({"type": "http.response.start", "status": 200, "headers": heads})
    if visit is None:
        # Behind a proxy, which tells it in a header.
        whose = dict(scope["headers"]).get(b"waiting-room-visitor-id", b"?")
    else:
        whose = (visit.held.admission.visitor if visit.held else "?").encode()
    await send({"type": "http.response.body", "body": whose})


@contextmanager
def running(folder: Path, port: int, site: str, outside: str = "") -> Iterator[str]:
    """
    Run an nginx with *site*, and what stands *outside* of it.
    """
    (folder / "waiting-room.conf").write_text(outside.format(folder=folder) + site)
    # Where root starts it, its workers are somebody else, who may not write here.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + NGINX_MAIN.format(folder=folder))
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until_sync(lambda: answers(port, process, folder), what="nginx to answer")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@contextmanager
def cached(folder: Path, room: str, service: str) -> Iterator[str]:
    """
    Run the gated shop, and an nginx that keeps whatever it may in front of it and its room.
    """
    gated: App = WaitingRoomGate(
        mine, settings(room=room, service_url=service, page_url=f"/waiting-room/{room}", report_interval_s=0.05)
    )
    with in_asgi(gated) as shop:
        port = free_port()
        site = CACHE.format(
            folder=folder, port=port, shop=f"http://127.0.0.1:{shop}", service=service, more=ROOMS[room]
        )
        with running(folder, port, site) as url:
            yield url


@contextmanager
def proxied(folder: Path, service: str) -> Iterator[str]:
    """
    Run a shop without a gate, and the printed nginx in front of it, inside of one that keeps everything.
    """
    with in_asgi(mine) as shop:
        asks = ProxySettings(
            room=PROXIED,
            service=service.removeprefix("http://"),
            shop=f"127.0.0.1:{shop}",
            listen=free_port(),
            host="127.0.0.1",
            protect=("/checkout", "/list"),
        )
        told = "add_header Cache-Said $upstream_cache_status always;"
        site = patient(nginx.configuration(asks)).replace("    add_header", f"    {told}\n    add_header", 1)
        with running(folder, asks.listen, site, INSIDE) as url:
            yield url


@dataclass
class Story:
    """
    Hold what one visitor got, by what was asked.
    """

    browser: Browser
    replies: dict[str, Reply] = field(default_factory=dict)

    def ask(self, what: str, path: str, method: str = "GET", **headers: str) -> Reply:
        """
        Ask, and keep the answer.
        """
        reply = self.replies[what] = self.browser.ask(path, method, None, **headers)
        return reply

    @property
    def visitor(self) -> str:
        """
        Return who the visitor's browser says they are.
        """
        return Keyring((SECRET,)).visitor(self.browser.cookies[wire.VISITOR_COOKIE]).id

    def play(self, room: str) -> None:
        """
        Come, wait, and go in where there is a seat; look at everything twice.
        """
        page = f"/waiting-room/{room}"
        for turn in ("first", "second"):
            self.ask(f"{turn} checkout", "/checkout")
            self.ask(f"{turn} script", "/checkout", **SCRIPT)
            self.ask(f"{turn} page", f"{page}?target=%2Fcheckout")
            if turn == "first":
                self.ask("join", f"{page}/join", "POST", **SCRIPT)
            self.ask(f"{turn} status", f"{page}/status", **SCRIPT)
            self.ask(f"{turn} state", f"{page}/state.json", **SCRIPT)
            self.ask(f"{turn} inside", "/checkout")
            self.ask(f"{turn} list", "/list")
            self.ask(f"{turn} news", "/news")


@dataclass(frozen=True)
class Crowd:
    """
    Hold the room, the address of the cache, and what all its visitors got.
    """

    room: str
    url: str
    stories: list[Story]

    def replies(self, *whats: str) -> list[Reply]:
        """
        Return all answers to what was asked, in either turn.
        """
        return [
            reply for story in self.stories for what, reply in story.replies.items() if what.rpartition(" ")[2] in whats
        ]


@pytest.fixture(scope="module", params=[*ROOMS, PROXIED])
def crowd(
    request: pytest.FixtureRequest, service_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crowd]:
    """
    Let all visitors come at once, to a shop behind a cache that is set up well, or badly.
    """
    room, folder = request.param, tmp_path_factory.mktemp(request.param)
    with proxied(folder, service_url) if room == PROXIED else cached(folder, room, service_url) as url:
        stories = [Story(Browser(url)) for _ in range(VISITORS)]
        with ThreadPoolExecutor(VISITORS) as pool:
            list(pool.map(lambda story: story.play(room), stories))
        yield Crowd(room, url, stories)


def said(reply: Reply) -> str | None:
    """
    Return what the cache says of an answer: HIT where it was another's.
    """
    return reply.header("Cache-Said")


def test_cache_keeps_what_is_for_everybody(crowd: Crowd) -> None:
    """
    The public state of the room, and the page that the shop declares public: nginx does cache.
    """
    if crowd.room != PROXIED and "HIT" not in {said(reply) for reply in crowd.replies("state")}:
        # It is kept for a second, and on a slow machine all of them may have come later than that after each other.
        state, looker = f"/waiting-room/{crowd.room}/state.json", Browser(crowd.url)
        wait_until_sync(lambda: said(looker.ask(state)) == "HIT", what="the state out of the cache")
    assert {said(reply) for reply in crowd.replies("news") if reply.status == 200} >= {"HIT"}


def test_nothing_else_comes_out_of_the_cache(crowd: Crowd) -> None:
    """
    No redirect, no refusal, no page of the room or of the checkout, no status and no join.
    """
    ours = crowd.replies("checkout", "script", "page", "join", "status", "inside", "list")

    assert {said(reply) for reply in ours} <= {"MISS", "BYPASS", "EXPIRED", None}


def test_every_visitor_is_somebody_else(crowd: Crowd) -> None:
    """
    Nobody got another's identity, ticket or pass.
    """
    browsers = [story.browser.cookies for story in crowd.stories]
    for name in (wire.VISITOR_COOKIE, wire.ticket_cookie(crowd.room), wire.pass_cookie(crowd.room)):
        found = [cookies[name] for cookies in browsers if name in cookies]
        assert len(set(found)) == len(found), name
    assert len({story.visitor for story in crowd.stories}) == VISITORS


def test_every_visitor_sees_their_own_place(crowd: Crowd) -> None:
    """
    The number of each answer is that of the ticket which the visitor bears.
    """
    for story in crowd.stories:
        ticket = wire.peek(story.browser.cookies[wire.ticket_cookie(crowd.room)])
        for turn in ("first", "second"):
            document = story.replies[f"{turn} status"].json()
            assert document["number"] in {ticket["n"], None}, document


def test_only_holders_of_a_pass_see_the_checkout_and_only_their_own(crowd: Crowd) -> None:
    """
    No more than there are seats, each with the name on the page that is on the pass.
    """
    inside = [story for story in crowd.stories if wire.pass_cookie(crowd.room) in story.browser.cookies]

    # One whom the gate could not wait for is called again, and does not come in this story.
    assert SEATS // 2 < len(inside) <= SEATS
    for story in crowd.stories:
        for what, reply in story.replies.items():
            if what.endswith(("checkout", "inside", "list")) and reply.status == 200:
                assert story in inside
                assert reply.body.decode() == story.visitor, what


def test_newcomer_after_them_gets_nothing_of_theirs(crowd: Crowd) -> None:
    """
    Somebody who comes later, without any cookie, waits.
    """
    late = Browser(crowd.url)
    sent, listed = late.ask("/checkout"), late.ask("/list")

    assert {sent.status, listed.status} <= {302, 303}
    assert late.cookies == {}


def test_page_for_one_visitor_says_so_to_caches_further_out(crowd: Crowd) -> None:
    """
    Though its shop says nothing, or only for how long.
    """
    for reply in crowd.replies("inside", "list"):
        assert {"private", "no-store"} & set(", ".join(reply.headers.get("cache-control", [])).split(", ")), reply
