"""
``waiting-room serve``, the whole service in its own processes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest

from tests.cli.command import run_process
from tests.waiting import wait_until_sync
from waiting_room.cli.serve import sentence, without_password
from waiting_room.supervisor.parent import Started

TOKEN = "0123456789abcdef"


@contextmanager
def serving(*options: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """
    Run a service on a free port; give it and the line that it printed when it was ready.
    """
    command = [sys.executable, "-m", "waiting_room", "serve", "--port", "0", *options]
    env = {**os.environ, **{f"WAITING_ROOM_{name}": value for name, value in environ.items()}}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def answered(url: str, **headers: str) -> dict[str, object]:
    """
    Return a JSON answer.
    """
    with urlopen(Request(url, headers=headers), timeout=30) as answer:
        return dict(json.load(answer))


def test_a_service_starts_with_nothing_configured() -> None:
    """
    From the bare command to a room that takes visitors, with what was printed on the way, and an end in peace.
    """
    with serving("--json", "--workers", "2", SERVER__ADMIN_TOKEN=TOKEN) as (process, line):
        started = json.loads(line)
        assert len(started["pids"]) == 2
        created = run_process("room", "create", "spring-sale", "--redis-url", started["redis_url"])
        assert created.code == 0

        rooms = f"{started['url']}/admin/api/v1/rooms"
        wait_until_sync(
            lambda: answered(rooms, Authorization=f"Bearer {TOKEN}")["rooms"], what="the workers to see the room"
        )
        process.terminate()
        _, messages = process.communicate(timeout=60)

    assert process.returncode == 0, messages
    assert "no secret keys are set" in messages
    assert f"waiting-room room create spring-sale --redis-url {started['redis_url']}" in messages


def test_redis_out_of_reach_ends_with_4() -> None:
    """
    A service without its Redis does not start, and says so once.
    """
    ended = run_process("serve", "--port", "0", "--redis-url", "redis://127.0.0.1:1/0")

    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("Redis is not available (refused)") == 1
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--port", "99999"), 3, "the command line: server.port: '99999'"),
        (("--config", "/nowhere.toml"), 3, "/nowhere.toml: the configuration cannot be read"),
        (("--port", "0", "--host", "no-such-host.invalid"), 1, "cannot listen on no-such-host.invalid"),
    ],
)
def test_what_cannot_be_served_is_told_in_words(options: tuple[str, ...], code: int, words: str) -> None:
    """
    Settings that do not work end at once with their exit code and no stack trace.
    """
    ended = run_process("serve", *options)

    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_people_get_a_sentence() -> None:
    """
    The line for people names the address, the workers and the Redis.
    """
    started = Started("http://127.0.0.1:8080", "redis://h/0", (7,))

    assert sentence(started) == "waiting room on http://127.0.0.1:8080 (1 worker, Redis at redis://h/0)"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:hush@h:1/0", "redis://user:…@h:1/0"),
        ("redis://:hush@h/0", "redis://:…@h/0"),
        ("redis://h:1/0", "redis://h:1/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_no_password_is_printed(url: str, shown: str) -> None:
    """
    The address of Redis is told without its password.
    """
    assert without_password(url) == shown
