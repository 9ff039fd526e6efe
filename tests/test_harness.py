"""
The test bench itself: what it promises to the tests that stand on it.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests import leaks, peers
from tests.peers import Peer
from tests.waiting import wait_until, wait_until_sync
from waiting_room.store import keys

ROOT = Path(__file__).parent.parent


async def test_waiting_returns_the_first_truthy_answer() -> None:
    """
    Waiting ends with the first truthy answer and hands it over.
    """
    answers = iter([0, None, 7, 8])

    assert await wait_until(lambda: next(answers)) == 7


async def test_waiting_takes_an_awaitable_predicate() -> None:
    """
    A predicate may be a coroutine function.
    """

    async def ready() -> str:
        return "ready"

    assert await wait_until(ready) == "ready"


def test_waiting_in_vain_names_what_was_awaited() -> None:
    """
    A wait that ends in vain says for what, how long, and what was seen last.
    """
    with pytest.raises(AssertionError, match=r"waited 0 s for the third order; last seen: \[\]"):
        wait_until_sync(list, timeout_s=0, what="the third order")


def test_a_key_without_expiry_is_a_leak() -> None:
    """
    A key of a visitor that never expires is reported by its name.
    """
    assert leaks.fault_of("wr:{sale}:joined:v1", leaks.NO_EXPIRY) == (
        "wr:{sale}:joined:v1 never expires and is not on the list of permanent keys"
    )


def test_a_key_outside_the_prefix_is_a_leak() -> None:
    """
    A key that does not begin with the prefix is reported even though it expires.
    """
    assert leaks.fault_of("sale:joined", 1_000) == "sale:joined stands outside the prefix wr:"


@pytest.mark.parametrize(("name", "expiry_ms"), [("wr:{sale}:meta", -1), ("wr:{sale}:policy", -1), ("wr:{sale}:x", 5)])
def test_permanent_and_expiring_keys_may_stay(name: str, expiry_ms: int) -> None:
    """
    The keys on the list may live for ever, all others while they have a time to live.
    """
    assert leaks.fault_of(name, expiry_ms) is None


def test_a_missing_peer_is_absent() -> None:
    """
    A program that is not on the path counts as missing.
    """
    assert not Peer("no-such-program-anywhere", package="none").present


NEEDY = """
import pytest

@pytest.mark.peer("promtool")
def test_needy():
    pass

def test_frugal():
    pass
"""


def run_needy(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    """
    Run a test file that needs promtool under this project's conftest, on a path where promtool is missing.
    """
    (folder / "test_needy.py").write_text(NEEDY)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-p", "tests.conftest", "-p", "no:cacheprovider", str(folder)],
        env={"PATH": str(folder), "CI": ci, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_without_its_peer_is_left_out_by_name(tmp_path: Path) -> None:
    """
    Outside CI a test whose program is missing does not run, and the summary names it and how to get the program.
    """
    done = run_needy(tmp_path, ci="")

    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 deselected" in done.stdout
    assert "1 not run; to run them: apt-get install prometheus" in done.stdout
    assert "test_needy.py::test_needy" in done.stdout


def test_a_test_without_its_peer_fails_under_ci(tmp_path: Path) -> None:
    """
    Under CI a test whose program is missing fails, and says how to get the program.
    """
    done = run_needy(tmp_path, ci="true")

    assert done.returncode == 1, done.stdout
    assert "promtool is missing, and CI leaves nothing out; to get it: apt-get install prometheus" in done.stdout


def test_no_service_starts_while_peers_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While packages are installed a policy forbids their services to start; afterwards it is gone.
    """
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(peers, "SERVICE_POLICY", policy)

    with peers.no_service_starts([]):
        assert subprocess.run([policy], check=False).returncode == 101
    assert not policy.exists()


def test_a_policy_of_the_system_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A policy that the system has already is neither changed nor removed.
    """
    policy = tmp_path / "policy-rc.d"
    policy.write_text("the system's own")
    monkeypatch.setattr(peers, "SERVICE_POLICY", policy)

    with peers.no_service_starts([]):
        pass
    assert policy.read_text() == "the system's own"


def test_without_rights_a_person_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Where we may not install anything, nothing is tried, and the command that a person needs is printed.
    """
    absent = Peer("no-such-program-anywhere", package="no-such-package")
    monkeypatch.setattr(peers, "PEERS", {absent.command: absent})
    monkeypatch.setattr(peers, "rights", lambda: None)

    peers.main()

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "peers: no-such-program-anywhere is missing; to get it: apt-get install no-such-package\n"


def test_the_database_handed_out_is_real_and_empty(redis_url: str) -> None:
    """
    A test gets a real server with nothing in it but the mark that nothing was lost, as the embedded one begins.
    """
    with redis.Redis.from_url(redis_url, socket_timeout=5, decode_responses=True) as client:
        assert client.keys() == [keys.BEGUN]


def test_leaks_are_found_in_a_real_database(redis_url: str) -> None:
    """
    Of the keys left in a database, only the one that never expires is a leak.
    """
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        client.set("wr:{sale}:seats", "1", px=60_000)
        client.hset("wr:{sale}:meta", "issued", "1")
        client.set("wr:{sale}:joined:v1", "7")
        found = leaks.leaked_keys(client)
        client.delete("wr:{sale}:joined:v1")

    assert found == ["wr:{sale}:joined:v1 never expires and is not on the list of permanent keys"]
