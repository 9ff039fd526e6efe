"""
What people read when something they wrote is refused: word for word, for every fault of the settings and the draw.

The texts are part of the interface. Who changes one changes it here too, and reads it once more.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pytest

from waiting_room.core.breaks import read_break, resume_ms
from waiting_room.core.calendar import MAX_ENTRIES
from waiting_room.core.draw import Draw, beacon_faults, commitment, faults_of, seed_faults, verify
from waiting_room.core.health import BOUNDS_MS, read_health
from waiting_room.core.names import name_faults
from waiting_room.core.opening import read_beacon, read_prequeue
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import Promise, opening_faults, source_faults
from waiting_room.errors import Fault, FaultsError

FRIDAY_MS = 1_795_770_000_000  # 2026-11-27 09:00 UTC
WARSAW = "Europe/Warsaw"
HOW = 'write "2026-11-27 09:00", or with an offset "2026-11-27T09:00+01:00"'
KINDS = "use one of prequeue, open, pause, drain, close, rate"
NAME = "use 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit"
GOOD = Draw(seed="5" * 64, commitment=commitment("5" * 64), beacon="", lane="standard", first=1, size=9)


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
        ({"poll_min_s": 30, "poll_max_s": 5}, "poll_min_s: 30 is above poll_max_s; lower it"),
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


def test_every_fault_of_a_draw() -> None:
    """All at once, and a number that nobody can have had."""
    broken = Draw(seed="AB", commitment="cd", beacon="a b", lane="", first=0, size=-1)
    said = [
        "seed: is not 64 lower-case hexadecimal digits; take it as it was published",
        (
            "beacon: is not up to 256 printable ASCII characters without spaces; "
            "take the value as its source publishes it, such as drand's randomness"
        ),
        (
            "commitment: is not the hash of the seed: the seed is not the one that was promised; "
            "compare both with what was published before and after the opening"
        ),
        "first: is 0; numbers begin at 1",
        "size: is -1; take the number of those who were drawn",
        "lane: is no name of a lane; take the lane that stands in the ticket",
    ]

    assert texts(faults_of(broken)) == said
    assert refused(verify, broken, 0) == [*said, "number: is 0; numbers begin at 1"]


def test_what_is_published_well_has_no_fault() -> None:
    """The seed, any beacon up to its longest, and the draw of them."""
    assert (faults_of(GOOD), seed_faults("0" * 64), beacon_faults("~" * 256)) == ((), (), ())


def test_the_announcement_of_a_beacon() -> None:
    """What was announced must come, what was not must not."""
    announced = Promise("c" * 64, "drand 7")

    assert texts(source_faults("a\nb")) == [
        (
            "beacon_source: is not a line of up to 200 characters; "
            "name the beacon and which of its values, such as 'drand quicknet 4711000'"
        )
    ]
    assert texts(opening_faults(announced, "")) == [
        "beacon: was announced (drand 7) and is missing; open with its value, as soon as its source has published it"
    ]
    assert texts(opening_faults(None, "ab")) == [
        "beacon: was not announced beforehand; open without: a value that nobody expected proves nothing"
    ]
    assert texts(opening_faults(announced, "ab")) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"when": 1}, "when: unknown setting; known are opens_at, opens_at_ms, beacon_source"),
        ({"opens_at": "10:00", "opens_at_ms": 1}, "opens_at: contradicts opens_at_ms; say it in one way"),
        ({"opens_at_ms": FRIDAY_MS}, f"opens_at_ms: {FRIDAY_MS} is no instant to come; write ms since the epoch"),
        ({"opens_at_ms": True}, "opens_at_ms: True is no instant to come; write ms since the epoch"),
        ({"opens_at_ms": 2**53}, f"opens_at_ms: {2**53} is no instant to come; write ms since the epoch"),
        ({"beacon_source": 5}, "beacon_source: is no text"),
        ({"opens_at": "soon"}, ("opens_at: 'soon' is no time; write 14:30, or \"2026-11-27 09:00\", or with an offset "
         '"2026-11-27T09:00+01:00"')),
    ],
)  # fmt: skip
def test_prequeues(values: dict[str, Any], said: str) -> None:
    """When they end, and which beacon is waited for."""
    assert refused(read_prequeue, values, WARSAW, FRIDAY_MS) == [said]


def test_a_prequeue_may_say_as_little_as_nothing() -> None:
    """And as much as its end and its beacon."""
    assert read_prequeue({}, WARSAW, FRIDAY_MS) == (None, "")
    assert read_prequeue({"opens_at_ms": FRIDAY_MS + 1, "beacon_source": "drand 7"}, WARSAW, FRIDAY_MS) == (
        FRIDAY_MS + 1, "drand 7",
    )  # fmt: skip
    assert read_prequeue({"opens_at": "10:30"}, WARSAW, FRIDAY_MS) == (FRIDAY_MS + 30 * 60_000, "")


def test_the_value_of_a_beacon() -> None:
    """A text, or nothing."""
    assert (read_beacon({}), read_beacon({"beacon": "ab"})) == ("", "ab")
    assert refused(read_beacon, {"beacon": 5, "x": 1}) == [
        "x: unknown setting; known are beacon",
        "beacon: 5 is no text; put it in quotes",
    ]


SPAN = "is no span of up to a week"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"until": 5}, ["until: unknown setting; known are resume_at, for, for_s, message"]),
        ({"message": 5}, ["message: 5 is no text; put it in quotes"]),
        ({"for": "1h", "for_s": 5}, ["for_s: contradicts for; say either when it goes on, or how long it lasts"]),
        ({"for": "long"}, [f"for: 'long' {SPAN}; write 15m, 1h30m or 90s"]),
        ({"for": "169h"}, [f"for: '169h' {SPAN}; write 15m, 1h30m or 90s"]),
        ({"for": 5}, ["for: 5 is no text; write 14:30, or 15m for a span"]),
        ({"for_s": 0}, [f"for_s: 0 {SPAN}; write seconds, such as 900"]),
        ({"for_s": 604_801}, [f"for_s: 604801 {SPAN}; write seconds, such as 900"]),
        ({"for_s": True}, [f"for_s: True {SPAN}; write seconds, such as 900"]),
        (
            {"resume_at": "2026-11-27 09:30"},
            ["resume_at: 2026-11-27 09:30 has passed; write a time to come, or how long the break lasts"],
        ),
        (
            {"resume_at": "2026-12-27 09:30"},
            ["resume_at: 2026-12-27 09:30 is more than a week away; write a time to come, or how long the break lasts"],
        ),
    ],
)
def test_breaks(values: dict[str, Any], said: list[str]) -> None:
    """Their end and the words for them."""
    assert refused(read_break, values, WARSAW, FRIDAY_MS) == said


def test_a_week_is_the_longest_break() -> None:
    """To the second, however it is said; and without an end nobody knows."""
    week_ms = 7 * 86_400_000

    assert read_break({"for": "168h"}, WARSAW, FRIDAY_MS) == (FRIDAY_MS + week_ms, "")
    assert read_break({"for_s": 604_800}, WARSAW, FRIDAY_MS) == (FRIDAY_MS + week_ms, "")
    assert resume_ms("2026-12-04 10:00", WARSAW, FRIDAY_MS, "at") == FRIDAY_MS + week_ms
    assert read_break({"message": "back soon"}, WARSAW, FRIDAY_MS) == (0, "back soon")


def report(**changes: Any) -> dict[str, Any]:
    """
    Return a gate's report of ten answers of a tenth of a second, with *changes*.
    """
    buckets = {str(bound): 10 if bound >= 100 else 0 for bound in BOUNDS_MS}
    plain = {"window_ms": 1000, "requests": 10, "errors": 1, "in_flight": 1, "latency_ms_sum": 1000}
    return plain | {"latency_buckets": buckets} | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"errors": -1}, "health.errors: is no whole number from 0; send what was counted since the last report"),
        ({"requests": True}, "health.requests: is no whole number from 0; send what was counted since the last report"),
        (
            {"latency_buckets": [1]},
            (
                "health.latency_buckets: are not as expected; "
                f"count up to each of {', '.join(str(bound) for bound in BOUNDS_MS)}"
            ),
        ),
        ({"errors": 11}, "health: counts what cannot be; buckets rise up to requests; errors are among them"),
        ({"requests": 9}, "health: counts what cannot be; buckets rise up to requests; errors are among them"),
    ],
)
def test_reports_of_health(changes: dict[str, Any], said: str) -> None:
    """Which of the counts, and why."""
    health, faults = read_health(report(**changes))

    assert (health, texts(faults)) == (None, [said])


def test_all_may_fail_and_none_may_come() -> None:
    """Ten errors of ten are possible, and so is silence."""
    health, faults = read_health(report(errors=10))

    assert faults == []
    assert health is not None
    assert (health.window_ms, health.requests, health.errors, health.latency_ms) == (1000, 10, 10, 1000)
    assert read_health({}) == (None, [])
