"""
Start the real generator against a stub shop, and hand out what came of it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer

from loadtests.arrivals.spike import SpikeProfile
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.engine.plan import RunPlan
from loadtests.measuring.lines import Line
from loadtests.measuring.measures import Measures
from loadtests.measuring.merge import merge
from tests.loadtests.engine.stub import Script, Stub

HASTY = Behaviour(
    browse_think_s=0.05, form_think_s=0.05, page_patience_s=60.0, reload_pause_s=0.05, room_patience_s=1e6
)
SPIKE = SpikeProfile(calm_per_s=10, calm_s=0.5, rise_s=0.5, peak_per_s=30, hold_s=0.5, fall_s=0, tail_s=0)
CROWD = Stream("crowd", SPIKE.rate(), behaviour=HASTY)
PLAN = RunPlan("without_room", "open", "http://set.later", 7, (CROWD,), duration_s=1.5, drain_s=90)


@dataclass(frozen=True)
class Run:
    """
    Hold a finished run: what the stub saw, exit code, progress lines, stderr and measures.
    """

    stub: Stub
    code: int
    progress: list[Line]
    errors: str
    measures: Measures


@asynccontextmanager
async def served(stub: Stub) -> AsyncIterator[str]:
    """
    Serve the stub over real HTTP, and hand out its address.
    """
    # Handlers of connections that the shopper closed end at once, as those of a stalled page must.
    async with TestServer(stub.app(), host="127.0.0.1", handler_cancellation=True) as server:
        yield str(server.make_url("/")).rstrip("/")


async def start(plan: RunPlan, *, files: int = 0) -> asyncio.subprocess.Process:
    """
    Start the generator with *plan*, which is written beside its measures, and let it open no more *files* than that.
    """
    path = Path(plan.out).with_suffix(".plan")
    path.write_text(plan.to_json(), encoding="utf-8")
    command: tuple[str, ...] = (sys.executable, "-m", "loadtests.engine.locust_run", str(path))
    if files:
        command = ("sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)


async def finish(process: asyncio.subprocess.Process, plan: RunPlan, stub: Stub) -> Run:
    """
    Wait for the end of a generator, and read what it wrote.
    """
    out, err = await asyncio.wait_for(process.communicate(), timeout=110)
    assert process.returncode is not None
    progress = [Line.from_json(line) for line in out.splitlines()]
    return Run(stub, process.returncode, progress, err.decode(), Measures.from_file(Path(plan.out)))


async def run(folder: Path, script: Script, *, files: int = 0, **changes: Any) -> Run:
    """
    Run PLAN with *changes* against a stub with *script*, from beginning to end.
    """
    stub = Stub(script)
    async with served(stub) as url:
        plan = replace(PLAN, **{"shop_url": url, "out": str(folder / "measures.json"), **changes})
        return await finish(await start(plan, files=files), plan, stub)


async def look_inside(what: str, url: str) -> list[str]:
    """
    Run a look into a process with Locust in it, and return the words it prints.
    """
    command = (sys.executable, "-m", "tests.loadtests.engine.inside", what, url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _err = await process.communicate()
    return out.decode().split()


async def run_shared(folder: Path, script: Script, workers: int, **changes: Any) -> Run:
    """
    Run PLAN likewise, driven by several generators, and merge what they found.
    """
    stub = Stub(script)
    async with served(stub) as url:
        plan = replace(PLAN, **{"shop_url": url, "out": str(folder / "measures.json"), "workers": workers, **changes})
        shares = plan.shares()
        processes = [await start(share) for share in shares]
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        zero = b"%d\n" % round((time.time() + 0.5) * 1000)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(zero)
        runs = await asyncio.gather(
            *(finish(process, share, stub) for process, share in zip(processes, shares, strict=True))
        )
    progress = [line for one in runs for line in one.progress]
    whole = merge(one.measures for one in runs)
    return Run(stub, max(one.code for one in runs), progress, "".join(one.errors for one in runs), whole)
