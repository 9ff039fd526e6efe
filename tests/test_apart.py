"""
A module that runs apart is tested as if it ran in place: by another process, with nothing lost and nothing twice.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.apart import WORTH
from tests.source import ROOT

pytestmark = pytest.mark.apart

CONFTEST = """
import os

pytest_plugins = ["tests.conftest"]
os.environ.setdefault("FIRST", str(os.getpid()))
"""

HERE = """
def test_here():
    pass
"""

APART = """
import os
import pytest

pytestmark = pytest.mark.apart

@pytest.fixture
def broken():
    assert os.environ["FIRST"] == str(os.getpid()), "another process"

def test_elsewhere():
    assert os.environ["FIRST"] != str(os.getpid()), "the same process"

def test_needy(broken):
    pass

def test_left_out():
    pass
"""

MANY = """
import os

def computes():
    assert os.environ["FIRST"] != str(os.getpid()), "the same process"

globals().update({f"test_{number}": computes for number in range(COUNT)})
"""

DEADLY = """
import os
import pytest

pytestmark = pytest.mark.apart

def test_deadly():
    os._exit(3)

def test_next():
    pass
"""


def run(folder: Path, suite: dict[str, str], *arguments: str) -> tuple[dict[str, str], str]:
    """
    Run a suite under this project's conftest, and return what became of each test, and all that was printed.
    """
    for name, text in {"conftest.py": CONFTEST, **suite}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-p", "no:cacheprovider", "-v", "-rA"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE)
    assert len(told) == len({name for _, name in told}), done.stdout
    return {name: word for word, name in told}, done.stdout


def test_what_runs_apart_is_reported_with_the_others(tmp_path: Path) -> None:
    """
    Each test once, with its words; what was not selected stays left out.
    """
    suite = {"test_here.py": HERE, "test_elsewhere.py": APART}
    told, printed = run(tmp_path, suite, "-k", "not left_out")

    assert told == {"test_here": "PASSED", "test_elsewhere": "PASSED", "test_needy": "ERROR"}, printed
    assert "AssertionError: another process" in printed
    assert "2 passed, 1 deselected, 1 error" in printed


def test_where_nothing_else_is_tested_it_runs_in_place(tmp_path: Path) -> None:
    """
    As somebody wants it who works on that module alone.
    """
    told, printed = run(tmp_path, {"test_elsewhere.py": APART})

    assert told == {"test_elsewhere": "FAILED", "test_needy": "PASSED", "test_left_out": "PASSED"}, printed
    assert "AssertionError: the same process" in printed


def test_many_that_only_compute_run_with_them(tmp_path: Path) -> None:
    """
    Each is reported, and nothing that is marked gets in their way.
    """
    many = MANY.replace("COUNT", str(WORTH))
    told, printed = run(tmp_path, {"test_here.py": HERE, "tests/core/test_many.py": many, "test_elsewhere.py": APART})

    assert Counter(told.values()) == {"PASSED": WORTH + 3, "ERROR": 1}, printed


def test_few_that_only_compute_stay(tmp_path: Path) -> None:
    """
    A pytest of their own would be ready after they are done.
    """
    told, printed = run(tmp_path, {"test_here.py": HERE, "tests/core/test_few.py": MANY.replace("COUNT", "1")})

    assert told == {"test_here": "PASSED", "test_0": "FAILED"}, printed


def test_a_process_that_died_fails_its_tests(tmp_path: Path) -> None:
    """
    All that it had, since it told nothing; a test that was not run never counts as passed.
    """
    told, printed = run(tmp_path, {"test_here.py": HERE, "test_deadly.py": DEADLY})

    assert told == {"test_here": "PASSED", "test_deadly": "FAILED", "test_next": "FAILED"}, printed
    assert "came to no end" in printed
