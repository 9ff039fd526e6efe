"""
The proof afterwards: an honest log is proven, and every change of it is found.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.clerk import START_MS, Clerk, busy_day, rechained
from waiting_room.core.audit import ROOT, Act, Broken, Event, Head, Record, digest
from waiting_room.core.phase import Phase
from waiting_room.core.proof import Flaw, verify

DAY = busy_day()
DEEDS = st.one_of(
    st.tuples(st.just("pass_time"), st.sampled_from([1, 40, 250, 900, 5000])),
    st.tuples(st.just("join"), st.integers(1, 6)),
    st.tuples(st.just("call"), st.integers(1, 6)),
    st.tuples(st.just("claim"), st.integers(1, 30)),
    st.tuples(st.just("end"), st.sampled_from([Act.EXPIRED, Act.RELEASED, Act.LEFT, Act.REVOKED])),
    st.tuples(st.just("set_limits"), st.integers(0, 8), st.sampled_from([0, 60, 600, 60_000])),
    st.tuples(st.just("set_phase"), st.sampled_from(Phase)),
    st.tuples(st.just("write")),
)


def kinds(lines: list[str], *heads: Head) -> set[str]:
    """
    Return the kinds of the flaws that are found.
    """
    return {flaw.kind for flaw in verify(lines, heads).flaws}


def forged(events: tuple[str, ...] | None = None, at: int = 4, **changes: object) -> list[str]:
    """
    Return the day's log as a forger leaves it who puts *events* before those of a record, and mends all hashes.
    """
    records = [Record.parse(line) for line in DAY.lines]
    changed = records[at] if events is None else replace(records[at], events=(*events, *records[at].events))
    records[at] = replace(changed, **changes)  # type: ignore[arg-type]
    return rechained(records)


def event(act: Act, *values: object, at: int = 4) -> str:
    """
    Return an event of the time of a record.
    """
    return str(Event(act, Record.parse(DAY.lines[at]).at_ms, tuple(map(str, values))))


@settings(max_examples=100)
@given(st.lists(DEEDS, max_size=60))
def test_an_honest_history_is_proven(deeds: list[tuple[object, ...]]) -> None:
    """Whatever happens in a room that keeps its rules, its log is proven, from the first record or a later one."""
    clerk = Clerk()
    for name, *values in deeds:
        getattr(clerk, str(name))(*values)
    clerk.write()
    verdict = verify(clerk.lines, [clerk.head])

    assert verdict.flaws == ()
    assert verdict.head[:2] == clerk.head[:2]
    assert verify(clerk.lines[len(clerk.lines) // 2 :], [clerk.head]).flaws == ()


@settings(max_examples=200)
@given(st.data())
def test_every_single_change_is_found(data: st.DataObject) -> None:
    """A letter changed, a record removed, doubled, moved or put in: against the published head nothing stays hidden."""
    lines = list(DAY.lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["letter", "remove", "double", "swap", "insert", "cut"])):
        case "letter":
            place = data.draw(st.integers(0, len(lines[at]) - 1))
            letter = data.draw(st.sampled_from('0123456789abcdef,:".{}').filter(lambda x: x != lines[at][place]))
            lines[at] = lines[at][:place] + letter + lines[at][place + 1 :]
        case "remove":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "swap":
            other = data.draw(st.integers(0, len(lines) - 1).filter(lambda x: x != at))
            lines[at], lines[other] = lines[other], lines[at]
        case "insert":
            lines.insert(at, replace(Record.parse(lines[at]), events=()).text)
        case "cut":
            del lines[at:]
    verdict = verify(lines, [DAY.head])

    assert not verdict.proven or verdict.first > 1


def test_what_was_done_is_summed_up() -> None:
    """Records, admissions, ends, the most seats, and the most that went in within a window."""
    verdict = verify(DAY.lines, [DAY.head])

    assert (verdict.proven, verdict.records, verdict.first, verdict.last) == (True, 8, 1, 8)
    assert (verdict.admitted, verdict.ended, verdict.most_seats, verdict.room) == (13, 8, 5, "toys")
    assert verdict.most == {1: 8, 10: 13, 60: 13}


def test_the_verdict_tells_of_which_time_it_is() -> None:
    """From the first record to the last one."""
    verdict = verify(DAY.lines, [DAY.head])

    assert (verdict.from_ms, verdict.until_ms) == (START_MS, DAY.now_ms)
    assert verdict.head == Head(8, DAY.head.hash, DAY.now_ms)


def test_a_log_whose_beginning_follows_something_is_not_whole() -> None:
    """The first record of a room follows none."""
    flaws = verify(forged(at=0, previous="ab" * 32)).flaws

    assert [(flaw.line, flaw.sequence, flaw.kind) for flaw in flaws] == [(1, 1, Broken.CHANGED)]


def test_a_line_that_is_no_record_breaks_the_log_once() -> None:
    """What follows it by its hash is whole."""
    lines = list(DAY.lines)
    lines[2] = "rubbish"
    lines[3:] = rechained([replace(Record.parse(lines[3]), previous=digest("rubbish")), *map(Record.parse, lines[4:])])

    assert [(flaw.line, flaw.sequence, flaw.kind) for flaw in verify(lines).flaws] == [(3, 0, Broken.UNREADABLE)]


def test_a_missing_head_is_told() -> None:
    """A log that begins later is proven from there on, and says where."""
    verdict = verify(DAY.lines[3:], [DAY.head])

    assert verdict.proven
    assert verdict.first == 4
    assert verdict.notes == ("the log begins at record 4; what was before is not told",)


def test_a_log_is_held_against_the_head_before_its_beginning() -> None:
    """Who kept that head knows whether the log goes on from it."""
    before = Head(3, digest(DAY.lines[2]))

    assert kinds(DAY.lines[3:], before) == set()
    assert kinds(DAY.lines[3:], Head(3, ROOT)) == {Broken.CHANGED}


def test_a_missing_tail_is_found() -> None:
    """By the head that was published last."""
    verdict = verify(DAY.lines[:-2], [DAY.head])

    assert [flaw.kind for flaw in verdict.flaws] == [Broken.TAIL]
    assert verdict.flaws[0] == Flaw(0, 0, "tail", "the log ends at record 6, and record 8 was published")


def test_a_log_that_was_written_anew_is_found() -> None:
    """By any head that somebody kept, however well the forger mended the hashes."""
    lines = forged((event(Act.LIMITS, 5, 600),))

    assert kinds(lines) == set()
    assert kinds(lines, Head(6, digest(DAY.lines[5]))) == {Broken.HEAD}


def test_of_two_stories_one_is_found_false() -> None:
    """Who noted another head than the room states today, for the same record, is heard."""
    assert kinds(DAY.lines, Head(8, ROOT), DAY.head) == {Broken.HEAD}
    assert kinds(DAY.lines, DAY.head, Head(8, ROOT)) == {Broken.HEAD}


def test_a_head_that_says_nothing_about_the_log_is_named() -> None:
    """It was published before the log's beginning, and is neither confirmed nor denied."""
    verdict = verify(DAY.lines[4:], [Head(3, ROOT), Head(2, ROOT), DAY.head])

    assert verdict.proven
    assert verdict.notes[-1] == "heads from before its beginning were not compared: 2, 3"


def test_an_empty_log_proves_nothing() -> None:
    """Unless the room says itself that nothing was recorded."""
    assert kinds([]) == {Broken.TAIL}
    assert kinds([], Head()) == set()
    assert kinds([], DAY.head) == {Broken.TAIL}


def test_an_empty_log_has_neither_room_nor_time() -> None:
    """Nothing is made up for it, and its flaw is of no line."""
    verdict = verify([])

    assert (verdict.room, verdict.records, verdict.first, verdict.last) == ("", 0, 0, 0)
    assert (verdict.from_ms, verdict.until_ms, verdict.admitted) == (0, 0, 0)
    assert verdict.flaws == (Flaw(0, 0, "tail", "the log holds no record"),)


def test_no_rubbish_raises() -> None:
    """A file that is no log is told line by line, up to a limit."""
    assert kinds(["", "\x00", "{}", "null"]) == {Broken.UNREADABLE}
    verdict = verify(["rubbish"] * 5000)

    assert len(verdict.flaws) == 1000
    assert verdict.notes == ("only the first 1,000 flaws are named",)


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (Broken.OVERTAKEN, forged((event(Act.CLAIMED, "standard.99"),))),
        (Broken.OVERTAKEN, forged((event(Act.STRAIGHT, "standard.11"),))),
        (Broken.OVERTAKEN, forged((event(Act.CALLED, "standard", 9, 12, 3),))),
        (Broken.OVERTAKEN, forged((event(Act.CALLED, "standard", 8, 5, 3),))),
        (Broken.TWICE, forged((event(Act.RELEASED, "standard.3"), event(Act.CLAIMED, "standard.3")))),
        (Broken.RATE, forged((event(Act.CLAIMED, "loyal.1", "loyal.2", "loyal.3"),))),
        (Broken.CAPACITY, forged((event(Act.LIMITS, 3, 600),), capacity=3)),
        (Broken.REST, forged((event(Act.PHASE, "paused"),), phase="paused")),
        (Broken.REST, forged((event(Act.EPOCH, 2),))),
        (Broken.STATE, forged((event(Act.BACK, "standard.1"),))),
        (Broken.STATE, forged((event(Act.LEFT, "standard.77"),))),
        (Broken.STATE, forged((event(Act.CREATED),))),
        (Broken.STATE, forged(seats=1)),
        (Broken.STATE, forged(capacity=9)),
        (Broken.STATE, forged(rate_per_minute=900)),
        (Broken.STATE, forged(phase="paused")),
        (Broken.STATE, forged(frontier={"standard": 90})),
        (Broken.ORDER, forged(version=1)),
        (Broken.FOREIGN, forged(room="books")),
        (Broken.LOST, forged(lost=1)),
        (Broken.UNREADABLE, forged(("nonsense",))),
        (Broken.UNREADABLE, forged((event(Act.CLAIMED, "standard"),))),
        (Broken.UNREADABLE, forged((event(Act.LIMITS, 5),))),
    ],
    ids=lambda value: value.value if isinstance(value, Broken) else "",
)
def test_a_broken_promise_is_found_in_a_whole_chain(kind: Broken, lines: list[str]) -> None:
    """Each promise has its flaw, named with its record, though every hash fits."""
    found = [(flaw.kind, flaw.sequence) for flaw in verify(lines).flaws]

    assert (kind, 5) in found
    assert not {"changed", "missing", "head"} & {flaw for flaw, _ in found}


@pytest.mark.parametrize(("gap_ms", "allowed"), [(0, 2), (100, 3), (149, 3), (150, 4), (500, 7), (9990, 102)])
def test_the_bound_of_the_rate_is_exact(gap_ms: int, allowed: int) -> None:
    """Ten a second with a burst of two and a half: as many as the law allows within a window, and not one more."""

    def log(count: int) -> list[str]:
        clerk = Clerk(capacity=1000)
        clerk.note(Act.CALLED, "standard", 1, 500, 0)
        clerk.frontier = 500
        clerk.pass_time(10_000)
        first = min(count, 2)
        clerk.note(Act.CLAIMED, *(f"standard.{rank}" for rank in range(1, first + 1)))
        clerk.pass_time(gap_ms)
        # What the bucket cannot hold must come as it drops in: one at each tenth of a second, the rest at the end.
        rest = [f"standard.{rank}" for rank in range(first + 1, count + 1)]
        for number, seat in enumerate(rest):
            at_ms = clerk.now_ms - gap_ms + min(gap_ms, 100 * (number + 1) - 50)
            clerk.journal.append(str(Event(Act.CLAIMED, at_ms, (seat,))))
        clerk.held = ["seat"] * count
        clerk.write()
        return clerk.lines

    assert kinds(log(allowed)) == set()
    assert kinds(log(allowed + 1)) == {Broken.RATE}


def test_a_lower_capacity_evicts_nobody() -> None:
    """Who is inside stays, and the log is proven; who goes in then breaks the promise."""
    clerk = Clerk(capacity=3)
    clerk.join(1)
    clerk.pass_time(1000)
    clerk.join(1)
    clerk.set_limits(1, 600)
    clerk.write()

    assert kinds(clerk.lines, clerk.head) == set()


def test_a_log_that_begins_with_a_loss_says_so() -> None:
    """Its first record is taken as it stands, what it names of the loss is told, and a broken one raises nothing."""
    clerk = busy_day()
    clerk.note(Act.EPOCH, 2)
    clerk.note(Act.REMEMBERED, 7, ROOT)
    clerk.write()
    verdict = verify(clerk.lines[8:], [clerk.head])
    assert verdict.proven
    assert [note.partition(":")[0] for note in verdict.notes] == [
        "the log begins at record 9; what was before is not told",
        "record 9",
        "record 9",
    ]

    clerk.note(Act.EPOCH, "two")
    clerk.write()
    assert kinds(clerk.lines[9:]) == {Broken.UNREADABLE}


def test_a_room_that_is_older_than_its_log_is_taken_as_it_stands() -> None:
    """And the verdict says that the first record proves nothing."""
    clerk = Clerk()
    clerk.journal.clear()
    clerk.held, clerk.frontier = ["standard.1"], 9
    clerk.write()
    clerk.end(Act.EXPIRED)
    clerk.write()
    verdict = verify(clerk.lines, [clerk.head])

    assert verdict.proven
    assert verdict.notes == ("record 1: it does not begin with the making of the room, and is taken as it stands",)


def test_a_loss_is_noted_and_seats_may_come_back() -> None:
    """After a new epoch passes put seats back for as long as admissions rest, and later no more."""
    clerk = Clerk()
    clerk.note(Act.EPOCH, 2)
    clerk.note(Act.REMEMBERED, 7, ROOT)
    clerk.pass_time(2999)
    clerk.note(Act.BACK, "standard.9")
    clerk.held, clerk.frontier = ["standard.9"], 10
    clerk.write()
    assert kinds(clerk.lines) == set()
    assert verify(clerk.lines).notes == (
        "record 1: epoch 2 began, for the store may have lost something",
        f"record 1: a worker remembered the head 7:{ROOT}",
    )

    clerk.pass_time(1)
    clerk.note(Act.BACK, "standard.11")
    clerk.held, clerk.frontier = ["standard.9", "standard.11"], 12
    clerk.write()
    assert kinds(clerk.lines) == {Broken.STATE}


def test_a_clock_that_is_set_back_gives_no_admission_twice() -> None:
    """It is noted, and the pace goes on by the later time."""
    clerk = Clerk(capacity=100)
    clerk.note(Act.CALLED, "standard", 1, 50, 0)
    clerk.frontier = 50
    clerk.note(Act.CLAIMED, "standard.1", "standard.2")
    clerk.now_ms = START_MS - 60_000
    clerk.note(Act.CLAIMED, "standard.3")
    clerk.held = ["a", "b", "c"]
    clerk.write()
    verdict = verify(clerk.lines)

    assert {flaw.kind for flaw in verdict.flaws} == {Broken.RATE}
    assert verdict.notes == ("record 1: the clock was set back by 60000 ms",)


def test_a_flaw_names_its_record_or_its_line() -> None:
    """Where neither is known, what it is must do."""
    assert [str(Flaw(line, sequence, "order", "stands twice")) for line, sequence in ((4, 9), (4, 0), (0, 0))] == [
        "record 9: stands twice", "line 4: stands twice", "stands twice",
    ]  # fmt: skip
