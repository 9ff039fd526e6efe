"""
Some of the hostile requests of ``python -m tests.fuzzing``, the same each time.
"""

import logging
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.fuzzing.play import Findings, run
from waiting_room.authorize.dialects import DIALECTS
from waiting_room.gates.core import GateCore, Unprotected
from waiting_room.gates.passes import PassBook

TARGETS = {"asgi", "asgi/part", "asgi/jwt", "wsgi", "django", "django-in-loop", "aiohttp", "uvicorn"}


@pytest.fixture(scope="module", name="findings")
def _findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    logging.disable(logging.CRITICAL)
    try:
        return run(1_600, 1, tmp_path_factory.mktemp("fuzzing"))
    finally:
        logging.disable(logging.NOTSET)


def test_nobody_slips_by_and_nothing_breaks(findings: Findings) -> None:
    """
    No wrong allow, no failure of ours, no header or page that says what a visitor wrote, and none that takes long.
    """
    assert findings.faults == []


def test_every_gate_is_tried_and_every_door_is_open(findings: Findings) -> None:
    """
    Or nothing would be said by nobody's slipping by.
    """
    asked = {name for name, _ in findings.answers}
    assert asked == TARGETS | {f"authorize/{dialect}" for dialect in DIALECTS}
    assert {why for _, why in findings.entered} >= {"honest", "pass", "never", "staff", "crawler", "free"}
    assert {name for name, why in findings.entered if why == "honest"} == asked


def test_gate_that_lets_everybody_in_is_found_out(tmp_path: Path) -> None:
    """
    The oracle asks no code of the gate's.
    """
    with patch.object(GateCore, "decide", lambda *_args: Unprotected(listed=False)):
        findings = run(60, 1, tmp_path, "asgi")

    assert sum("WRONG ALLOW" in fault for fault in findings.faults) > 20


def test_gate_that_forgets_whose_a_pass_is_is_found_out(tmp_path: Path) -> None:
    """
    Also one that errs now and then.
    """
    with patch.object(PassBook, "visitor", lambda *_args: None):
        findings = run(600, 2, tmp_path, "asgi")

    assert 0 < len(findings.faults) < 100
