"""
Children that never outlive us: started in process groups of their own, ended at any exit, however we go.

A `Family` ends its members when the block is left, by an exception, Ctrl-C or SIGTERM as well. A warden process,
holding nothing but a pipe from us, ends them when we are killed and can do nothing ourselves.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from waiting_room.errors import WaitingRoomError

GRACE_S = 2.0
"""How long members may take to end by themselves; with the kill that follows, all are gone within 3 s."""
_TAIL_BYTES = 4_000
_PRECEDENCE = -10
"""Above everything ordinary; only root may give it, and for others all stay equal."""
_PORTS = (18_000, 32_000)
"""Below the range that systems give to outgoing connections, so that no shopper's own port is in the way."""

_WARDEN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for sign in (signal.SIGTERM, signal.SIGKILL):
    for group in groups:
        try:
            os.killpg(group, sign)
        except OSError:
            pass
    if groups and sign == signal.SIGTERM:
        time.sleep({grace})
"""


class ProcessError(WaitingRoomError):
    """
    A program of the rehearsal did not start, or ended before its time.

    Args:
        message: what happened, where the log is, and its last lines.
        name: which program.
    """

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


class Interrupted(BaseException):
    """
    Somebody asked us to stop, by Ctrl-C or a signal; not an `Exception`, so that nothing swallows it.
    """


@dataclass(slots=True)
class Interrupts:
    """
    Turn SIGINT, SIGTERM and SIGHUP into `Interrupted`, but never inside a shielded block.

    A shield lets a step that must not be halved (start and note a child, end children) finish first.
    """

    pending: bool = False
    _shields: int = 0
    _raised: bool = False

    @contextmanager
    def installed(self) -> Iterator[Self]:
        """
        Listen to the signals inside the block, and restore the former handlers after it.
        """
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        former = {sign: signal.signal(sign, self._on_signal) for sign in signals}
        try:
            yield self
        finally:
            for sign, handler in former.items():
                signal.signal(sign, handler)

    def _on_signal(self, _sign: int, _frame: FrameType | None) -> None:
        self.pending = True
        self._raise_once()

    def _raise_once(self) -> None:
        if self.pending and not self._shields and not self._raised:
            # A second Ctrl-C must not break off the ending of the children that the first began.
            self._raised = True
            raise Interrupted

    @contextmanager
    def shield(self) -> Iterator[None]:
        """
        Hold signals back inside the block; one that came meanwhile is raised after it.
        """
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self._raise_once()


@dataclass(frozen=True, slots=True)
class Program:
    """
    What to start: a name for people, the command line, and what its environment has beyond ours.

    Args:
        name: the log is called after it.
        argv: the command line.
        env: environment variables beyond ours.
        piped: whether its standard output is read by us (and not written into the log).
        told: whether its standard input is written by us.
        first: whether it is to get the processor before others, where the system lets us.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    piped: bool = False
    told: bool = False
    first: bool = False


@dataclass(slots=True)
class Child:
    """
    A program that runs, the leader of a process group of its own.
    """

    program: Program
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        """
        Tell whether it still runs. The exit status is left in place, so that the group's id cannot be given anew.
        """
        if self.popen.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def signal(self, sign: signal.Signals) -> None:
        """
        Send a signal to the whole group, if there is anything left of it.
        """
        if self.popen.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, sign)

    def reap(self) -> None:
        """
        Kill what is left of the group, and collect the exit status.
        """
        self.signal(signal.SIGKILL)
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def failure(self, what: str) -> ProcessError:
        """
        Return an error that says what went wrong and shows the end of the log.
        """
        name = self.program.name
        return ProcessError(f"{name}: {what}\nIts log is {self.log}:\n{indented(tail(self.log))}", name=name)


class Family:
    """
    Start programs, and guarantee that none is left when the block ends.

    Args:
        logs: the directory for `NAME.log`; made when missing.
        interrupts: whose shield guards starting and ending.
    """

    def __init__(self, logs: Path, interrupts: Interrupts) -> None:
        self._logs = logs
        self._interrupts = interrupts
        self._members: list[Child] = []
        self._begun: set[Path] = set()
        self._warden: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WARDEN.format(grace=GRACE_S)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._interrupts.shield():
            self._end(self._members)
            if self._warden is not None and self._warden.stdin is not None:
                with suppress(BrokenPipeError):
                    self._warden.stdin.close()
                self._warden.wait()

    def start(self, program: Program) -> Child:
        """
        Start a program in a process group of its own, with its messages in the log.
        """
        log = self._logs / f"{program.name}.log"
        if log not in self._begun:
            # What an earlier family left there would be taken for this one's words.
            log.unlink(missing_ok=True)
            self._begun.add(log)
        with self._interrupts.shield(), log.open("ab") as messages:
            popen = subprocess.Popen(
                list(program.argv),
                stdin=subprocess.PIPE if program.told else subprocess.DEVNULL,
                stdout=subprocess.PIPE if program.piped else messages,
                stderr=messages,
                env={**os.environ, **program.env},
                start_new_session=True,
            )
            child = Child(program, popen, log)
            self._members.append(child)
            self._tell_warden("+", popen.pid)
        if program.first:
            _prefer(popen.pid)
        return child

    def end(self, *children: Child, grace_s: float | None = None) -> None:
        """
        End children now, politely first; others go on.
        """
        with self._interrupts.shield():
            self._end(list(children), grace_s)

    def check(self, *, besides: Sequence[Child] = ()) -> None:
        """
        Raise a `ProcessError` with the end of the log if a member has ended by itself, *besides* those that may.
        """
        for child in self._members:
            if child not in besides and not child.running:
                child.popen.wait()
                raise child.failure(f"ended unexpectedly ({_exit_words(child.popen.returncode)}).")

    def _end(self, children: list[Child], grace_s: float | None = None) -> None:
        ending = [child for child in children if child in self._members]
        for child in reversed(ending):
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + (GRACE_S if grace_s is None else grace_s)
        while any(child.running for child in ending) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in ending:
            child.reap()
            self._tell_warden("-", child.popen.pid)
            self._members.remove(child)

    def _tell_warden(self, sign: str, group: int) -> None:
        if self._warden is not None and self._warden.stdin is not None:
            with suppress(BrokenPipeError):
                self._warden.stdin.write(f"{sign}{group}\n".encode())
                self._warden.stdin.flush()


def _prefer(pid: int) -> None:
    """
    Give a process precedence, where we may: a generator that comes late measures nothing.

    Linux shares the processor among sessions first (sched(7), autogroup), and each of our programs is one.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _PRECEDENCE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_PRECEDENCE))


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """
    Return different TCP ports that nobody listens on just now.
    """
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            try:
                probe.bind((host, random.randint(*_PORTS)))
            except OSError:
                probe.close()
            else:
                held.append(probe)
        return [probe.getsockname()[1] for probe in held]
    finally:
        for probe in held:
            probe.close()


def tail(log: Path, lines: int = 12) -> str:
    """
    Return the last lines of a log, or a word that it is empty.
    """
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = file.read().decode(errors="replace").strip()
        if text:
            return "\n".join(text.splitlines()[-lines:])
    return "(the log is empty)"


def indented(text: str) -> str:
    """
    Set every line four blanks in, so that a log's words are not taken for ours.
    """
    return "\n".join(f"    {line}" for line in text.splitlines())


def _exit_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
