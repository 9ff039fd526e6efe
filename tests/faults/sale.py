"""
A sale at the real demo shop: shoppers who wait, are let in, read its pages, order, and reload what is too slow.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

import aiohttp

from benchmarks.demo_shop import ADDRESS
from loadtests.demo_shop.views import SESSION_COOKIE
from tests.faults.service import Operator, Service
from tests.faults.visitors import LOST, Crowd, Visitor
from waiting_room import wire
from waiting_room.simulation.shop import BUYER_THINKS_S, LOOKER_THINKS_S, LOOKERS, PATIENCE_S, PAUSES_S

TOY: Final = "kite"
WAITING: Final = 60
"""So many wait at any time: somebody is always there to be called."""
LOOK_S: Final = 0.25
"""How often the line is filled up."""
WATCH_S: Final = 0.5
SHAPE: Final = 1.5
"""Of the Weibull law of think times, as in the model; their mean then is the scale times 0.9027."""
FINE: Final = 400


@dataclass(eq=False)
class Shopper(Visitor):
    """
    Hold one shopper; *thinks* scales their think times, and who does not buy leaves without a word.
    """

    thinks: float = 1.0
    buys: bool = True
    dice: Random = field(default_factory=Random)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    gave_up: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """
    Hold one page as its shopper saw it: when it came or was given up, after how long, and whether it was none.
    """

    at_s: float
    latency_ms: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Look:
    """
    Hold what the operator saw at an instant of the drill's clock.
    """

    at_s: float
    rate: float
    inside: int


class Sale(Crowd):
    """
    Send shoppers through the room into the demo shop at *shop_url*; *pages* is what they saw of it.
    """

    def __init__(self, service: Service, session: aiohttp.ClientSession, shop_url: str) -> None:
        super().__init__(service, session, shop_url)
        self._shop, self._browser = shop_url, session
        self.pages: list[Seen] = []

    def waiting(self) -> int:
        """
        Return how many have come and not been let in.
        """
        return sum(visitor.admitted_s is None for visitor in self.visitors)

    async def keep_coming(self, make: Callable[[int], Shopper]) -> None:
        """
        Let as many come as went in, until cancelled.
        """
        numbers = count()
        while True:
            self.send(make(next(numbers)) for _ in range(WAITING - self.waiting()))
            await asyncio.sleep(LOOK_S)

    async def go_on_until(self, at_s: float) -> None:
        """
        Let everybody go on until an instant of the drill's clock, those as well who come meanwhile.
        """
        await asyncio.sleep(max(0.0, at_s - self.now_s()))
        for task in self.tasks:
            if task.done():
                task.result()

    async def shop(self, visitor: Visitor) -> None:
        """
        Walk from the first page to the order, or only to a product.
        """
        assert isinstance(visitor, Shopper)
        try:
            await (self._buy(visitor) if visitor.buys else self._look(visitor))
        except GaveUpError:
            visitor.gave_up = True
        if visitor.buys and not visitor.gave_up:
            visitor.left_s = self.now_s()

    async def _look(self, shopper: Shopper) -> None:
        for path, mean_s in zip(("/", f"/product/{TOY}", f"/product/{TOY}"), LOOKER_THINKS_S, strict=True):
            await self._think(shopper, mean_s)
            await self.open(shopper, "GET", path)

    async def _buy(self, shopper: Shopper) -> None:
        thinks_s = iter(BUYER_THINKS_S)

        async def step(method: str, path: str, form: Mapping[str, str] | None = None) -> str:
            await self._think(shopper, next(thinks_s))
            return await self.open(shopper, method, path, form)

        await step("GET", "/")
        await step("GET", f"/product/{TOY}")
        await step("GET", await step("POST", "/basket", {"product": TOY, "quantity": "1"}))
        await step("GET", "/checkout")
        payment = await step("POST", "/checkout", ADDRESS)
        await step("GET", payment)
        await step("GET", await step("POST", payment, {"method": "blik"}))

    async def _think(self, shopper: Shopper, mean_s: float) -> None:
        if mean_s:
            await asyncio.sleep(shopper.thinks * shopper.dice.weibullvariate(mean_s / 0.9027, SHAPE))

    async def open(self, shopper: Shopper, method: str, path: str, form: Mapping[str, str] | None = None) -> str:
        """
        Ask for a page until it comes, and return where it leads; raises `GaveUpError` when patience is over.
        """
        for pause_s in (*PAUSES_S, 0.0):
            asked_s = self.now_s()
            status, location = await self._page(shopper, method, path, form)
            ended_s = self.now_s()
            failed = status == LOST or status >= FINE
            shopper.statuses["shop", status] += 1
            self.pages.append(Seen(ended_s, (ended_s - asked_s) * 1000, failed))
            if not failed:
                return location
            await asyncio.sleep(pause_s)
        raise GaveUpError

    async def _page(self, shopper: Shopper, method: str, path: str, form: Mapping[str, str] | None) -> tuple[int, str]:
        headers = {"Accept": "text/html", "Cookie": f"{SESSION_COOKIE}={shopper.session}"} | shopper.headers
        options: dict[str, Any] = {"allow_redirects": False, "timeout": aiohttp.ClientTimeout(total=PATIENCE_S)}
        try:
            async with self._browser.request(
                method, self._shop + path, data=form, headers=headers, **options
            ) as answer:
                await answer.read()
                if wire.STAGE_HEADER in answer.headers:
                    shopper.headers[wire.STAGE_HEADER] = answer.headers[wire.STAGE_HEADER]
                return answer.status, answer.headers.get("Location", "")
        except (aiohttp.ClientError, TimeoutError):
            return LOST, ""


class GaveUpError(Exception):
    """
    Tell that a shopper has lost patience with the shop.
    """


def shoppers(seed: int, thinks: float, lookers: float = LOOKERS) -> Callable[[int], Shopper]:
    """
    Return who comes as the n-th, the same for the same seed; *lookers* is the share of those who buy nothing.
    """

    def make(number: int) -> Shopper:
        dice = Random(f"{seed}:{number}")
        return Shopper(thinks=thinks, buys=dice.random() >= lookers, dice=dice)

    return make


def p95_ms(pages: Iterable[Seen]) -> float:
    """
    Return the 95th percentile of the pages that came, 0 where none did.
    """
    latencies = sorted(page.latency_ms for page in pages if not page.failed)
    return latencies[int(0.95 * (len(latencies) - 1))] if latencies else 0.0


async def watch(operator: Operator, sale: Sale, looks: list[Look]) -> None:
    """
    Write down the rate in force and how many are inside, again and again, until cancelled.
    """
    while True:
        state = await operator.state()
        looks.append(Look(sale.now_s(), float(state["rate_in_force"]), state["seats"]))
        await asyncio.sleep(WATCH_S)
