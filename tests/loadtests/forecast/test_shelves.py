"""
The shop's shelves: what a crowd can buy of what there is.
"""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loadtests.crowd.shoppers import Behaviour, draw_shopper
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.catalogue import TOYS
from loadtests.forecast.result import forecast_of
from loadtests.forecast.shelves import PRODUCTS, shelves_of, wanted
from loadtests.scenario.read import read
from tests.loadtests.forecast.test_result import RATE, SCENARIO, STREAM

shares = st.floats(0, 1)
orders = st.floats(0, 10_000)


def stream(hot_share: float = 0.0, **behaviour: float) -> Stream:
    """
    Return a crowd of which such a share wants the first product.
    """
    return Stream("crowd", RATE, behaviour=Behaviour(hot_share=hot_share, **behaviour))  # type: ignore[arg-type]


@example([(0.0, 5e-324)], 0)
@given(st.lists(st.tuples(shares, orders), min_size=1, max_size=3), st.integers(0, 3000))
def test_never_more_is_sold_than_there_is_or_is_wanted(crowds: list[tuple[float, float]], stock: int) -> None:
    """
    Whoever comes, and whatever they want.
    """
    shelves = shelves_of({"stock": stock}, [stream(share) for share, _ in crowds])
    sold = shelves.sold([count for _, count in crowds])

    assert sum(sold) <= len(TOYS) * stock * (1 + 1e-9) + 1e-9
    assert all(0 <= some <= count * (1 + 1e-9) for some, (_, count) in zip(sold, crowds, strict=True))


def test_a_shop_whose_stock_nobody_tells_sells_all() -> None:
    """
    Of a shop of one's own nothing is known.
    """
    assert shelves_of({}, [stream()]).sold([1000.0]) == pytest.approx((1000.0,))


def test_streams_take_from_the_same_shelf() -> None:
    """
    Each gets the part that it asks for.
    """
    both = shelves_of({"stock": 100}, [stream(1.0), stream(1.0)])

    assert both.sold([300.0, 100.0]) == pytest.approx((75.0, 25.0))


def test_an_order_of_several_pieces_empties_the_shelf_sooner() -> None:
    """
    The stock counts pieces.
    """
    assert shelves_of({"stock": 100}, [stream(1.0, quantity=4)]).sold([300.0]) == pytest.approx((25.0,))


def test_products_are_wanted_as_people_choose_them() -> None:
    """
    The law of the forecast is the one that each person's choice is drawn by.
    """
    crowd = stream(0.4)
    chosen = Counter(wanted(draw_shopper(crowd.behaviour, k, k), crowd.behaviour) for k in range(2000))

    for product, share in shelves_of({}, [crowd]).wants[0].items():
        assert chosen[product] / 2000 == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 2000))
    assert set(chosen) <= set(PRODUCTS)


def test_the_forecast_sells_no_more_than_the_stock() -> None:
    """
    One product that everybody wants is gone, and the line goes on.
    """
    hot = replace(SCENARIO, shop={"stock": 50}, streams=(replace(STREAM, behaviour=stream(1.0).behaviour),))

    assert forecast_of(hot).orders == pytest.approx(50)


def test_the_hot_product_of_the_preset_sells_out() -> None:
    """
    Its crowd wants more of it than there is.
    """
    preset = read("hot-sku").faster()
    rich = replace(preset, shop={**preset.shop, "stock": 5000})

    assert forecast_of(preset).orders < 0.85 * forecast_of(rich).orders
