"""
A journal that is played again: what each act may do, at its moment.
"""

from dataclasses import replace

import pytest

from tests.core.clerk import START_MS, Clerk, busy_day
from tests.core.test_proof import DAY, event, forged
from waiting_room.core.audit import Act, Broken, Record
from waiting_room.core.phase import Phase
from waiting_room.core.proof import verify
from waiting_room.core.replay import Pace, Stretch


def pace(rate: int = 600) -> Pace:
    """
    Return the pace of a room with *rate* admissions a minute.
    """
    made = Pace()
    made.set_rate(rate, START_MS)
    return made


def told(lines: list[str]) -> list[str]:
    """
    Return the flaws of a log as they are shown.
    """
    return [str(flaw) for flaw in verify(lines).flaws]


def written(clerk: Clerk, inside: int, **frontier: int) -> list[str]:
    """
    Return the log of *clerk* with a last record that states so many inside, and these frontiers.
    """
    clerk.held = ["seat"] * inside
    clerk.write()
    record = Record.parse(clerk.lines[-1])
    return [*clerk.lines[:-1], replace(record, frontier=frontier or record.frontier).text]


def test_what_the_last_rate_earned_is_kept_when_it_changes() -> None:
    """A second at ten a second: one of those that came in by then goes in after the rate has become nothing."""
    door = pace()
    door.admit(2, START_MS)
    door.set_rate(0, START_MS + 1000)

    assert door.admit(1, START_MS + 1000) is None
    assert door.admit(1, START_MS + 60_000) == "2 went in within 59 s, and 1 were allowed"


def test_many_in_one_instant_earn_nothing_between_them() -> None:
    """A thousand a second: a burst of 250, one by one or together."""
    door = pace(60_000)

    assert [door.admit(1, START_MS) for _ in range(250)] == [None] * 250
    assert door.admit(1, START_MS) == "251 went in within 0 s, and 250 were allowed"


def test_a_window_begins_when_the_bucket_is_just_full_again() -> None:
    """Two were taken from it 200 ms ago, and two have dropped in since."""
    door = pace()
    door.admit(2, START_MS)

    assert door.admit(3, START_MS + 200) == "3 went in within 0 s, and 2 were allowed"


def test_the_window_that_held_too_many_is_named() -> None:
    """From the moment when the bucket was full."""
    door = pace()
    door.admit(2, START_MS)

    assert door.admit(2, START_MS + 100) == "4 went in within 0.1 s, and 3 were allowed"


def test_after_one_too_many_the_next_one_may_come_in_its_time() -> None:
    """The flaw is told once; half an admission was left over, and the other half drops in within 50 ms."""
    door = pace()
    assert door.admit(3, START_MS) is not None

    assert door.admit(1, START_MS + 50) is None
    assert door.admit(1, START_MS + 149) == "4 went in within 0.149 s, and 3 were allowed"


def test_a_window_is_open_at_its_beginning() -> None:
    """Two a second apart are in no window of a second together."""
    door = pace()
    door.admit(1, START_MS)
    door.admit(1, START_MS + 1000)

    assert door.most == [1, 2, 2]
    door.admit(1, START_MS + 1999)
    assert door.most == [2, 3, 3]


def test_where_nobody_goes_in_no_window_holds_anybody() -> None:
    """Neither seats nor admissions."""
    clerk = Clerk()
    clerk.write()
    verdict = verify(clerk.lines)

    assert (verdict.proven, verdict.most_seats, verdict.most) == (True, 0, {1: 0, 10: 0, 60: 0})


def test_before_limits_are_told_there_is_no_seat_and_no_rate() -> None:
    """A journal that leaves them out is flawed, and raises nothing."""
    clerk = Clerk(capacity=0, rate=0)
    del clerk.journal[1]
    for rank in (1, 2):
        clerk.note(Act.STRAIGHT, f"standard.{rank}")
        clerk.pass_time(60_000)

    assert told(written(clerk, 2, standard=3)) == [
        "record 1: standard.1 was the 1th inside, with 0 seats",
        "record 1: standard.2 was the 2th inside, with 0 seats",
        "record 1: 2 went in within 60 s, and 1 were allowed",
    ]


def test_before_a_phase_is_told_the_room_is_closed() -> None:
    """A journal that leaves it out lets nobody in."""
    clerk = Clerk()
    del clerk.journal[2]
    clerk.phase = Phase.CLOSED
    clerk.note(Act.STRAIGHT, "standard.1")

    assert told(written(clerk, 1, standard=2)) == ["record 1: 1 were let in while the room was closed"]


def crowd(clerk: Clerk) -> None:
    """
    Let twenty newcomers straight in at once, the last numbers first.
    """
    for rank in range(20, 0, -1):
        clerk.note(Act.STRAIGHT, f"standard.{rank}")


def test_a_room_that_lets_everybody_pass_has_no_bound_and_it_is_said() -> None:
    """A bucket of no depth: neither rate nor seats nor order, and a note with all who went in so."""
    clerk = Clerk()
    clerk.note(Act.LIMITS, 5, 600, 0)
    crowd(clerk)
    verdict = verify(written(clerk, 20, standard=21))

    assert verdict.flaws == ()
    assert verdict.stretches == (Stretch(0, 1, 1, 20),)
    assert verdict.notes == ("records 1 to 1: neither rate, capacity nor order was kept (shadow); 20 were let in",)


def test_stretches_of_another_bound_are_told_apart() -> None:
    """Each from its limits to the next ones of another depth, with its own admissions."""
    clerk = Clerk(capacity=50)
    clerk.note(Act.STRAIGHT, "standard.1")
    clerk.note(Act.LIMITS, 50, 600, 10_000)
    clerk.pass_time(1000)
    clerk.note(Act.STRAIGHT, "standard.2", "standard.3")
    clerk.held, clerk.frontier = ["seat"] * 3, 4
    clerk.write()
    clerk.note(Act.LIMITS, 50, 600, 10_000)
    clerk.note(Act.LIMITS, 50, 600, 0)
    clerk.note(Act.STRAIGHT, "standard.4")
    clerk.note(Act.LIMITS, 50, 600)
    clerk.pass_time(1000)
    clerk.note(Act.STRAIGHT, "standard.5")
    clerk.held, clerk.frontier = ["seat"] * 5, 6
    clerk.write()
    verdict = verify(clerk.lines)

    assert verdict.flaws == ()
    assert verdict.stretches == (Stretch(10_000, 1, 2, 2), Stretch(0, 2, 2, 1))
    assert verdict.notes[0] == ("records 1 to 2: 10 s' worth of the rate could go in at once (standby); 2 were let in")


@pytest.mark.parametrize("depth", ["999999999", "1000", "-1", "0,0"])
def test_a_depth_that_no_room_has_is_a_flaw(depth: str) -> None:
    """And what follows is held to a tick's burst, lest a forger choose the bound."""
    clerk = Clerk(capacity=50)
    clerk.note(Act.LIMITS, 50, 600, depth)
    crowd(clerk)
    verdict = verify(written(clerk, 20, standard=21))

    assert (verdict.flaws[0].kind, verdict.stretches) == (Broken.UNREADABLE, ())
    assert "it holds limits that no room has, and is held to a tick's burst: limits:" in str(verdict.flaws[0])
    assert Broken.RATE in {flaw.kind for flaw in verdict.flaws}


def test_the_bounds_come_back_when_it_queues_again() -> None:
    """With its next limits."""
    clerk = Clerk()
    clerk.note(Act.LIMITS, 5, 600, 0)
    clerk.note(Act.LIMITS, 5, 600)
    crowd(clerk)

    kinds = {flaw.kind for flaw in verify(written(clerk, 20, standard=21)).flaws}
    assert kinds == {Broken.RATE, Broken.CAPACITY, Broken.OVERTAKEN}


def test_a_room_may_have_a_deeper_bucket() -> None:
    """Ten seconds' admissions at once, and not one more."""
    for count in (100, 101):
        clerk = Clerk(capacity=200)
        clerk.note(Act.LIMITS, 200, 600, 10_000)
        clerk.note(Act.CALLED, "standard", 1, 200, 20)
        clerk.note(Act.CLAIMED, *(f"standard.{rank}" for rank in range(1, count + 1)))
        flaws = told(written(clerk, count, standard=200))

        assert flaws == (["record 1: 101 went in within 0 s, and 100 were allowed"] if count > 100 else [])


def test_the_first_of_a_lane_that_was_never_called_went_in_too_early() -> None:
    """Nobody is called before the frontier has moved."""
    lines = forged((event(Act.CLAIMED, "loyal.1"),))

    assert "record 5: loyal.1 was let in before its call: the frontier stood at 1" in told(lines)


def test_the_first_who_goes_straight_in_is_the_first() -> None:
    """The second one would overtake."""
    said = "record 5: loyal.{} went straight in past those from 1 on, not called yet"

    assert said.format(2) in told(forged((event(Act.STRAIGHT, "loyal.2"),)))
    assert said.format(1) not in told(forged((event(Act.STRAIGHT, "loyal.1"),)))


def test_who_stands_at_the_frontier_is_not_called() -> None:
    """All ranks below it are."""
    frontier = Record.parse(DAY.lines[3]).frontier["standard"]
    lines = forged((event(Act.CLAIMED, f"standard.{frontier}"),))

    assert f"record 5: standard.{frontier} was let in before its call: the frontier stood at {frontier}" in told(lines)


def test_a_frontier_that_stays_overtakes_nobody() -> None:
    """All who were next had gone."""
    clerk = Clerk()
    clerk.note(Act.CALLED, "standard", 1, 1, 0)

    assert told(written(clerk, 0)) == []


@pytest.mark.parametrize(("act", "flaws"), [(Act.CLAIMED, 0), (Act.STRAIGHT, 1)])
def test_a_draining_room_lets_in_those_who_wait_and_no_newcomers(act: Act, flaws: int) -> None:
    """Who was called comes in; who has just come does not."""
    clerk = Clerk()
    clerk.set_phase(Phase.DRAINING)
    clerk.note(Act.CALLED, "standard", 1, 2, 1)
    clerk.note(act, "standard.1")

    assert told(written(clerk, 1, standard=2)) == ["record 1: 1 were let in while the room was draining"] * flaws


@pytest.mark.parametrize(("passed_ms", "flaws"), [(2999, 1), (3000, 0)])
def test_after_a_loss_admissions_rest_for_three_seconds(passed_ms: int, flaws: int) -> None:
    """And go on in the millisecond after."""
    clerk = Clerk()
    clerk.note(Act.EPOCH, 2)
    clerk.pass_time(passed_ms)
    clerk.note(Act.STRAIGHT, "standard.1")

    assert told(written(clerk, 1, standard=2)) == ["record 1: 1 were let in while the room recovered"] * flaws


def test_a_log_that_begins_later_is_summed_up_from_there() -> None:
    """Admissions and ends of its first record too, each event by itself."""
    verdict = verify(DAY.lines[5:], [DAY.head])

    assert (verdict.admitted, verdict.ended) == (6, 6)


def test_a_log_that_begins_later_is_held_to_the_promises() -> None:
    """Its first record is taken as it stands, and no other."""
    lines = forged((event(Act.CLAIMED, "loyal.1", at=6),), at=6)[3:]

    assert "record 7: loyal.1 was let in before its call: the frontier stood at 1" in told(lines)


def test_who_was_let_in_before_is_known_in_a_log_that_begins_later() -> None:
    """Whom its first record names is not let in again."""
    clerk = busy_day()
    seat = clerk.held[-1]
    clerk.end(Act.RELEASED)
    clerk.pass_time(5000)
    clerk.note(Act.CLAIMED, seat)

    assert f"record 9: {seat} was let in a second time" in told(written(clerk, len(clerk.held) + 1)[7:])


def test_a_gap_is_one_flaw() -> None:
    """What led to the next record is not known, and it is taken as it stands."""
    assert told([*DAY.lines[:3], *DAY.lines[4:]]) == ["record 5: record 4 is missing before it"]
