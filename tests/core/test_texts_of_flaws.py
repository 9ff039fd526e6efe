"""
What an auditor reads of a log that was tampered with: word for word, record by record.

Each log is that of an honest day, with one thing changed; the hashes are mended where a forger would have mended them.
"""

from dataclasses import replace

import pytest

from tests.core.clerk import START_MS
from tests.core.test_proof import DAY, event, forged
from waiting_room.core.audit import ROOT, Act, Head, Record
from waiting_room.core.proof import verify

LINES = list(DAY.lines)
LATER = replace(Record.parse(LINES[4]), at_ms=START_MS + 7).text
SIXTH = "record 5: {seat} was the 6th inside, with 5 seats"
SEATS = "record 5: it states seats 5, and its events lead to 6"
TOO_MANY = "record 5: 3 went in within 0 s, and 2 were allowed"


def read(lines: list[str], *heads: Head) -> tuple[list[str], list[str]]:
    """
    Return flaws and notes as they are shown.
    """
    verdict = verify(lines, heads)
    return [str(flaw) for flaw in verdict.flaws], list(verdict.notes)


@pytest.mark.parametrize(
    ("lines", "flaws"),
    [
        (
            [*LINES[:2], "x", *LINES[3:]],
            [
                "line 3: this is no record: Expecting value: line 1 column 1 (char 0)",
                "record 4: it does not follow record 3 as that stands here: one of the two was changed",
            ],
        ),
        ([*LINES[:3], *LINES[4:]], ["record 5: record 4 is missing before it"]),
        ([*LINES[:3], *LINES[5:]], ["record 6: records 4 to 5 are missing before it"]),
        (
            [*LINES[:4], *LINES[3:]],
            [
                "record 4: it stands where record 5 should",
                "record 4: it is of version 4 in epoch 1, not later than the one before",
            ],
        ),
        (
            [*LINES[:4], LATER, *LINES[5:]],
            ["record 6: it does not follow record 5 as that stands here: one of the two was changed"],
        ),
        (
            forged(room="dolls"),
            ["record 5: it is of the room 'dolls'", "record 6: it is of the room 'toys'"],
        ),
        (forged(version=1), ["record 5: it is of version 1 in epoch 1, not later than the one before"]),
        (forged(lost=3), ["record 5: 3 events were lost before it: nobody wrote them down in time"]),
        (forged(capacity=6), ["record 5: it states capacity 6, and its events lead to 5"]),
        (forged(rate_per_minute=60), ["record 5: it states rate_per_minute 60, and its events lead to 600"]),
    ],
)
def test_broken_chains(lines: list[str], flaws: list[str]) -> None:
    """What stands where, and what should."""
    told, _ = read(lines)

    assert told[: len(flaws)] == flaws


@pytest.mark.parametrize(
    ("events", "flaws"),
    [
        (
            (event(Act.CLAIMED, "standard.99"),),
            [
                "record 5: standard.99 was let in before its call: the frontier stood at 8",
                SIXTH.format(seat="standard.99"),
                SIXTH.format(seat="standard.9"),
                TOO_MANY,
                SEATS,
            ],
        ),
        (
            (event(Act.STRAIGHT, "standard.50"),),
            [
                "record 5: standard.50 went straight in past those from 8 on, not called yet",
                SIXTH.format(seat="standard.50"),
                "record 5: the frontier of standard went from 8 to 10, and it stood at 51",
                SIXTH.format(seat="standard.9"),
                TOO_MANY,
                SEATS,
            ],
        ),
        ((event(Act.CLAIMED, "standard.1"),), ["record 5: standard.1 was let in a second time", TOO_MANY]),
        (
            (event(Act.CALLED, "standard", 1, 3, 2),),
            [
                "record 5: the frontier of standard went from 1 to 3, and it stood at 8",
                "record 5: the frontier of standard went from 8 to 10, and it stood at 3",
            ],
        ),
        (
            (event(Act.LIMITS, 1, 60),),
            [
                "record 5: standard.8 was the 4th inside, with 1 seats",
                "record 5: standard.9 was the 5th inside, with 1 seats",
                "record 5: 2 went in within 0 s, and 1 were allowed",
                "record 5: it states capacity 5, and its events lead to 1",
                "record 5: it states rate_per_minute 600, and its events lead to 60",
            ],
        ),
        (
            (event(Act.PHASE, "closed"),),
            [
                "record 5: 1 were let in while the room was closed",
                "record 5: 1 were let in while the room was closed",
                "record 5: it states phase open, and its events lead to closed",
            ],
        ),
        (
            (event(Act.BACK, "standard.3"),),
            ["record 5: 1 seats were put back, and nothing had been lost"],
        ),
        ((event(Act.EXPIRED, "standard.77"),), ["record 5: standard.77 ended, and nobody held it"]),
        ((event(Act.CREATED),), ["record 5: the room was made a second time"]),
        (
            (event(Act.LIMITS, 1, "x"),),
            [f"record 5: it holds an event that is none: {event(Act.LIMITS, 1, 'x')}"],
        ),
        ((event(Act.REMEMBERED, 4, ROOT),), []),
        ((event(Act.LIMITS, 5, 600, at=2),), []),
    ],
)
def test_promises_that_were_not_kept(events: tuple[str, ...], flaws: list[str]) -> None:
    """Who was let in, and what forbade it."""
    assert read(forged(events))[0] == flaws


def test_an_event_that_nobody_can_read() -> None:
    """The record is left out, and what follows from it is found as well."""
    assert read(forged(("nonsense",)))[0][:2] == [
        "record 5: it holds an event that is none",
        "record 6: the frontier of standard went from 10 to 12, and it stood at 8",
    ]


def test_while_a_room_recovers_nobody_goes_in() -> None:
    """All that were let in after the loss, but for those who had a pass and were put back."""
    flaws, notes = read(forged((event(Act.EPOCH, 2), event(Act.BACK, "standard.3"))))

    assert flaws == [f"record {at}: 1 were let in while the room recovered" for at in (5, 5, 6, 6, 7, 7, 8, 8)]
    assert notes == ["record 5: epoch 2 began, for the store may have lost something"]


def test_what_is_no_flaw_and_yet_worth_knowing() -> None:
    """A clock that was set back, and what a worker remembered."""
    assert read(forged((event(Act.LIMITS, 5, 600, at=2),))) == ([], ["record 5: the clock was set back by 250 ms"])
    assert read(forged((event(Act.REMEMBERED, 4, "ab" * 32),))) == (
        [],
        [f"record 5: a worker remembered the head 4:{'ab' * 32}"],
    )


@pytest.mark.parametrize(
    ("lines", "heads", "flaws", "notes"),
    [
        ([], [], ["the log holds no record"], ["nothing was recorded yet"]),
        ([], [Head(0, ROOT)], [], ["nothing was recorded yet"]),
        (LINES, [Head(4, ROOT)], ["record 4: this is not the record whose hash was published"], []),
        (
            LINES[4:],
            [Head(2, ROOT), Head(1, ROOT)],
            [],
            [
                "the log begins at record 5; what was before is not told",
                "heads from before its beginning were not compared: 1, 2",
            ],
        ),
        (
            LINES[3:],
            [Head(3, ROOT)],
            ["record 4: it does not follow what was before the log's beginning"],
            ["the log begins at record 4; what was before is not told"],
        ),
        (LINES[:6], [DAY.head], ["the log ends at record 6, and record 8 was published"], []),
    ],
)
def test_heads_that_were_published(lines: list[str], heads: list[Head], flaws: list[str], notes: list[str]) -> None:
    """Confirmed, denied, or of no use."""
    assert read(lines, *heads) == (flaws, notes)
