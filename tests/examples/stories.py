"""
The example shops in Python, started as their READMEs say and shopped at by three people: what came of it, by step.
"""

import asyncio
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from aiohttp import ClientConnectionError, ClientSession
from yarl import URL

from loadtests.rehearsal.processes import Child, Family, Interrupts, Program, free_ports, indented, tail
from tests.docs.markdown import fenced
from tests.examples.shoppers import (
    ADMIN_TOKEN,
    PATIENCE_S,
    SCRIPT,
    Answer,
    Shopper,
    operator,
    seen_at_last,
)
from tests.source import ROOT
from tests.waiting import wait_until

NAMES: Final = ("fastapi", "django", "flask", "aiohttp")
BUYER: Final = {"name": "Anna", "email": "anna@shop.example"}
SHOPPERS: Final = ("anna", "ben", "cleo", "bank")
IDLE_S: Final = 1.0
CURL: Final = re.compile(
    r'^curl (?:-[a-z]+ )*(?:-H "(?P<head>[^:]+): (?P<value>[^"]+)" )?(?P<url>http://\S+)(?: \| grep (?P<wanted>\S+))?$'
)


@dataclass(frozen=True, slots=True)
class Readme:
    """
    Hold the commands of an example's README, as a person types them into two terminals.
    """

    install: str
    room: str
    shop: str
    look: str

    @classmethod
    def of(cls, name: str) -> Self:
        """
        Read that of the example *name*.
        """
        page = ROOT / "examples" / name / "README.md"
        texts = [block.text for block in fenced(str(page), page.read_text()) if block.language == "sh"]
        assert len(texts) == 4, f"{page}: to install, to start the room, to start the shop, to look at both"
        return cls(*texts)


@dataclass(frozen=True, slots=True)
class Stand:
    """
    Say where one example is reached: the shop, its room's page, and the operators' interface of that room.
    """

    name: str
    shop: str
    room: str
    admin: str


def copied(folder: Path, port_of_room: int, ports: Mapping[str, int]) -> None:
    """
    Copy the examples as a clone has them, but on ports that are free, with this Python's packages installed.
    """
    for name, port in ports.items():
        example = folder / "examples" / name
        shutil.copytree(
            ROOT / "examples" / name, example, ignore=shutil.ignore_patterns(".venv", "__pycache__", "*.keys")
        )
        (example / ".venv").symlink_to(sys.prefix)
        for file in example.glob("*.*"):
            if file.is_file():
                file.write_text(_moved(file.read_text(), port_of_room, port))


def _moved(text: str, port_of_room: int, port: int) -> str:
    return text.replace("8080", str(port_of_room)).replace("8000", str(port))


class Street:
    """
    Run one room service for all the examples, and their shops.
    """

    def __init__(self, folder: Path, family: Family) -> None:
        self._folder = folder
        self._family = family
        room, *shops = free_ports(1 + len(NAMES))
        self._room_port = room
        self._ports = dict(zip(NAMES, shops, strict=True))
        self._url = f"http://127.0.0.1:{room}"
        copied(folder, room, self._ports)

    async def open(self) -> list[Stand]:
        """
        Start everything, the room first, and return when all of it answers.
        """
        examples = self._folder / "examples"
        first = examples / NAMES[0]
        every = [(examples / name / "waiting-room.toml").read_text() for name in NAMES]
        (first / "waiting-room.toml").write_text("\n".join(every))
        readme = Readme.of(NAMES[0])
        enter = readme.install.splitlines()[0]
        service = self._start("room", f"{enter}\n{readme.room}")
        await answering(self._family, service.program.name, f"{self._url}/readyz")
        for name in NAMES[1:]:
            shutil.copy(first / "waiting-room.keys", examples / name)
        shops = {
            name: self._start(name, _moved(Readme.of(name).shop, self._room_port, self._ports[name])) for name in NAMES
        }
        for name, child in shops.items():
            await answering(self._family, child.program.name, f"http://127.0.0.1:{self._ports[name]}/")
        return [self._stand(name) for name in NAMES]

    def words(self) -> str:
        """
        Return what all of them said last.
        """
        logs = sorted((self._folder / "logs").glob("*.log"))
        return "\n".join(f"{log.name}:\n{indented(tail(log))}" for log in logs)

    def _stand(self, name: str) -> Stand:
        room = f"{name}-shop"
        shop = f"http://127.0.0.1:{self._ports[name]}"
        return Stand(name, shop, f"{self._url}/waiting-room/{room}", f"{self._url}/admin/api/v1/rooms/{room}")

    def _start(self, name: str, text: str) -> Child:
        lines = text.strip().splitlines()
        # The shell makes room for the last command, so that what we end is the program and not the shell.
        script = "\n".join([f"cd '{self._folder}'", *lines[:-1], f"exec env {lines[-1]}"])
        environment = {
            "HOME": str(self._folder),  # gunicorn keeps a socket there
            "WAITING_ROOM_SERVER__PORT": str(self._room_port),
            "WAITING_ROOM_SERVER__ADMIN_TOKEN": ADMIN_TOKEN,
        }
        return self._family.start(Program(name, ["sh", "-ec", script], environment))


async def answering(family: Family, name: str, url: str) -> None:
    """
    Wait until the program *name* answers with a page at *url*, for as long as all of *family* live.
    """
    async with ClientSession() as session:

        async def good() -> bool:
            family.check()
            try:
                async with session.get(url) as response:
                    return response.status == 200
            except ClientConnectionError:
                return False

        await wait_until(good, PATIENCE_S, f"{name} to answer")


async def told(stand: Stand) -> dict[str, Answer]:
    """
    Return the answers at one shop, by what was done: Anna buys, Ben waits and dawdles, Cleo takes his seat.
    """
    seen: dict[str, Answer] = {}
    async with AsyncExitStack() as stack:
        anna, ben, cleo, bank = [await stack.enter_async_context(Shopper(stand.shop)) for _ in SHOPPERS]
        await _anna_goes_in(anna, seen)
        await _ben_waits(ben, stand, seen)
        for line in Readme.of(stand.name).look.splitlines():
            seen[line] = await _looked(bank, line, stand)
        await _anna_buys(anna, bank, seen)
        await cleo.get("/checkout")
        seen["cleo's place"] = await cleo.join(stand.room)
        claim = seen["ben's turn"] = await ben.called(stand.room)
        seen["ben inside"] = await ben.get(claim.document["target"] or "/checkout")
        # Not before: his time may be over as soon as he looks at the next page.
        await operator(stand.admin, {"idle_timeout_s": IDLE_S})
        await ben.get("/checkout")
        await cleo.called(stand.room)
        await ben_is_late(ben, bank, "/checkout/callback", seen)
        seen["room"] = await operator(stand.admin)
    return seen


async def _anna_goes_in(anna: Shopper, seen: dict[str, Answer]) -> None:
    seen["products"] = await anna.get("/")
    seen["add"] = await anna.send("/basket", toy="train")
    seen["basket"] = await anna.get("/basket")
    seen["straight in"] = await seen_at_last(lambda: _inside(anna), "Anna to be let in")
    seen["cart inside"] = await anna.get("/api/cart", SCRIPT)


async def _inside(shopper: Shopper) -> Answer | None:
    answer = await shopper.get("/checkout")
    # On a busy machine the room's word may come too late for the first attempt; the next one is for the same place.
    return answer if answer.status == 200 else None


async def _ben_waits(ben: Shopper, stand: Stand, seen: dict[str, Answer]) -> None:
    seen["products while full"] = await ben.get("/")
    await ben.send("/basket", toy="kite")
    seen["basket while full"] = await ben.get("/basket")
    sent = seen["sent to wait"] = await ben.get("/checkout")
    seen["cart outside"] = await ben.get("/api/cart", SCRIPT | {"Referer": f"{stand.shop}/checkout"})
    seen["waiting page"] = await ben.get(sent.location)
    await ben.join(stand.room)

    async def next_one() -> Answer | None:
        # The room looks around once a second: until then it may count Anna among those who wait.
        answer = await ben.get(f"{stand.room}/status", SCRIPT)
        return answer if answer.document["position"] == 1 else None

    seen["ben's place"] = await seen_at_last(next_one, "Ben to be the next one")


async def _anna_buys(anna: Shopper, bank: Shopper, seen: dict[str, Answer]) -> None:
    seen["empty form"] = await anna.send("/checkout")
    order = seen["order"] = await anna.send("/checkout", **BUYER)
    seen["bank"] = await anna.get(order.location)
    number = order.location.rpartition("/")[2]
    seen["unpaid"] = await anna.get(f"/order/{number}")
    seen["unknown order"] = await anna.get("/order/0000")
    paid = seen["callback"] = await bank.send(f"/checkout/callback/{number}")
    seen["thanks"] = await anna.get(paid.location)
    seen["thanks again"] = await anna.get(paid.location)
    seen["checkout after"] = await anna.get("/checkout")


async def ben_is_late(ben: Shopper, bank: Shopper, callback: str, seen: dict[str, Answer]) -> None:
    """
    Send Ben's form when his seat has gone to the next one; the bank confirms below *callback*.
    """

    async def put_out() -> Answer | None:
        answer = await ben.get("/api/cart", SCRIPT)
        return answer if answer.status != 200 else None

    seen["ben ended"] = await seen_at_last(put_out, "the shop to hear that Ben's seat has gone")
    late = seen["late form"] = await ben.send("/checkout", name="Ben", email="ben@shop.example")
    paid = await bank.send(f"{callback}/{late.location.rpartition('/')[2]}")
    seen["late thanks"] = await ben.get(paid.location)


async def _looked(shopper: Shopper, line: str, stand: Stand) -> Answer:
    """
    Ask what a line with curl asks, which has no cookies; where it looks for something, once that is there.
    """
    found = CURL.match(line)
    assert found is not None, f"{line!r} is no curl that a test can follow"
    head = {found["head"]: found["value"]} if found["head"] else {"Accept": "*/*"}
    asked = URL(found["url"])
    url = str(asked.with_port({8080: URL(stand.room).port, 8000: URL(stand.shop).port}[asked.port or 0]))
    wanted = re.compile(found["wanted"] or "", re.MULTILINE)

    async def shown() -> Answer | None:
        answer = await shopper.get(url, head)
        return answer if wanted.search(answer.text) else None

    return await seen_at_last(shown, line)


async def play() -> dict[str, dict[str, Answer]]:
    """
    Play the story at every shop at once, and return the answers by shop.
    """
    with TemporaryDirectory(prefix="examples-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with Family(folder / "logs", Interrupts()) as family:
            street = Street(folder, family)
            try:
                stands = await street.open()
                stories = await asyncio.gather(*(told(stand) for stand in stands))
            except BaseException as error:
                error.add_note(street.words())
                raise
    return dict(zip(NAMES, stories, strict=True))
