"""
How long a break lasts, as operators say it.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core import breaks, calendar
from waiting_room.errors import Conflict, Fault, PolicyError

WARSAW = "Europe/Warsaw"
MINUTE = 60_000


def utc(text: str) -> int:
    """
    Return the ms of a time in UTC.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


NOON = utc("2026-11-27 11:00")
"""Noon in Warsaw."""


def faults_of(values: dict[str, Any], now_ms: int = NOON) -> tuple[Fault, ...]:
    """
    Return all faults of a break.
    """
    with pytest.raises(PolicyError) as caught:
        breaks.read_break(values, WARSAW, now_ms)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("1h", 3600), ("1h30m", 5400), ("90s", 90), ("1H 5M", 3900), ("2h0m1s", 7201)]
)
def test_a_span_is_written_with_its_units(text: str, seconds: int) -> None:
    """Hours, minutes, seconds, in this order."""
    assert breaks.span_ms(text, "for") == seconds * 1000
    assert breaks.read_break({"for": text}, WARSAW, NOON) == (NOON + seconds * 1000, "")


@pytest.mark.parametrize("text", ["", "15", "0m", "m", "15m30", "1d", "-5m", "1h1h", "200h", "ten"])
def test_what_is_no_span_is_a_fault(text: str) -> None:
    """A bare number could be minutes or seconds, so it is neither."""
    assert [fault.where for fault in faults_of({"for": text})] == ["for"]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("12:15", "2026-11-27 11:15"),
        ("9:00", "2026-11-28 08:00"),
        ("12:00", "2026-11-28 11:00"),
        ("2026-11-27 14:00", "2026-11-27 13:00"),
        ("2026-11-27T14:00Z", "2026-11-27 14:00"),
    ],
)
def test_a_time_is_the_next_one_of_the_rooms_place(text: str, when: str) -> None:
    """A time that has passed today is tomorrow's."""
    assert breaks.resume_ms(text, WARSAW, NOON, "resume_at") == utc(when)


def test_a_time_that_comes_twice_is_refused_with_what_to_write() -> None:
    """In the night of the change an operator is asked which of the two is meant."""
    (fault,) = faults_of({"resume_at": "02:30"}, utc("2026-10-24 23:30"))

    assert isinstance(fault, Conflict)
    assert fault.where == "resume_at"
    assert "2026-10-25T02:30+01:00" in fault.remedy


@pytest.mark.parametrize(
    ("text", "now", "when"),
    [
        ("02:15", "2026-10-25 00:45", "2026-10-25 01:15"),
        ("02:30", "2026-10-25 01:15", "2026-10-25 01:30"),
        ("02:15", "2026-10-25 01:15", "2026-10-26 01:15"),
        ("02:30", "2026-03-29 01:10", "2026-03-30 00:30"),
    ],
)
def test_of_a_time_that_comes_twice_the_one_to_come_is_meant(text: str, now: str, when: str) -> None:
    """In the repeated hour itself nobody waits for a day, and none is refused for what has passed."""
    assert breaks.resume_ms(text, WARSAW, utc(now), "resume_at") == utc(when)


def test_a_time_that_the_clocks_will_skip_is_refused() -> None:
    """Tomorrow's would be a day too late."""
    assert [type(fault) for fault in faults_of({"resume_at": "02:30"}, utc("2026-03-29 00:30"))] == [Conflict]


def test_words_that_cannot_be_sent_are_a_fault() -> None:
    """Half a character, as JSON can name it: the pause would end in an error, and nobody would be held."""
    (fault,) = faults_of({"message": "\udc00"})

    assert (fault.where, "half a character" in fault.what) == ("message", True)


@pytest.mark.parametrize("text", ["2026-11-27 11:00", "2020-01-01 09:00", "2027-11-27 09:00", "25:00", "soon", "12"])
def test_what_is_no_time_to_come_is_a_fault(text: str) -> None:
    """Past, more than a week away, or no time at all; each with a remedy."""
    assert [(fault.where, bool(fault.remedy)) for fault in faults_of({"resume_at": text})] == [("resume_at", True)]


def test_all_faults_come_at_once() -> None:
    """And none of them is a crash."""
    found = faults_of({"resume_at": 5, "for_s": -1, "for": [], "message": 7, "until": "x"})

    assert sorted(fault.where for fault in found) == ["for", "for", "for_s", "message", "resume_at", "until"]


def test_a_break_without_an_end_has_none() -> None:
    """The words alone are a break as well: somebody must resume it."""
    assert breaks.read_break({"message": "Back soon"}, WARSAW, NOON) == (0, "Back soon")
    assert breaks.read_break({"for_s": 1.5}, WARSAW, NOON) == (NOON + 1500, "")


@given(st.integers(0, 23), st.integers(0, 59), st.integers(utc("2026-01-01 00:00"), utc("2028-01-01 00:00")))
def test_the_next_time_is_to_come_and_shows_what_was_asked_for(hour: int, minute: int, now_ms: int) -> None:
    """Within 25 hours, and on the clock as written; refused only in the hour that the clocks skip or repeat."""
    text = f"{hour:02}:{minute:02}"
    try:
        at_ms = breaks.resume_ms(text, WARSAW, now_ms, "resume_at")
    except PolicyError:
        assert hour == 2
        return

    assert now_ms < at_ms <= now_ms + 25 * 60 * MINUTE
    assert calendar.local_text(at_ms, WARSAW)[11:16] == text


def test_instants_are_told_in_utc() -> None:
    """To the second, with the letter that stands for the offset."""
    assert breaks.utc_text(NOON) == "2026-11-27T11:00:00Z"
    assert breaks.utc_text(NOON + 1999) == "2026-11-27T11:00:01Z"


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1h", 3_600_000), ("2m", 120_000), ("3s", 3000), ("1h2m3s", 3_723_000), (" 1H 30M ", 5_400_000), ("1s", 1000)],
)
def test_each_unit_of_a_span_is_its_own(text: str, ms: int) -> None:
    """Hours, minutes and seconds, in any letters."""
    assert breaks.span_ms(text, "for") == ms


@pytest.mark.parametrize("text", ["", "0s", "5", "m", "1m1h", "1d", "-1s", "605000s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """Nothing, no unit, the wrong order, or longer than a week."""
    with pytest.raises(PolicyError):
        breaks.span_ms(text, "for")
