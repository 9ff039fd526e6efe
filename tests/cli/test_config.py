"""
``waiting-room config``.
"""

from pathlib import Path

import pytest

from tests.cli.command import run
from waiting_room.cli.config import HIDDEN

KEY = "k1:" + "0123456789abcdef" * 4


@pytest.fixture
def good(tmp_path: Path) -> str:
    """
    Write a configuration that is valid.
    """
    path = tmp_path / "good.toml"
    path.write_text(
        f"[server]\nsecret_keys=['{KEY}']\n[redis]\nurl='redis://u:hush@h/0'\n[rooms.sale]\ncapacity=5\n",
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """
    Write a configuration with two faults.
    """
    path = tmp_path / "bad.toml"
    path.write_text("[server]\nprot=1\n[rooms.sale]\ncapacity=-5\n", encoding="utf-8")
    return str(path)


def test_check_finds_nothing_wrong(good: str) -> None:
    """
    A valid configuration ends with 0, and names its rooms.
    """
    shown = run("config", "check", "--config", good)

    assert (shown.code, shown.out) == (0, "")
    assert "valid (rooms: sale)" in shown.err


def test_check_says_what_a_sale_would_miss() -> None:
    """
    What is allowed and yet seldom meant is noted: no keys, no token, an embedded Valkey.
    """
    shown = run("config", "check")

    assert shown.code == 0
    assert [line.split()[1] for line in shown.err.splitlines() if line.startswith("Note:")] == [
        "server.secret_keys",
        "server.admin_token",
        "redis.url",
    ]


def test_check_lists_all_faults(bad: str) -> None:
    """
    An invalid configuration ends with 3, and every fault has its line.
    """
    shown = run("config", "check", "--config", bad)

    assert (shown.code, shown.out) == (3, "")
    assert shown.err.splitlines() == [
        "Error: the configuration is invalid:",
        f"  {bad}:2: server.prot: unknown setting; did you mean port?",
        f"  {bad}:4: rooms.sale.capacity: -5 is out of range; allowed are 0 to 10,000,000 seats",
    ]


def test_check_tells_programs(bad: str, good: str) -> None:
    """
    With --json the faults are data, and the exit code is the same.
    """
    wrong, right = run("config", "check", "--json", "--config", bad), run("config", "check", "--json", "--config", good)

    assert (wrong.code, right.code) == (3, 0)
    assert [fault["remedy"] for fault in wrong.json["faults"]] == [
        "did you mean port?",
        "allowed are 0 to 10,000,000 seats",
    ]
    assert right.json == {"ok": True, "faults": [], "rooms": ["sale"]}


def test_the_file_may_be_named_by_the_environment(bad: str) -> None:
    """
    WAITING_ROOM_CONFIG stands for --config.
    """
    assert run("config", "check", environ={"WAITING_ROOM_CONFIG": bad}).code == 3


def test_show_hides_secrets_and_tells_origins(good: str) -> None:
    """
    Every setting in force is shown with its origin, and no secret is.
    """
    shown = run("config", "show", "--config", good, environ={"WAITING_ROOM_SERVER__PORT": "9000"})

    assert "port = 9000  # $WAITING_ROOM_SERVER__PORT" in shown.out
    assert f"secret_keys = {HIDDEN}  # {good}:2" in shown.out
    assert f"[rooms.sale]\ncapacity = 5  # {good}:6" in shown.out
    assert 'host = "127.0.0.1"  # default' in shown.out
    assert KEY not in shown.out
    assert "hush" not in shown.out


def test_show_tells_programs(good: str) -> None:
    """
    With --json each setting is an object.
    """
    rows = {row["setting"]: row for row in run("config", "show", "--json", "--config", good).json}

    assert rows["rooms.sale.capacity"] == {"setting": "rooms.sale.capacity", "value": 5, "origin": f"{good}:6"}
    assert rows["redis.url"]["value"] == HIDDEN


def schedule_file(tmp_path: Path, lines: str) -> str:
    """
    Write a configuration with a room in Warsaw and a schedule.
    """
    path = tmp_path / "planned.toml"
    path.write_text(f"[rooms.sale]\ntimezone = 'Europe/Warsaw'\n{lines}", encoding="utf-8")
    return str(path)


CLASH = """
[[rooms.sale.schedule]]
at = 2026-10-25 02:30:00
do = "open"
[[rooms.sale.schedule]]
at = "2026-10-24 20:00"
do = "prequeue"
"""


def test_check_reports_every_conflict_with_the_calendar(tmp_path: Path) -> None:
    """
    A local time that comes twice is told with the offsets to write; the exit code is that of the calendar.
    """
    shown = run("config", "check", "--config", schedule_file(tmp_path, CLASH))

    assert shown.code == 5
    assert "rooms.sale.schedule[1].at: 2026-10-25 02:30 comes twice" in shown.err
    assert "write the offset: 2026-10-25T02:30+02:00" in shown.err
    assert "planned.toml:" in shown.err


def test_a_conflict_beside_another_fault_is_a_wrong_configuration(tmp_path: Path) -> None:
    """
    Exit code 5 is for the calendar alone.
    """
    shown = run("config", "check", "--json", "--config", schedule_file(tmp_path, "capacity = -1\n" + CLASH))

    assert shown.code == 3


def test_check_notes_a_schedule_that_is_over(tmp_path: Path) -> None:
    """
    Last year's sale is allowed, and seldom meant.
    """
    shown = run("config", "check", "--config", schedule_file(tmp_path, "schedule = ['2020-11-27 09:00 open']"))

    assert shown.code == 0
    assert "Note: rooms.sale.schedule is over: its last entry was 2020-11-27 09:00" in shown.err


def test_check_notes_a_bound_by_address_that_would_count_a_proxy(tmp_path: Path) -> None:
    """
    Behind one, everybody would be one network; where proxies are named, nobody is.
    """
    path = tmp_path / "waiting-room.toml"
    path.write_text("[rooms.sale]\njoins_per_address = 10\n", encoding="utf-8")
    blind = run("config", "check", "--config", str(path)).err
    path.write_text(path.read_text() + '[server]\ntrusted_proxies = ["10.0.0.0/8"]\n', encoding="utf-8")
    seeing = run("config", "check", "--config", str(path)).err

    assert "Note: rooms.sale.joins_per_address counts by address and server.trusted_proxies is not set" in blind
    assert "joins_per_address" not in seeing
