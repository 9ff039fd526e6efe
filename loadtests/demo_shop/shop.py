"""
Put the shop together: its pages on its pool, its pictures from memory, and the waiting room's gate in front if asked.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from loadtests.demo_shop import database
from loadtests.demo_shop.browsing import Browsing
from loadtests.demo_shop.control import Control
from loadtests.demo_shop.model import GateModel, ShopModel
from loadtests.demo_shop.pages import Pages, load_assets
from loadtests.demo_shop.pool import ConnectionPool
from loadtests.demo_shop.till import Till
from loadtests.demo_shop.views import Desk, shop_front

POOL = web.AppKey("pool", ConnectionPool)

MAX_FORM_BYTES = 16_384
METRICS_PATH = "/metrics"


def build_shop(model: ShopModel) -> web.Application:
    """
    Build the shop's application; its database exists and its connections are open once the application has started.
    """
    path = Path(model.database)
    pool = ConnectionPool(
        partial(database.connect, path),
        size=model.db_connections,
        time_out_s=model.time_out_s,
        jitter=model.jitter,
        seed=model.seed,
    )
    assets = load_assets()
    desk = Desk(model, pool, Pages(assets))
    app = web.Application(client_max_size=MAX_FORM_BYTES)
    app[POOL] = pool
    if model.gate:
        _put_gate(app, model.gate)
    else:
        app.router.add_get(METRICS_PATH, _no_metrics)
    app.middlewares.append(shop_front(desk))
    app.add_routes([*Browsing(desk).routes(), *Till(desk).routes(), *Control(model, pool).routes()])

    async def asset(request: web.Request) -> web.Response:
        found = assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        headers = {"ETag": f'"{found.tag}"', "X-Content-Type-Options": "nosniff"}
        fresh = request.query.get("v") == found.tag
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "public, max-age=60"
        if f'"{found.tag}"' in request.headers.get("If-None-Match", ""):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=found.body, content_type=found.content_type, headers=headers)

    async def icon(_request: web.Request) -> web.Response:
        return web.Response(body=assets["icon.svg"].body, content_type="image/svg+xml")

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "waiting": pool.waiting, "busy": pool.busy})

    app.add_routes([
        web.get("/assets/{name:.+}", asset),
        web.get("/favicon.ico", icon),
        web.get("/healthz", health),
    ])  # fmt: skip

    async def running(_app: web.Application) -> None:
        await asyncio.to_thread(database.prepare, path, model.stock)
        pool.start()

    async def stopped(_app: web.Application) -> None:
        await asyncio.to_thread(pool.stop)

    app.on_startup.append(running)
    # Before the server waits for its last answers: those in line would wait for their turn first.
    app.on_shutdown.append(stopped)
    return app


def _put_gate(app: web.Application, gate: GateModel) -> None:
    # Only here: without a gate the shop runs without the gates' code.
    from waiting_room.gates.aiohttp import WaitingRoomGate  # noqa: PLC0415

    WaitingRoomGate(gate.settings()).setup(app, metrics_path=METRICS_PATH)


async def _no_metrics(_request: web.Request) -> web.Response:
    # The metrics are the gate's; without one the page is empty, so that a scrape still tells that the shop is up.
    return web.Response(body=b"", headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
