"""
What fails beside the others is asked once more, alone: it has failed if it fails again, and is named if it does not.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import MOST, Failures
from tests.source import ROOT

pytestmark = pytest.mark.apart

ONCE = """
from pathlib import Path

def test_once():
    mark = Path(__file__).with_name("mark")
    met, _ = mark.exists(), mark.touch()
    assert met

def test_well():
    pass
"""
ALWAYS = """
def test_always():
    assert False
"""


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """
    Run a module of tests as `make test` runs all.
    """
    (folder / "test_module.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "tests.again", "-p", "no:randomly", "-p", "no:cacheprovider", str(folder)]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def failed(*names: str) -> Failures:
    """
    Return what is kept of tests that failed.
    """
    failures = Failures()
    for name in names:
        failures.pytest_runtest_logreport(pytest.TestReport(name, ("", 0, ""), {}, "failed", "why", "call"))
    return failures


def test_who_fails_once_is_named_and_passes(tmp_path: Path) -> None:
    """
    The end is a good one, and says which test is to be mended.
    """
    done = run(tmp_path, ONCE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("to be mended, for something beside it made it fail:\n  test_module.py::test_once\n")


def test_who_fails_again_has_failed(tmp_path: Path) -> None:
    """
    Alone it is no better: the end says so.
    """
    done = run(tmp_path, ALWAYS)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert done.stdout.count("1 failed") == 2


def test_who_only_computes_is_not_asked_again() -> None:
    """
    Nothing beside it can have made it fail, and so the others are not asked either.
    """
    assert failed("tests/web/test_join.py::test_a", "tests/core/test_draw.py::test_b").to_ask_again == []


def test_many_are_not_asked_again() -> None:
    """
    Modules, one more than may fail by chance, are no chance; the tests of one are, which may be about a single drill.
    """
    names = [f"tests/web/test_{number}.py::test_{part}" for number in range(MOST + 1) for part in "abc"]

    assert failed(*names[:-3]).to_ask_again == names[:-3]
    assert failed(*names).to_ask_again == []


def test_who_fails_twice_in_one_run_is_asked_once() -> None:
    """
    A test that fails in the middle and at its end is one.
    """
    assert failed("tests/web/test_join.py::test_a", "tests/web/test_join.py::test_a").to_ask_again == [
        "tests/web/test_join.py::test_a"
    ]


def test_what_cannot_be_collected_is_no_chance() -> None:
    """
    Where a module cannot be read, nothing is asked again.
    """
    failures = failed("tests/web/test_join.py::test_a")
    failures.pytest_collectreport(pytest.CollectReport("tests/web", "failed", "why", None))

    assert failures.to_ask_again == []
