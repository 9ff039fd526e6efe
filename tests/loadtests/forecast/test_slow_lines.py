"""
A slow phone in forecast and simulator: later in line, slower to claim, and longer inside, by what its line costs.
"""

from dataclasses import replace
from functools import cache

import pytest

from loadtests.crowd.kinds import KINDS
from loadtests.crowd.lines import SLOW, asks_late_s, joins_late_s, page_late_s
from loadtests.crowd.shoppers import Behaviour, draw_shopper
from loadtests.crowd.streams import arrivals_of
from loadtests.demo_shop.model import PageCosts
from loadtests.forecast.played.walks import walks_of
from loadtests.forecast.visits import visit_of
from loadtests.rehearsal.simulated import Simulated, simulated
from tests.loadtests.forecast.test_result import STREAM
from tests.loadtests.forecast.test_simulated import SEED, SMALL
from waiting_room.core.pacing import TICK_MS

SLOWER = Behaviour(line_kbit_s=400.0, line_delay_ms=400.0)
QUICK = Behaviour(line_kbit_s=1e9, line_delay_ms=0.0)
PHONES = replace(STREAM, journeys={"slow-phone": 1}, behaviour=replace(STREAM.behaviour, line_delay_ms=500.0))
PLAYED = replace(SMALL, streams=(PHONES,))


@cache
def phones() -> Simulated:
    """
    Return the small spike of slow phones, played.
    """
    return simulated(PLAYED, SEED)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - SLOW))
def test_nobody_else_is_late(kind: str) -> None:
    """
    The line is that of one kind.
    """
    assert (joins_late_s(kind, SLOWER), asks_late_s(kind, SLOWER), page_late_s(kind, SLOWER)) == (0.0, 0.0, 0.0)


def test_a_line_without_delay_and_end_costs_nothing() -> None:
    """
    What is late is late by the line's numbers alone.
    """
    assert joins_late_s("slow-phone", QUICK) == pytest.approx(0.0, abs=1e-3)
    assert page_late_s("slow-phone", QUICK) == pytest.approx(0.0, abs=1e-3)


def test_a_join_is_as_late_as_was_measured() -> None:
    """
    180 phones of two runs joined 1.79 s after they had come.
    """
    assert joins_late_s("slow-phone", SLOWER) == pytest.approx(1.79, abs=0.03)


def test_a_phone_stands_in_line_when_it_has_joined() -> None:
    """
    Others who came after it may stand before it.
    """
    arrivals = arrivals_of(PLAYED.streams, SEED)
    late_s = joins_late_s("slow-phone", PHONES.behaviour)

    assert [guest.at_s for guest in phones().guests] == pytest.approx([arrival.at_s + late_s for arrival in arrivals])


def test_a_visit_and_its_walk_grow_by_the_same_time() -> None:
    """
    The forecast's seat and the played shop's are held equally long.
    """
    shopper = draw_shopper(SLOWER, "7:crowd:1", 1)
    longer_s = visit_of("slow-phone", shopper, SLOWER).shops_s - visit_of("slow-phone", shopper, QUICK).shops_s
    costs = PageCosts()
    [slow], [quick] = (walks_of("slow-phone", shopper, each, costs) for each in (SLOWER, QUICK))

    assert longer_s == pytest.approx(sum(slow.thinks_s) - sum(quick.thinks_s))
    assert longer_s > len(slow.costs_ms) * 0.4


def test_whatever_a_phone_asks_is_as_late_as_its_line() -> None:
    """
    Of those who had to wait nobody is in before the first look, which the room asks for after a second, and a claim.
    """
    assert {guest.asks_late_s for guest in phones().guests} == {0.5}
    assert min(wait_s for _, wait_s in phones().waits() if wait_s > TICK_MS / 1000) >= 0.5 + 1.0 + 0.5
