"""
The shop's model: its arithmetic, and how a wrong configuration is told.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests.demo_shop.model import GateModel, PageCosts, ShopModel, read_model
from waiting_room.errors import ConfigError

KEY = "k1:" + "s" * 43


def faults_of(data: object) -> list[str]:
    """
    Give where the faults of a configuration lie.
    """
    with pytest.raises(ConfigError) as refused:
        read_model(data)
    return [fault.where for fault in refused.value.faults]


def test_the_default_shop_sells_ten_orders_a_second() -> None:
    """
    Four connections and 400 ms an order make ten orders a second.
    """
    assert PageCosts().order_ms == 400
    assert ShopModel("shop.sqlite").capacity_per_s == 10.0


def test_capacity_is_connections_by_connection_time() -> None:
    """
    Twice the connections sell twice as much, twice the costs half as much.
    """
    costs = PageCosts(60, 50, 60, 50, 80, 140, 60, 240, 60)

    assert ShopModel("shop.sqlite", db_connections=8, costs=costs).capacity_per_s == 10.0


def test_a_model_survives_json(tmp_path: Path) -> None:
    """
    What `to_json` writes, `read_model` reads as the same model.
    """
    gate = GateModel("spring-sale", "http://127.0.0.1:1", "http://127.0.0.1:1/waiting-room/spring-sale", (KEY,))
    model = ShopModel(str(tmp_path / "shop.sqlite"), seed=5, costs=PageCosts(home=1), gate=gate)

    assert read_model(model.to_json()) == model


def test_the_database_alone_is_enough(tmp_path: Path) -> None:
    """
    Every setting but the database has a default.
    """
    path = str(tmp_path / "shop.sqlite")

    assert read_model({"database": path}) == ShopModel(path)


def test_values_out_of_range_are_told_all_at_once(tmp_path: Path) -> None:
    """
    One run of the check names every value that is out of range.
    """
    data = {
        "database": str(tmp_path / "missing" / "shop.sqlite"), "port": 70_000, "db_connections": 0,
        "time_out_s": 0, "jitter": -1, "stock": -1, "costs": {"home": -1},
    }  # fmt: skip

    assert faults_of(data) == ["port", "db_connections", "jitter", "time_out_s", "stock", "database", "costs.home"]


def test_a_faulty_gate_is_told_with_the_rest(tmp_path: Path) -> None:
    """
    The gate's own faults stand beside the shop's, under `gate.`.
    """
    gate = {"room": "No Room", "service_url": "nowhere", "page_url": "http://h/x", "secret_keys": [KEY]}
    found = faults_of({"database": str(tmp_path / "s.sqlite"), "port": -1, "gate": gate})

    assert found[0] == "port"
    assert {"gate.room", "gate.service_url"} <= set(found)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"database": "a", "prot": 1}, "prot"),
        ({"database": "a", "costs": {"hoem": 1}}, "costs.hoem"),
        ({"database": "a", "gate": {"room": "r", "x": 1}}, "gate.x"),
        ({"database": "a", "gate": {"room": "r", "service_url": "", "page_url": ""}}, "gate.secret_keys"),
        ({"database": "a", "port": "80"}, "port"),
        ({"database": "a", "port": True}, "port"),
        ({"database": "a", "time_out_s": float("nan")}, "time_out_s"),
        ({"database": "a", "costs": {"home": 1.5}}, "costs.home"),
        ({"database": 7}, "database"),
        ({}, "database"),
        ([], "the configuration"),
        ({"database": "a", "costs": []}, "costs"),
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused(data: object, where: str) -> None:
    """
    Misspelt names, wrong types and missing values are named where they stand.
    """
    assert where in faults_of(data)


def test_costs_of_nothing_are_refused(tmp_path: Path) -> None:
    """
    A shop whose pages all cost nothing has no capacity to speak of.
    """
    free: dict[str, Any] = dict.fromkeys(ShopModel("x").to_json()["costs"], 0)

    assert faults_of({"database": str(tmp_path / "s.sqlite"), "costs": free}) == ["costs"]


def test_keys_stay_out_of_representations() -> None:
    """
    A model in a log or a traceback shows no secret key.
    """
    assert KEY not in repr(ShopModel("x", gate=GateModel("r", "http://h", "http://h/r", (KEY,))))


def test_without_a_gate_no_gate_is_imported() -> None:
    """
    A shop without a gate is built without importing the gates.
    """
    code = (
        "import sys; from loadtests.demo_shop.model import ShopModel; from loadtests.demo_shop.shop import build_shop;"
        "build_shop(ShopModel('shop.sqlite')); sys.exit(any(m.startswith('waiting_room.gates') for m in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
