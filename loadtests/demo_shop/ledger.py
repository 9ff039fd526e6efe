"""
The shop's books, read afterwards from its database: what was really sold, and whether more than there was.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from loadtests.demo_shop.counter import order_number
from loadtests.demo_shop.database import SCHEMA_VERSION, ForeignDatabaseError


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """
    One paid order: its number, when it was paid (epoch ms), its pieces, and its total in grosze.
    """

    number: str
    at_ms: int
    units: int
    total: int


@dataclass(frozen=True, slots=True)
class StockLine:
    """
    One toy's books: pieces at the start, pieces on the shelf now, pieces in paid orders.
    """

    slug: str
    at_start: int
    now: int
    sold: int

    @property
    def oversold(self) -> int:
        """
        Count the pieces sold beyond the stock at the start.
        """
        return max(0, self.sold - self.at_start)

    @property
    def missing(self) -> int:
        """
        Count the pieces that are neither on the shelf nor in a paid order; negative when there are too many.
        """
        return self.at_start - self.now - self.sold


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    All paid orders in order of time, and every toy's stock; read in one transaction, so the figures fit together.
    """

    orders: tuple[PaidOrder, ...]
    stock: tuple[StockLine, ...]

    @property
    def oversold_units(self) -> int:
        """
        Count the pieces sold beyond stock, toy by toy: a surplus of one never hides a lack of another.
        """
        return sum(line.oversold for line in self.stock)

    @property
    def missing_units(self) -> int:
        """
        Count the pieces that the books cannot account for, toy by toy, in either direction; 0 in honest books.
        """
        return sum(abs(line.missing) for line in self.stock)

    def orders_between(self, from_ms: int, to_ms: int) -> tuple[PaidOrder, ...]:
        """
        Give the orders paid at or after `from_ms` and before `to_ms` (epoch ms).
        """
        return self.orders[_index(self.orders, from_ms) : _index(self.orders, to_ms)]


def read_ledger(path: str | Path) -> Ledger:
    """
    Read the books of a shop's database without changing it; the shop may be running meanwhile.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise FileNotFoundError(f"There is no shop database {file}; was the shop ever started?")
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)) as books:
        try:
            version = books.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as fault:
            raise ForeignDatabaseError(f"{file} is no SQLite database") from fault
        if version != SCHEMA_VERSION:
            raise ForeignDatabaseError(f"{file} is no database of this shop (version {version})")
        books.execute("BEGIN")
        orders = books.execute(
            "SELECT id, paid_ms, sum(quantity), sum(quantity * unit_price)"
            " FROM shop_order JOIN order_line ON order_id = id"
            " WHERE paid_ms IS NOT NULL GROUP BY id ORDER BY paid_ms, id"
        ).fetchall()
        stock = books.execute(
            "SELECT slug, stock_start, stock, coalesce((SELECT sum(quantity) FROM order_line"
            " JOIN shop_order ON id = order_id WHERE order_line.slug = product.slug AND paid_ms IS NOT NULL), 0)"
            " FROM product ORDER BY place"
        ).fetchall()
    return _ledger(orders, stock)


def _ledger(orders: Iterable[tuple[int, int, int, int]], stock: Iterable[tuple[str, int, int, int]]) -> Ledger:
    return Ledger(
        tuple(PaidOrder(order_number(row[0]), *row[1:]) for row in orders), tuple(StockLine(*row) for row in stock)
    )


def _index(orders: tuple[PaidOrder, ...], at_ms: int) -> int:
    return bisect_left(orders, at_ms, key=lambda order: order.at_ms)
