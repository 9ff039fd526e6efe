"""
The admission log: one form, one chain.
"""

import json
import re
from hashlib import sha256

import pytest

from tests.core.clerk import START_MS, busy_day
from waiting_room.core.audit import ROOT, Act, Event, Head, Record, digest


def test_a_record_has_one_text() -> None:
    """Reading a line and writing it again gives the same bytes, in ASCII and without blanks."""
    for line in busy_day().lines:
        assert Record.parse(line).text == line
        assert line.isascii()
        assert " " not in line


def test_the_chain_can_be_followed_with_plain_tools() -> None:
    """Each line names the SHA-256 of the line before; the first one names 64 zeros."""
    lines = busy_day().lines
    hashes = [ROOT, *(sha256(line.encode()).hexdigest() for line in lines)]

    assert [json.loads(line)["previous"] for line in lines] == hashes[:-1]
    assert digest(lines[-1]) == hashes[-1]


LINE = busy_day().lines[0]
KIND = "not the right kind of value"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"room":"toys"}',
        busy_day().lines[0] + " ",
        busy_day().lines[0].replace('"lost":0', '"lost":false'),
        busy_day().lines[0].replace('"form":1', '"form":2'),
        busy_day().lines[0].replace('"phase":"open"', '"phase":"ajar"'),
        busy_day().lines[0].replace('"standard":', '"standard":0'),
        busy_day().lines[0].replace('"events":[', '"events":[7,'),
    ],
    ids=range(10),
)
def test_what_is_no_record_is_refused(line: str) -> None:
    """Whatever stands in a line, it is read or refused, with nothing in between."""
    with pytest.raises(ValueError, match=r".+"):
        Record.parse(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[" * 100_000, "it is no JSON of ours"),
        ('{"room":"toys"}', "it has not the fields of a record"),
        (LINE.replace('"lost":0', '"lost":false').replace('"form":1', '"form":"1"'), f"form, lost: {KIND}"),
        (LINE.replace('"standard":2', '"standard":"2"'), f"frontier: {KIND}"),
        (LINE.replace('{"standard":2}', "[2]"), f"frontier: {KIND}"),
        (LINE.replace('"form":1', '"form":2'), "it is of form 2, and this program knows form 1"),
        (LINE + " ", "it is not written in the one form of a record"),
    ],
)
def test_what_is_no_record_is_told_why(line: str, why: str) -> None:
    """An auditor reads it."""
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        Record.parse(line)


@pytest.mark.parametrize("at_ms", [-1, 0, 946_684_799_999, 7_258_118_400_000, 10**18, 10**400])
def test_a_time_that_no_clock_shows_is_refused(at_ms: int) -> None:
    """Of a record and of an event: no calendar could show it."""
    why = "^at_ms: no time between the years 2000 and 2200"
    with pytest.raises(ValueError, match=why):
        Record.parse(LINE.replace(f'"at_ms":{START_MS}', f'"at_ms":{at_ms}'))
    with pytest.raises(ValueError, match=why):
        Event.parse(f"created:{at_ms}:")


@pytest.mark.parametrize("at_ms", [946_684_800_000, 7_258_118_399_999])
def test_the_times_of_two_centuries_are_read(at_ms: int) -> None:
    """From 2000 to the last millisecond of 2199."""
    assert Record.parse(LINE.replace(f'"at_ms":{START_MS}', f'"at_ms":{at_ms}')).at_ms == at_ms
    assert Event.parse(f"created:{at_ms}:").at_ms == at_ms


def test_an_event_has_one_text() -> None:
    """With values and without."""
    for event in (Event(Act.CREATED, START_MS, ()), Event(Act.CLAIMED, START_MS, ("standard.1", "loyal.2"))):
        assert Event.parse(str(event)) == event


def test_a_head_is_read_as_it_is_written() -> None:
    """`SEQUENCE:HASH`, and nothing else."""
    head = busy_day().head

    assert Head.parse(f" {head}\n") == head
    for wrong in ("", "8", f"8:{'z' * 64}", f"x:{ROOT}", "8:abc"):
        with pytest.raises(ValueError, match=r".+"):
            Head.parse(wrong)


def test_a_head_is_read_as_it_is_published() -> None:
    """Blanks around it do not matter."""
    assert Head.parse(f" 12:{'a1' * 32}\n") == Head(12, "a1" * 32)
    assert str(Head(12, "a1" * 32)) == f"12:{'a1' * 32}"


@pytest.mark.parametrize("text", ["", "12", f"12:{'a' * 63}", f"12:{'A' * 64}", f"12:{'a' * 65}", f"12:{'g' * 64}"])
def test_what_is_no_head_is_told_how_to_write_one(text: str) -> None:
    """The hash has 64 digits, in lower case."""
    with pytest.raises(ValueError, match=r"is no head: write SEQUENCE:HASH, as in state\.json$"):
        Head.parse(text)
