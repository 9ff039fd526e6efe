"""
The real thing, small: real Valkey, room, shop and generator, in a few seconds.

No limit of speed is held here, since a test machine may be busy; what must hold on any machine is held.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from loadtests.rehearsal.brief import brief_of_size
from loadtests.rehearsal.play import Rehearsal
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.sizing import QUICK
from tests.beside import Stage, beside
from tests.loadtests.rehearsal.programs import left_behind
from tests.waiting import PATIENCE_S

TINY = replace(
    QUICK,
    name="tiny",
    capacity_s=2,
    calm_s=0.5,
    rise_s=0.5,
    hold_s=2.5,
    fall_s=0.5,
    tail_s=1.5,
    drain_s=1.5,
    db_connections=4,
    behaviour=replace(QUICK.behaviour, browse_think_s=0.1, form_think_s=0.2),
    idle_timeout_s=3,
)


TRIES = 3
LEAST_PER_S = 5.0
"""Half of what the shop sells: what it was measured to sell is less where the machine stood still for a second."""


def tiny_rehearsal() -> tuple[dict[str, Any], Path]:
    """
    Play one, and return its result and its folder; again where the machine stood still while the shop was measured.
    """
    for _ in range(TRIES - 1):
        result, out = rehearsal()
        if (result["runs"].get("with_room", {}).get("shop_capacity_per_s") or 0.0) > LEAST_PER_S:
            return result, out
    return rehearsal()


def rehearsal() -> tuple[dict[str, Any], Path]:
    """
    Play one once.
    """
    out = Path(mkdtemp(prefix="rehearsal"))
    interrupts = Interrupts()
    with interrupts.installed():
        brief = brief_of_size(TINY, out, 1, "waiting-room rehearse")
        return Rehearsal(brief, Progress(StringIO()), interrupts).run(), out


pytestmark = beside(tiny_rehearsal)


@pytest.fixture(scope="module")
def rehearsed(stage: Stage) -> tuple[dict[str, Any], Path]:
    """
    Offer one tiny rehearsal to all tests here.
    """
    return stage.outcome(tiny_rehearsal)


def test_both_runs_meet_the_same_crowd(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    The same number was due in both, and nobody is missing from the outcomes.
    """
    result, _ = rehearsed
    runs = result["runs"]
    due = {name: run["arrivals"] + run["not_started"] for name, run in runs.items()}
    assert due["without_room"] == due["with_room"]
    assert runs["with_room"]["arrivals"] > 50
    for run in runs.values():
        assert sum(run["outcomes"].values()) == run["arrivals"]


def test_the_room_keeps_its_promises(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    Nothing oversold, nobody let in too early, overtaken or forgotten, and no seat too many.
    """
    run = rehearsed[0]["runs"]["with_room"]
    broken = ("oversold", "over_admissions", "order_inversions", "places_lost", "position_rises")
    assert {name: run[name] for name in broken} == dict.fromkeys(broken, 0)
    assert 0 < run["seats_max"] <= run["capacity"]


def test_orders_come_from_the_shops_own_books(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    What the database sold is at least what shoppers saw confirmed.
    """
    run = rehearsed[0]["runs"]["with_room"]
    assert run["orders_from"] == "the shop's database"
    assert run["orders_total"] >= run["outcomes"]["bought"] > 0


def test_people_waited(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    There was a queue: the room was at work and not merely there.
    """
    run = rehearsed[0]["runs"]["with_room"]
    assert max(sample["waiting"] for sample in run["room_by_s"]) > 10


def test_the_files_are_there(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    Result, report, Prometheus' targets and logs stand where they were promised.
    """
    result, out = rehearsed
    assert json.loads((out / "rehearsal.json").read_text()) == json.loads(json.dumps(result))
    assert "</html>" in (out / "report.html").read_text()
    jobs = [target["labels"]["job"] for target in json.loads((out / "prometheus-targets.json").read_text())]
    assert jobs == ["waiting-room", "shop", "rehearsal"]
    assert {log.stem for log in (out / "logs").glob("*.log")} >= {"valkey", "shop", "waiting-room"}


def test_its_orders_are_known_by_tags_of_its_own(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    Another rehearsal of the same seed has others, and a clean-up goes by them.
    """
    result, out = rehearsed
    plans = [json.loads((out / "runs" / f"{name}.plan.json").read_text()) for name in ("without_room", "with_room")]
    [run_id] = {plan["run_id"] for plan in plans}
    assert re.fullmatch(r"[0-9a-f]{8}", run_id)
    assert result["tags"] == [f"without_room-1-{run_id}", f"with_room-1-{run_id}"]


def test_nobody_else_can_read_the_keys(rehearsed: tuple[dict[str, Any], Path]) -> None:
    """
    The configurations hold secrets, and only their owner may read them.
    """
    for name in ("shop.json", "waiting-room.toml"):
        assert (rehearsed[1] / "runs" / name).stat().st_mode & 0o077 == 0


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Any]:
    """
    Start a command of the project with its output piped, and end it after the test.
    """
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "waiting_room", *arguments, "--out", str(tmp_path)]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(stream: Iterable[str], word: str) -> str:
    """
    Read lines until one holds the word.
    """
    text = ""
    for line in stream:
        text += line
        if word in line:
            return text
    raise AssertionError(text)


def test_ctrl_c_ends_everything_and_leaves_a_report(command: Any, tmp_path: Path) -> None:
    """
    In the middle of a run: exit code 130, verdict aborted, a report, and no process left.
    """
    process = command("rehearse", "--quick", "--json")
    read_until(process.stderr, "arriving")
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert json.loads(printed)["verdict"] == "aborted"
    assert "Aborted" in (tmp_path / "report.html").read_text()
    assert left_behind(tmp_path) == []


def test_the_demo_opens_and_closes(command: Any, tmp_path: Path) -> None:
    """
    Its addresses answer in both languages, and Ctrl-C ends it without a complaint.
    """
    process = command("demo")
    text = read_until(process.stdout, "Ctrl-C")
    shop, *rooms = re.findall(r"http://\S+\?lang=en", text) + re.findall(r"http://\S+waiting-room\S+\?lang=pl", text)
    assert '<html lang="en"' in fetched(shop)
    assert [url for url in rooms if f'<html lang="{url[-2:]}"' not in fetched(url)] == []
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert left_behind(tmp_path) == []


def fetched(url: str) -> str:
    """
    Return what stands at an address, whatever its status.
    """
    try:
        with urlopen(url, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return error.read().decode()
