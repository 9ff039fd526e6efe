"""
What every test may use: a real Valkey, an empty database, the leak check, hypothesis' profiles, and the peers' rule.
"""

import gc
import os
import resource
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import redis

from tests.apart import parted
from tests.beside import OUTCOME_S, Stage, calls_of, turn
from tests.leaks import leaked_keys
from tests.peers import PEERS, Peer
from waiting_room.store import keys

if TYPE_CHECKING:
    from waiting_room.store.embedded import EmbeddedValkey

if sys.dont_write_bytecode:
    # Where a user wants none beside the source, each of the programs that tests start would compile all that it
    # imports, and that hundreds of times; they share a folder of their own instead, and leave the source as it is.
    sys.pycache_prefix = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# A mutant has to be noticed, not explained: no search for the smallest example; and there are thousands of them.
NO_SHRINKING = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, phases=NO_SHRINKING, max_examples=25)
hypothesis.settings.load_profile("ci" if IN_CI else "dev")

LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()
STAGE = pytest.StashKey[Stage]()
TEST_S = 120
"""What a test that stands at the end may take beyond its waiting for others."""


@pytest.fixture(scope="session")
def valkey() -> Iterator["EmbeddedValkey"]:
    """
    Run one real Valkey for the whole session; a test that stops or kills its server takes `valkey_of_its_own`.
    """
    from waiting_room.store.embedded import EmbeddedValkey  # noqa: PLC0415 - unit tests need no store

    with EmbeddedValkey() as server:
        yield server


@pytest.fixture
def valkey_of_its_own() -> Iterator["EmbeddedValkey"]:
    """
    Run a real Valkey for one test, which may stop, kill and start it; what it holds in the end must not leak either.
    """
    from waiting_room.store.embedded import EmbeddedValkey  # noqa: PLC0415 - unit tests need no store

    with EmbeddedValkey() as server:
        yield server

        if server.running:
            with redis.Redis.from_url(server.url, socket_timeout=5) as client:
                assert leaked_keys(client) == []


@pytest.fixture
def redis_url(valkey: "EmbeddedValkey") -> Iterator[str]:
    """
    Hand out the address of a database that begins, and fail the test when it leaves keys that never expire.

    Without the mark of a beginning, each room would be waited for first: somebody might still put it back.
    """
    with redis.Redis.from_url(valkey.url, socket_timeout=5) as client:
        client.flushall()
        client.set(keys.BEGUN, 1)
        yield valkey.url

        assert leaked_keys(client) == []


@pytest.fixture
def file_limits() -> Iterator[tuple[int, int]]:
    """
    Hand out how many files this process may have open, and how many at the most; both are as they were afterwards.
    """
    found = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield found
    resource.setrlimit(resource.RLIMIT_NOFILE, found)


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Stage:
    """
    Hand out what is played beside the tests.
    """
    return request.config.stash[STAGE]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave out the tests whose programs are missing, and remember them for the summary; under CI they stay, and fail.
    """
    left_out: dict[str, list[str]] = {}
    kept, dropped = [], []
    for item in items:
        absent = absent_peers(item)
        if not absent or IN_CI:
            kept.append(item)
            continue
        dropped.append(item)
        for peer in absent:
            left_out.setdefault(peer.command, []).append(item.nodeid)
    items[:] = sorted(kept, key=turn)
    for item in filter(turn, items):
        item.add_marker(pytest.mark.timeout(OUTCOME_S + TEST_S))
    config.stash[LEFT_OUT] = left_out
    if dropped:
        config.hook.pytest_deselected(items=dropped)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """
    Play beside the tests what the selected ones need, and end it with them; report those that run apart as well.
    """
    here, apart = parted(session)
    calls = [] if session.config.option.collectonly else calls_of(item for item in here if not absent_peers(item))
    # What collecting made lives as long as the session: to look through it again and again would find nothing.
    gc.collect()
    gc.freeze()
    with Stage(calls, whole=[apart.call] if apart else []) as playing:
        session.config.stash[STAGE] = playing
        session.items = here
        done = yield
        for item, reports in apart.reports(playing) if apart else ():
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return done


def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Fail a test whose program is missing: it got here because CI leaves nothing out; and let one be alone that must.
    """
    for peer in absent_peers(item):
        pytest.fail(
            f"{peer.command} is missing, and CI leaves nothing out; to get it: {peer.how_to_get}", pytrace=False
        )
    if item.get_closest_marker("alone"):
        item.config.stash[STAGE].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """
    Name what was left out and how to get it, so that a green run never claims more than it did.
    """
    for command, tests in sorted(config.stash.get(LEFT_OUT, {}).items()):
        terminalreporter.write_sep("-", f"left out: {command} is missing", yellow=True)
        terminalreporter.write_line(f"{len(tests)} not run; to run them: {PEERS[command].how_to_get}")
        for test in tests:
            terminalreporter.write_line(f"  {test}")


def absent_peers(item: pytest.Item) -> list[Peer]:
    """
    List the programs that *item* is marked to need and this machine lacks.
    """
    names = [name for marker in item.iter_markers("peer") for name in marker.args]
    unknown = sorted(set(names) - set(PEERS))
    if unknown:
        raise pytest.UsageError(f"{item.nodeid} needs {', '.join(unknown)}, which tests/peers.py does not know")
    return [PEERS[name] for name in names if not PEERS[name].present]
