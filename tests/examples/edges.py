"""
The example shops in other languages, started as their READMEs say and shopped at: what came of it, by step.
"""

import re
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import parse_qsl

from yarl import URL

from loadtests.rehearsal.processes import Child, Family, Interrupts, Program, free_ports, indented, tail
from tests.docs.markdown import fenced
from tests.examples.shoppers import ADMIN_TOKEN, BROWSER, PATIENCE_S, SCRIPT, Answer, Shopper, operator, seen_at_last
from tests.examples.stories import BUYER, answering, ben_is_late
from tests.source import ROOT
from tests.waiting import wait_until

ROOMS: Final[Mapping[str, str]] = MappingProxyType({"php-nginx": "php-shop", "node": "node-shop"})
"""Each example with its room."""
PORTS: Final = ("8080", "8000", "9000")
"""As the READMEs have them: the room's, the shop's as browsers see it, and that of a shop behind its proxy."""
IDLE_S: Final = 1.0
SHOPPERS: Final = ("anna", "ben", "cleo", "bank")
CURL: Final = re.compile(
    r'^curl (?:-[a-z]+ )*?(?:-H "(?P<head>[^:]+): (?P<value>[^"]+)" )?(?:-d "(?P<form>[^"]+)" )?(?P<url>http://\S+)$'
)


@dataclass(frozen=True, slots=True)
class Readme:
    """
    Hold the commands of an example's README: to install, one block for each terminal in their order, and to look.
    """

    install: str
    terminals: tuple[str, ...]
    look: str

    @classmethod
    def of(cls, name: str) -> Self:
        """
        Read that of the example *name*.
        """
        page = ROOT / "examples" / name / "README.md"
        install, *terminals, look = (
            block.text for block in fenced(str(page), page.read_text(encoding="utf-8")) if block.language == "sh"
        )
        return cls(install, tuple(terminals), look)


class Edge:
    """
    Run one example as its README says, in a copy on ports that are free.
    """

    def __init__(self, name: str, folder: Path, family: Family) -> None:
        self.name = name
        self._folder = folder
        self._family = family
        self._ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self.readme = Readme.of(name)
        self.shop = self.moved("http://127.0.0.1:8000")
        self.inside = self.moved("http://127.0.0.1:9000") if len(self.readme.terminals) > 2 else self.shop
        self.room = self.moved(f"http://127.0.0.1:8080/waiting-room/{ROOMS[name]}")
        self._admin = self.moved(f"http://127.0.0.1:8080/admin/api/v1/rooms/{ROOMS[name]}")
        self._service: Child | None = None

    def moved(self, text: str) -> str:
        """
        Return *text* with the ports of this copy.
        """
        return re.sub("|".join(PORTS), lambda found: self._ports[found[0]], text)

    def copy(self) -> None:
        """
        Copy what a clone has, with this Python's packages installed.
        """
        for name in (self.name, "passes"):
            shutil.copytree(
                ROOT / "examples" / name,
                self._folder / "examples" / name,
                ignore=shutil.ignore_patterns(".venv", "*.keys", "orders", "nginx-temp"),
            )
        example = self._folder / "examples" / self.name
        (example / ".venv").symlink_to(sys.prefix)
        for file in example.glob("*.*"):
            if file.is_file():
                text = self.moved(file.read_text(encoding="utf-8"))
                file.write_text(text.replace("TIME_OUT_MS = 500;", "TIME_OUT_MS = 20_000;"), encoding="utf-8")

    async def open(self) -> None:
        """
        Type what the README says into one terminal after the other.
        """
        self.copy()
        room, shop, *proxies = self.readme.terminals
        enter = self.readme.install.splitlines()[0]
        self._service = self._start("room", f"{enter}\n{room}")
        await answering(self._family, f"{self.name}'s room", self.moved("http://127.0.0.1:8080/readyz"))
        self._start("shop", shop)
        await answering(self._family, f"{self.name}'s shop", f"{self.inside}/")
        for proxy in proxies:
            # Where the room is there, a machine that stands still for half a second is no outage.
            *lines, last = proxy.strip().splitlines()
            waits = "sed -i.bak 's/ [35]00ms;/ 20s;/' waiting-room.conf"
            self._start("proxy", "\n".join([*lines, waits, last]))
            await answering(self._family, f"{self.name}'s proxy", f"{self.shop}/")

    async def end_room(self) -> None:
        """
        End the room's service, as Ctrl-C in its terminal does.
        """
        service = self._service
        assert service is not None
        service.signal(signal.SIGINT)
        await wait_until(lambda: not service.running, PATIENCE_S, "the room to end")

    def words(self) -> str:
        """
        Return what all of them said last.
        """
        logs = sorted((self._folder / "logs").glob("*.log"))
        return "\n".join(f"{log.name}:\n{indented(tail(log))}" for log in logs)

    async def change(self, **settings: float) -> None:
        """
        Change the room's settings, as its operator.
        """
        await operator(self._admin, settings)

    def _start(self, name: str, text: str) -> Child:
        lines = self.moved(text).strip().splitlines()
        # The shell makes room for the last command, so that what we end is the program and not the shell.
        script = "\n".join([f"cd '{self._folder}'", *lines[:-1], f"exec env {lines[-1]}"])
        environment = {
            "WAITING_ROOM_SERVER__PORT": self._ports["8080"],
            "WAITING_ROOM_SERVER__ADMIN_TOKEN": ADMIN_TOKEN,
        }
        return self._family.start(Program(name, ["sh", "-ec", script], environment))


async def told(edge: Edge) -> dict[str, Answer]:
    """
    Return the answers, by what was done: Anna buys, Ben waits and dawdles, Cleo takes his seat and the room goes away.
    """
    seen: dict[str, Answer] = {}
    async with AsyncExitStack() as stack:
        anna, ben, cleo, bank = [await stack.enter_async_context(Shopper(edge.shop)) for _ in SHOPPERS]
        await _anna_goes_in(edge, anna, seen)
        await _ben_waits(edge, ben, seen)
        for line in edge.readme.look.splitlines():
            seen[line] = await _looked(edge, bank, line)
        await _anna_buys(anna, bank, seen)
        await cleo.send("/basket", toy="robot")
        await cleo.join(edge.room)
        claim = seen["ben's turn"] = await ben.called(edge.room)
        seen["ben inside"] = await ben.get(claim.document["target"] or "/checkout")
        # Not before: his time may be over as soon as he looks at the next page.
        await edge.change(idle_timeout_s=IDLE_S)
        await ben.get("/checkout")
        await seen_at_last(lambda: _empty(edge, cleo), "Ben's seat to be free")
        # She shall be inside when the room goes away, however long that takes.
        await edge.change(idle_timeout_s=PATIENCE_S)
        await cleo.called(edge.room)
        await ben_is_late(ben, bank, "/payment", seen)
        seen["cleo inside"] = await cleo.get("/checkout")
        await edge.end_room()
        seen["cleo while the room is away"] = await cleo.get("/checkout")
        seen["newcomer while the room is away"] = await bank.get("/checkout")
        seen["products while the room is away"] = await bank.get("/")
        # To the shop itself, behind its proxy where it has one: a form that was under way.
        seen["order while the room is away"] = await cleo.send(f"{edge.inside}/checkout", **BUYER)
    return seen


async def _empty(edge: Edge, shopper: Shopper) -> Answer | None:
    answer = await shopper.get(f"{edge.room}/state.json", SCRIPT)
    return None if answer.document["seats"] else answer


async def _anna_goes_in(edge: Edge, anna: Shopper, seen: dict[str, Answer]) -> None:
    seen["products"] = await anna.get("/")
    seen["add"] = await anna.send("/basket", toy="train")
    seen["basket"] = await anna.get("/basket")
    sent = seen["sent to the page"] = await anna.get("/checkout")
    page = seen["first look"] = await anna.get(sent.location)
    assert page.status == 200, page

    async def let_in() -> Answer | None:
        # The page looks again by itself, with the cookie that it has just set.
        answer = await anna.get(sent.location)
        return answer if answer.status == 303 else None

    on = seen["straight in"] = await seen_at_last(let_in, "Anna to be let in")
    seen["anna inside"] = await anna.get(on.location)
    seen["cart inside"] = await anna.get("/api/cart", SCRIPT)


async def _ben_waits(edge: Edge, ben: Shopper, seen: dict[str, Answer]) -> None:
    seen["products while full"] = await ben.get("/")
    await ben.send("/basket", toy="kite")
    seen["basket while full"] = await ben.get("/basket")
    sent = seen["sent to wait"] = await ben.get("/checkout", {**BROWSER, "Waiting-Room-Status": "admitted"})
    seen["form without a pass"] = await ben.send("/checkout", **BUYER)
    seen["cart outside"] = await ben.get("/api/cart", SCRIPT | {"Referer": f"{edge.shop}/checkout"})
    seen["waiting page"] = await ben.get(sent.location)
    await ben.join(edge.room)
    seen["ben's place"] = await ben.get(f"{edge.room}/status", SCRIPT)


async def _anna_buys(anna: Shopper, bank: Shopper, seen: dict[str, Answer]) -> None:
    seen["empty form"] = await anna.send("/checkout")
    order = seen["order"] = await anna.send("/checkout", **BUYER)
    seen["bank"] = await anna.get(order.location)
    seen["back from the bank"] = await anna.get("/checkout")
    second = seen["second order"] = await anna.send("/checkout", name="<Anna>", email="anna@shop.example")
    number = second.location.rpartition("/")[2]
    seen["unpaid"] = await anna.get(f"/order/{number}")
    seen["unknown order"] = await anna.get("/order/0000")
    seen["unknown payment"] = await bank.send("/payment/0000")
    paid = seen["payment"] = await bank.send(f"/payment/{number}")
    seen["thanks"] = await anna.get(paid.location)
    seen["thanks again"] = await anna.get(paid.location)
    seen["checkout after"] = await anna.get("/checkout")


async def _looked(edge: Edge, shopper: Shopper, line: str) -> Answer:
    """
    Ask what a line with curl asks, which has no cookies.
    """
    found = CURL.match(edge.moved(line))
    assert found is not None, f"{line!r} is no curl that a test can follow"
    url = str(URL(found["url"]))
    if found["form"]:
        return await shopper.send(url, **dict(parse_qsl(found["form"])))
    named = {found["head"]: found["value"]} if found["head"] else {"Accept": "*/*"}

    async def shown() -> Answer | None:
        answer = await shopper.get(url, named)
        # The room looks around once a second: until then it may count Anna among those who wait.
        return None if url.endswith("/state.json") and not answer.document["seats"] else answer

    return await seen_at_last(shown, line)


async def play(name: str) -> dict[str, Answer]:
    """
    Play the story at one example, and return the answers.
    """
    with TemporaryDirectory(prefix="examples-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        with Family(path / "logs", Interrupts()) as family:
            edge = Edge(name, path, family)
            try:
                await edge.open()
                return await told(edge)
            except BaseException as error:
                error.add_note(edge.words())
                raise
