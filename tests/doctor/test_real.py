"""
The doctor at real shops: one that is well, one with a hole, and proxies, gates and clocks that are not as they should.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.doctor.fronts import evil, gated, late, running, woocommerce
from tests.doctor.makings import codes, lasting
from tests.faults.service import ROOM, SECRET, Operator, Service, serving
from tests.proxies.peers import free_port, proxy
from tests.waiting import patient, refusing
from waiting_room.doctor.consultation import Consultation, consult
from waiting_room.doctor.examination import Order, ShopAwayError
from waiting_room.doctor.findings import Finding
from waiting_room.proxies.settings import ProxySettings
from waiting_room.store.embedded import EmbeddedValkey

pytestmark = [pytest.mark.peer("nginx"), pytest.mark.apart]

STORE_API = "/wp-json/wc/store/v1"
WHOLE = ("/checkout", STORE_API, "/cart")


@dataclass
class Ward:
    """
    Examine shops one after the other, and keep what was said of each; with the room's state after all of it.
    """

    service: Service
    folder: Path
    said: dict[str, Consultation] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    async def look(self, name: str, url: str, *topics: str, **more: Any) -> None:
        """
        Examine one shop.
        """
        chosen = topics or ("gate", "page", "site", "clocks")
        order = Order(url, topics=chosen, **more)
        self.said[name] = await consult(order, None, topics=chosen, per_second=10_000)

    def front(self, name: str, shop: int, *protect: str, service: int = 0) -> Any:
        """
        Return a proxy as the command prints it.
        """
        room = service or int(self.service.url.rpartition(":")[2])
        settings = ProxySettings(
            room=ROOM,
            service=f"127.0.0.1:{room}",
            shop=f"127.0.0.1:{shop}",
            listen=free_port(),
            host="127.0.0.1",
            protect=protect,
        )
        return proxy("nginx", settings, self.folder / name)

    async def round(self) -> None:
        """
        Examine all of them.
        """
        async with AsyncExitStack() as stack, aiohttp.ClientSession() as session:
            operator = Operator(self.service, session)
            self.before = await operator.state()
            shop = await stack.enter_async_context(running(woocommerce()))
            inner = await stack.enter_async_context(running(gated(self.service.url, ROOM, SECRET)))
            slow = await stack.enter_async_context(running(late(gated(self.service.url, ROOM, SECRET))))
            enter = stack.enter_context
            well = await asyncio.to_thread(enter, self.front("well", shop, *WHOLE))
            hole = await asyncio.to_thread(enter, self.front("hole", shop, "/checkout"))
            nobody = enter(refusing())
            gone = await asyncio.to_thread(enter, self.front("gone", shop, *WHOLE, service=nobody))
            ports = {"well": int(well.rpartition(":")[2]), "service": int(self.service.url.rpartition(":")[2])}
            bad = await asyncio.to_thread(enter, evil(shop=shop, **ports))
            # The room's settings alone say where the waiting page is, whoever asks.
            await operator.change(target=f"{well}/")
            await self.look("well", f"{well}/", service_url=self.service.url)
            await self.look("hole", f"{hole}/", "gate")
            await self.look("gone", f"{gone}/", "gate", "page", room=ROOM)
            await self.look("none", f"http://127.0.0.1:{shop}/", "gate", "page")
            await self.look("inner", f"http://127.0.0.1:{inner}/")
            await self.look("paid", f"http://127.0.0.1:{inner}/", "gate", platform="woocommerce")
            await self.look("slow", f"http://127.0.0.1:{slow}/", "gate", "clocks")
            for name, url in bad.items():
                await operator.change(target=url)
                await self.look(name, url, "gate", "page")
            await self.look("callback", f"{well}/", "gate", free=("/checkout/callback",), wanted=("/quick-buy",))
            self.after = await operator.state()
            await operator.change(mode="shadow")
            await self.look("shadow", f"{well}/", "gate", room=ROOM)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """
    Examine everything once.
    """
    with EmbeddedValkey() as valkey, serving(patient(valkey.url), capacity=5, rate_per_minute=600) as service:
        made = Ward(service, tmp_path_factory.mktemp("doctor"))
        asyncio.run(made.round())
        yield made


def finding(consultation: Consultation, code: str) -> Finding:
    """
    Return the finding of this code.
    """
    return next(one for one in consultation.diagnosis.findings if one.code == code)


def test_a_shop_that_is_well_has_no_problem(ward: Ward) -> None:
    """
    Behind the configuration that is printed, with the checkout, the cart and the Store API protected.
    """
    said = ward.said["well"]

    assert said.examined is not None
    assert (said.examined.platform, said.examined.room) == ("woocommerce", ROOM)
    assert set(lasting(said.diagnosis)) == {"entrance-open", "entrance-shared"}
    assert finding(said, "entrance-open").where == "OPTIONS /?rest_route=/wc/store/v1/checkout"
    assert "the clocks of this machine, the shop, the service agree" in said.diagnosis.fine


def test_an_api_that_was_forgotten_is_found(ward: Ward) -> None:
    """
    The page of the checkout is gated, what it calls is not.
    """
    where = [one.where for one in ward.said["hole"].diagnosis.findings if one.code == "entrance-open"]

    assert f"OPTIONS {STORE_API}/checkout" in where
    assert f"OPTIONS {STORE_API}/batch" in where


def test_a_shop_without_a_gate_is_told_once(ward: Ward) -> None:
    """
    Not once for each of its entrances.
    """
    assert codes(ward.said["none"].diagnosis) == ["gate-missing"]


def test_a_gate_whose_room_is_gone_is_told_from_none(ward: Ward) -> None:
    """
    By the page that the proxy shows then.
    """
    assert {"gate-without-room", "page-missing"} <= set(codes(ward.said["gone"].diagnosis))


def test_a_gate_in_the_shop_is_seen_though_everybody_goes_straight_through(ward: Ward) -> None:
    """
    The room is idle, and the probes are still sent to wait.
    """
    said = ward.said["inner"]

    assert said.diagnosis.fine[0] == "gated: every path, even unknown ones"
    assert lasting(said.diagnosis) == []


def test_payment_providers_that_would_have_to_wait_are_found(ward: Ward) -> None:
    """
    Where everything is gated, by what the platform's plugins answer.
    """
    assert "/wc-api/waiting-room-doctor" in finding(ward.said["paid"], "payments-gated").where
    assert ward.said["inner"].diagnosis.untold[0].what == "whether payment providers get through"


def test_no_place_and_no_seat_was_taken(ward: Ward) -> None:
    """
    However often the shops were asked; and the shop fails when it is asked for anything that does something.
    """
    for name in ("issued", "seats", "waiting", "admitted_total"):
        assert ward.before[name] == ward.after[name] == 0


def test_a_cache_in_front_is_found(ward: Ward) -> None:
    """
    One that ignores every header, and writes none of its own: by two visitors of one name, and by the language.
    """
    assert {"page-cached", "refusal-cached"} <= set(codes(ward.said["cached"].diagnosis))


def test_a_proxy_that_drops_cookies_is_found(ward: Ward) -> None:
    """
    On the way to the visitor.
    """
    assert "cookie-dropped" in codes(ward.said["dropped"].diagnosis)


def test_a_proxy_that_keeps_cookies_to_itself_is_found(ward: Ward) -> None:
    """
    On the way to the service; and one that takes few of them.
    """
    assert {"cookie-not-forwarded", "headers-limited"} <= set(codes(ward.said["blind"].diagnosis))


def test_ways_around_the_gate_are_found(ward: Ward) -> None:
    """
    A header that is believed, and a spelling that was forgotten.
    """
    said = ward.said["gullible"]

    assert "X-Original-URL" in finding(said, "forged-header").what
    assert finding(said, "spelling-open").where == "/CHECKOUT/"


def test_a_clock_that_is_off_is_found(ward: Ward) -> None:
    """
    The shop's: the others agree.
    """
    said = finding(ward.said["slow"], "clock-off")

    assert said.where == "the shop"
    assert "behind" in said.what


def test_what_the_operator_names_is_examined(ward: Ward) -> None:
    """
    A bank's callback that is gated, and an entrance of the shop's own that is not.
    """
    said = ward.said["callback"]

    assert finding(said, "free-gated").where == "OPTIONS /checkout/callback"
    assert "/quick-buy" in [one.where for one in said.diagnosis.findings if one.code == "entrance-open"]


def test_a_room_in_shadow_tells_nothing_of_its_gate(ward: Ward) -> None:
    """
    It is said instead of calling everything open.
    """
    said = ward.said["shadow"].diagnosis

    assert codes(said) == ["room-shadow"]
    assert said.untold[0].what == "whether entrances are gated"


async def test_a_shop_that_asks_for_a_password_is_not_examined() -> None:
    """
    Its every entrance answers 401, which says nothing of a gate; with the password it is.
    """

    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Basic dG9tOng=":
            raise web.HTTPUnauthorized
        return await handler(request)

    app = woocommerce()
    app.middlewares.append(web.middleware(guarded))
    async with running(app) as port:
        order = Order(f"http://127.0.0.1:{port}/", topics=("gate",))
        with pytest.raises(ShopAwayError, match="USER:PASSWORD@"):
            await consult(order, None, topics=("gate",), per_second=10_000)
        said = await consult(order, None, topics=("gate",), per_second=10_000, login="tom:x")

    assert codes(said.diagnosis) == ["gate-missing"]
