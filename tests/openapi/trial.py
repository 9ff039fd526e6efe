"""
Schemathesis over the document that a running service serves, against this service.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import urlopen

from tests.openapi.rooms import ROOMS, Service, serving
from tests.waiting import PATIENCE_S
from waiting_room import wire
from waiting_room.web.openapi.watchers import PATH

CALM: Final = ("incident ", "the authorize endpoint failed")
"""What the log says where something broke; a proxy is told of that in words of its own."""
ALL_OVER: Final = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD")
"""Methods that only the calls know which take any; all of them take the same way through the code."""

_CONFIG: Final = """\
hooks = "tests.openapi.hooks"
dictionaries.rooms.values = {rooms}
dictionaries.passes.values = {passes}

[parameters]
"path.room" = {{ dictionary = "rooms", probability = 0.8 }}
"header.Waiting-Room-Pass" = {{ dictionary = "passes", probability = 0.5 }}
"""
"""What half the time counts, so that answers of those who have a right to something are met as well."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Hold how many requests were made, how many calls of the document were tried, and everything that was found.
    """

    cases: int
    calls: int
    found: tuple[str, ...]
    said: str


def try_out(examples: int, without: Sequence[str] = (), *, seed: int | None = None) -> Verdict:
    """
    Make up to *examples* requests of each kind for each call of the document, the same ones each time where no *seed*
    is given, and return what does not fit; the calls of the methods *without* are left out.
    """
    with TemporaryDirectory(prefix="openapi-") as folder, serving(Path(folder)) as service:
        report = Path(folder) / "report.json"
        done = _run(service, Path(folder), _options(examples, without, seed, report))
        if not report.exists():
            raise RuntimeError(f"Schemathesis came to no report:\n{done}")
        told = json.loads(report.read_text(encoding="utf-8"))
        broken = [line for line in service.log.read_text(encoding="utf-8").splitlines() if any(w in line for w in CALM)]
    found = [json.dumps(each) for each in (*told["failures"], *told["errors"])]
    found += [f"no credential opened it, so it was not tried: {call}" for call in told["warnings"]["missing_auth"]]
    if told["stop_reason"] != "completed" and not found:
        found.append(f"it ended before its time: {told['stop_reason']}")
    return Verdict(told["test_cases"]["generated"], told["operations"]["tested"], (*found, *broken), done)


def _options(examples: int, without: Sequence[str], seed: int | None, report: Path) -> list[str]:
    chosen = ["--generation-deterministic"] if seed is None else [f"--seed={seed}", "--generation-database=none"]
    left_out = [f"--exclude-method={method}" for method in without]
    kept = ["--report=json", f"--report-json-path={report}", "--no-color"]
    return [f"--max-examples={examples}", "--checks=all", "--continue-on-failure", *chosen, *left_out, *kept]


def _run(service: Service, folder: Path, options: Sequence[str]) -> str:
    tokens, config, served = folder / "tokens.json", folder / "schemathesis.toml", folder / "openapi.json"
    # From an address, Schemathesis would leave out the call that hands out the document.
    with urlopen(f"{service.url}{wire.PREFIX}{PATH}", timeout=PATIENCE_S) as answer:
        served.write_bytes(answer.read())
    tokens.write_text(json.dumps({"tickets": service.tickets, "passes": service.passes}), encoding="utf-8")
    passes = [text for texts in service.passes.values() for text in texts]
    config.write_text(_CONFIG.format(rooms=json.dumps(list(ROOMS)), passes=json.dumps(passes)), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [str(served), "--url", service.url, *options]
    environment = {**os.environ, "OPENAPI_TOKENS": str(tokens), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
