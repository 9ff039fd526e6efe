"""
A crowd through the real service: what the log says afterwards is proven, and what is changed in it is found.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.beside import Stage, beside
from tests.cli.command import Ran, run
from tests.core.clerk import rechained
from tests.faults.service import ADMIN_TOKEN, gated_shop, serving
from tests.faults.visitors import Crowd, Visitor, crowd_at
from tests.waiting import wait_until
from waiting_room.core.audit import Act, Event, Head, Record, digest
from waiting_room.core.proof import verify
from waiting_room.store.embedded import EmbeddedValkey

SHOPPERS = 60
POLICY: dict[str, Any] = {"capacity": 25, "rate_per_minute": 1800, "poll_min_s": 0.5, "poll_max_s": 2.0}


@dataclass(frozen=True, slots=True)
class Sale:
    """
    Hold what became of a crowd, the log of it, and what the command line said while the service ran.
    """

    crowd: Crowd
    noted: list[Head]
    lines: list[str]
    by_redis: Ran
    by_http: Ran


async def public_head(crowd: Crowd, url: str) -> Head:
    """
    Return the head that the room publishes.
    """
    async with crowd.operator._session.get(f"{url}/state.json") as answer:
        return Head.parse((await answer.json())["audit_head"])


async def proven(verified: Callable[[], Ran]) -> Ran:
    """
    Return what a command says that finds the log sound, made again where the store did not answer it in time.
    """

    async def sound() -> Ran | None:
        done = await asyncio.to_thread(verified)
        return done if done.code == 0 else None

    told = await wait_until(sound, what="a log that is proven")
    assert told is not None
    return told


async def sale() -> Sale:
    """
    Let sixty shop for a second each, two workers, the limits changed meanwhile.
    """
    random = Random(7)
    visitors = [Visitor(stays_s=random.uniform(0.3, 1), looks_s=0.3) for _ in range(SHOPPERS)]
    with EmbeddedValkey() as valkey, serving(valkey.url, workers=2, **POLICY) as service:
        async with gated_shop(service) as shop_url, crowd_at(service, shop_url) as crowd:
            crowd.send(visitors)
            await wait_until(lambda: len(crowd.passes_ms()) >= 15, what="fifteen to be inside")
            noted = [await public_head(crowd, service.room_url)]
            await crowd.operator.change(capacity=10, rate_per_minute=600)
            await wait_until(lambda: len(crowd.passes_ms()) >= 25, what="twenty-five to be inside")
            await crowd.operator.order("pause")
            await crowd.operator.order("resume")
            await crowd.operator.change(capacity=40, rate_per_minute=3600)
            await wait_until(lambda: all(v.left_s for v in visitors), what="all to have shopped")
            place = ("--room", service.room)
            token = {"WAITING_ROOM_SERVER__ADMIN_TOKEN": ADMIN_TOKEN}
            export = partial(run, "audit", "export", *place, "--redis-url", valkey.url)

            async def whole() -> Ran | None:
                done = await asyncio.to_thread(export)
                return done if verify(done.out.splitlines()).admitted >= len(visitors) else None

            exported = await wait_until(whole, what="the last record")
            assert exported is not None
            verified = partial(run, "audit", "verify", *place, "--json")
            by_redis = await proven(partial(verified, "--redis-url", valkey.url))
            by_http = await proven(partial(verified, "--url", service.url, environ=token))
            return Sale(crowd, noted, exported.out.splitlines(), by_redis, by_http)


pytestmark = beside(sale)


@pytest.fixture(scope="module")
def the_sale(stage: Stage) -> Sale:
    """
    Offer one sale to all tests.
    """
    return stage.outcome(sale)


def test_a_real_sale_is_proven(the_sale: Sale) -> None:
    """Limits that changed, a pause, two workers, a gate: against the head that was noted in the midst of it."""
    verdict = verify(the_sale.lines, the_sale.noted)

    assert verdict.flaws == ()
    assert (verdict.first, verdict.admitted, verdict.most_seats <= 40) == (1, SHOPPERS, True)
    assert verdict.ended > 0


def test_the_log_tells_every_admission_at_its_time(the_sale: Sale) -> None:
    """The passes that visitors hold bear the same instants, one for one."""
    events = [Event.parse(text) for line in the_sale.lines for text in Record.parse(line).events]
    let_in = [event for event in events if event.act in {Act.CLAIMED, Act.STRAIGHT}]

    assert sorted(event.at_ms for event in let_in for _ in event.values) == the_sale.crowd.passes_ms()


def test_a_live_room_is_proven_by_redis_and_by_http(the_sale: Sale) -> None:
    """Both ways lead to the same log."""
    for done in (the_sale.by_redis, the_sale.by_http):
        assert (done.code, done.json["ok"], done.json["admitted"]) == (0, True, SHOPPERS)


def test_no_change_of_the_log_stays_hidden(the_sale: Sale) -> None:
    """Each record in turn: an admission moved in time, the record removed, the log rewritten from there on."""
    lines, head = the_sale.lines, Head(len(the_sale.lines), digest(the_sale.lines[-1]))
    for at, line in enumerate(lines):
        changed = [*lines[:at], line.replace('"seats":', '"seats":1', 1), *lines[at + 1 :]]
        removed = [*lines[:at], *lines[at + 1 :]]
        rewritten = rechained([Record.parse(text) for text in changed])
        assert not verify(changed, [head]).proven
        assert not verify(removed, [head]).proven or verify(removed).first == 2
        assert not verify(rewritten, [head]).proven
