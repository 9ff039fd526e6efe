"""
What people read when what they asked for is refused: breaks, pre-queues, draws and reports, word for word.
"""

from typing import Any

import pytest

from tests.core.test_texts_of_faults import WARSAW, refused, texts
from waiting_room.core.breaks import read_break, resume_ms
from waiting_room.core.draw import Draw, beacon_faults, commitment, faults_of, seed_faults, verify
from waiting_room.core.health import BOUNDS_MS, read_health
from waiting_room.core.opening import read_beacon, read_prequeue
from waiting_room.core.prequeue import Promise, opening_faults, source_faults

FRIDAY_MS = 1_795_770_000_000  # 2026-11-27 09:00 UTC
GOOD = Draw(seed="5" * 64, commitment=commitment("5" * 64), beacon="", lane="standard", first=1, size=9)


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
    assert len(opening_faults(None, "a b")) == 2


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
            {"resume_at": "2026-11-27 10:00"},
            ["resume_at: 2026-11-27 10:00 has passed; write a time to come, or how long the break lasts"],
        ),
        (
            {"resume_at": "2026-10-25 02:30"},
            [
                (
                    "resume_at: 2026-10-25 02:30 comes twice in Europe/Warsaw: the clocks go back; write the offset: "
                    "2026-10-25T02:30+02:00 for the first, 2026-10-25T02:30+01:00 for the second"
                )
            ],
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
