"""
The announced wait, judged in whole runs: it holds for about four of five, and is narrow enough to tell something.
"""

from dataclasses import replace

import pytest

from waiting_room.core.policy import Policy
from waiting_room.simulation import People, Result, Scenario, Spike, simulate
from waiting_room.simulation.catalogue import SCENARIOS

pytestmark = pytest.mark.apart

SALE = Scenario(
    Policy(capacity=60, rate_per_minute=240, idle_timeout_s=60),
    visitors=420,
    spike=Spike(12, 12, 48, 48),
    people=People(no_shows=0.2, leaving_per_minute=0.1, session_s=40, page_s=15),
    workers=1,
)
NAMES = ("steady", "spike", "mass-leaving", "adaptation")
FEWEST, MOST = 0.66, 0.97
"""Of 200 to 400 waits in one run of each: four of five, and as much to either side as so few may differ by chance."""
BEFORE = 0.16
"""So many are told of their wait just before nine of ten vanish, in a sale as short as this one: nobody could know."""
WIDEST = 2.5
"""In seven such sales in which a room follows its shop it was 1.3 to 2.1 times; the chance of few waits included."""

WIDEST_BEHIND_GHOSTS = 8.0
"""In eight of those in which nine of ten vanish, 1.9 to 7.2: nobody knows who of the few that are left will come."""


@pytest.fixture(scope="module", params=NAMES)
def played(request: pytest.FixtureRequest) -> Result:
    """
    Return a small sale, as it is played under each name.
    """
    return simulate(SCENARIOS[request.param].make(replace(SALE, seed=4)))


def test_the_range_that_is_shown_holds_for_most(played: Result, request: pytest.FixtureRequest) -> None:
    """Neither too narrow nor so wide that it always holds."""
    fewest = FEWEST - BEFORE if "mass-leaving" in request.node.name else FEWEST

    assert played.eta_judged > 100
    assert fewest <= (played.eta_coverage or 0) <= MOST


def test_the_ceiling_of_a_room_that_follows_its_shop_is_no_rate_to_be_used(
    played: Result, request: pytest.FixtureRequest
) -> None:
    """It would say that a shop which bears half of it is served badly."""
    assert played.rate_use is None or "adaptation" not in request.node.name


def test_the_range_that_is_shown_tells_something(played: Result, request: pytest.FixtureRequest) -> None:
    """Half of the ranges are no wider than two and a half times the wait that remained."""
    widest = WIDEST_BEHIND_GHOSTS if "mass-leaving" in request.node.name else WIDEST

    assert 0 < (played.eta_width or 0) <= widest
