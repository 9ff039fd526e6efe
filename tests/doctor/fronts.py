"""
Real shops with a real room, and what stands before them: nginx as it should be, and as it should not.
"""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.utils import formatdate
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

from aiohttp import web

from tests.proxies.peers import NGINX_MAIN, answers, free_port
from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.settings import GateSettings

HOME = '<title>Toys</title><link href="/wp-content/plugins/woocommerce/a.css">' + "<p>Toys</p>" * 99
EVIL = """
proxy_cache_path {folder}/cache keys_zone=all:1m;
server {{
    listen {cached};
    proxy_cache all;
    proxy_cache_valid any 10m;
    proxy_ignore_headers Cache-Control Set-Cookie Expires Vary X-Accel-Expires;
    location / {{ proxy_pass http://127.0.0.1:{well}; proxy_set_header Host $http_host; }}
}}
server {{
    listen {dropped};
    location / {{ proxy_pass http://127.0.0.1:{well}; proxy_set_header Host $http_host; }}
    location /waiting-room/ {{ proxy_pass http://127.0.0.1:{service}; proxy_hide_header Set-Cookie; }}
}}
server {{
    listen {blind};
    large_client_header_buffers 4 4k;
    location / {{ proxy_pass http://127.0.0.1:{well}; proxy_set_header Host $http_host; }}
    location /waiting-room/ {{ proxy_pass http://127.0.0.1:{service}; proxy_set_header Cookie ""; }}
}}
server {{
    listen {gullible};
    location / {{
        if ($http_x_original_url) {{ proxy_pass http://127.0.0.1:{shop}; }}
        proxy_pass http://127.0.0.1:{well};
        proxy_set_header Host $http_host;
    }}
    location = /checkout/ {{
        if ($http_x_original_url) {{ proxy_pass http://127.0.0.1:{shop}; }}
        proxy_pass http://127.0.0.1:{well};
        proxy_set_header Host $http_host;
    }}
    location /CHECKOUT {{ rewrite ^ /checkout/ break; proxy_pass http://127.0.0.1:{shop}; }}
}}
"""
"""Four proxies: one that stores all, one that drops cookies, one that does not hand them on, one that can be led."""
FRONTS = ("cached", "dropped", "blind", "gullible")


async def _home(request: web.Request) -> web.Response:
    if request.query.get("rest_route", "").startswith("/wc/store"):
        return web.json_response({"namespace": "wc/store/v1"})
    if "wc-ajax" in request.query:
        return web.json_response({"fragments": {}})
    return web.Response(text=HOME, content_type="text/html")


async def _till(request: web.Request) -> web.Response:
    assert request.method in {"GET", "HEAD"}, "the doctor shall change nothing"
    return web.Response(text=f"<title>{request.path}</title><form>card</form>", content_type="text/html")


async def _till_moved(_request: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently("/checkout/")


async def _api(request: web.Request) -> web.Response:
    assert request.method == "OPTIONS", "a GET would make a draft order"
    return web.json_response({"namespace": "wc/store/v1", "methods": ["GET", "POST"]})


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\n")


def woocommerce() -> web.Application:
    """
    Return a shop that answers as WooCommerce does, where the doctor asks; it fails where it is asked otherwise.
    """
    app = web.Application()
    app.router.add_route("*", "/", _home)
    app.router.add_get("/checkout", _till_moved)
    app.router.add_get("/checkout/", _till)
    app.router.add_get("/cart/", _till)
    app.router.add_get("/toys", _till)
    app.router.add_get("/robots.txt", _robots)
    app.router.add_route("*", "/wp-json/wc/store/v1/{what}", _api)
    return app


@asynccontextmanager
async def running(app: web.Application) -> AsyncIterator[int]:
    """
    Run a shop, and give its port.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def gated(service_url: str, room: str, secret: str) -> web.Application:
    """
    Return the shop behind a gate of its own, in front of everything.
    """
    app = woocommerce()
    page = f"{service_url}/waiting-room/{room}"
    settings = GateSettings(
        room=room, service_url=service_url, page_url=page, secret_keys=(secret,), report_interval_s=0.1
    )
    WaitingRoomGate(settings).setup(app)
    return app


def late(app: web.Application) -> web.Application:
    """
    Return the shop *app* with a clock that is ninety seconds slow.
    """

    async def dated(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(time() - 90, usegmt=True)

    app.on_response_prepare.append(dated)
    return app


@contextmanager
def evil(**upstreams: int) -> Iterator[dict[str, str]]:
    """
    Run the proxies that are not as they should be, before *well*, *shop* and *service*; give their addresses.
    """
    ports = {name: free_port() for name in FRONTS}
    with TemporaryDirectory(prefix="doctor-") as name:
        folder = Path(name)
        text = EVIL.format(folder=folder, **upstreams, **ports)
        (folder / "waiting-room.conf").write_text(text, encoding="utf-8")
        (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder), encoding="utf-8")
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        # Workers of an nginx that root starts are nobody, who may not go into a test's folder, where the cache is.
        command += ["-g", f"user {getuser()};"]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                # The last that it listens on.
                wait_until_sync(lambda: answers(ports["gullible"], process, folder), what="nginx to answer")
                yield {name: f"http://127.0.0.1:{port}/" for name, port in ports.items()}
            finally:
                process.terminate()
                process.wait(PATIENCE_S)
