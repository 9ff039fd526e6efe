"""
A rehearsal that is stopped, or one of whose programs dies: the truth in a partial report, the exit code, no orphan.

Real processes, killed for real; the drill is played beside the other tests.
"""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from tests.beside import Stage, beside
from tests.loadtests.rehearsal.programs import left_behind, programs

SCENARIO: Final = """
name = "crash"
drain_s = 5
says = {en = "A steady crowd."}
[behaviour]
browse_think_s = 0.1
form_think_s = 0.2
[[streams]]
name = "crowd"
model = "constant"
per_s = 8
for_s = 40
[room]
capacity = 40
rate_per_minute = 360
poll_min_s = 1
"""
ARRIVED: Final = re.compile(r"[1-9]\d* arriving")
"""Where the machine stood still, nobody may have come in the first second."""
GRACE_S: Final = 90
"""A few seconds are enough on a machine that does nothing else; the run would take 45, and as long again to fail."""


@dataclass(frozen=True, slots=True)
class Ended:
    """
    Hold how a rehearsal ended whose program was killed.
    """

    code: int
    result: dict[str, Any]
    junit: str
    report: str
    left: list[str]


VICTIMS: Final = {
    "generator": ((), "locust_run", signal.SIGKILL),
    "generator's worker": (("--workers", "2"), "locust_run", signal.SIGKILL),
    "shop": ((), "loadtests.demo_shop", signal.SIGKILL),
    "room": ((), "waiting_room serve", signal.SIGKILL),
    "rehearsal": ((), "rehearse run", signal.SIGINT),
}


def crashes() -> dict[str, Ended]:
    """
    Play a rehearsal for each victim, and return how it ended.
    """
    with TemporaryDirectory(prefix="crashes") as name:
        return {victim: crashed(Path(name) / str(place), *how) for place, (victim, how) in enumerate(VICTIMS.items())}


def crashed(folder: Path, more: tuple[str, ...], words: str, sign: signal.Signals) -> Ended:
    """
    Play a rehearsal, and send a signal to the program whose command line holds *words*, once shoppers arrive.
    """
    folder.mkdir()
    scenario, out = folder / "crash.toml", folder / "out"
    scenario.write_text(SCENARIO, encoding="utf-8")
    command = ["rehearse", "run", str(scenario), "--out", str(out), "--capacity", "9", *more]
    with subprocess.Popen(
        [sys.executable, "-m", "waiting_room", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if ARRIVED.search(line):
                break
        os.kill(next(pid for pid, line in programs(folder) if words in line), sign)
        process.communicate(timeout=GRACE_S)
    return Ended(
        process.returncode,
        json.loads((out / "rehearsal.json").read_text()),
        (out / "junit.xml").read_text(),
        (out / "report.html").read_text(),
        left_behind(folder),
    )


pytestmark = beside(crashes, takes_s=30)


@pytest.fixture(scope="module")
def ended(stage: Stage) -> dict[str, Ended]:
    """
    Offer how all of them ended.
    """
    return stage.outcome(crashes)


@pytest.mark.parametrize("victim", VICTIMS)
def test_the_exit_code_says_what_happened(ended: dict[str, Ended], victim: str) -> None:
    """
    A program that died proves nothing (6); somebody who stopped it knows (130).
    """
    found = ended[victim]
    expected = (130, "aborted") if victim == "rehearsal" else (6, "invalid")
    assert (found.code, found.result["verdict"], found.result["exit_code"]) == (expected[0], expected[1], expected[0])


@pytest.mark.parametrize("victim", VICTIMS)
def test_no_program_is_left(ended: dict[str, Ended], victim: str) -> None:
    """
    Whoever died, the others are ended.
    """
    assert ended[victim].left == []


@pytest.mark.parametrize("victim", VICTIMS)
def test_the_report_holds_what_there_was(ended: dict[str, Ended], victim: str) -> None:
    """
    Those who had come are told, with one outcome each, as a run that is not complete.
    """
    run = ended[victim].result["runs"]["with_room"]
    assert run["complete"] is False
    assert sum(run["outcomes"].values()) == run["arrivals"] > 0
    assert "</html>" in ended[victim].report


@pytest.mark.parametrize("victim", VICTIMS)
def test_the_reason_is_told_to_people_and_to_pipelines(ended: dict[str, Ended], victim: str) -> None:
    """
    It names the program, or that somebody stopped it.
    """
    names = {"generator's worker": "generator", "room": "waiting-room", "rehearsal": "stopped by hand"}
    found = ended[victim]
    assert names.get(victim, victim) in found.result["reasons"][0]
    assert names.get(victim, victim) in "".join(ET.fromstring(found.junit).itertext())  # noqa: S314 - our own document
