"""
A seed and a number are one person, whatever else is going on.
"""

import math
from collections import Counter
from dataclasses import replace

import pytest

from loadtests.crowd.shoppers import MAX_THINK_MEANS, Behaviour, choice, draw_shopper, pick


def test_shopper_is_the_same_person_in_every_run() -> None:
    """
    The same seed and number give the same plans, think times and patience.
    """
    assert [draw_shopper(Behaviour(), f"7:{i}", i) for i in range(50)] == [
        draw_shopper(Behaviour(), f"7:{i}", i) for i in range(50)
    ]


def test_shoppers_of_one_crowd_differ() -> None:
    """
    No two of a hundred shoppers have the same patience.
    """
    assert len({draw_shopper(Behaviour(), f"7:{i}", i).room_patience_s for i in range(100)}) == 100


def test_share_of_those_who_want_the_hot_product_is_kept() -> None:
    """
    As many want the one hot product as the behaviour says, beside those who would have chosen it anyway.
    """
    behaviour = Behaviour(hot_share=0.8, popularity=0.0)
    crowd = [draw_shopper(behaviour, f"7:{i}", i) for i in range(2000)]

    assert sum(choice(shopper, behaviour, 0, 10) == 0 for shopper in crowd) / 2000 == pytest.approx(0.82, abs=0.03)


def test_hot_products_are_the_first_ones() -> None:
    """
    Who wants one of three hot products looks at nothing else.
    """
    behaviour = Behaviour(hot_share=1.0, hot_products=3)
    crowd = [draw_shopper(behaviour, f"7:{i}", i) for i in range(200)]

    assert {choice(shopper, behaviour, look, 10) for shopper in crowd for look in range(6)} == {0, 1, 2}


def test_shop_with_fewer_products_than_hot_ones_can_be_shopped_at() -> None:
    """
    Of two products nobody wants a third.
    """
    behaviour = Behaviour(hot_share=1.0, hot_products=3)

    assert {choice(draw_shopper(behaviour, i, i), behaviour, 0, 2) for i in range(50)} == {0, 1}


def test_room_patience_has_the_mean_it_was_given() -> None:
    """
    The shape of the patience changes its spread, not its mean.
    """
    behaviour = Behaviour(room_patience_s=100, room_patience_shape=1.5)
    mean_s = sum(draw_shopper(behaviour, f"7:{i}", i).room_patience_s for i in range(2000)) / 2000

    assert mean_s == pytest.approx(100, rel=0.05)


def test_think_times_are_bounded() -> None:
    """
    Nobody reads a page for more than a few means.
    """
    crowd = [draw_shopper(Behaviour(browse_think_s=2), f"7:{i}", i) for i in range(500)]

    assert max(max(shopper.browse_thinks_s) for shopper in crowd) <= 2 * MAX_THINK_MEANS


def test_popularity_follows_zipf() -> None:
    """
    With exponent 1 the first of three products is wanted twice as often as the second, three times as often as the
    third.
    """
    wanted = Counter(pick(taste / 6000, 3, 1.0) for taste in range(6000))

    assert [round(wanted[place] / wanted[2], 1) for place in range(3)] == [3.0, 1.5, 1.0]


def test_all_faults_are_told_at_once() -> None:
    """
    Every senseless setting is named.
    """
    bad = Behaviour(
        hot_share=1.2, page_patience_s=0, browse_think_s=-1, room_patience_s=math.inf, products=("x",), quantity=0
    )

    assert sorted(fault.where for fault in bad.faults()) == [
        "behaviour.browse_think_s",
        "behaviour.hot_share",
        "behaviour.page_patience_s",
        "behaviour.products[0]",
        "behaviour.quantity",
        "behaviour.room_patience_s",
    ]


def test_no_thinking_at_all_is_allowed() -> None:
    """
    Think times of zero are sound: a machine measures so.
    """
    hasty = replace(Behaviour(), browse_think_s=0, form_think_s=0)

    assert hasty.faults() == ()
    assert set(draw_shopper(hasty, 1, 1).form_thinks_s) == {0}
