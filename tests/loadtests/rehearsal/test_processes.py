"""
Nothing is left behind: children end with us, however we end.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.rehearsal.processes import (
    Child,
    Family,
    Interrupted,
    Interrupts,
    ProcessError,
    Program,
    free_ports,
    tail,
)
from tests.waiting import PATIENCE_S

SLEEPER = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
PARENT = """
import os, sys
from pathlib import Path
from loadtests.rehearsal.processes import Family, Interrupts, Program
interrupts = Interrupts()
with interrupts.installed(), Family(Path(sys.argv[1]), interrupts) as family:
    child = family.start(Program("grandparent", [sys.executable, "-c", sys.argv[2]]))
    print(child.popen.pid, flush=True)
    import time
    time.sleep(600)
"""
FORKS = """
import subprocess, sys, time
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(inner.pid, flush=True)
time.sleep(600)
"""


def python(code: str, name: str = "child", *, piped: bool = False) -> Program:
    """
    Return a program that runs the code.
    """
    return Program(name, [sys.executable, "-c", code], piped=piped)


def gone(pid: int) -> bool:
    """
    Wait by the process' own pidfd until it has ended; no sleeping.
    """
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], PATIENCE_S)[0])
    finally:
        os.close(fd)


def first_line(child: Child) -> str:
    """
    Read the line that tells that the child is there.
    """
    assert child.popen.stdout is not None
    return child.popen.stdout.readline().decode().strip()


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """
    Listen to signals for the length of a test.
    """
    with Interrupts().installed() as listening:
        yield listening


def test_leaving_the_block_ends_every_child(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    Children are gone and reaped when the block ends.
    """
    with Family(tmp_path, interrupts) as family:
        children = [family.start(python(SLEEPER, f"child-{i}")) for i in range(3)]
        assert all(child.running for child in children)
    assert [child.popen.returncode for child in children] == [-signal.SIGTERM] * 3


def test_an_exception_ends_every_child(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    A fault of ours leaves nothing running.
    """
    children: list[Child] = []

    def fail_inside() -> None:
        with Family(tmp_path, interrupts) as family:
            children.append(family.start(python(SLEEPER)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert not children[0].running


def test_a_deaf_child_is_killed(tmp_path: Path, interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Who does not heed the polite signal within the grace time is killed.
    """
    monkeypatch.setattr("loadtests.rehearsal.processes.GRACE_S", 0.2)
    with Family(tmp_path, interrupts) as family:
        child = family.start(python(STUBBORN, piped=True))
        assert first_line(child) == "deaf"
    assert child.popen.returncode == -signal.SIGKILL


def test_grandchildren_end_with_the_child(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    The whole process group ends, even where the child leaves its own children behind.
    """
    with Family(tmp_path, interrupts) as family:
        child = family.start(python(FORKS, piped=True))
        inner = int(first_line(child))
    assert gone(inner)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_or_interrupted_parent_takes_its_children_along(tmp_path: Path, sign: signal.Signals) -> None:
    """
    Ctrl-C, TERM, a closed terminal, and even kill -9 of the parent leave no child.
    """
    argv = [sys.executable, "-c", PARENT, str(tmp_path), SLEEPER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(sign)
        assert gone(child)
        assert gone(parent.pid)


def test_ctrl_c_while_a_child_is_started_is_not_lost(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    A signal inside a shielded step is raised after it, so that the child is known and ended.
    """

    def start_interrupted() -> None:
        with Family(tmp_path, interrupts), interrupts.shield():
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupts.pending

    with pytest.raises(Interrupted):
        start_interrupted()


def test_a_second_ctrl_c_does_not_break_off_the_ending(interrupts: Interrupts) -> None:
    """
    Impatience is heard once.
    """
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.pending


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    The error names the program, its exit code and its last words.
    """
    with Family(tmp_path, interrupts) as family:
        child = family.start(python("import sys; sys.exit('the port is taken')", "shop"))
        assert gone(child.popen.pid)
        with pytest.raises(ProcessError) as caught:
            family.check()
    text = str(caught.value)
    assert "shop" in text
    assert "exit code 1" in text
    assert "the port is taken" in text


def test_a_log_begins_anew_with_each_family_and_goes_on_within_one(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    The words of an earlier rehearsal are gone; those of a restarted program stand below each other.
    """
    (tmp_path / "shop.log").write_text("from yesterday")
    with Family(tmp_path, interrupts) as family:
        for word in ("first", "second"):
            child = family.start(python(f"print('{word}')", "shop"))
            assert gone(child.popen.pid)
            family.end(child)
    assert (tmp_path / "shop.log").read_text().split() == ["first", "second"]


def test_ending_one_child_leaves_the_others(tmp_path: Path, interrupts: Interrupts) -> None:
    """
    The shop may be restarted between two runs while the rest goes on.
    """
    with Family(tmp_path, interrupts) as family:
        first, second = family.start(python(SLEEPER, "a")), family.start(python(SLEEPER, "b"))
        family.end(first)
        assert (first.running, second.running) == (False, True)
        family.check()


def test_free_ports_are_different_and_free() -> None:
    """
    Each can be listened on at once.
    """
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))


def test_the_tail_of_a_missing_log_says_so(tmp_path: Path) -> None:
    """
    No log is no crash.
    """
    assert tail(tmp_path / "none.log") == "(the log is empty)"
