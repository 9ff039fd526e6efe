"""
Each kind that means no good gains nothing where shop and room are sound, and is caught where they are not.
"""

import pytest

from loadtests.crowd.kinds import KINDS
from loadtests.journeys.hostile.bot import PLACES, POLLED
from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.journeys.hostile.replayer import LATE_FORM
from loadtests.journeys.hostile.sharer import SHARED
from loadtests.journeys.hostile.slowloris import HELD, LINES, ROOM, SHOP
from loadtests.journeys.hostile.storm import RELOADS_PER_S
from loadtests.measuring.measures import Outcome
from tests.loadtests.hostile.town import Town, play

ALONE = sorted(set(HOSTILE) - {"bot"})
"""Whom a room turns away by itself; a bot is so many visitors to it."""


def test_every_kind_that_is_said_to_mean_no_good_walks() -> None:
    """
    The closed set of kinds and the walks agree.
    """
    assert set(HOSTILE) == {name for name, kind in KINDS.items() if not kind.honest}


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize("kind", ALONE)
def test_a_sound_shop_gives_nothing_away(kind: str, leaves: bool) -> None:
    """
    All is tried, and nothing is got.
    """
    told = play(Town(), kind, leaves=leaves)

    assert told.measures.gains == {}
    assert told.outcome is Outcome.TURNED_AWAY
    assert told.record.tried > 0


@pytest.mark.parametrize("kind", ALONE)
def test_straight_in_is_no_gain(kind: str) -> None:
    """
    Where nobody waits everybody goes in by their own right, whatever else they send.
    """
    told = play(Town(idle=True), kind)

    assert (told.measures.gains, told.outcome) == ({}, Outcome.TURNED_AWAY)


@pytest.mark.parametrize(
    ("hole", "kind", "gain"),
    [
        ("open checkout", "jumper", "page"),
        ("open checkout", "forger", "page"),
        ("open checkout", "sharer", "page"),
        ("open checkout", "replayer", "page"),
        ("open checkout", "storm", "page"),
        ("open checkout", "bot", "page"),
        ("any pass", "forger", "page"),
        ("any ticket", "forger", "place"),
        ("any ticket", "jumper", "place"),
        ("shared", "sharer", "page"),
        ("shared", "sharer", "place"),
        ("shared", "forger", "place"),
        ("no release", "sharer", "order"),
        ("no release", "sharer", "page"),
        ("no release", "replayer", "page"),
        ("reusable", "replayer", "seat"),
        ("early", "jumper", "early"),
        ("open redirect", "jumper", "way_out"),
        ("new places", "storm", "place"),
        ("denies", "slowloris", "denial"),
    ],
)
def test_a_hole_is_caught(hole: str, kind: str, gain: str) -> None:
    """
    What is wrong on purpose is found by those whose trade it is, and told by its name.
    """
    told = play(Town(frozenset({hole})), kind)

    assert told.measures.gains[kind][gain] > 0
    assert told.outcome is Outcome.SLIPPED_BY


def test_a_gate_that_never_hears_of_a_seat_given_back_is_caught() -> None:
    """
    The replayer who leaves at the waiting page is still served.
    """
    told = play(Town(frozenset({"deaf"})), "replayer", leaves=True)

    assert told.measures.gains["replayer"]["page"] > 0


def test_a_late_form_is_told_and_no_gain() -> None:
    """
    A form that a gate takes for one of somebody idle is in the report, beside what counts.
    """
    told = play(Town(frozenset({"deaf"})), "replayer", leaves=True)

    assert told.measures.problems[LATE_FORM] == 2


def test_copies_on_the_owners_seat_are_told_and_no_gain() -> None:
    """
    A copy of the pass alone, and one of all cookies, are two more windows of the owner.
    """
    told = play(Town(), "sharer")

    assert told.measures.problems[SHARED] == 2
    assert told.record.gained == 0


def test_one_seat_is_one_order_whoever_makes_it() -> None:
    """
    The copies and the owner buy once together.
    """
    town = Town()
    play(town, "sharer")

    assert town.orders == 1


def test_a_bot_gets_a_seat_for_each_place_and_each_beyond_the_first_is_told() -> None:
    """
    To a room each place of a bot is a person; the rehearsal says how many it got.
    """
    told = play(Town(turn_s=0.0), "bot")

    assert told.measures.gains == {"bot": {"seat": PLACES - 1}}
    assert (told.outcome, told.record.tried) == (Outcome.SLIPPED_BY, PLACES + PLACES - POLLED)


def test_a_bots_account_is_that_of_one_place() -> None:
    """
    Number, last word to wait and call belong together: those of the place that was let in first.
    """
    record = play(Town(), "bot").record

    assert record.number == 100
    assert record.joined_s is not None
    assert record.last_waiting_s is not None
    assert record.called_s is not None
    assert record.joined_s < record.last_waiting_s < record.called_s <= (record.admitted_s or 0)


def test_a_bot_without_an_invitation_gains_nothing() -> None:
    """
    Where only the invited may join, it gets no place at all.
    """
    told = play(Town(invited=False), "bot")

    assert (told.outcome, told.record.tried, told.measures.gains) == (Outcome.TURNED_AWAY, PLACES, {})


def test_a_bot_with_an_invitation_has_one_place() -> None:
    """
    As anybody who was invited: it is a gain for nobody.
    """
    told = play(Town(invited=False, turn_s=0.0), "bot", invitation="http://shop.example/waiting-room/sale?invite=abc")

    assert told.record.admitted_s is not None
    assert told.measures.gains == {}


def test_a_bot_that_is_put_off_comes_again_when_told() -> None:
    """
    It wants as many places as before, and gets them later.
    """
    told = play(Town(turn_s=0.0, put_off=2), "bot")

    assert told.measures.gains == {"bot": {"seat": PLACES - 1}}
    assert told.record.joined_s is not None
    assert told.record.joined_s > 2 * 5.0


def test_a_bot_in_an_idle_room_takes_seats_one_after_the_other() -> None:
    """
    Where nobody waits, each visit without cookies is a visitor who goes straight in.
    """
    told = play(Town(idle=True), "bot")

    assert told.record.gained == PLACES - 1


def test_a_storm_is_bounded() -> None:
    """
    It reloads as fast as it is meant to and no faster: the rehearsal measures shop and room, not itself.
    """
    town = Town(invited=False)
    told = play(town, "storm", patience_s=10.0)

    assert told.record.tried == 10 * RELOADS_PER_S
    assert max(sum(at <= other < at + 1 for other in town.times_s) for at in town.times_s) <= RELOADS_PER_S + 1


def test_held_connections_are_told_and_closed() -> None:
    """
    What a server bears for all that time is in the report, and nothing stays open.
    """
    town = Town()
    told = play(town, "slowloris")

    assert told.measures.problems == {HELD.format(who): LINES // 2 for who in (SHOP, ROOM)}
    assert town.lines == 0


@pytest.mark.parametrize("kind", ALONE)
def test_who_is_never_called_ends_with_patience(kind: str) -> None:
    """
    Nobody stays for longer than a person of that patience, but for what is tried with what they have.
    """
    town = Town()
    told = play(town, kind, patience_s=2.0)

    assert told.outcome is Outcome.TURNED_AWAY
    assert town.time_s < 60
