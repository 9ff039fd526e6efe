"""
``waiting-room audit``: anybody checks a room's log, from a file or where the room stands.
"""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.core.clerk import Clerk, busy_day
from tests.store.acts import POLICY, ROOM, tick
from waiting_room.core.audit import Act, Head, digest
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore

DAY = busy_day()
verify = partial(run, "audit", "verify")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """
    Return a file with the log of a busy day.
    """
    file = tmp_path / "log.jsonl"
    file.write_text("".join(f"{line}\n" for line in DAY.lines), encoding="utf-8")
    return file


@pytest.fixture
def room(redis_url: str) -> str:
    """
    Return the address of a Valkey with a room that has a record.
    """

    async def live() -> None:
        store = RedisStore(Connection(redis_url, time_out_s=10))
        await store.configure(ROOM, POLICY)
        await store.join(ROOM, "standard", ["v1"])
        await tick(store)
        await store.close()

    asyncio.run(live())
    return redis_url


def test_a_whole_log_is_proven(log: Path) -> None:
    """
    The verdict is data, for people and for machines; the exit code says it too.
    """
    done = verify("--file", str(log), "--head", str(DAY.head))

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "toys: proven; records 1 to 8, 2027-01-15 08:00:00 UTC to 2027-01-15 08:00:01 UTC",
        "13 were let in: at most 8 in any 1 s, 13 in any 10 s, 13 in any 60 s; at most 5 were inside",
        f"head {DAY.head}",
    ]
    told = verify("--file", str(log), "--json").json
    assert (told["ok"], told["room"], told["admitted"], told["head"], told["flaws"]) == (
        *(True, "toys", 13),
        *(str(DAY.head), []),
    )


def test_a_log_may_come_from_standard_input(log: Path) -> None:
    """
    As `-`, like with other tools.
    """
    done = verify("--file", "-", text=log.read_text(encoding="utf-8"))

    assert (done.code, done.out.partition(";")[0]) == (0, "toys: proven")


def test_a_changed_log_is_broken(log: Path) -> None:
    """
    Every flaw is told with its record.
    """
    log.write_text(log.read_text(encoding="utf-8").replace("standard.9", "standard.8"), encoding="utf-8")
    done = verify("--file", str(log))

    assert done.code == 1
    assert "toys: BROKEN" in done.out
    assert "flaw: record 6: it does not follow record 5 as that stands here: one of the two was changed" in done.out
    assert {"changed", "twice"} <= {flaw["kind"] for flaw in verify("--file", str(log), "--json").json["flaws"]}


def test_heads_that_somebody_noted_find_a_missing_end(log: Path) -> None:
    """
    Any number of them.
    """
    log.write_text("".join(f"{line}\n" for line in DAY.lines[:5]), encoding="utf-8")
    heads = [f"--head={Head(sequence, digest(DAY.lines[sequence - 1]))}" for sequence in (3, 8)]
    done = verify("--file", str(log), *heads)

    assert done.code == 1
    assert done.out.splitlines()[-1] == "flaw: the log ends at record 5, and record 8 was published"


def test_what_went_in_without_a_bound_stands_in_the_first_line(tmp_path: Path) -> None:
    """
    Whoever reads no further than "proven" must not take it for all of the log; programs have the stretches.
    """
    clerk = Clerk(capacity=3)
    clerk.note(Act.LIMITS, 3, 600, 10_000)
    clerk.note(Act.STRAIGHT, "standard.1")
    clerk.note(Act.LIMITS, 3, 600, 0)
    clerk.note(Act.STRAIGHT, *(f"standard.{rank}" for rank in range(2, 1202)))
    clerk.held, clerk.frontier = ["seat"] * 1201, 1202
    clerk.write()
    file = tmp_path / "log"
    file.write_text(f"{clerk.lines[0]}\n", encoding="utf-8")
    done = verify("--file", str(file))

    assert done.code == 0
    assert done.out.partition(";")[0] == (
        "toys: proven, but for 1,200 let in without any bound and 1 let in with a burst of 10 s"
    )
    assert verify("--file", str(file), "--json").json["stretches"] == [
        {"depth_ms": 10_000, "first": 1, "last": 1, "admitted": 1},
        {"depth_ms": 0, "first": 1, "last": 1, "admitted": 1200},
    ]


def test_an_empty_log_has_no_time(tmp_path: Path) -> None:
    """
    It is said to be empty; rubbish has no time either, and does not hide that of the records before it.
    """
    file = tmp_path / "log"
    for text, said in (
        ("", "the log: BROKEN, 1 flaw; the log is empty"),
        ("x\n", "the log: BROKEN, 1 flaw; no line of it is a record"),
        (f"{DAY.lines[0]}\nx\n", "records 1 to 2, 2027-01-15 08:00:00 UTC to 2027-01-15 08:00:00 UTC"),
        (DAY.lines[0].replace("1800000000000", "1000000000000000000") + "\n", "; no line of it is a record"),
    ):
        file.write_text(text, encoding="utf-8")
        assert verify("--file", str(file)).out.splitlines()[0].endswith(said)


def test_rubbish_is_told_in_short(tmp_path: Path) -> None:
    """
    A thousand lines that are no records fill no terminal.
    """
    file = tmp_path / "rubbish"
    file.write_bytes(b"\xff\n" * 200)
    done = verify("--file", str(file))

    assert done.code == 1
    assert "and 150 more: --json names them" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which log"),
        (("--file", "a", "--room", "b"), "say which log"),
        (("--file", "a", "--head", "7"), "write SEQUENCE:HASH"),
        (("--room", "toys"), "say where the rooms are"),
        (("--room", "toys", "--url", "http://x", "--redis-url", "redis://y"), "one of the two"),
        (("--room", "toys", "--url", "http://x"), "needs server.admin_token"),
    ],
)
def test_wrong_usage_says_what_to_do(arguments: tuple[str, ...], said: str) -> None:
    """
    With exit code 2.
    """
    done = verify(*arguments)

    assert done.code == 2
    assert said in done.err


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """
    A file that is not there, a room that is not there, a Redis and a service that do not answer.
    """
    token = {"WAITING_ROOM_SERVER__ADMIN_TOKEN": "a" * 32}

    assert verify("--file", str(tmp_path / "none")).code == 1
    assert verify("--room", "toys", "--redis-url", "redis://127.0.0.1:1").code == 4
    done = verify("--room", "toys", "--url", "http://127.0.0.1:1", environ=token)
    assert (done.code, "http://127.0.0.1:1/admin/api/v1/rooms/toys/audit" in done.err) == (1, True)
    assert verify("--room", "toys", "--url", "file:///etc/passwd", environ=token).code == 2


def test_a_room_is_proven_where_it_stands(room: str) -> None:
    """
    Its log is read from Redis, and held against the room's own head.
    """
    done = verify("--room", ROOM, "--redis-url", room, "--json")

    assert (done.code, done.json["records"], done.json["admitted"]) == (0, 1, 1)
    assert run("audit", "verify", "--room", "other", "--redis-url", room).code == 1


def test_an_exported_log_is_proven(room: str, tmp_path: Path) -> None:
    """
    The lines go to standard output, and the head to standard error.
    """
    done = run("audit", "export", "--room", ROOM, "--redis-url", room)
    file = tmp_path / "log"
    file.write_text(done.out, encoding="utf-8")
    head = done.err.split()[-1]

    assert done.code == 0
    assert verify("--file", str(file), "--head", head).code == 0
