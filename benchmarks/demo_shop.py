"""
What the demo shop sells: in a closed loop close to its model's arithmetic, under fourfold overload far below it.

The shop runs in a process of its own; orders are counted in its ledger, never by the client.
"""

import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from benchmarks.ratio import Ratio
from loadtests.demo_shop.ledger import Ledger, read_ledger
from loadtests.demo_shop.model import ShopModel

NAME = "demo-shop"

ADDRESS = {"name": "Anna Nowak", "email": "anna@example.com", "street": "Długa 1", "city": "30-001 Kraków"}
OVERLOAD = 4
MOMENTS_S = 60
"""A start and an end take one or two seconds on a machine that does nothing else."""
SETTLE_S = 1.5
"""The closed loop's first seconds are left out: nobody can have ordered before nine pages were shown."""

Ask = Callable[[str, str, dict[str, str] | None], Coroutine[None, None, str]]


@dataclass(frozen=True, slots=True)
class Patience:
    """
    Say how long a shopper waits for a page, and how often a page that came late or failed is asked for again.
    """

    page_s: float = 4.0
    reloads: int = 3


class GaveUpError(Exception):
    """
    Tell that a shopper has left for good.
    """


@asynccontextmanager
async def running(model: ShopModel) -> AsyncIterator[str]:
    """
    Run the shop in a process of its own and give its address; it is ended by SIGTERM and must end well.
    """
    config = Path(model.database).with_suffix(".json")
    config.write_text(json.dumps(model.to_json()))
    command = [sys.executable, "-m", "loadtests.demo_shop", "--config", str(config), "--port", "0"]
    shop = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert shop.stdout
    try:
        yield json.loads(await asyncio.wait_for(shop.stdout.readline(), MOMENTS_S))["url"]
    finally:
        if shop.returncode is None:
            shop.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(shop.wait(), MOMENTS_S)
    assert code == 0, f"the shop ended with {code}"


async def journey(ask: Ask, toy: str = "teddy-bear") -> None:
    """
    Buy one toy by the default journey: nine pages, redirects followed by hand as a browser would.
    """
    await ask("GET", "/", None)
    await ask("GET", f"/product/{toy}", None)
    await ask("GET", await ask("POST", "/basket", {"product": toy, "quantity": "1"}), None)
    await ask("GET", "/checkout", None)
    payment = await ask("POST", "/checkout", ADDRESS)
    await ask("GET", payment, None)
    await ask("GET", await ask("POST", payment, {"method": "blik"}), None)


@asynccontextmanager
async def shopper(url: str, patience: Patience | None = None) -> AsyncIterator[Ask]:
    """
    Open a shopper's browser: own cookies, own connections; without patience every failure raises.
    """
    timeout = aiohttp.ClientTimeout(total=patience.page_s if patience else 60)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(url, cookie_jar=jar, timeout=timeout) as browser:

        async def ask(method: str, path: str, form: dict[str, str] | None) -> str:
            last = ""
            for _ in range(1 + (patience.reloads if patience else 0)):
                try:
                    async with browser.request(method, path, data=form, allow_redirects=False) as answer:
                        await answer.read()
                        if answer.status < 400:
                            return answer.headers.get("Location", "")
                        last = f"{method} {path} answered {answer.status}"
                except (TimeoutError, aiohttp.ClientError) as fault:
                    last = f"{method} {path} failed: {fault!r}"
            raise GaveUpError(last)

        yield ask


async def closed_loop(model: ShopModel, clients: int, for_s: float) -> float:
    """
    Let some shoppers buy without pause, and give the orders per second that the ledger holds.
    """

    async def buy(url: str, until: float, after_s: float) -> None:
        # One after the other, or all would buy in step and the window's edges would decide.
        await asyncio.sleep(after_s)
        while time.monotonic() < until:
            async with shopper(url) as ask:
                await journey(ask)

    async with running(model) as url:
        began_ms = time.time_ns() // 1_000_000
        until = time.monotonic() + SETTLE_S + for_s
        turn_s = 1 / model.capacity_per_s
        await asyncio.gather(*(buy(url, until, number * turn_s) for number in range(clients)))
    start = began_ms + round(SETTLE_S * 1000)
    return len(read_ledger(model.database).orders_between(start, start + round(for_s * 1000))) / for_s


async def overload(model: ShopModel, patience: Patience, for_s: float, seed: int = 7) -> tuple[Ledger, int]:
    """
    Let shoppers arrive at `OVERLOAD` times the capacity whether or not others are done; give the ledger and the start.
    """
    dice = random.Random(seed)
    async with running(model) as url, asyncio.TaskGroup() as crowd:

        async def come() -> None:
            async with shopper(url, patience) as ask:
                try:
                    await journey(ask)
                except GaveUpError:
                    return

        began_ms = time.time_ns() // 1_000_000
        due = began = time.monotonic()
        shoppers = []
        while due - began < for_s:
            await asyncio.sleep(due - time.monotonic())
            shoppers.append(crowd.create_task(come()))
            due += dice.expovariate(OVERLOAD * model.capacity_per_s)
        for each in shoppers:
            each.cancel()
    return read_ledger(model.database), began_ms


def run() -> list[Ratio]:
    """
    Measure the default shop: its capacity, and what is left of it after half a minute of fourfold overload.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = ShopModel(str(Path(folder) / "calm.sqlite"))
        calm = asyncio.run(closed_loop(model, clients=12, for_s=10))
        flooded = replace(model, database=str(Path(folder) / "flooded.sqlite"))
        ledger, began_ms = asyncio.run(overload(flooded, Patience(), for_s=45))
    late = ledger.orders_between(began_ms + 20_000, began_ms + 45_000)
    arithmetic = "connections / connection time of one order"
    measured = "the same shop in a closed loop"
    return [
        Ratio("closed loop", calm, model.capacity_per_s, 0.95, "orders/s", note=arithmetic),
        Ratio("20 s into 4 x overload", len(late) / 25, calm, 0.5, "orders/s", better="lower", note=measured),
    ]
