"""
A real browser, the page on its stage, and the real service with a shop beside it.
"""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.chromium import chromium
from tests.waiting import PATIENCE_S, patient
from tests.web.booth import Stage, app_of
from waiting_room import app
from waiting_room.config import ServerSettings, Settings
from waiting_room.core.policy import Policy

ROOM = "spring-sale"

expect.set_options(timeout=PATIENCE_S * 1000)

NewVisitor = Callable[..., Awaitable[BrowserContext]]
Reader = Callable[..., Awaitable[Page]]
Staging = Callable[[Stage], Awaitable[str]]


@dataclass
class Place:
    """
    Hold the addresses of a real service and of a shop that counts who comes in with a pass.
    """

    page: str
    shop: str
    admitted: list[str] = field(default_factory=list)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """
    Run one Chromium for all tests of this folder.
    """
    async with chromium() as running:
        yield running


async def profile(browser: Browser, *, script: bool = True, code: str = "en", width: int = 900) -> BrowserContext:
    """
    Open a browser's profile that knows nothing of others.
    """
    context = await browser.new_context(
        java_script_enabled=script,
        locale=code,
        viewport={"width": width, "height": 800},
        timezone_id="Europe/Warsaw",
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


@pytest_asyncio.fixture(loop_scope="session")
async def new_visitor(browser: Browser) -> AsyncIterator[NewVisitor]:
    """
    Hand out profiles that know nothing of each other.
    """
    async with AsyncExitStack() as stack:

        async def visitor(**options: Any) -> BrowserContext:
            context = await profile(browser, **options)
            stack.push_async_callback(context.close)
            return context

        yield visitor


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shelf(browser: Browser) -> AsyncIterator[dict[tuple[object, ...], Page]]:
    """
    Keep a page of each kind of profile for the whole session: a new one costs Chromium two processes.
    """
    pages: dict[tuple[object, ...], Page] = {}
    yield pages
    for page in pages.values():
        await page.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def reader(browser: Browser, shelf: dict[tuple[object, ...], Page]) -> AsyncIterator[Reader]:
    """
    Hand out pages for looking only: profiles that come from another test, but without its cookies.
    """
    taken: list[Page] = []

    async def take(**options: Any) -> Page:
        kind = tuple(sorted(options.items()))
        if kind not in shelf:
            shelf[kind] = await (await profile(browser, **options)).new_page()
        taken.append(shelf[kind])
        await shelf[kind].context.clear_cookies()
        return shelf[kind]

    yield take
    for page in taken:
        await page.goto("about:blank")


@asynccontextmanager
async def serving(application: web.Application) -> AsyncIterator[str]:
    """
    Serve *application* on a free loopback port and yield its address.
    """
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def staging() -> AsyncIterator[Staging]:
    """
    Put a stage on a port of its own, with a shop's page beside it, and return its address.
    """
    async with AsyncExitStack() as stack:

        async def put(stage: Stage) -> str:
            application = app_of(stage)
            application.router.add_get("/shop", _shop_page)
            return await stack.enter_async_context(serving(application))

        yield put


@pytest_asyncio.fixture(loop_scope="session")
async def place(redis_url: str) -> AsyncIterator[Place]:
    """
    Run the real service with one seat, on a real Valkey, and a shop that people go on to.
    """
    admitted: list[str] = []

    async def shop(request: web.Request) -> web.Response:
        admitted.append(request.cookies.get(f"wr_pass_{ROOM}", ""))
        return await _shop_page(request)

    application = web.Application()
    application.router.add_get("/shop", shop)
    async with serving(application) as address, running(redis_url, f"{address}/shop") as page:
        yield Place(page, f"{address}/shop", admitted)


@asynccontextmanager
async def running(redis_url: str, target: str) -> AsyncIterator[str]:
    """
    Run one worker of the real service and yield the address of its page.
    """
    policy = Policy(capacity=1, rate_per_minute=6000, poll_min_s=0.2, poll_max_s=1.0, target=target)
    settings = Settings(
        server=ServerSettings(secret_keys=("k1:" + "0123456789abcdef" * 2,)), rooms={ROOM: policy}
    ).with_redis_url(patient(redis_url))
    sock = socket.create_server(("127.0.0.1", 0))
    ready = asyncio.Event()
    collector = gc.get_threshold()
    worker = asyncio.create_task(app.serve(settings, sock=sock, ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if worker.done():
            worker.result()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/waiting-room/{ROOM}"
    finally:
        waiting.cancel()
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        sock.close()
        gc.unfreeze()
        gc.set_threshold(*collector)


async def _shop_page(_: web.Request) -> web.Response:
    return web.Response(
        text="<!doctype html><html lang=en><title>Shop</title><h1>The shop</h1>", content_type="text/html"
    )
