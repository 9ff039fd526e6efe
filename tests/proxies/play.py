"""
What is tried with each kind of proxy: every answer of the service, and every kind of outage.
"""

import asyncio
import json
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from yarl import URL

from tests.faults.service import ROOM, Operator, Service, serving
from tests.outcomes import Cell, cell_of
from tests.proxies.peers import free_port, proxy, shop, silent
from tests.waiting import patient, refusing, wait_until
from waiting_room import wire
from waiting_room.proxies.settings import ProxySettings
from waiting_room.store.embedded import EmbeddedValkey

OUTAGES = {
    "nginx": ("open", "share", "closed"),
    "haproxy": ("open", "share", "closed"),
    "caddy": ("open", "closed"),
    "envoy": ("open", "closed"),
    "traefik": ("closed",),
}
KINDS = tuple(OUTAGES)
BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Accept-Language": "pl"}
PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
FORGED = {
    "Waiting-Room-Status": "admitted",
    "Waiting-Room-Visitor-Id": "eve",
    "Waiting-Room-Position": "1",
    "X-Original-URL": "http://evil.example/robots.txt",
    "X-Forwarded-Uri": "/robots.txt",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
}
SPELLINGS = (
    "/checkout/pay",
    "/%63heckout",
    "/CHECKOUT",
    "/a/../checkout",
    "/./checkout",
    "//checkout",
    "/checkout;a=1",
)


@dataclass
class Answer:
    """
    Hold what came back through a proxy.
    """

    status: int
    headers: dict[str, str]
    text: str
    cookies: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def shop(self) -> dict[str, Any]:
        """
        Return what the shop says that it was asked; empty where it was not.
        """
        made = json.loads(self.text) if self.text.startswith('{"shop"') else {}
        assert isinstance(made, dict)
        return made

    @property
    def cell(self) -> Cell:
        """
        Return the cell of the table that this belongs into.
        """
        headers = {name.lower(): value for name, value in self.headers.items()}
        return cell_of(self.status, headers, self.text, shop=bool(self.shop))


@dataclass
class Table:
    """
    Hold the answers of one kind of proxy, by what was tried.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    restarted: dict[str, set[Cell]] = field(default_factory=dict)


class Visitor:
    """
    Ask through a proxy as a browser does, following nothing and keeping no cookies but those it was given.
    """

    def __init__(self, session: aiohttp.ClientSession, cookies: str = "") -> None:
        self._session = session
        self._cookies = {"Cookie": cookies} if cookies else {}

    async def ask(self, url: str, method: str = "GET", data: str | None = None, **headers: str) -> Answer:
        """
        Return the answer to one request, spelled as it stands.
        """
        named = BROWSER | self._cookies | {name.replace("_", "-"): value for name, value in headers.items()}
        address = URL(url, encoded=True)
        begun = time.perf_counter()
        async with self._session.request(method, address, headers=named, data=data, allow_redirects=False) as response:
            cookies = response.headers.getall("Set-Cookie", [])
            text = await response.text()
            return Answer(response.status, dict(response.headers), text, cookies, time.perf_counter() - begun)


async def admitted(session: aiohttp.ClientSession, url: str) -> tuple[Visitor, str]:
    """
    Go straight into an idle room, through the proxy; return the holder of the pass, and the seat.
    """
    async with session.post(f"{url}/waiting-room/{ROOM}/join", headers={"Accept": "application/json"}) as response:
        told = await response.json()
        cookies = "; ".join(line.partition(";")[0] for line in response.headers.getall("Set-Cookie"))
    assert told["state"] == "admitted", told
    return Visitor(session, cookies), wire.peek(told["pass"])["s"]


class Play:
    """
    Play all rows of the table for one kind of proxy.
    """

    def __init__(self, kind: str, folder: Path, session: aiohttp.ClientSession, shop_port: int) -> None:
        self.kind = kind
        self.folder = folder
        self.session = session
        self.shop_port = shop_port
        self.table = Table()
        self.stack = ExitStack()

    async def start(self, name: str, service_port: int, *, as_printed: bool = False, **changed: Any) -> str:
        """
        Start a proxy with such a service behind it, and return its address.
        """
        settings = ProxySettings(
            **{
                "room": ROOM,
                "service": f"127.0.0.1:{service_port}",
                "shop": f"127.0.0.1:{self.shop_port}",
                "listen": free_port(),
                "host": "127.0.0.1",
                **changed,
            }
        )
        running = proxy(self.kind, settings, self.folder / name, as_printed=as_printed)
        return await asyncio.to_thread(self.stack.enter_context, running)

    async def note(self, row: str, visitor: Visitor, url: str, *call: Any, **headers: str) -> None:
        """
        Write down the answer to one request.
        """
        self.table.answers[row] = await visitor.ask(url, *call, **headers)

    async def answers(self, service: Service) -> None:
        """
        Try every answer of the service.
        """
        port = int(service.url.rpartition(":")[2])
        url = await self.start("plain", port)
        operator = Operator(service, self.session)
        holder, _ = await admitted(self.session, url)
        outlaw, seat = await admitted(self.session, url)
        newcomer = Visitor(self.session)
        await operator.revoke(seat)
        await operator.order("pause")
        await wait_until(lambda: refused(outlaw, url), what="the revocation to be heard of")
        await self.note("allow", holder, f"{url}/checkout?step=2", **FORGED)
        await self.note("allow-form", holder, f"{url}/checkout", "POST", "card=1")
        await self.note("refuse", outlaw, f"{url}/checkout")
        await self.note("refuse-program", outlaw, f"{url}/checkout", **PROGRAM)
        await self.note("wait", newcomer, f"{url}/checkout?step=2", **FORGED)
        await self.note("wait-program", newcomer, f"{url}/checkout", **PROGRAM)
        await self.note("wait-form", newcomer, f"{url}/checkout", "POST", "card=1")
        await self.note("free", newcomer, f"{url}/toys?x=1", **FORGED)
        await self.note("page", newcomer, f"{url}/waiting-room/{ROOM}")
        for name in ("authorize/nginx", "authorize/forward", "gate"):
            await self.note(f"private-{name}", holder, f"{url}/waiting-room/{name}/{ROOM}")
        for spelling in SPELLINGS:
            await self.note(f"spelled {spelling}", newcomer, f"{url}{spelling}")
        inline = await self.start("inline", port, inline=True)
        await self.note("inline", newcomer, f"{inline}/checkout?step=2&again=1")
        for outage in OUTAGES[self.kind]:
            wrong = await self.start(f"wrong-{outage}", port, room="nowhere", on_outage=outage)
            await self.note(f"error-{outage}", holder, f"{wrong}/checkout")
        await self.restart(service, url, holder=holder, newcomer=newcomer)

    async def restart(self, service: Service, url: str, **askers: Visitor) -> None:
        """
        Kill the worker while requests are on their way, and see that the proxy goes on by itself when it is back.
        """
        self.table.restarted = {name: set() for name in askers}
        back = asyncio.Event()

        async def ask(name: str) -> None:
            while not back.is_set():
                self.table.restarted[name].add((await askers[name].ask(f"{url}/checkout")).cell)

        async with asyncio.TaskGroup() as asking:
            for name in [*askers] * 4:
                asking.create_task(ask(name))
            await wait_until(lambda: all(self.table.restarted.values()), what="the first answers")
            os.kill(service.pids[0], signal.SIGKILL)
            await wait_until(lambda: ended(service.pids[0]), what="the worker's end")
            await wait_until(lambda: passes(askers["holder"], url), what="the holder to pass again")
            back.set()

    async def outages(self, port: int, what: str) -> None:
        """
        Try what becomes of holders and newcomers while the service at *port* is *what*.
        """
        for outage in OUTAGES[self.kind]:
            url = await self.start(f"{what}-{outage}", port, as_printed=True, on_outage=outage, share_percent=50)
            bearer = Visitor(self.session, f"other=1; {wire.pass_cookie(ROOM)}=p1.any.thing")
            if outage == "share":
                await self.note(f"{what}-holder", bearer, f"{url}/checkout")
            await self.note(f"{what}-{outage}-free", Visitor(self.session), f"{url}/toys")
            if outage != "share":
                await self.note(f"{what}-{outage}", Visitor(self.session), f"{url}/checkout", **FORGED)
            elif self.kind == "nginx" and what == "down":
                asked = [Visitor(self.session).ask(f"{url}/checkout", User_Agent=f"b{n}") for n in range(100)]
                self.table.shares[what] = sum(answer.status == 200 for answer in await asyncio.gather(*asked))


async def refused(visitor: Visitor, url: str) -> bool:
    """
    Tell whether a visitor is refused by now.
    """
    return (await visitor.ask(f"{url}/checkout")).status == 403


def ended(pid: int) -> bool:
    """
    Tell whether a process has ended, and been collected by its parent.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def passes(visitor: Visitor, url: str) -> bool:
    """
    Tell whether a visitor passes.
    """
    return (await visitor.ask(f"{url}/checkout")).status == 200


async def played(kind: str) -> Table:
    """
    Play everything with one kind of proxy.
    """
    with TemporaryDirectory(prefix="proxies-") as folder, EmbeddedValkey() as valkey:
        policy: dict[str, Any] = {"capacity": 50, "rate_per_minute": 6000}
        jar = aiohttp.DummyCookieJar()
        async with shop() as shop_port, silent() as silent_port, aiohttp.ClientSession(cookie_jar=jar) as session:
            play = Play(kind, Path(folder), session, shop_port)
            with serving(patient(valkey.url), **policy) as service, refusing() as refusing_port, play.stack:
                await play.answers(service)
                await play.outages(refusing_port, "down")
                await play.outages(silent_port, "slow")
            return play.table
