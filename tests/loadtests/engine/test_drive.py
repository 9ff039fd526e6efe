"""
A rehearsal drives a run with as many generators as its plan says, and reads one result.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from loadtests.measuring.measures import Measures
from loadtests.rehearsal.asking import answers
from loadtests.rehearsal.processes import Family, Interrupts, Program, free_ports
from loadtests.rehearsal.stack import Ports, Secrets, Stack
from tests.beside import Stage, beside
from tests.loadtests.engine.generator import PLAN
from tests.waiting import wait_until_sync


def driven_by_two() -> tuple[list[dict[str, Any]], Measures, Measures]:
    """
    Let two generators share a run, and return what they told, what came of it, and what was written.
    """
    folder = Path(mkdtemp(prefix="drive"))
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    plan = replace(PLAN, shop_url=url, out=str(folder / "run.measures.json"), workers=2)
    lines: list[dict[str, Any]] = []
    with Family(folder / "logs", Interrupts()) as family:
        family.start(Program("shop", [sys.executable, "-m", "tests.loadtests.engine.stub", str(port), json.dumps({})]))
        wait_until_sync(lambda: answers(url), what="the shop")
        measures = Stack(family, folder, Ports.free(), Secrets.fresh()).drive(plan, lines.append)
    return lines, measures, Measures.from_file(Path(plan.out))


pytestmark = beside(driven_by_two)


def test_two_generators_are_one_run(stage: Stage) -> None:
    """
    Everybody of the list came, once, and the merged result stands where the plan says.
    """
    _lines, measures, written = stage.outcome(driven_by_two)

    assert [shopper.arrival_s for shopper in measures.shoppers] == [arrival.at_s for arrival in PLAN.arrivals()]
    assert measures.not_started == 0
    assert written == measures


def test_progress_of_two_generators_is_told_as_one(stage: Stage) -> None:
    """
    Each second is told once, with the sums of both.
    """
    lines, measures, _written = stage.outcome(driven_by_two)

    assert [line["t"] for line in lines] == sorted({line["t"] for line in lines})
    assert 0 < sum(line["arrivals"] for line in lines) <= measures.arrivals
