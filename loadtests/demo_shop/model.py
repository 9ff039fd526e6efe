"""
The demo shop as a model: how many database connections it has, and how long each page holds one.

Shops that render pages on the server (PHP-FPM, WSGI, Rails) share one bottleneck: a page occupies a database
connection for some tens of milliseconds, there are few connections, and requests stand in line for them. That is the
whole model. Its capacity follows by arithmetic (`ShopModel.capacity_per_s`); a rehearsal measures it all the same.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadtests.demo_shop.texts import LANGUAGE_COOKIE
from waiting_room.errors import ConfigError, Fault

if TYPE_CHECKING:
    from waiting_room.gates.settings import GateSettings


@dataclass(frozen=True, slots=True)
class PageCosts:
    """
    Say how long each kind of page holds its database connection, in milliseconds.

    The defaults sum up to 400 ms an order. Their proportions are those of common shop software: listing and product
    pages are cheap, placing an order costs several times as much, and paying is the dearest (stock, order, mail).
    """

    home: int = 30
    product: int = 25
    basket_add: int = 30
    basket: int = 25
    checkout: int = 40
    checkout_submit: int = 70
    payment: int = 30
    pay: int = 120
    order: int = 30

    @property
    def order_ms(self) -> int:
        """
        Sum the connection time of one order by the default journey: each kind of page once, in the order above.
        """
        return sum(getattr(self, kind.name) for kind in fields(self))

    def faults(self) -> list[Fault]:
        """
        List what is wrong; an empty list means valid.
        """
        bad = [
            Fault(f"costs.{kind.name}", f"must be 0 to 60000 ms, not {getattr(self, kind.name)}")
            for kind in fields(self)
            if not 0 <= getattr(self, kind.name) <= 60_000
        ]
        return bad if bad or self.order_ms else [Fault("costs", "are all 0 ms", "let at least one page cost something")]


CONTROL_PATH = "/model"
MOST_SLOWER = 100.0
"""So many times as slow as its model the running shop may be made at most."""
SHORT = range(1, 16)
UNGATED: tuple[str, ...] = ("@defaults", "/order/*", CONTROL_PATH)
"""The confirmation is for those who have paid and give their seat back with it: it must never send them to a queue."""


@dataclass(frozen=True, slots=True)
class GateModel:
    """
    Name the waiting room in front of the shop, where it is asked and seen, and the keys that its passes bear.
    """

    room: str
    service_url: str
    page_url: str
    secret_keys: tuple[str, ...] = field(repr=False)

    def settings(self) -> "GateSettings":
        """
        Give the gate's own settings, or raise `ConfigError` with every fault.
        """
        # Only here: without a gate the shop runs without the gates' code.
        from waiting_room.gates.settings import GateSettings  # noqa: PLC0415

        return GateSettings(
            room=self.room,
            service_url=self.service_url,
            page_url=self.page_url,
            secret_keys=self.secret_keys,
            protect=("/*",),
            never=UNGATED,
            language_cookie=LANGUAGE_COOKIE,
        )

    def faults(self) -> list[Fault]:
        """
        List what is wrong, as the gate itself sees it; an empty list means valid.
        """
        try:
            self.settings()
        except ConfigError as error:
            return [Fault(f"gate.{fault.where}", fault.what, fault.remedy) for fault in error.faults]
        return []


@dataclass(frozen=True, slots=True)
class ShopModel:
    """
    Hold everything that makes one demo shop behave as it does; the same model and seed give the same costs.

    `database` is the SQLite file, created when absent. `jitter` is the standard deviation of the logarithm of the
    factor that each page's cost is multiplied by (log-normal, mean 1; 0 switches it off). `time_out_s` is the longest
    wait for a connection before a request is answered 504. `stock` is the number of pieces of each toy. With a
    `control_token` the shop can be made slower or quicker while it runs.
    """

    database: str
    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 1
    db_connections: int = 4
    costs: PageCosts = PageCosts()
    jitter: float = 0.25
    time_out_s: float = 10.0
    stock: int = 5_000
    control_token: str = field(default="", repr=False)
    gate: GateModel | None = None

    @property
    def capacity_per_s(self) -> float:
        """
        Work out the orders per second that the pool can serve: connections / connection time of one order.

        With the defaults 4 / 0.4 s = 10 orders/s. Shoppers who browse without buying take their share of it.
        """
        return self.db_connections * 1000 / self.costs.order_ms

    def faults(self) -> list[Fault]:
        """
        List everything that is wrong; an empty list means valid.
        """
        rules = (
            ("database", bool(self.database), "must name a file"),
            ("host", bool(self.host), "must not be empty"),
            ("port", 0 <= self.port <= 65_535, f"must be 0 (any free one) to 65535, not {self.port}"),
            ("db_connections", 1 <= self.db_connections <= 256, f"must be 1 to 256, not {self.db_connections}"),
            ("jitter", 0 <= self.jitter <= 2, f"must be 0 to 2, not {self.jitter}"),
            ("time_out_s", 0 < self.time_out_s <= 600, f"must be above 0, at most 600, not {self.time_out_s}"),
            ("stock", 0 <= self.stock <= 10**9, f"must be 0 to 1000000000 pieces, not {self.stock}"),
            ("control_token", len(self.control_token) not in SHORT, f"must have {SHORT.stop} letters or more"),
        )
        bad = [Fault(where, what) for where, fine, what in rules if not fine]
        folder = Path(self.database).parent
        if self.database and not folder.is_dir():
            bad.append(Fault("database", f"the folder {str(folder)!r} does not exist", "create it or name another"))
        return bad + self.costs.faults() + (self.gate.faults() if self.gate else [])

    def to_json(self) -> dict[str, Any]:
        """
        Give the model as JSON data that `read_model` turns back into an equal one.
        """
        data = asdict(self)
        if self.gate:
            data["gate"]["secret_keys"] = list(self.gate.secret_keys)
        return data


def read_model(data: object) -> ShopModel:
    """
    Build the model from JSON data, or raise `ConfigError` with every fault at once.

    Unknown fields are faults as well: a misspelt setting must not fall back to its default unseen.
    """
    reader = _Reader()
    top = reader.known(data, "", {each.name for each in fields(ShopModel)})
    costs = reader.known(top.pop("costs", {}), "costs.", {each.name for each in fields(PageCosts)})
    gate = top.pop("gate", None)
    values = {name: reader.typed(name, value, _TYPES[name]) for name, value in top.items()}
    numbers = {name: reader.typed(f"costs.{name}", value, int) for name, value in costs.items()}
    gate_model = reader.gate(gate) if gate is not None else None
    if "database" not in values:
        reader.faults.append(Fault("database", "is missing", "name the SQLite file, for example shop.sqlite"))
    if reader.faults:
        raise ConfigError(tuple(reader.faults))
    model = ShopModel(**values, costs=PageCosts(**numbers), gate=gate_model)
    if bad := model.faults():
        raise ConfigError(tuple(bad))
    return model


_TYPES: Mapping[str, type] = {
    "database": str, "host": str, "port": int, "seed": int, "db_connections": int,
    "jitter": float, "time_out_s": float, "stock": int, "control_token": str,
}  # fmt: skip
_WORDS: Mapping[type, str] = {str: "text", int: "a whole number", float: "a number"}


class _Reader:
    """
    Read JSON values by expected type and remember every fault instead of stopping at the first.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def known(self, data: object, prefix: str, names: set[str]) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.faults.append(Fault(prefix.rstrip(".") or "the configuration", "must be a JSON object"))
            return {}
        self.faults += [
            Fault(f"{prefix}{name}", "is unknown", f"known are {', '.join(sorted(names))}")
            for name in data
            if name not in names
        ]
        return {name: value for name, value in data.items() if name in names}

    def typed(self, name: str, value: object, kind: type) -> Any:
        accepted = (int, float) if kind is float else kind
        if isinstance(value, bool) or not isinstance(value, accepted) or (kind is float and not _finite(value)):
            self.faults.append(Fault(name, f"must be {_WORDS[kind]}, not {value!r}"))
        return value

    def gate(self, data: object) -> GateModel | None:
        names = {each.name for each in fields(GateModel)}
        found = self.known(data, "gate.", names)
        missing = [Fault(f"gate.{name}", "is missing") for name in sorted(names - found.keys())]
        self.faults += missing
        keys = found.pop("secret_keys", [])
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            self.faults.append(Fault("gate.secret_keys", "must be a list of texts"))
            keys = []
        texts = {name: str(self.typed(f"gate.{name}", value, str)) for name, value in found.items()}
        return None if missing else GateModel(**texts, secret_keys=tuple(keys))


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
