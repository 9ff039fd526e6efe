"""
The law of adaptive admission in a closed loop with a shop.
"""

import pytest

from tests.source import ROOT
from waiting_room.simulation.adaptation import LAWS, SCENARIOS, SHIPPED, TOLD, Result, figures, row, run

pytestmark = pytest.mark.apart

HALVES, DOUBLES, _, DOWN, _ = SCENARIOS
PAGE = (ROOT / "docs" / "adaptation.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def halved() -> Result:
    """
    Return the figures of the shipped law where the capacity halves and recovers.
    """
    return figures(SHIPPED, HALVES)


@pytest.fixture(scope="module", params=[DOUBLES, DOWN], ids=["doubles", "down"])
def changed(request: pytest.FixtureRequest) -> Result:
    """
    Return the figures of the shipped law where the capacity doubles, and where the shop is down for a minute.
    """
    return figures(SHIPPED, request.param)


def test_goodput_is_nine_tenths_of_what_is_possible(halved: Result) -> None:
    """
    The capacity halves mid-sale and recovers, and nobody operates.
    """
    assert halved.goodput >= 0.9


def test_the_bar_holds_where_the_shop_doubles_and_where_it_was_down(changed: Result) -> None:
    """
    Nearly nine tenths of what is possible, quick again within half a minute, no swing beyond 15 %.
    """
    assert changed.goodput >= 0.89
    assert all(seconds is not None and seconds <= 30 for seconds in changed.back_s)
    assert changed.swing <= 0.15


def test_the_shop_is_quick_again_within_half_a_minute(halved: Result) -> None:
    """
    After the halving and after the recovery.
    """
    assert all(seconds is not None and seconds <= 30 for seconds in halved.back_s)


def test_the_number_inside_does_not_swing(halved: Result) -> None:
    """
    While nothing happens it keeps within 15 % of its mean.
    """
    assert halved.swing <= 0.15


def test_no_shopper_meets_an_error_when_capacity_halves(halved: Result) -> None:
    """
    Slow pages, and none that is lost.
    """
    assert halved.errors == 0


def test_the_page_tells_what_is_measured(halved: Result) -> None:
    """
    The row of the shipped law is that of this run; `python -m tests.simulation.comparison` writes it.
    """
    assert row(halved) in PAGE


def test_every_law_and_scenario_is_compared_on_the_page() -> None:
    """
    None is left out because it looks bad.
    """
    rows = [line for line in PAGE.splitlines() if any(line.startswith(f"| {each.name} |") for each in SCENARIOS)]

    assert len(rows) == len((TOLD, *LAWS)) * len(SCENARIOS)


def test_a_run_is_the_same_each_time() -> None:
    """
    The same seed gives the same seconds, to the last bit.
    """
    assert run(LAWS[SHIPPED], SCENARIOS[4], seed=7) == run(LAWS[SHIPPED], SCENARIOS[4], seed=7)
