"""
Shop and waiting page under one host, as the documentation says: its lines for nginx and Caddy, run for real.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from tests.docs.markdown import fenced
from tests.gates.makings import BROWSER, settings
from tests.gates.service import shop
from tests.proxies.peers import CADDY_MAIN, NGINX_MAIN, answers, free_port
from tests.source import ROOT
from tests.waiting import PATIENCE_S, wait_until, wait_until_sync
from waiting_room.gates.aiohttp import WaitingRoomGate

PAGE = ROOT / "docs" / "gates.md"


def documented(kind: str, port: int, shop_port: int, service_url: str) -> str:
    """
    Return the lines of the documentation for a proxy, with addresses that are free here.
    """
    (text,) = [block.text for block in fenced(PAGE.name, PAGE.read_text()) if block.language == kind]
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{shop_port}")
    text = text.replace("127.0.0.1:8080", service_url.removeprefix("http://"))
    return text.replace("listen 80;", f"listen {port};").replace("shop.example {", f"http://127.0.0.1:{port} {{")


@dataclass(frozen=True, slots=True)
class Front:
    """
    Say which proxy runs, the address of both under it, and on which port it looks for the shop.
    """

    kind: str
    url: str
    shop_port: int


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.peer(kind)) for kind in ("nginx", "caddy")])
def front(request: pytest.FixtureRequest, service_url: str, tmp_path: Path) -> Iterator[Front]:
    """
    Run a proxy as it is documented.
    """
    port, shop_port = free_port(), free_port()
    text = documented(request.param, port, shop_port, service_url)
    if request.param == "nginx":
        (tmp_path / "waiting-room.conf").write_text(text)
        (tmp_path / "nginx.conf").write_text(NGINX_MAIN.format(folder=tmp_path))
        command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    else:
        (tmp_path / "Caddyfile").write_text(CADDY_MAIN.replace("FOLDER", str(tmp_path)) + text)
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until_sync(lambda: answers(port, process, tmp_path), what=f"{request.param} to answer")
            yield Front(request.param, f"http://127.0.0.1:{port}", shop_port)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def test_shop_and_page_share_a_host_behind_a_proxy(front: Front, service_url: str) -> None:
    """
    Anna is inside, Ben is sent to a page of the same host and waits there, and comes in with the cookies of that host.
    """
    room = f"host-{front.kind}"
    app = shop()
    WaitingRoomGate(settings(room=room, service_url=service_url, page_url=f"/waiting-room/{room}")).setup(app)
    async with (
        TestServer(app, port=front.shop_port),
        _browser(front.url) as anna,
        _browser(front.url) as ben,
    ):
        inside = await wait_until(lambda: _status(anna, "/checkout", 200), what="Anna to be let in")
        sent = await ben.get("/checkout", allow_redirects=False)
        page = await _code(ben, sent.headers["Location"])
        async with ben.post(f"/waiting-room/{room}/join") as joined:
            place = await joined.json()
        async with anna.post(f"/waiting-room/{room}/leave") as left:
            assert left.status == 200

        async def admitted() -> bool:
            async with ben.post(f"/waiting-room/{room}/claim") as claim:
                return bool((await claim.json(content_type=None))["state"] == "admitted")

        await wait_until(admitted, what="Ben's turn")
        hidden = [
            await _code(ben, f"/waiting-room/{path}") for path in (f"gate/{room}/report", f"authorize/forward/{room}")
        ]
        after = await _code(ben, "/checkout")

    assert inside
    assert (sent.status, sent.headers["Location"]) == (303, f"/waiting-room/{room}?target=%2Fcheckout")
    assert page == 200
    assert place["state"] == "waiting"
    assert hidden == [404, 404]
    assert after == 200


def _browser(url: str) -> ClientSession:
    return ClientSession(url, headers=BROWSER, cookie_jar=CookieJar(unsafe=True))


async def _code(browser: ClientSession, path: str) -> int:
    async with browser.get(path, allow_redirects=False) as answer:
        return answer.status


async def _status(browser: ClientSession, path: str, wanted: int) -> bool:
    return await _code(browser, path) == wanted


def test_documented_lines_are_moved_as_a_whole() -> None:
    """
    No address of the documentation is left in what is tried here.
    """
    for kind in ("nginx", "caddy"):
        text = documented(kind, 1, 2, "http://127.0.0.1:3")

        assert re.findall(r"127\.0\.0\.1:(?:8000|8080)|listen 80;|^shop\.example", text) == []
