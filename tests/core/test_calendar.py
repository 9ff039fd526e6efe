"""
A schedule in local time: what the clocks do to it, what contradicts itself, and what comes next.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core import calendar
from waiting_room.core.calendar import MAX_ENTRIES, Appointment, Entry
from waiting_room.core.policy import Policy
from waiting_room.errors import Conflict, Fault, PolicyError

WARSAW = "Europe/Warsaw"
FORWARD = (date(2026, 3, 29), date(2027, 3, 28))
BACK = (date(2026, 10, 25), date(2027, 10, 31))
"""The Sundays on which the clocks of the European Union change (Directive 2000/84/EC), at 01:00 UTC."""


def faults_of(schedule: Any, timezone: str = WARSAW) -> tuple[Fault, ...]:
    """
    Return all faults of *schedule*.
    """
    with pytest.raises(PolicyError) as caught:
        Policy.parse({"schedule": schedule, "timezone": timezone}, "rooms.toys")
    return caught.value.faults


def planned(schedule: Any, timezone: str = WARSAW) -> tuple[Appointment, ...]:
    """
    Return the instants of *schedule*.
    """
    return Policy.parse({"schedule": schedule, "timezone": timezone}).planned


def utc(text: str) -> int:
    """
    Return the ms of a time in UTC.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


SALE = [
    {"at": "2026-11-27 08:30", "do": "prequeue"},
    {"at": "2026-11-27 09:00", "do": "open", "rate_per_minute": 300},
    {"at": "2026-11-27 09:10", "do": "rate", "rate_per_minute": 600},
    {"at": "2026-11-27 12:00", "do": "pause"},
    {"at": "2026-11-27 12:15", "do": "open"},
    {"at": "2026-11-27 20:00", "do": "drain"},
    {"at": "2026-11-27 21:00", "do": "close"},
]


def test_local_times_become_instants() -> None:
    """Nine o'clock in Warsaw is eight in UTC in winter, and seven in summer."""
    assert [step.at_ms for step in planned(SALE)][:2] == [utc("2026-11-27 07:30"), utc("2026-11-27 08:00")]
    assert planned(["2026-07-01 09:00 open"])[0].at_ms == utc("2026-07-01 07:00")


def test_without_a_time_zone_times_are_utc() -> None:
    """The default is the zone that has no surprises."""
    assert planned(["2026-07-01 09:00 open"], "UTC")[0].at_ms == utc("2026-07-01 09:00")


@pytest.mark.parametrize(
    "at",
    ["2026-10-25 00:30:00Z", "2026-10-25T02:30+02:00", datetime.fromisoformat("2026-10-25T02:30:00+02:00")],
)
def test_a_time_with_an_offset_is_one_instant_whatever_the_clocks_do(at: object) -> None:
    """Also in the hour that comes twice; TOML's own times are taken too."""
    assert planned([{"at": at, "do": "open"}])[0].at_ms == utc("2026-10-25 00:30")


def test_the_hour_that_is_skipped_is_refused_with_what_to_write() -> None:
    """Half past two on the last Sunday of March does not exist in Warsaw."""
    (fault,) = faults_of(["2026-03-29 02:30 open"])

    assert isinstance(fault, Conflict)
    assert fault.where == "rooms.toys.schedule[1].at"
    assert "2026-03-29 02:30 does not exist in Europe/Warsaw" in fault.what
    assert fault.remedy == "write 2026-03-29 03:30, or the offset: 2026-03-29T02:30+01:00"


def test_the_hour_that_comes_twice_is_refused_with_both_instants() -> None:
    """Half past two on the last Sunday of October is shown twice."""
    (fault,) = faults_of(["2026-10-25 02:30 open"])

    assert isinstance(fault, Conflict)
    assert fault.remedy == (
        "write the offset: 2026-10-25T02:30+02:00 for the first, 2026-10-25T02:30+01:00 for the second"
    )


@pytest.mark.parametrize("day", [*FORWARD, *BACK])
def test_only_the_hour_of_the_change_is_refused(day: date) -> None:
    """Of the 96 quarters of an hour of such a day four are refused, those from two to three."""
    refused = []
    for quarter in range(96):
        time = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=15 * quarter)
        entry = Entry(f"{time:%Y-%m-%d %H:%M}", "open")
        if calendar.conflicts((entry,), WARSAW, "x"):
            refused.append(f"{time:%H:%M}")

    assert refused == ["02:00", "02:15", "02:30", "02:45"]


@pytest.mark.parametrize(("day", "hours"), [(FORWARD[0], 23), (FORWARD[1], 23), (BACK[0], 25), (BACK[1], 25)])
def test_a_day_of_the_change_lasts_as_long_as_it_does(day: date, hours: int) -> None:
    """From noon to noon over the change 23 or 25 hours pass: a schedule by the wall clock keeps the wall clock."""
    before = day - timedelta(days=1)
    first, last = planned([f"{before} 12:00 open", f"{day} 12:00 close"])

    assert last.at_ms - first.at_ms == hours * 3_600_000


@pytest.mark.parametrize("day", BACK)
def test_both_of_the_hours_that_come_twice_can_be_planned(day: date) -> None:
    """The offset tells them apart, and they are an hour apart."""
    first, second = planned([f"{day}T02:30+02:00 open", f"{day}T02:30+01:00 close"])

    assert second.at_ms - first.at_ms == 3_600_000


AROUND = st.sampled_from([*FORWARD, *BACK]).flatmap(
    lambda day: st.integers(-36 * 60, 36 * 60).map(
        lambda minutes: datetime(day.year, day.month, day.day, 2) + timedelta(minutes=minutes)  # noqa: DTZ001 - local
    )
)


@given(AROUND)
def test_what_is_accepted_is_shown_again_as_it_was_written(time: datetime) -> None:
    """A local time that is taken comes back from its instant; one that is refused is the one that could not."""
    entry = Entry(f"{time:%Y-%m-%d %H:%M}", "open")
    shown = [
        instant
        for offset in (1, 2)
        if (instant := utc(f"{time - timedelta(hours=offset)}"))
        and calendar.local_text(instant, WARSAW)[:16] == entry.at
    ]
    if calendar.conflicts((entry,), WARSAW, "x"):
        assert len(shown) != 1
    else:
        assert [step.at_ms for step in calendar.appointments((entry,), WARSAW)] == shown


@given(AROUND, st.sampled_from(["", "Z", "+01:00", "+02:00", "-05:30"]))
def test_every_fault_of_the_clocks_names_times_that_are_accepted(time: datetime, offset: str) -> None:
    """Whoever does as the remedy says is done."""
    schedule = (Entry(f"{time:%Y-%m-%d %H:%M}{offset}".replace("Z", "+00:00"), "open"),)
    for fault in calendar.conflicts(schedule, WARSAW, "x"):
        assert not offset
        words = fault.remedy.replace(",", " ").split()
        options = [word for word in words if word.startswith("20") and "T" in word]
        assert options
        for option in options:
            assert calendar.conflicts((Entry(option, "open"),), WARSAW, "x") == ()
            back = calendar.appointments((Entry(option, "open"),), WARSAW)[0].at_ms
            assert datetime.fromtimestamp(back / 1000, ZoneInfo(WARSAW)).minute == time.minute


@given(st.lists(AROUND, min_size=1, max_size=8, unique=True), st.lists(st.integers(0, 9 * 86_400), max_size=6))
def test_every_entry_is_due_once_whenever_one_looks(times: list[datetime], looks: list[int]) -> None:
    """Consecutive looks, however far apart, hand over each entry once and in order; the rest is still to come."""
    entries = tuple(Entry(f"{time:%Y-%m-%d %H:%M}+00:00", "rate", 5) for time in sorted(times))
    steps = calendar.appointments(entries, WARSAW)
    begin = steps[0].at_ms - 86_400_000
    marks = [begin, *sorted(begin + look * 1000 for look in looks)]
    handed = [step for after, now in pairwise(marks) for step in calendar.due(steps, after, now)]

    assert (*handed, *calendar.upcoming(steps, marks[-1])) == steps


def test_an_entry_is_due_at_its_instant_and_not_before() -> None:
    """To the millisecond, and once."""
    steps = planned(["2026-11-27 09:00 open"])
    at_ms = steps[0].at_ms

    assert calendar.due(steps, at_ms - 2, at_ms - 1) == ()
    assert calendar.due(steps, at_ms - 1, at_ms) == steps
    assert calendar.due(steps, at_ms, at_ms + 1) == ()


def test_the_next_opening_is_what_a_countdown_counts_to() -> None:
    """Rates and ends are no openings; after the last one there is none."""
    steps = planned(SALE)

    assert calendar.next_opening_ms(steps, steps[0].at_ms) == steps[1].at_ms
    assert calendar.next_opening_ms(steps, steps[1].at_ms) == steps[4].at_ms
    assert calendar.next_opening_ms(steps, steps[4].at_ms) is None


def test_all_faults_of_the_entries_come_at_once() -> None:
    """Each with its place, the number of the entry counted from one."""
    found = faults_of([
        {"at": "soon", "do": "opn", "rat": 3},
        {"do": "rate"},
        {"at": "2026-11-27", "do": "close", "rate_per_minute": 3},
        {"at": "2026-11-27 25:00", "do": "rate", "rate_per_minute": -1},
        7,
        "gibberish",
    ], "Europe/Warschau")  # fmt: skip

    assert sorted(fault.where.removeprefix("rooms.toys.") for fault in found) == sorted([
        "timezone",
        *(f"schedule[1].{name}" for name in ("at", "do", "rat")),
        *(f"schedule[2].{name}" for name in ("at", "rate_per_minute")),
        *(f"schedule[3].{name}" for name in ("at", "rate_per_minute")),
        *(f"schedule[4].{name}" for name in ("at", "rate_per_minute")),
        "schedule[5]",
        "schedule[6]",
    ])  # fmt: skip
    assert all(fault.what and fault.remedy for fault in found)
    assert not any(isinstance(fault, Conflict) for fault in found)


@pytest.mark.parametrize("at", ["9999-12-31T23:59-12:00", "0001-01-01T00:00+14:00", "1999-12-31 23:59"])
def test_a_year_that_no_room_will_see_is_a_fault(at: str) -> None:
    """At the ends of the calendar the clocks of some places could not show it."""
    (fault,) = faults_of([{"at": at, "do": "open"}])

    assert "2000 to 2199" in fault.remedy


@pytest.mark.parametrize("schedule", [5, {"at": "2026-11-27 09:00"}, [["a"]], [None], "later", [{}] * 201])
def test_what_is_no_schedule_is_a_fault(schedule: object) -> None:
    """Whatever TOML and JSON can say; nothing is a crash."""
    assert faults_of(schedule)[0].where.startswith("rooms.toys.schedule")


@pytest.mark.parametrize(
    ("schedule", "where", "words"),
    [
        (["2026-11-27 09:00 open", "2026-11-27 09:00 drain"], "[2].at", "one time"),
        (["2026-11-27 09:00 open", "2026-11-27 09:00 rate 5"], "[2].at", "into the opening"),
        (["2026-11-27 09:00 open", "2026-11-27T08:00Z close"], "[2].at", "one time"),
        (["2026-11-27 09:00 open", "2026-11-26 20:00 close"], "[2].at", "an end comes after the opening"),
        (["2026-11-27 09:00 rate 5", "2026-11-26 20:00 rate 6"], "[2].at", "the order of their times"),
        (["2026-11-27 09:00 open", "2026-11-27 09:30 prequeue"], "[2].do", "a prequeue comes before its opening"),
        (["2026-11-27 08:30 prequeue", "2026-11-27 08:45 close"], "[2].do", "the end comes before the opening"),
        (["2026-11-27 20:00 close", "2026-11-27 21:00 drain"], "[2].do", "a closed room lets nobody join"),
        (["2026-11-27 20:00 close", "2026-11-27 20:10 rate 5", "2026-11-27 21:00 pause"], "[3].do", "closed room"),
    ],
)
def test_entries_that_contradict_one_another_are_a_conflict(schedule: list[str], where: str, words: str) -> None:
    """With the place of the later one, and what to do."""
    (fault,) = faults_of(schedule)

    assert isinstance(fault, Conflict)
    assert fault.where == f"rooms.toys.schedule{where}"
    assert words in str(fault)


def test_a_whole_sale_is_no_conflict() -> None:
    """Prequeue, opening with a gentle rate, a break, an end."""
    assert [step.do for step in planned(SALE)] == ["prequeue", "open", "rate", "pause", "open", "drain", "close"]


@pytest.mark.parametrize(("written", "meant"), [("europe/warsaw", "Europe/Warsaw"), ("Europe/Varsaw", "Europe/Warsaw")])
def test_a_slip_in_the_time_zone_is_recognised(written: str, meant: str) -> None:
    """Near misses are told what was meant."""
    assert faults_of([], written)[0].remedy == f"did you mean {meant}?"


@pytest.mark.parametrize("timezone", ["", "CEST-ish", "/etc/passwd", "../UTC", "Europe", "a\0b"])
def test_what_is_no_time_zone_is_a_fault(timezone: str) -> None:
    """Paths and folders neither; a zone is a name."""
    assert [fault.where for fault in faults_of([], timezone)] == ["rooms.toys.timezone"]


def test_a_text_with_semicolons_is_a_schedule() -> None:
    """As the command line has it; nothing is an empty one."""
    assert [step.do for step in planned("2026-11-27 09:00 open 300; 2026-11-27 20:00 close")] == ["open", "close"]
    assert planned("") == ()


def test_what_is_planned_is_written_as_it_is_read() -> None:
    """With its rates where there are any, and with its seconds."""
    schedule = [*SALE, {"at": "2026-11-27 21:00:30", "do": "close"}]

    assert Policy.parse({"schedule": schedule, "timezone": WARSAW}).as_dict()["schedule"] == schedule


def test_as_many_entries_as_may_be_are_taken() -> None:
    """Half a year of a daily opening and closing; one more is refused."""
    entries = [f"2026-11-27 {minute // 60:02}:{minute % 60:02} rate 5" for minute in range(MAX_ENTRIES + 1)]

    assert len(planned(entries[:-1])) == MAX_ENTRIES
    assert faults_of(entries)[0].remedy == f"write {MAX_ENTRIES} at most"


@pytest.mark.parametrize(
    ("ms", "timezone", "shown"),
    [
        (0, WARSAW, "2026-11-27 09:00+01:00"),
        (1000, WARSAW, "2026-11-27 09:00:01+01:00"),
        (500, "UTC", "2026-11-27 08:00:00+00:00"),
        (0, "Europe/Nowhere", "2026-11-27 08:00+00:00"),
    ],
)
def test_an_instant_is_shown_by_the_clocks_of_its_place(ms: int, timezone: str, shown: str) -> None:
    """With seconds only where there are some; in an unknown place by UTC."""
    assert calendar.local_text(utc("2026-11-27 08:00") + ms, timezone) == shown


def test_instants_are_whole_ms() -> None:
    """As everything inside."""
    assert type(planned(SALE)[0].at_ms) is int


def test_equal_schedules_are_equal_texts() -> None:
    """However their times were written."""
    one = Policy.parse({"schedule": ["2026-11-27T09:00:00 open"]})
    two = Policy.parse({"schedule": [{"do": "open", "at": "2026-11-27 09:00"}]})

    assert one.to_json() == two.to_json()
    assert Policy.parse(one.as_dict()) == one
