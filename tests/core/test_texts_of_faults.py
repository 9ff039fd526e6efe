"""
What people read when something they wrote is refused: word for word, for every fault of the settings.

The texts are part of the interface. Who changes one changes it here too, and reads it once more.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from waiting_room.core.calendar import MAX_ENTRIES
from waiting_room.core.names import name_faults
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, FaultsError

WARSAW = "Europe/Warsaw"
HOW = 'write "2026-11-27 09:00", or with an offset "2026-11-27T09:00+01:00"'
KINDS = "use one of prequeue, open, pause, drain, close, rate"
NAME = "use 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit"


def texts(faults: object) -> list[str]:
    """
    Return the faults as they are shown.
    """
    assert isinstance(faults, tuple | list)
    return [str(fault) for fault in faults if isinstance(fault, Fault)]


def refused(read: Any, *values: Any) -> list[str]:
    """
    Return the texts of the refusal.
    """
    with pytest.raises(FaultsError) as caught:
        read(*values)
    return texts(caught.value.faults)


def settings(values: Mapping[str, Any]) -> list[str]:
    """
    Return what is said of the settings of the room toys.
    """
    return refused(Policy.parse, values, "rooms.toys")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gate", "rooms: 'gate' is a reserved word; choose another name"),
        ("Toys", f"rooms: 'Toys' is no lane name; {NAME}"),
    ],
)
def test_names(name: str, said: str) -> None:
    """What kind of thing it names is said as well."""
    assert texts(name_faults(name, "rooms", "lane")) == [said]


def test_a_name_is_a_rooms_unless_said_otherwise() -> None:
    """As most are."""
    assert texts(name_faults("a b")) == [f"room: 'a b' is no room name; {NAME}"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"capasity": 5}, "capasity: unknown setting; did you mean capacity?"),
        ({"xyz": 5}, f"xyz: unknown setting; known are {', '.join(field.name for field in fields(Policy))}"),
        ({"capacity": "many"}, "capacity: 'many' is no whole number; in seats"),
        ({"capacity": 1.5}, "capacity: 1.5 is no whole number; in seats"),
        ({"poll_min_s": "2"}, "poll_min_s: '2' is no number; in seconds"),
        ({"poll_min_s": 61.25}, "poll_min_s: 61.25 is out of range; allowed are 0.2 to 60 seconds"),
        ({"capacity": -1}, "capacity: -1 is out of range; allowed are 0 to 10,000,000 seats"),
        ({"capacity": 10**50}, f"capacity: 1{'0' * 39} is out of range; allowed are 0 to 10,000,000 seats"),
        ({"invite_only": "yes"}, "invite_only: 'yes' is neither true nor false; write true or false, without quotes"),
        ({"message": 7}, "message: 7 is no text; put it in quotes"),
        ({"target": "\ud800"}, "target: '\\ud800' holds half a character; write the character as it is"),
        ({"lane_order": "fair"}, "lane_order: 'fair' is none of the choices; use one of weighted, strict"),
        ({"allowed_hosts": "a.example"}, "allowed_hosts: 'a.example' is no list of hosts; write [\"shop.example\"]"),
        ({"timezone": "Europe/Warsav"}, "timezone: 'Europe/Warsav' is no time zone; did you mean Europe/Warsaw?"),
        ({"timezone": "??"}, "timezone: '??' is no time zone; write a name such as Europe/Warsaw, or UTC"),
        ({"poll_max_s": 1e7}, "poll_max_s: 1e+07 is out of range; allowed are 1 to 600 seconds"),
        ({"poll_min_s": 30, "poll_max_s": 5}, "poll_min_s: 30 is above poll_max_s; lower it"),
        (
            {"rate_floor_per_minute": 700, "adaptive": True},
            "rate_floor_per_minute: 700 is above rate_per_minute; lower it, or raise the rate",
        ),
        (
            {"rate_floor_per_minute": 700, "warm_up_s": 60},
            "rate_floor_per_minute: 700 is above rate_per_minute; lower it, or raise the rate",
        ),
        (
            {"idle_timeout_s": 900, "max_session_s": 60},
            "idle_timeout_s: 900 is above max_session_s; lower it, or allow longer sessions",
        ),
        (
            {"claim_window_s": 3.5},
            (
                "claim_window_s: 3.5 is shorter than two polls of poll_min_s; "
                "a called visitor must have time to hear of it"
            ),
        ),
    ],
)
def test_settings(values: dict[str, Any], said: str) -> None:
    """The value as it was written, its place, and what to write instead."""
    assert settings(values) == [f"rooms.toys.{said}"]


def test_settings_of_no_named_room() -> None:
    """Where nobody says whose they are, they are the room's."""
    assert refused(Policy.parse, {"capacity": -1})[0].startswith("room.capacity: ")


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        ("loyal", "lanes: 'loyal' is no table of lanes; write a table for each, such as lanes.loyal"),
        ({}, "lanes: there is no lane standard; add lanes.standard: those who have no invitation stand there"),
        ({f"l{at}": {} for at in range(8)} | {"standard": {}}, "lanes: 9 lanes are too many; at most 8 are served"),
        (
            {"standard": {"floor": 0.7}, "vip": {"floor": 0.55}},
            "lanes: the floors add up to 1.25; lower them: together they may be 1 at most",
        ),
        ({"standard": {}, "Vip": {}}, f"lanes.Vip: 'Vip' is no lane name; {NAME}"),
        ({"standard": 5}, "lanes.standard: 5 is no lane; write a table, such as {weight = 3, floor = 0.1}"),
        ({"standard": {"wieght": 2}}, "lanes.standard.wieght: unknown setting of a lane; did you mean weight?"),
        ({"standard": {"q": 2}}, "lanes.standard.q: unknown setting of a lane; known are weight, floor, entry"),
        ({"standard": {"weight": 0}}, "lanes.standard.weight: a weight of 0 calls nobody; give a number above 0"),
        ({"standard": {"weight": "3"}}, "lanes.standard.weight: '3' is no number; give one from 0 to 1,000,000"),
        ({"standard": {"weight": 2e6}}, "lanes.standard.weight: 2e+06 is out of range; allowed are 0 to 1,000,000"),
        ({"standard": {"floor": True}}, "lanes.standard.floor: True is no number; give one from 0 to 1"),
        ({"standard": {"floor": -0.5}}, "lanes.standard.floor: -0.5 is out of range; allowed are 0 to 1"),
        (
            {"standard": {"entry": "all"}},
            "lanes.standard.entry: 'all' is none of the choices; use one of anyone, invitation, return",
        ),
        (
            {"standard": {"entry": "return"}},
            (
                "lanes.standard.entry: the lane standard is for anyone; "
                "make another lane for those who are invited or come back"
            ),
        ),
    ],
)
def test_lanes(lanes: Any, said: str) -> None:
    """One fault each, wherever in the table it stands."""
    assert settings({"lanes": lanes}) == [f"rooms.toys.{said}"]


def test_the_ends_of_a_lanes_range_are_in_it() -> None:
    """Floors may take up all of the calls; a weight may be a million."""
    lanes = {"standard": {"floor": 0, "weight": 1_000_000}, "vip": {"floor": 1, "weight": 0.001}}

    assert [(lane.weight, lane.floor) for lane in Policy.parse({"lanes": lanes}).lanes] == [(1e6, 0), (0.001, 1)]


def test_eight_lanes_are_not_too_many() -> None:
    """The ninth is."""
    lanes: dict[str, dict[str, float]] = {name: {} for name in ("standard", *"abcdefg")}

    assert len(Policy.parse({"lanes": lanes}).lanes) == 8


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (5, ': 5 is no list of entries; write [{at = "2026-11-27 09:00", do = "open"}]'),
        (["2026-11-27 09:00 open"] * (MAX_ENTRIES + 1), ": has 201 entries; write 200 at most"),
        ([5], '[1]: 5 is no entry; write {at = "2026-11-27 09:00", do = "open"}, or "2026-11-27 09:00 open"'),
        ([{"at": "2026-11-27 09:00", "do": "open", "doo": 1}], "[1].doo: unknown setting; did you mean do?"),
        (
            [{"at": "2026-11-27 09:00", "do": "open", "xyz": 1}],
            "[1].xyz: unknown setting; known are at, do, rate_per_minute",
        ),
        ([{"do": "open"}], f"[1].at: is missing; {HOW}"),
        ([{"at": "soon", "do": "open"}], f"[1].at: 'soon' is no time; {HOW}"),
        ([{"at": "2026-11-27 09:00"}], f"[1].do: is missing; {KINDS}"),
        (["2026-11-27 09:00 explode"], f"[1].do: 'explode' is none of the choices; {KINDS}"),
        (["2026-11-27 09:00 explode 5"], f"[1].do: 'explode' is none of the choices; {KINDS}"),
        (
            [{"at": "2026-11-27 09:00", "do": "rate", "rate_per_minute": True}],
            "[1].rate_per_minute: True is no rate; allowed are 0 to 6,000,000 admissions per minute",
        ),
        (
            ["2026-11-27 09:00 rate"],
            "[1].rate_per_minute: is missing; say how many admissions per minute from then on",
        ),
        (
            [{"at": "2026-11-27 09:00", "do": "rate", "rate_per_minute": -1}],
            "[1].rate_per_minute: -1 is no rate; allowed are 0 to 6,000,000 admissions per minute",
        ),
        (
            ["2026-11-27 09:00 pause 60"],
            "[1].rate_per_minute: means nothing to 'pause'; write it into an entry of its own, with do = 'rate'",
        ),
        (
            ["2026-03-29 02:30 open"],
            (
                "[1].at: 2026-03-29 02:30 does not exist in Europe/Warsaw: the clocks go forward over it; "
                "write 2026-03-29 03:30, or the offset: 2026-03-29T02:30+01:00"
            ),
        ),
        (
            ["2026-10-25 02:30 open"],
            (
                "[1].at: 2026-10-25 02:30 comes twice in Europe/Warsaw: the clocks go back; "
                "write the offset: 2026-10-25T02:30+02:00 for the first, 2026-10-25T02:30+01:00 for the second"
            ),
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 09:00 rate 60"],
            "[2].at: rate and open stand at one time, 2026-11-27 09:00; write rate_per_minute into the opening",
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 09:00 pause"],
            "[2].at: pause and open stand at one time, 2026-11-27 09:00; move one of them",
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 08:00 close"],
            "[2].at: close at 2026-11-27 08:00 stands after open at 2026-11-27 09:00; an end comes after the opening",
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 08:00 drain"],
            "[2].at: drain at 2026-11-27 08:00 stands after open at 2026-11-27 09:00; an end comes after the opening",
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 08:00 pause"],
            (
                "[2].at: pause at 2026-11-27 08:00 stands after open at 2026-11-27 09:00; "
                "write the entries in the order of their times"
            ),
        ),
        (
            ["2026-11-27 09:00 prequeue", "2026-11-27 10:00 close"],
            (
                "[2].do: close at 2026-11-27 10:00 follows prequeue at 2026-11-27 09:00: "
                "the end comes before the opening; let an open follow the prequeue"
            ),
        ),
        (
            ["2026-11-27 09:00 open", "2026-11-27 10:00 prequeue"],
            (
                "[2].do: prequeue at 2026-11-27 10:00 follows open at 2026-11-27 09:00: "
                "a prequeue comes before its opening; close or drain the room first"
            ),
        ),
        (
            ["2026-11-27 09:00 close", "2026-11-27 10:00 pause"],
            (
                "[2].do: pause at 2026-11-27 10:00 follows close at 2026-11-27 09:00, "
                "and a closed room lets nobody join; open it first, or take this out"
            ),
        ),
    ],
)
def test_schedules(schedule: Any, said: str) -> None:
    """The entry by its number, counted from 1, and what of it."""
    assert settings({"schedule": schedule, "timezone": WARSAW}) == [f"rooms.toys.schedule{said}"]


@pytest.mark.parametrize("rate", [0, 6_000_000])
def test_the_ends_of_a_planned_rate_are_in_it(rate: int) -> None:
    """Nobody, and all that any room allows."""
    entry = {"at": "2026-11-27 09:00", "do": "rate", "rate_per_minute": rate}

    assert Policy.parse({"schedule": [entry]}).planned[0].rate_per_minute == rate
