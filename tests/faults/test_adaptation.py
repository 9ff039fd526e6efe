"""
The demo shop's capacity halves in the middle of a sale and recovers, and nobody operates.

``python -m tests.faults.test_adaptation`` plays it and prints the figures; with ``--long`` at the pace of real
shoppers, which takes seven minutes.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, Final

import aiohttp
import pytest

from benchmarks.demo_shop import running
from loadtests.demo_shop.ledger import Ledger, read_ledger
from loadtests.demo_shop.model import CONTROL_PATH, GateModel, ShopModel
from tests.beside import Stage, beside
from tests.faults.sale import Look, Sale, Seen, p95_ms, shoppers, watch
from tests.faults.service import ROOM, SECRET, Service, serving
from tests.faults.visitors import crowd_at
from waiting_room.simulation.shop import ORDER_MS
from waiting_room.store.embedded import EmbeddedValkey

TARGET_MS: Final = 1000
WINDOW_S: Final = 10
SETTLED_S: Final = 60
"""A turn's wave is over by then: most of those who were inside have gone, and half a minute later their followers."""
CONTROL_TOKEN: Final = "c" * 32
CONNECTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Stages:
    """
    Say how long the shop is as it is, has half of its connections, and has all again; *thinks* scales think times.
    """

    calm_s: float = 19.0
    half_s: float = 36.0
    again_s: float = 17.0
    thinks: float = 1 / 3
    ceiling: int = 660


LONG: Final = Stages(calm_s=150, half_s=150, again_s=120, thinks=1.0, ceiling=1500)


@dataclass
class Drill:
    """
    Hold what became of the sale; times are of the drill's clock but for *clock_ms*, the time of day at its zero.

    *lost*: the share of the shop's capacity in each stage that a busy machine took from it.
    """

    stages: Stages
    possible_per_s: float
    clock_ms: float = 0.0
    opened_s: float = 0.0
    halved_s: float = 0.0
    restored_s: float = 0.0
    ended_s: float = 0.0
    pages: list[Seen] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    admitted_s: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    ledger: Ledger | None = None

    def orders(self, from_s: float, to_s: float) -> int:
        """
        Return how many orders the shop's books have between two instants.
        """
        assert self.ledger is not None
        from_ms, to_ms = (round(self.clock_ms + at_s * 1000) for at_s in (from_s, to_s))
        return len(self.ledger.orders_between(from_ms, to_ms))

    def goodput(self, from_s: float, to_s: float) -> float:
        """
        Return the orders between two instants as a share of what the shop's database had time for.
        """
        halved_s = max(0.0, min(to_s, self.restored_s) - max(from_s, self.halved_s))
        return self.orders(from_s, to_s) / (self.possible_per_s * (to_s - from_s - halved_s / 2))

    def p95_ms(self, from_s: float, to_s: float) -> float:
        """
        Return what 95 of 100 pages that came between two instants stayed below.
        """
        return p95_ms(page for page in self.pages if from_s <= page.at_s < to_s)

    def back_s(self, turned_s: float, until_s: float) -> int | None:
        """
        Return how long after a turn the pages of ten seconds are within the target again, None where never.
        """
        for second in range(int(until_s - turned_s - WINDOW_S) + 1):
            if self.p95_ms(turned_s + second, turned_s + second + WINDOW_S) <= TARGET_MS:
                return second
        return None

    def inside_swing(self, from_s: float, to_s: float) -> float:
        """
        Return how far the number inside, as a mean of ten seconds, departs from its mean between two instants.
        """
        return _swing([(look.at_s, float(look.inside)) for look in self.looks], from_s, to_s)

    def rate_swing(self, from_s: float, to_s: float) -> float:
        """
        Return the same of the rate in force.
        """
        return _swing([(look.at_s, look.rate) for look in self.looks], from_s, to_s)

    def rate(self, from_s: float, to_s: float) -> float:
        """
        Return the admissions a minute between two instants.
        """
        return 60 * sum(from_s <= at_s < to_s for at_s in self.admitted_s) / (to_s - from_s)

    def rates(self, from_s: float, to_s: float) -> list[float]:
        """
        Return the same of every ten seconds between two instants.
        """
        starts = range(max(1, int(to_s - from_s - WINDOW_S) + 1))
        return [self.rate(from_s + second, from_s + second + WINDOW_S) for second in starts]

    def errors(self) -> float:
        """
        Return the share of pages that their shoppers did not get.
        """
        return sum(page.failed for page in self.pages) / len(self.pages)

    def figures(self) -> dict[str, Any]:
        """
        Return what the drill measured, by name.
        """
        calm_s = self.opened_s + self.stages.calm_s / 2
        turns_s = (self.halved_s, self.restored_s, self.ended_s)
        steady = [(calm_s, turns_s[0]), (turns_s[0] + SETTLED_S, turns_s[1]), (turns_s[1] + SETTLED_S, turns_s[2])]
        steady = [(from_s, to_s) for from_s, to_s in steady if to_s - from_s >= 2 * WINDOW_S]
        return {
            "goodput": round(self.goodput(calm_s, self.ended_s), 3),
            "goodput_calm": round(self.goodput(calm_s, self.halved_s), 3),
            "goodput_half": round(self.goodput(self.halved_s, self.restored_s), 3),
            "goodput_again": round(self.goodput(self.restored_s, self.ended_s), 3),
            "back_s": (
                self.back_s(self.halved_s, self.restored_s),
                self.back_s(self.restored_s, self.ended_s),
            ),
            "inside_swing": [round(self.inside_swing(*stretch), 3) for stretch in steady],
            "rate_swing": [round(self.rate_swing(*stretch), 3) for stretch in steady],
            "errors": round(self.errors(), 4),
            "pages": len(self.pages),
            "lost_to_the_machine": [round(each, 3) for each in self.lost],
        }


def _swing(seen: Sequence[tuple[float, float]], from_s: float, to_s: float) -> float:
    means = [
        mean(values)
        for second in range(int(from_s) + WINDOW_S, int(to_s) + 1)
        if (values := [value for at_s, value in seen if second - WINDOW_S <= at_s < second])
    ]
    middle = mean(means)
    return max(abs(value - middle) for value in means) / middle


async def drill(stages: Stages = Stages(), seed: int = 1, workers: int = 1) -> Drill:
    """
    Sell at an adaptive room, halve the shop, and give it back what it had.
    """
    with (
        EmbeddedValkey() as valkey,
        tempfile.TemporaryDirectory(prefix="waiting-room-sale-") as folder,
        serving(valkey.url, workers=workers, **policy(stages)) as service,
    ):
        gate = GateModel(ROOM, service.url, service.room_url, (SECRET,))
        model = ShopModel(
            str(Path(folder) / "shop.sqlite"),
            seed=seed,
            db_connections=CONNECTIONS,
            stock=1_000_000,
            control_token=CONTROL_TOKEN,
            gate=gate,
        )
        async with running(model) as shop_url, selling(service, shop_url, stages, seed) as (sale, made):
            await play(sale, made, shop_url)
            made.ledger = read_ledger(model.database)
        return made


def policy(stages: Stages) -> dict[str, Any]:
    """
    Return the room's settings: ceilings above what the shop bears, and nothing of its capacity.
    """
    return {
        "adaptive": True,
        "capacity": 1500,
        "rate_per_minute": stages.ceiling,
        "latency_target_ms": TARGET_MS,
        "warm_up_s": round(30 * stages.thinks) if stages.thinks < 1 else 60,
        "idle_timeout_s": round(60 * stages.thinks),
        "max_session_s": 900,
        "poll_min_s": 1.0,
        "poll_max_s": 10.0,
        "poll_budget_per_s": 50,
    }


@asynccontextmanager
async def selling(service: Service, shop_url: str, stages: Stages, seed: int) -> AsyncIterator[tuple[Sale, Drill]]:
    """
    Keep shoppers coming, and look at the room once a second.
    """
    async with (
        crowd_at(service) as plain,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        sale = Sale(service, session, shop_url)
        made = Drill(stages, CONNECTIONS * 1000 / ORDER_MS)
        made.pages, made.clock_ms = sale.pages, time.time() * 1000 - sale.now_s() * 1000
        made.opened_s = sale.now_s()
        tasks = [
            asyncio.create_task(sale.keep_coming(shoppers(seed, stages.thinks))),
            asyncio.create_task(watch(plain.operator, sale, made.looks)),
        ]
        try:
            yield sale, made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await sale.go_home()


async def play(sale: Sale, made: Drill, shop_url: str) -> None:
    """
    Let the sale go through its stages.
    """
    stages = made.stages
    await sale.go_on_until(made.opened_s + stages.calm_s)
    lost_s = [await turn(shop_url, CONNECTIONS // 2)]
    made.halved_s = sale.now_s()
    await sale.go_on_until(made.halved_s + stages.half_s)
    lost_s.append(await turn(shop_url, CONNECTIONS))
    made.restored_s = sale.now_s()
    await sale.go_on_until(made.restored_s + stages.again_s)
    made.ended_s = sale.now_s()
    lost_s.append(await turn(shop_url, CONNECTIONS))
    lengths_s = (stages.calm_s, stages.half_s / 2, stages.again_s)
    losses_s = [lost_s[0], lost_s[1] - lost_s[0], lost_s[2] - lost_s[1]]
    made.lost = [each / CONNECTIONS / length_s for each, length_s in zip(losses_s, lengths_s, strict=True)]
    made.admitted_s = sorted(each.admitted_s for each in sale.visitors if each.admitted_s is not None)


async def turn(shop_url: str, connections: int) -> float:
    """
    Give the running shop so many connections to its database, and return for how long the machine has kept it waiting.
    """
    headers = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(shop_url + CONTROL_PATH, json={"db_connections": connections}) as answer,
    ):
        told = await answer.json()
        assert told["db_connections"] == connections
        return float(told["lost_s"])


pytestmark = beside(drill, takes_s=75)


@pytest.fixture(scope="module")
def sold(stage: Stage) -> Drill:
    """
    Play the drill once for all facts; its bounds leave room for a machine that does other things as well.
    """
    return stage.outcome(drill)


def test_the_shop_sells_most_of_what_it_can(sold: Drill) -> None:
    """
    From the middle of the first stage on, with half of the capacity and with all of it, but for what a busy machine
    took of these.
    """
    left = 1 - max(sold.lost)
    assert sold.goodput(sold.opened_s + sold.stages.calm_s / 2, sold.ended_s) >= 0.6 * left


def test_fewer_are_inside_a_shop_that_bears_less(sold: Drill) -> None:
    """
    Before the capacity returns; how long its pages stay slow is a matter of the machine as well, and told as a figure.
    """
    full = max(look.inside for look in sold.looks if sold.halved_s <= look.at_s < sold.halved_s + 15)
    meanwhile = min(look.inside for look in sold.looks if sold.restored_s - 10 <= look.at_s < sold.restored_s)

    assert meanwhile < full


def test_the_room_lets_fewer_in_while_the_shop_bears_less(sold: Drill) -> None:
    """
    And more again afterwards, by itself: by the extremes of ten seconds, since a busy machine levels the means.
    """
    before = max(sold.rates(sold.opened_s + sold.stages.calm_s / 3, sold.halved_s))
    meanwhile = min(sold.rates(sold.halved_s, sold.restored_s))
    after = max(sold.rates(sold.restored_s, sold.ended_s))

    assert meanwhile < 0.75 * before
    assert after > 1.25 * meanwhile


def test_hardly_a_page_is_lost(sold: Drill) -> None:
    """
    Pages get slow for a while, and nearly all of them come.
    """
    assert sold.errors() <= 0.02


def main() -> None:
    """
    Play the drill as often as asked, and print the figures of each run as a line of JSON.
    """
    parser = argparse.ArgumentParser(description="Halve the demo shop in the middle of a sale, and print the figures.")
    parser.add_argument("--long", action="store_true", help="at the pace of real shoppers: seven minutes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="a run for each")
    parser.add_argument("--workers", type=int, default=1, help="of the room's service")
    parser.add_argument("--trace", action="store_true", help="print every ten seconds of the run as well")
    options = parser.parse_args()
    for seed in options.seeds:
        made = asyncio.run(drill(LONG if options.long else Stages(), seed, options.workers))
        if options.trace:
            for at_s in range(int(made.opened_s), int(made.ended_s) - WINDOW_S + 1, WINDOW_S):
                sys.stdout.write(trace(made, at_s) + "\n")
        sys.stdout.write(json.dumps({"seed": seed, **asdict(made.stages), **made.figures()}) + "\n")


def trace(made: Drill, at_s: float) -> str:
    """
    Return what happened within ten seconds, as a line.
    """
    to_s = at_s + WINDOW_S
    looks = [look for look in made.looks if at_s <= look.at_s < to_s]
    rate, inside = mean(look.rate for look in looks), mean(look.inside for look in looks)
    return (
        f"{at_s - made.halved_s:6.0f} s  rate {rate:5.0f}/min  let in {made.rate(at_s, to_s):5.0f}/min"
        f"  inside {inside:4.0f}  p95 {made.p95_ms(at_s, to_s):5.0f} ms"
        f"  orders {made.orders(at_s, to_s) / WINDOW_S:5.1f}/s"
    )


if __name__ == "__main__":
    main()
