"""
What those who mean no good get of the real thing: nothing, where shop and room are set up as the documentation says.
"""

from collections import Counter

import pytest

from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.journeys.hostile.slowloris import HELD, ROOM, SHOP
from loadtests.judging.room import places_of
from loadtests.measuring.fairness import order_inversions, places_lost
from loadtests.measuring.measures import Outcome
from tests.beside import Stage, beside
from tests.loadtests.hostile.drill import Played, played

pytestmark = beside(played, takes_s=45)


@pytest.fixture(scope="module")
def drill(stage: Stage) -> Played:
    """
    Offer one drill to all tests here.
    """
    return stage.outcome(played)


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_everybody_comes_and_tries(drill: Played, kind: str) -> None:
    """
    A drill in which nothing was tried would prove nothing.
    """
    of_kind = [shopper for shopper in drill.sound.shoppers if shopper.kind == kind]

    assert len(of_kind) >= 2
    assert all(shopper.tried > 0 for shopper in of_kind)


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - {"bot"}))
def test_nothing_is_gained(drill: Played, kind: str) -> None:
    """
    No page, seat, place, order or way out that an honest visitor would not have got.
    """
    outcomes = Counter(shopper.outcome for shopper in drill.sound.shoppers if shopper.kind == kind)

    assert drill.sound.gains.get(kind, {}) == {}
    assert set(outcomes) == {Outcome.TURNED_AWAY}


def test_a_bot_gets_seats_for_its_places_and_nothing_else(drill: Played) -> None:
    """
    A room takes each visitor without cookies for somebody new; that is all a bot has of it, and it is told.
    """
    assert set(drill.sound.gains["bot"]) == {"seat"}


def test_nobody_is_overtaken(drill: Played) -> None:
    """
    Neither by reloading nor by claiming early nor with many places.
    """
    places = list(places_of(drill.sound.shoppers))

    assert len(places) > 40
    assert order_inversions(places) == places_lost(places) == 0


def test_tickets_and_passes_are_used_in_earnest(drill: Played) -> None:
    """
    Those who need a pass for what they try were let in, so that they could try it.
    """
    let_in = {shopper.kind for shopper in drill.sound.shoppers if shopper.admitted_s is not None}

    assert {"sharer", "replayer", "storm", "bot"} <= let_in


def test_the_room_holds_no_slow_connections(drill: Played) -> None:
    """
    Half a request keeps none open; the shop, which has no such bound, shows that it was tried.
    """
    assert {who for who in (SHOP, ROOM) if HELD.format(who) in drill.sound.problems} == {SHOP}


def test_honest_people_are_served_all_the_same(drill: Played) -> None:
    """
    Whoever came to buy or to look did so.
    """
    ends = {(shopper.kind, shopper.outcome) for shopper in drill.sound.shoppers if shopper.stream == "crowd"}

    assert ends == {("buyer", Outcome.BOUGHT), ("window", Outcome.BROWSED)}


@pytest.mark.parametrize("kind", ["jumper", "forger"])
def test_a_checkout_that_was_forgotten_is_caught(drill: Played, kind: str) -> None:
    """
    A gate that lets the checkout pass by is told as pages that were served without a pass.
    """
    caught = [shopper for shopper in drill.leaky.shoppers if shopper.kind == kind]

    assert drill.leaky.gains[kind]["page"] == sum(shopper.gained for shopper in caught) >= 2
    assert {shopper.outcome for shopper in caught} == {Outcome.SLIPPED_BY}
