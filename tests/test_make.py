"""
The first minute on a fresh machine: what make offers, and what it says when something is missing.
"""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.source import ROOT
from tests.waiting import wait_until_sync

pytestmark = pytest.mark.apart

PROMISED = {
    "help",
    "setup",
    "rehearse",
    "demo",
    "test",
    "lint",
    "types",
    "mutants",
    "fuzz",
    "bench",
    "fmt",
    "lock",
    "openapi",
    "clean",
}


def call(*command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """
    Run a command in the project's root, with *path* as the only place where programs are found.
    """
    environment = {"PATH": path or os.environ["PATH"]}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def program(folder: Path, name: str, script: str) -> None:
    """
    Put a shell script called *name* into *folder*.
    """
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_make_alone_lists_every_target() -> None:
    """
    Plain `make` explains each promised target in a line, and does nothing else.
    """
    done = call("make")

    assert done.returncode == 0
    assert set(re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE)) == PROMISED


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "a check or a threshold failed"),
        (3, "the configuration is invalid"),
        (6, "the rehearsal is invalid"),
        (130, "interrupted"),
        (77, "not one of its documented codes"),
    ],
)
def test_a_command_behind_make_tells_its_code(code: int, words: str) -> None:
    """
    The command's own code is told in words, since make itself ends in 2 whatever happened.
    """
    done = call("scripts/say-exit", "sh", "-c", f"exit {code}")

    assert done.returncode == code
    assert done.stderr.startswith(f"exit code {code}: {words}")


def test_a_command_that_ends_well_is_not_commented() -> None:
    """
    Success needs no words.
    """
    done = call("scripts/say-exit", "sh", "-c", "echo ordered")

    assert (done.returncode, done.stdout, done.stderr) == (0, "ordered\n", "")


def test_ctrl_c_lets_the_rehearsal_finish_its_report(tmp_path: Path) -> None:
    """
    Ctrl-C under make reaches the command, which ends in its own time, and its code is still told.
    """
    programs, started = tmp_path / "bin", tmp_path / "started"
    programs.mkdir()
    program(
        programs,
        "waiting-room",
        f"trap 'echo partial report; exit 130' INT; : > {started}; while :; do sleep 0.05; done",
    )
    (tmp_path / ".ready").touch()
    make = subprocess.Popen(
        ["make", "rehearse", f"VENV={tmp_path}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until_sync(started.exists, what="the command to start")
    os.killpg(make.pid, signal.SIGINT)
    told, messages = make.communicate(timeout=60)

    assert "partial report" in told
    assert "exit code 130: interrupted" in messages


def test_setup_without_a_recent_python_says_so(tmp_path: Path) -> None:
    """
    Where every Python is too old, setup names what it tried and how to get one.
    """
    program(tmp_path, "python3", "exit 1")

    done = call("/bin/sh", "scripts/make-venv", str(tmp_path / "venv"), "requirements/dev.txt", path=str(tmp_path))

    assert done.returncode == 1
    assert "no Python 3.11 or newer was found" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_setup_without_the_venv_module_says_so(tmp_path: Path) -> None:
    """
    Where the Python has no venv, as on a bare Debian, setup names the package that brings it.
    """
    program(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')

    done = call("/bin/sh", "scripts/make-venv", str(tmp_path / "venv"), "requirements/dev.txt", path=str(tmp_path))

    assert done.returncode == 1
    assert "python3 is recent enough, but it has no 'venv' and 'ensurepip' modules" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def test_setup_without_a_package_index_says_so(tmp_path: Path) -> None:
    """
    Where pip fails, setup says what it wanted, and leaves the environment marked as unfinished.
    """
    lock, venv = tmp_path / "lock.txt", tmp_path / "venv"
    lock.write_text(f"nothing-of-this-name==1.0 --hash=sha256:{'0' * 64}\n")
    options = {"PIP_NO_INDEX": "1", "PIP_NO_INPUT": "1"}
    done = subprocess.run(
        ["make", "setup", f"VENV={venv}", f"LOCK={lock}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **options},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert f"pip could not install --require-hashes --requirement {lock}" in done.stderr
    assert not (venv / ".ready").exists()


def test_ci_leaves_nothing_out() -> None:
    """
    CI calls what developers call, under CI=true, and stops at the first failure.
    """
    script = (ROOT / ".ci" / "run").read_text()

    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "set -euo pipefail" in script
    assert script.rstrip().endswith("export CI=true\n\nmake test")
