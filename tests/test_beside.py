"""
What is played beside the tests comes back whole, tells why it failed, and is over before those that must be alone.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beside import Call, Stage
from tests.source import ROOT

CALLS = [Call(divmod, (7, 2)), Call(asyncio.sleep, (0, "awake")), Call(divmod, (1, 0)), Call(os._exit, (3,))]

SUITE = """
import pytest
from tests.beside import beside

played = beside(divmod, 7, 2)

@pytest.mark.alone
def test_speed(stage):
    assert not stage._playing

@played
def test_needy(stage):
    assert stage.outcome(divmod, 7, 2) == (3, 1)

def test_plain():
    pass
"""


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    """
    Play some calls that end in different ways.
    """
    with Stage(CALLS) as stage:
        yield stage


def test_what_a_function_returns_comes_back(played: Stage) -> None:
    """
    Be it a plain function or a coroutine function.
    """
    assert played.outcome(divmod, 7, 2) == (3, 1)
    assert played.outcome(asyncio.sleep, 0, "awake") == "awake"


def test_what_a_function_raised_is_told(played: Stage) -> None:
    """
    With its traceback, in each test that asks.
    """
    with pytest.raises(AssertionError, match=r"(?s)builtins.divmod\(1, 0\) failed.*ZeroDivisionError"):
        played.outcome(divmod, 1, 0)


def test_a_process_that_died_is_told(played: Stage) -> None:
    """
    Nobody waits in vain for its outcome.
    """
    with pytest.raises(AssertionError, match=r"_exit\(3\) came to no end"):
        played.outcome(os._exit, 3)


def test_what_no_test_announced_is_not_waited_for(played: Stage) -> None:
    """
    A fixture whose tests bear another mark, or none, says so at once.
    """
    with pytest.raises(AssertionError, match=r"no test bears the mark beside for builtins.divmod\(8, 2\)"):
        played.outcome(divmod, 8, 2)


def test_those_who_wait_come_late_and_those_who_measure_last_and_alone(tmp_path: Path) -> None:
    """
    Whatever order they stand in: plain tests, then those that need an outcome, then those that measure speed.
    """
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-v"]
    done = subprocess.run(
        [*command, "-p", "tests.conftest", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    passed = [line.split()[0].rpartition("::")[2] for line in done.stdout.splitlines() if " PASSED" in line]

    assert (done.returncode, passed) == (0, ["test_plain", "test_needy", "test_speed"]), done.stdout


def test_where_nothing_is_needed_nothing_begins() -> None:
    """
    No folder and no process: pytest starts thousands of times when mutants are tried.
    """
    with Stage([]) as stage:
        assert (stage._folder, stage._players) == (Path(), [])
