"""
The shop's README: its tables say what the code does.
"""

import re
from dataclasses import MISSING, fields
from pathlib import Path

from loadtests import demo_shop
from loadtests.demo_shop.model import GateModel, PageCosts, ShopModel
from loadtests.demo_shop.shop import build_shop

TEXT = (Path(demo_shop.__file__).parent / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """
    Give the cells of the table whose header row starts with this word.
    """
    table = re.search(rf"\| {heading} .*\n\|[-|]+\n((?:\|.*\n)+)", TEXT)
    assert table
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_every_setting_stands_with_its_default() -> None:
    """
    The table of settings names all fields of the model in their order of meaning, with their defaults.
    """
    plain = {
        each.name: str(each.default)
        for each in fields(ShopModel)
        if each.default is not MISSING and each.name not in {"costs", "gate"}
    }
    told = {name: default for name, default, _ in rows("setting")}

    assert told.keys() == {each.name for each in fields(ShopModel)}
    assert {name: told[name] for name in plain} == plain


def test_every_page_stands_with_its_cost() -> None:
    """
    The table of pages names every cost of the model with its default.
    """
    assert {row[0]: int(row[1]) for row in rows("page")} == {each.name: each.default for each in fields(PageCosts)}


def test_the_pages_addresses_exist() -> None:
    """
    Each address in the table of pages is one that the shop answers.
    """
    told = {tuple(row[2].split("`")[0].split(" ")[:2]) for row in rows("page")}
    app = build_shop(ShopModel("shop.sqlite"))
    routes = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}

    assert told <= routes


def test_the_arithmetic_is_right() -> None:
    """
    The formula's example is the default model.
    """
    model = ShopModel("shop.sqlite")

    assert f"{model.capacity_per_s:g} orders/s = {model.db_connections} / {model.costs.order_ms / 1000:g} s" in TEXT


def test_the_gate_s_settings_are_named() -> None:
    """
    The gate's row names all that a gate needs.
    """
    row = next(row for row in rows("setting") if row[0] == "gate")

    assert all(each.name in row[2] for each in fields(GateModel))
