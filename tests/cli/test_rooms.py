"""
``waiting-room room``, on a real Valkey.
"""

import asyncio
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.command import Ran, run
from waiting_room.cli.rooms import create
from waiting_room.config import load
from waiting_room.core.phase import ACTIONS
from waiting_room.core.policy import Policy
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore


@pytest.fixture
def redis(redis_url: str) -> dict[str, str]:
    """
    Say in the environment where the rooms are.
    """
    return {"WAITING_ROOM_REDIS__URL": redis_url}


@pytest.fixture
def sale(redis: dict[str, str]) -> dict[str, str]:
    """
    Create a room.
    """
    assert run("room", "create", "sale", "--capacity", "5", environ=redis).code == 0
    return redis


def state(environ: dict[str, str]) -> Ran:
    """
    Ask for the room.
    """
    return run("room", "show", "sale", "--json", environ=environ)


def test_every_setting_of_a_room_is_an_option() -> None:
    """
    The options come from the policy's fields, none more and none less, but for tables.
    """
    options = {option.name for option in create.params if isinstance(option, click.Option)}
    single = {entry.name for entry in fields(Policy) if "table" not in entry.metadata}

    assert options - {"config_file", "redis_url", "as_json"} == single


def test_create_makes_an_open_room(redis: dict[str, str]) -> None:
    """
    A created room is open and has the settings that were named, and the defaults for the rest.
    """
    done = run(
        *("room", "create", "sale", "--capacity", "5", "--poll-min-s", "1.5", "--allowed-hosts", "a.example,b.example"),
        environ=redis,
    )

    assert (done.code, done.out) == (0, "")
    assert done.err == "sale was created: open, 5 seats, 600 admissions a minute, 0 waiting.\n"
    expected = Policy(capacity=5, poll_min_s=1.5, allowed_hosts=("a.example", "b.example"))
    assert state(redis).json["policy"] == expected.as_dict()


def test_create_changes_no_room(sale: dict[str, str]) -> None:
    """
    A room that is there is not overwritten by create.
    """
    done = run("room", "create", "sale", environ=sale)

    assert done.code == 1
    assert "`waiting-room room set sale` changes it" in done.err
    assert state(sale).json["capacity"] == 5


def test_wrong_settings_are_told_all_at_once(redis: dict[str, str]) -> None:
    """
    Name and settings are judged together; the words are those of the options.
    """
    done = run("room", "create", "Sale", "--capacity", "many", "--poll-min-s", "1000", environ=redis)

    assert done.code == 2
    assert "NAME: 'Sale' is no room name" in done.err
    assert "--capacity: 'many' is no whole number" in done.err
    assert "--poll-min-s: 1000 is out of range" in done.err
    assert run("room", "list", "--json", environ=redis).json == []


def test_set_changes_what_is_named(sale: dict[str, str]) -> None:
    """
    Other settings stay as they are.
    """
    done = run("room", "set", "sale", "--rate-per-minute", "60", "--json", environ=sale)

    assert done.json["policy"] == Policy(capacity=5, rate_per_minute=60).as_dict()


def test_set_needs_a_setting(sale: dict[str, str]) -> None:
    """
    Nothing to change is wrong usage.
    """
    assert run("room", "set", "sale", environ=sale).code == 2


def test_lanes_are_shown_and_kept(tmp_path: Path, redis: dict[str, str]) -> None:
    """
    They come from the configuration's file; a change of another setting leaves them alone.
    """
    settings = "[rooms.fair.lanes.vip]\nweight = 3\n[rooms.fair.lanes.standard]\n"
    (tmp_path / "room.toml").write_text(settings, encoding="utf-8")
    policy = load(tmp_path / "room.toml", {}, {}).rooms["fair"]

    async def configure() -> None:
        store = RedisStore(Connection(redis["WAITING_ROOM_REDIS__URL"], time_out_s=10))
        await store.configure("fair", policy)
        await store.close()

    asyncio.run(configure())
    run("room", "set", "fair", "--lane-order", "strict", environ=redis)
    lines = [" ".join(line.split()) for line in run("room", "show", "fair", environ=redis).out.splitlines()]

    assert "lanes vip (waiting 0, frontier 1, issued 0), standard (waiting 0, frontier 1, issued 0)" in lines
    assert "lanes vip (weight 3, floor 0, entry anyone), standard (weight 1, floor 0, entry anyone)" in lines
    assert "lane_order strict" in lines


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_changes_the_phase(sale: dict[str, str], action: str) -> None:
    """
    Each action leads to its phase, and says so.
    """
    done = run("room", action, "sale", environ=sale)

    assert done.err.startswith(f"sale is {ACTIONS[action]}: ")
    assert state(sale).json["phase"] == ACTIONS[action]


@pytest.mark.parametrize("command", ["show", "set", *ACTIONS])
def test_an_unknown_room_is_told(redis: dict[str, str], command: str) -> None:
    """
    A room that is not there is an error that says how to find those that are.
    """
    extra = ("--capacity", "1") if command == "set" else ()
    done = run("room", command, "nope", *extra, environ=redis)

    assert done.code == 1
    assert "there is no room 'nope'; `waiting-room room list`" in done.err


def test_list_is_a_table(sale: dict[str, str]) -> None:
    """
    People get a table on standard output.
    """
    lines = run("room", "list", environ=sale).out.splitlines()

    assert [line.split() for line in lines] == [
        ["ROOM", "PHASE", "WAITING", "SEATS", "RATE/MIN", "ADMITTED"],
        ["sale", "open", "0", "0/5", "600", "0"],
    ]


def test_list_is_json_for_programs(sale: dict[str, str]) -> None:
    """
    Programs get a list of states.
    """
    assert [room["room"] for room in run("room", "list", "--json", environ=sale).json] == ["sale"]


def test_an_empty_list_says_how_to_begin(redis: dict[str, str]) -> None:
    """
    Without rooms standard output stays empty and the next step is told.
    """
    done = run("room", "list", environ=redis)

    assert (done.code, done.out) == (0, "")
    assert "waiting-room room create NAME" in done.err


def test_show_is_readable(sale: dict[str, str]) -> None:
    """
    People get one line for each fact.
    """
    lines = run("room", "show", "sale", environ=sale).out.splitlines()

    assert "capacity               5" in lines
    assert "idle_timeout_s         300" in lines


def test_the_address_must_come_from_somewhere() -> None:
    """
    Without an address of Redis the ways to give one are told.
    """
    done = run("room", "list")

    assert done.code == 2
    assert "--redis-url URL" in done.err


def test_redis_out_of_reach_ends_with_4() -> None:
    """
    Nobody at the address: exit code 4, at once, in one line.
    """
    done = run("room", "list", "--redis-url", "redis://127.0.0.1:1/0")

    assert done.code == 4
    assert done.err.startswith("Error: Redis is not available (refused)")
    assert len(done.err.splitlines()) == 1


def test_a_schedule_is_shown_in_local_time_and_in_utc(sale: dict[str, str]) -> None:
    """
    What is still to come, in order; what has passed is not shown.
    """
    given = ("--timezone", "Europe/Warsaw", "--schedule", "2020-01-01 09:00 open; 2099-07-01 09:00 open 300")
    assert run("room", "set", "sale", *given, environ=sale).code == 0
    shown = run("room", "schedule", "sale", environ=sale)
    entries = run("room", "schedule", "sale", "--json", environ=sale).json

    assert shown.out.splitlines()[1].split()[:5] == ["2099-07-01", "09:00+02:00", "2099-07-01", "07:00Z", "open"]
    assert len(shown.out.splitlines()) == 2
    assert entries["timezone"] == "Europe/Warsaw"
    assert [(entry["at_utc"], entry["rate_per_minute"]) for entry in entries["coming"]] == [("2099-07-01 07:00Z", 300)]


def test_a_room_without_plans_says_so(sale: dict[str, str]) -> None:
    """
    On standard error, with the time zone in which one would be written.
    """
    shown = run("room", "schedule", "sale", environ=sale)

    assert (shown.code, shown.out) == (0, "")
    assert shown.err == "Nothing is planned for sale from now on (its time zone is UTC).\n"


def test_a_conflict_with_the_calendar_has_its_own_exit_code(sale: dict[str, str]) -> None:
    """
    The room stays as it is.
    """
    given = ("--timezone", "Europe/Warsaw", "--schedule", "2026-03-29 02:30 open")
    shown = run("room", "set", "sale", *given, environ=sale)

    assert shown.code == 5
    assert "--schedule[1].at: 2026-03-29 02:30 does not exist in Europe/Warsaw" in shown.err
    assert state(sale).json["policy"]["schedule"] == []


def test_a_break_is_begun_with_its_end_and_its_words(sale: dict[str, str]) -> None:
    """
    Whoever types it is told how long it lasts; programs are told as well.
    """
    done = run("room", "pause", "sale", "--for", "15m", "--message", "Back soon", environ=sale)
    shown = state(sale).json

    assert done.code == 0
    assert done.err.startswith("sale is paused and goes on in 1")
    assert 890 < shown["resumes_in_s"] <= 900
    assert shown["message"] == "Back soon"
    assert run("room", "resume", "sale", environ=sale).code == 0
    assert (state(sale).json["phase"], state(sale).json["message"]) == ("open", "")


def test_all_that_is_wrong_with_a_break_is_told_at_once(sale: dict[str, str]) -> None:
    """
    In the words of the options; the room stays open.
    """
    done = run("room", "pause", "sale", "--for", "15", "--resume-at", "25:00", environ=sale)

    assert done.code == 2
    for said in ("--for: contradicts --resume-at", "--for: '15' is no span", "--resume-at: '25:00' is no time"):
        assert said.replace("contradicts --resume-at", "contradicts resume_at") in done.err
    assert state(sale).json["phase"] == "open"


def test_a_pre_queue_opens_with_a_draw_that_anybody_can_check(sale: dict[str, str], tmp_path: Path) -> None:
    """
    From the announcement of a beacon to the place of a number, with nothing but commands.
    """
    begun = run("room", "prequeue", "sale", "--beacon-source", "drand 5", "--json", environ=sale)
    early = run("room", "open", "sale", environ=sale)
    opened = run("room", "open", "sale", "--beacon", "8e5c1b", environ=sale)
    shown = state(sale)
    (tmp_path / "state.json").write_text(shown.out)
    place = run("draw", "verify", str(tmp_path / "state.json"), "--number", "1", "--json")

    assert (begun.json["phase"], begun.json["draws"][0]["seed"]) == ("prequeue", None)
    assert (early.code, "drand 5" in early.err, opened.code) == (1, True, 0)
    assert shown.json["draws"][0]["commitment"] == begun.json["draws"][0]["commitment"]
    assert (place.code, place.json["size"], place.json["drawn"]) == (0, 0, False)


def shop_of(environ: dict[str, str]) -> dict[str, Any]:
    """
    Return what the room knows of its shop.
    """
    told: dict[str, Any] = json.loads(state(environ).out)["shop"]
    return told


def test_the_rate_is_taken_and_given_back(sale: dict[str, str]) -> None:
    """
    By hand until it is cleared.
    """
    assert run("room", "override", "sale", "--rate-per-minute", "30", environ=sale).code == 0
    taken = shop_of(sale)["override"]
    assert run("room", "override", "sale", "--clear", environ=sale).code == 0

    assert (taken, shop_of(sale)["override"]) == (30, None)


def test_the_stock_is_told_and_forgotten(sale: dict[str, str]) -> None:
    """
    Units, or nobody knows any more.
    """
    assert run("room", "stock", "sale", "3", environ=sale).code == 0
    told = shop_of(sale)["stock"]
    assert run("room", "stock", "sale", "--clear", environ=sale).code == 0

    assert (told, shop_of(sale)["stock"]) == (3, None)


def test_a_sold_out_room_is_closed_until_it_is_opened(sale: dict[str, str]) -> None:
    """
    The operator opens it again.
    """
    assert run("room", "sold-out", "sale", environ=sale).code == 0
    closed = shop_of(sale)["sold_out"]
    assert run("room", "open", "sale", environ=sale).code == 0

    assert (closed, shop_of(sale)["sold_out"]) == (True, False)


@pytest.mark.parametrize("command", [("override", "sale"), ("stock", "sale"), ("stock", "sale", "3", "--clear")])
def test_a_word_without_its_meaning_is_a_usage_error(sale: dict[str, str], command: tuple[str, ...]) -> None:
    """
    A number, or --clear: one of both.
    """
    assert run("room", *command, environ=sale).code == 2


def test_help_says_seconds_only_of_times() -> None:
    """
    Shares and factors are no times, and their options do not ask for seconds.
    """
    asked = {option.name: option.metavar for option in create.params if isinstance(option, click.Option)}
    times = {entry.name: entry.metadata["unit"] == "seconds" for entry in fields(Policy) if entry.type is float}

    assert {name: asked[name] == "SECONDS" for name in times} == times
