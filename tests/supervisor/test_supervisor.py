"""
The supervisor with small real workers: started, killed, stopped.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest
import redis

from tests.supervisor.standin import HERE
from tests.waiting import wait_until, wait_until_sync
from waiting_room.supervisor.sockets import Port, PortError

pytestmark = pytest.mark.apart

REDIS = "redis://127.0.0.1:1/0"  # nobody asks it


class Service:
    """
    A supervisor as its own process, and what it announced.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.started: dict[str, Any] = json.loads(process.stdout.readline() or "{}")

    @property
    def url(self) -> str:
        """
        Return the announced address.
        """
        return str(self.started["url"])

    def ask(self, path: str = "/") -> dict[str, Any]:
        """
        Return one answer.
        """
        with urlopen(f"{self.url}{path}", timeout=30) as answer:
            return dict(json.load(answer))

    def pids(self, count: int, but: int = 0) -> set[int]:
        """
        Return the processes that answer, asking until there are *count* other than *but*.
        """
        seen: set[int] = set()
        deadline = time.monotonic() + 60
        while len(seen) < count and time.monotonic() < deadline:
            seen |= {self.ask()["pid"]} - {but}
        return seen

    def end(self) -> tuple[int, str]:
        """
        Return exit code and messages.
        """
        _, messages = self.process.communicate(timeout=60)
        return self.process.returncode, messages


@contextmanager
def service(target: str = "serve", **options: Any) -> Iterator[Service]:
    """
    Run a supervisor with workers of *target*, and end it if the test does not.
    """
    command = [sys.executable, "-m", HERE, target, json.dumps({"redis": REDIS} | options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Service(process)
        finally:
            process.kill()


def alive(pid: int) -> bool:
    """
    Tell whether a process runs.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """
    List the processes that *pid* has started.
    """
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in listed.stdout.split() if alive(int(child))]


async def test_workers_share_one_port_evenly() -> None:
    """
    What was announced is true: these processes, and no others, answer at this address, none of them seldom.
    """
    with service(workers=2) as running:
        async with aiohttp.ClientSession() as session:
            seen: Counter[int] = Counter()
            for _ in range(200):
                async with session.get(running.url) as answer:
                    seen[(await answer.json(content_type=None))["pid"]] += 1

    assert set(seen) == set(running.started["pids"])
    assert min(seen.values()) >= 40


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_is_replaced(workers: int) -> None:
    """
    After kill -9 of a worker another one takes its place, and the rest stay.
    """
    with service(workers=workers) as running:
        killed, *others = running.started["pids"]
        os.kill(killed, signal.SIGKILL)
        now = running.pids(workers, but=killed)
        running.process.terminate()
        _, messages = running.end()

    assert len(now) == workers
    assert set(others) < now
    assert "a worker died and is started again" in messages


async def test_no_request_is_lost_when_a_worker_is_killed() -> None:
    """
    Connections made while a worker's place is empty are answered by the next one in it.
    """
    with service(workers=1) as running:
        os.kill(running.started["pids"][0], signal.SIGKILL)
        async with aiohttp.ClientSession() as session:

            async def ask() -> int:
                async with session.get(running.url) as answer:
                    return answer.status

            answers = await asyncio.gather(*(ask() for _ in range(20)))

    assert answers == [200] * 20


def test_a_place_that_stays_empty_takes_no_connections() -> None:
    """
    While a worker is not started again for long, the other one answers everybody.
    """
    with service(workers=2, first_pause_s=60) as running:
        killed, steady = running.started["pids"]
        os.kill(killed, signal.SIGKILL)
        assert running.process.stderr is not None
        while "a worker died" not in running.process.stderr.readline():
            continue
        seen = {running.ask()["pid"] for _ in range(20)}

    assert seen == {steady}


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_answered_before_the_end(sign: signal.Signals) -> None:
    """
    A signal stops in peace: what was begun is finished, all processes end, the code is 0.
    """
    with service(workers=2) as running:
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/slow") as begun:
            running.process.send_signal(sign)
            answer = await begun.json(content_type=None)
        code, _ = running.end()

    assert answer["pid"] in running.started["pids"]
    assert code == 0
    assert not any(alive(pid) for pid in running.started["pids"])


async def test_a_stopping_service_takes_no_connections() -> None:
    """
    Newcomers are refused at once while others are still served, instead of waiting for nobody.
    """

    async def is_refused() -> bool:
        try:
            async with session.get(running.url):
                return False
        except aiohttp.ClientConnectionError:
            return True

    with service("deaf", workers=2) as running:
        running.process.terminate()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            await wait_until(is_refused, what="a refused connection")
        running.process.terminate()
        running.end()


def test_ctrl_c_in_a_terminal_stops_in_peace() -> None:
    """
    Ctrl-C reaches the whole process group, a worker that is just starting too; they leave it to the parent.
    """
    with service(workers=2) as running:
        os.kill(running.started["pids"][0], signal.SIGKILL)
        new = wait_until_sync(
            lambda: [pid for pid in children(running.process.pid) if pid not in running.started["pids"]],
            what="a new worker",
        )
        for pid in (*new, running.started["pids"][1], running.process.pid):
            os.kill(pid, signal.SIGINT)
        code, messages = running.end()

    assert code == 0
    assert "Traceback" not in messages


def test_a_second_signal_kills() -> None:
    """
    Who asks twice does not wait for workers that hang.
    """
    with service("deaf", workers=2) as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.stderr is not None
        wait_until_sync(lambda: "stopping" in (running.process.stderr or sys.stdin).readline(), what="the first signal")
        running.process.send_signal(signal.SIGINT)
        code, _ = running.end()

    assert code == 130
    assert not any(alive(pid) for pid in running.started["pids"])


async def test_workers_end_with_a_killed_parent() -> None:
    """
    When the parent is killed with -9, no worker stays behind.
    """
    with service(workers=2) as running:
        running.process.kill()
        await wait_until(
            lambda: not any(alive(pid) for pid in running.started["pids"]), what="the end of the orphaned workers"
        )


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [("never_ready", 4, "Redis is not available (refused): nobody is there"), ("broken", 1, "RuntimeError: oh")],
)
def test_a_worker_that_cannot_start_ends_everything(target: str, code: int, words: str) -> None:
    """
    At the start a failure is told and not repeated: exit code 4 for Redis, 1 for a fault of ours.
    """
    with service(target, workers=2) as running:
        ended = running.end()

    assert ended[0] == code
    assert words in ended[1]
    assert running.started == {}


def test_several_workers_share_a_folder_for_metrics() -> None:
    """
    The folder is there while they run and gone afterwards.
    """
    with service(workers=2) as running:
        folder = Path(running.ask()["metrics"])
        assert folder.is_dir()
        running.process.terminate()
        running.end()

    assert not folder.exists()


def test_one_worker_needs_no_folder_for_metrics() -> None:
    """
    A single worker keeps its metrics in memory.
    """
    with service(workers=1) as running:
        assert running.ask()["metrics"] is None


def test_a_valkey_is_embedded_where_none_is_given() -> None:
    """
    Without an address of Redis one is started, told to the workers, and ended at the end.
    """
    with service(workers=1, redis=None) as running:
        url = running.started["redis_url"]
        assert running.ask()["redis"] == url
        running.process.terminate()
        running.end()

    port = int(url.rpartition(":")[2].partition("/")[0])
    Port("127.0.0.1", port).close()


def run_of(store: redis.Redis) -> str | None:
    """
    Return the name that *store* gives to this run of its own, or None while nobody answers.
    """
    try:
        return str(store.info("server")["run_id"])
    except redis.ConnectionError:
        return None


def test_a_killed_embedded_valkey_is_started_again(tmp_path: Path) -> None:
    """
    The embedded Valkey comes back at its address; with a state folder it keeps its data there.
    """
    started = service(workers=1, redis=None, state_folder=str(tmp_path))
    with started as running, redis.Redis.from_url(running.started["redis_url"]) as store:
        first = run_of(store)
        store.shutdown(nosave=True)
        wait_until_sync(lambda: run_of(store) not in {None, first}, what="Valkey again")

    assert (tmp_path / "valkey").is_dir()


def test_a_busy_port_is_told() -> None:
    """
    A port that somebody listens on, another service of ours too, is an error that names it.
    """
    held = Port("127.0.0.1", 0)
    number = int(held.url.rpartition(":")[2])
    with held.open(), pytest.raises(PortError, match=f"port {number}: another program holds it"):
        Port("127.0.0.1", number)
    held.close()


@pytest.mark.parametrize(
    ("host", "words"), [("no-such-host.invalid", "check server.host"), ("203.0.113.1", "no such address")]
)
def test_an_impossible_host_is_told(host: str, words: str) -> None:
    """
    A host that cannot be listened on is an error that says what to check.
    """
    with pytest.raises(PortError, match=words):
        Port(host, 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "[::1]")],  # noqa: S104
)
def test_the_address_is_one_to_click(host: str, shown: str) -> None:
    """
    The address that is told works in a browser on this machine.
    """
    port = Port(host, 0)
    port.close()

    assert re.fullmatch(rf"http://{re.escape(shown)}:\d+", port.url)
