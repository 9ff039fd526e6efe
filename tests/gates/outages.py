"""
The shop of every framework before a service that is well, at fault, away, silent, or goes away with a join on its way.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest.mock import patch

from aiohttp import web

from tests.gates.fronts import SERVERS, Browser, Exit, Reply, in_aiohttp
from tests.gates.makings import ROOM, settings
from tests.gates.service import Service, good_pass
from tests.outcomes import TABLE, Cell, cell_of
from tests.waiting import refusing, wait_until_sync
from waiting_room import wire
from waiting_room.gates import threaded

RULES = ("static", "open", "closed")
OUTLAW = "standard.9"
PROGRAM = {"Accept": "application/json", "Sec_Fetch_Mode": ""}
WELL: dict[str, tuple[Callable[[], str], dict[str, Any]]] = {
    "allow": (good_pass, {}),
    "allow-form": (good_pass, {"method": "POST", "body": b"card=1"}),
    "wait": (str, {}),
    "wait-form": (str, {"method": "POST", "body": b"card=1"}),
    "wait-program": (str, PROGRAM),
    "refuse": (lambda: good_pass(seat=OUTLAW), {}),
    "refuse-program": (lambda: good_pass(seat=OUTLAW), PROGRAM),
}
"""What is asked while the service is well: with which pass, and how."""


class Seen(NamedTuple):
    """
    Hold what came back, and after how many seconds.
    """

    cell: Cell
    seconds: float


@dataclass
class Cutting(Service):
    """
    Stand in for a service that is killed with a join on its way.
    """

    async def join(self, request: web.Request) -> web.Response:
        """
        Hear the join, and end the connection without a word.
        """
        assert request.transport is not None
        self.joins.append(dict(request.headers))
        request.transport.abort()
        return web.Response()


@dataclass
class Stands:
    """
    Hold the services, by what is the matter with them, and where each answers.
    """

    stand_ins: dict[str, Service]
    ports: dict[str, int] = field(default_factory=dict)

    def heard(self, what: str) -> bool:
        """
        Tell whether every framework's gate has been answered once.
        """
        return len({report["gate"] for report in self.stand_ins[what].reports}) == len(SERVERS)


@contextmanager
def stands() -> Iterator[Stands]:
    """
    Run the services.
    """
    revoked = {"revoked_version": "1", "revoked": [{"seat": OUTLAW, "until_ms": 2**43}]}
    held = asyncio.Event()
    made = Stands({
        "well": Service(more=revoked),
        "error": Service(status=500),
        "slow-join": Service(straight=True, hold=held),
        "cut-join": Cutting(straight=True),
    })  # fmt: skip
    with ExitStack() as running, socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        for what, stand_in in made.stand_ins.items():
            made.ports[what] = running.enter_context(in_aiohttp(stand_in.app()))
        # The system takes connections for a socket that nobody looks at.
        made.ports |= {"down": running.enter_context(refusing()), "slow": silent.getsockname()[1]}
        try:
            yield made
        finally:
            held.set()


class Front:
    """
    Serve the shop of this *kind* before the service at *port*, from `begin` to `end`.
    """

    def __init__(self, kind: str, port: int, rule: str) -> None:
        build, self._serve = SERVERS[kind]
        url = f"http://127.0.0.1:{port}"
        self._app = build(settings(service_url=url, when_service_down=rule, join_time_out_s=0.5))
        self._running = ExitStack()
        self.shop = ""

    def begin(self) -> None:
        """
        Begin to serve.
        """
        self.shop = f"http://127.0.0.1:{self._running.enter_context(self._serve(self._app))}"

    def end(self) -> None:
        """
        End it.
        """
        self._running.close()


def case(row: str) -> tuple[str, str]:
    """
    Return what is the matter with the service in a row, and the gate's rule for it.
    """
    if row in WELL:
        return "well", "static"
    what, _, rule = row.partition("-")
    return (row, "static") if rule == "join" else (what, rule if rule in RULES else "static")


def played() -> dict[str, dict[str, Seen]]:
    """
    Ask each framework's shop in each case, and return what came of it, by framework and row.
    """
    rows = [row for row, cells in TABLE.items() if "aiohttp" in cells]
    wanted = [(kind, *found) for kind in SERVERS for found in dict.fromkeys(map(case, rows))]
    with patch.object(threaded, "atexit", Exit()) as at_exit, ThreadPoolExecutor(len(wanted)) as pool:
        with stands() as services:
            # Django's settings are the process's: one shop is built after the other, and all are served at once.
            fronts = {each: Front(each[0], services.ports[each[1]], each[2]) for each in wanted}
            list(pool.map(Front.begin, fronts.values()))
            list(pool.map(lambda each: settled(fronts[each].shop, each[1], each[2], services), wanted))
            seen = {kind: {row: asked(fronts[kind, *case(row)].shop, row) for row in rows} for kind in SERVERS}
        list(pool.map(Front.end, fronts.values()))
        list(pool.map(lambda deed: deed(), at_exit.deeds))
    return seen


def settled(shop: str, what: str, rule: str, services: Stands) -> None:
    """
    Return when the shop's gate knows how the service fares; one that never finds out is seen by what it answers.
    """
    Browser(shop).ask("/robots.txt")
    with suppress(AssertionError):
        if what in services.stand_ins and what != "error":
            wait_until_sync(lambda: services.heard(what), what="a report")
        else:
            end = TABLE.get(f"{what}-{rule}", {})
            wait_until_sync(lambda: asked(shop, f"{what}-{rule}").cell in end.values(), 10, "the gate to know")


def asked(shop: str, row: str) -> Seen:
    """
    Return what comes back in a row.
    """
    nothing_particular = (good_pass if row.endswith("-holder") else str, dict[str, Any]())
    pass_text, how = WELL.get(row, nothing_particular)
    cookies = {wire.pass_cookie(ROOM): text} if (text := pass_text()) else {}
    reply, seconds = timed(Browser(shop, cookies), how)
    headers = {name: values[0] for name, values in reply.headers.items()}
    return Seen(cell_of(reply.status, headers, reply.body.decode(), shop=b" /checkout" in reply.body[:20]), seconds)


def timed(browser: Browser, how: Mapping[str, Any]) -> tuple[Reply, float]:
    """
    Return an answer, and after how many seconds it was whole.
    """
    begun = time.perf_counter()
    reply = browser.ask(**how)
    return reply, time.perf_counter() - begun
