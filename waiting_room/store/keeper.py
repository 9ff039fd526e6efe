"""
Run one program as a child that cannot outlive whoever holds the other end of our standard input.

Started by `waiting_room.store.embedded` as a file of its own in a bare interpreter, for a pipe is the one thing that
tells of a parent's end in every case (kill -9 too) and on every system. PR_SET_PDEATHSIG alone would not do: it
fires when the *thread* that started the child ends (prctl(2)).

Arguments: the program and its arguments. The first line on standard output is the child's process id; from standard
input ``T`` sends SIGTERM, ``K`` SIGKILL; its end sends SIGTERM, and SIGKILL after `GRACE_S`. We end when the child
has ended, with its status.
"""

import os
import select
import signal
import sys
from types import FrameType

GRACE_S = 2.0
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_SIGNALS = {b"T": signal.SIGTERM, b"K": signal.SIGKILL}


def _wake_only(_sign: int, _frame: FrameType | None) -> None:
    """
    Do nothing: the wake-up pipe tells the loop.
    """


def _die_with_keeper() -> None:
    """
    On Linux, have the kernel end this child if the keeper itself is killed.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - a slow import, needed on one system

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _start(argv: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _die_with_keeper()
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(2, 1)  # the child's words go to the log, the parent reads nothing but the process id
        os.execv(argv[0], argv)  # noqa: S606 - there is no shell, on purpose
    except OSError as error:
        os.write(2, f"cannot run {argv[0]}: {error}\n".encode())
    os._exit(127)


def _ended(pid: int) -> int | None:
    gone, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if gone else None


def keep(argv: list[str]) -> int:
    """
    Run *argv* until it ends, passing on what we are told, and return its exit code (negative: the signal).
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for sign in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, _wake_only)
    pid = _start(argv)
    os.write(1, f"{pid}\n".encode())
    watched, patience_s = [0, wake_read], None
    while (code := _ended(pid)) is None:
        ready, _, _ = select.select(watched, [], [], patience_s)
        if not ready:
            os.kill(pid, signal.SIGKILL)
            patience_s = None
            continue
        woken = os.read(wake_read, 64) if wake_read in ready else b""
        order = os.read(0, 1) if 0 in ready else None
        if order in _SIGNALS:
            os.kill(pid, _SIGNALS[order])
        elif order == b"" or set(woken) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
            os.kill(pid, signal.SIGTERM)
            watched, patience_s = [wake_read], GRACE_S
    return code


if __name__ == "__main__":
    result = keep(sys.argv[1:])
    sys.exit(result if result >= 0 else 128 - result)
