"""
The real service, its workers in processes of their own, and a shop behind the real gate: what faults are done to.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.gates.service import shop
from tests.waiting import wait_until
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.settings import GateSettings

ROOM: Final = "drill"
SECRET: Final = "k1:" + "f" * 32
ADMIN_TOKEN: Final = "a" * 32
STOP_S: Final = 30.0
REPORT_S: Final = 0.5
MISSED: Final = re.compile(r'^waiting_room_redis_errors_total\{kind="timeout"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Service:
    """
    Hold a running service: where it is, its parent process, and its workers.
    """

    url: str
    pids: tuple[int, ...]
    process: subprocess.Popen[str]
    room: str = ROOM

    @property
    def room_url(self) -> str:
        """
        Return the waiting page's address, which that of each call begins with.
        """
        return f"{self.url}/waiting-room/{self.room}"


@contextmanager
def serving(redis_url: str, *, workers: int = 1, **policy: Any) -> Iterator[Service]:
    """
    Run ``waiting-room serve`` on a free port, with one room of *policy*, until the block ends.
    """
    lines = ["[server]", "port = 0", f"workers = {workers}", f'secret_keys = ["{SECRET}"]']
    lines += [f'admin_token = "{ADMIN_TOKEN}"', f"[rooms.{ROOM}]", 'target = "http://127.0.0.1/"']
    lines += [f"{name} = {json.dumps(value)}" for name, value in policy.items()]
    with tempfile.TemporaryDirectory(prefix="waiting-room-drill-") as folder:
        config = Path(folder) / "waiting-room.toml"
        config.write_text("\n".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "waiting_room", "serve", "--json"]
        command += ["--config", str(config), "--redis-url", redis_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, "the service ended before it served; its log says why"
                started = json.loads(line)
                yield Service(started["url"], tuple(started["pids"]), process)
            finally:
                stop(process)


def stop(process: subprocess.Popen[str]) -> int:
    """
    Ask the service to stop, kill it where it does not, and return its exit code.
    """
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


@asynccontextmanager
async def gated_shop(service: Service) -> AsyncIterator[str]:
    """
    Run a shop behind the gate of the room, and give its address; an order at ``/pay`` gives the seat back.
    """
    app = shop()
    settings = GateSettings(
        room=service.room,
        service_url=service.url,
        page_url=service.room_url,
        secret_keys=(SECRET,),
        report_interval_s=REPORT_S,
    )
    WaitingRoomGate(settings).setup(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Operator:
    """
    Ask and order over the operator's HTTP.
    """

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self._service_url = service.url
        self._url = f"{service.url}/admin/api/v1/rooms/{service.room}"
        self._session = session

    async def state(self) -> dict[str, Any]:
        """
        Return what an operator sees of the room.
        """
        return await self._ask("GET", self._url)

    async def order(self, action: str) -> None:
        """
        Open, pause, resume, drain or close the room.
        """
        await self._ask("POST", f"{self._url}/{action}")

    async def revoke(self, seat: str) -> None:
        """
        Turn the holder of a seat away.
        """
        await self._ask("POST", f"{self._url}/revoke", {"seat": seat})

    async def change(self, **settings: Any) -> None:
        """
        Change the named settings.
        """
        await self._ask("PATCH", self._url, settings)

    async def missed(self) -> int:
        """
        Return how many commands the store has not answered a worker in time, as the service tells.
        """
        async with self._session.get(f"{self._service_url}/metrics") as answer:
            text = await answer.text()
        return sum(map(round, map(float, MISSED.findall(text))))

    async def _ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """
        Ask until the store has answered: where it did not in time, an operator is told so, and asks again.
        """
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}

        async def answered() -> tuple[int, dict[str, Any]] | None:
            async with self._session.request(method, url, headers=headers, json=body) as answer:
                told = answer.status, await answer.json()
                return None if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else told

        told = await wait_until(answered, what="the store to answer")
        assert told is not None
        document: dict[str, Any] = told[1]
        assert told[0] < 300, document
        return document


async def look_every(seconds: float, operator: Operator, seen: list[dict[str, Any]]) -> None:
    """
    Write the operator's view down again and again, until cancelled.
    """
    while True:
        seen.append(await operator.state())
        await asyncio.sleep(seconds)
