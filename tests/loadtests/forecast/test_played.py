"""
The demo shop in model time: who does what in it, how it fares, and how a room that follows it lets in.
"""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from loadtests.crowd.shoppers import Behaviour, Shopper, draw_shopper
from loadtests.demo_shop.model import PageCosts
from loadtests.forecast.course import in_force
from loadtests.forecast.findings import findings_of
from loadtests.forecast.played.walks import walks_of
from loadtests.forecast.played.weather import BEARS, weather_of
from loadtests.forecast.problem import Problem, problem_of
from loadtests.forecast.result import forecast
from loadtests.forecast.visits import REQUESTS, visit_of
from loadtests.journeys.table import visit_ratios
from loadtests.journeys.tables import TABLES
from loadtests.scenario.spec import Change
from tests.loadtests.forecast.test_findings import SEED, Room
from tests.loadtests.forecast.test_result import SCENARIO
from waiting_room.simulation.shop import NO_ORDER, Shop, Walk, Weather

COSTS = PageCosts()
BEHAVIOUR = Behaviour(reloads=2, reload_pause_s=0.5, page_patience_s=4.0)
STALL = Change(20.0, "slow-shop", for_s=8.0, to=6.0)
FOLLOWING = replace(
    SCENARIO, shop={"db_connections": 8}, room={**SCENARIO.room, "adaptive": True}, changes=(STALL,), drain_s=30.0
)


def shopper(k: int = 1) -> Shopper:
    """
    Return one of the crowd.
    """
    return draw_shopper(BEHAVIOUR, f"played:{k}", k)


@cache
def followed() -> Problem:
    """
    Return what the room is asked that follows a shop which stalls.
    """
    return problem_of(FOLLOWING, SEED, steps=150)


def test_every_page_of_every_journey_is_known_to_the_shop() -> None:
    """
    A kind whose page nobody knows could not be played.
    """
    pages = {page for table in TABLES.values() for page in table.pages}
    assert pages == set(REQUESTS)
    assert sum(sum(getattr(COSTS, request) for request in requests) for requests in REQUESTS.values()) == COSTS.order_ms


def test_a_buyer_s_walk_is_the_visit_without_its_pages() -> None:
    """
    The same thoughts in the same order, each page's cost, and the order with the payment.
    """
    [walk] = walks_of("buyer", shopper(), BEHAVIOUR, COSTS)
    assert sum(walk.costs_ms) == COSTS.order_ms
    assert sum(walk.thinks_s) == pytest.approx(visit_of("buyer", shopper(), BEHAVIOUR).shops_s - 0.6)
    assert walk.costs_ms[walk.pays_at or 0] == COSTS.pay
    assert walk.gives_back


def test_one_who_buys_twice_walks_twice() -> None:
    """
    The seat goes back with the first order; the second walk begins at the door again.
    """
    walks = walks_of("returning", shopper(), BEHAVIOUR, COSTS)
    assert len(walks) == round(visit_ratios(TABLES["returning"])["order"]) + 1
    assert all(walk.gives_back and walk.thinks_s[0] == 0 for walk in walks)


@pytest.mark.parametrize("kind", ["window", "abandoner"])
def test_who_does_not_buy_leaves_the_seat_to_its_idle_end(kind: str) -> None:
    """
    Nobody says goodbye to a shop.
    """
    [walk] = walks_of(kind, shopper(), BEHAVIOUR, COSTS)
    assert (walk.gives_back, walk.pays_at) == (False, NO_ORDER)


def test_the_pauses_before_reloads_are_the_shopper_s_own() -> None:
    """
    The second is twice the first, each by the haste of the moment.
    """
    [walk] = walks_of("buyer", shopper(), BEHAVIOUR, COSTS)
    haste = shopper().haste
    assert walk.pauses_s == (0.5 * haste[0], 1.0 * haste[1])
    assert walk.patience_s == shopper().page_patience_s


def test_the_weather_turns_where_the_time_line_says() -> None:
    """
    Slower for a while, and with fewer connections for a while; the two may overlap.
    """
    changes = (STALL, Change(24.0, "shop-capacity", for_s=8.0, to=0.5), Change(40.0, "shop-capacity", to=0.0))
    found = weather_of(replace(FOLLOWING, changes=changes))
    told = [(each.from_s, each.connections, round(each.slower * BEARS, 6)) for each in found]
    assert told == [(0, 8, 1), (20, 8, 6), (24, 4, 6), (28, 4, 1), (32, 8, 1), (40, 0, 1)]


def test_an_order_is_made_when_it_is_paid_whoever_still_waits() -> None:
    """
    The shop takes the money of one who has reloaded meanwhile, once.
    """
    walk = Walk((1000.0, 30.0), (0.0, 0.0), gives_back=True, pays_at=0, patience_s=0.5, pauses_s=(0.1, 0.2))
    shop = Shop((Weather(0.0, 1, jitter=0.0),), 1)
    shop.enter(walk)
    shop.run_to(10.0)
    assert shop.orders == [1.0]
    assert len(shop.failures) == 3


def test_a_room_that_follows_a_shop_which_stalls_lets_hardly_anybody_in() -> None:
    """
    And lets in as it is set before, and once the shop is well again.
    """
    [usual, *_] = followed().paces
    rates = [in_force(usual, at_s).rate_per_s for at_s in (18.0, 26.0, 70.0)]
    assert rates[0] == 15.0
    assert rates[1] < 1.0
    assert rates[2] > 12.0


def test_no_pace_exceeds_what_is_set() -> None:
    """
    The law's rate is one below the room's.
    """
    for pace in followed().paces:
        assert all(each.rate_per_s <= in_force(followed().limits, each.from_s).rate_per_s for each in pace)
        assert all(one.from_s < other.from_s for one, other in pairwise(pace))


@pytest.mark.parametrize("changed", [{"shop": {}}, {"room": SCENARIO.room}])
def test_a_room_lets_in_as_it_is_set_where_nothing_is_known_or_nothing_is_followed(
    changed: dict[str, dict[str, int]],
) -> None:
    """
    A shop of one's own is not played, and a room of a fixed rate knows no law.
    """
    assert problem_of(replace(FOLLOWING, **changed), SEED, steps=150).paces == ()  # type: ignore[arg-type]


def test_the_stall_makes_waits_longer_than_a_fixed_room_s() -> None:
    """
    And the band wider, for nobody knows how old the news is that the law hears.
    """
    end_s = FOLLOWING.length_s + FOLLOWING.drain_s
    follows = forecast(followed(), {}, end_s, by_chance=False)
    fixed = forecast(replace(followed(), paces=()), {}, end_s, by_chance=False)
    assert follows.wait_max_s > fixed.wait_max_s + 5
    low, high = follows.wait_max_band
    assert high - low > fixed.wait_max_band[1] - fixed.wait_max_band[0]


def test_a_faster_rate_sells_no_more_of_a_shop_that_stalls() -> None:
    """
    Where the law lets in less than is set, twice the setting changes nothing; where it lets in all, twice as many.
    """
    [usual, *_] = followed().paced(2.0).paces
    before = followed().paces[0]
    assert in_force(usual, 26.0).rate_per_s == in_force(before, 26.0).rate_per_s
    assert in_force(usual, 18.0).rate_per_s == 30.0


def test_seats_that_a_stall_leaves_free_are_no_finding() -> None:
    """
    A room that lets in as its law says has seats to spare, and is right.
    """
    seats = dict.fromkeys(range(90), 30.0)
    measured = Room(per_s=10.0).play()
    expected = forecast(followed(), {}, measured.duration_s, by_chance=False)
    slow = tuple(
        tuple(replace(each, rate_per_s=min(10.0, each.rate_per_s)) for each in pace) for pace in followed().paces
    )
    names = {one.name for one in findings_of(measured, expected, replace(followed(), paces=slow), seats)}
    assert "seats_idle" not in names
    fixed = {one.name for one in findings_of(measured, expected, replace(followed(), paces=()), seats)}
    assert "seats_idle" in fixed


def test_a_large_shop_is_played_in_part_to_the_same_pace() -> None:
    """
    Eight times as big in everything lets in eight times as many before the stall, and hardly anybody in it.
    """
    many = problem_of(FOLLOWING.scaled(0.3).bigger(8), SEED, steps=150).paces[0]
    assert in_force(many, 18.0).rate_per_s == 8 * 15.0
    assert in_force(many, 26.0).rate_per_s < 8 * 1.0
