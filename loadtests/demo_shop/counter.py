"""
What each page asks of the database: one function a page, each run on one of the pool's connections.
"""

import sqlite3
from dataclasses import dataclass

from loadtests.demo_shop.catalogue import MAX_PER_TOY
from loadtests.demo_shop.database import writing

NUMBER_PREFIX = "K-"
NUMBER_OFFSET = 10_000


@dataclass(frozen=True, slots=True)
class ShelfLine:
    """
    One toy on the shelf: its price in grosze and the pieces left.
    """

    slug: str
    price: int
    stock: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    The toys in their order, and how many pieces the visitor's basket holds.
    """

    lines: tuple[ShelfLine, ...]
    basket_units: int


@dataclass(frozen=True, slots=True)
class BasketLine:
    """
    One toy in a basket or an order; `price` of one piece and `total` are in grosze.
    """

    slug: str
    quantity: int
    price: int

    @property
    def total(self) -> int:
        """
        Multiply price and quantity.
        """
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Basket:
    """
    The lines of one visitor's basket.
    """

    lines: tuple[BasketLine, ...]

    @property
    def units(self) -> int:
        """
        Count the pieces.
        """
        return sum(line.quantity for line in self.lines)

    @property
    def total(self) -> int:
        """
        Sum the lines, in grosze.
        """
        return sum(line.total for line in self.lines)


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where an order goes; kept with the order, never logged.
    """

    name: str
    email: str
    street: str
    city: str


@dataclass(frozen=True, slots=True)
class Order:
    """
    One order as its owner sees it; `paid_ms` is None until it is paid (epoch ms).
    """

    number: str
    address: Address
    basket: Basket
    paid_ms: int | None
    method: str | None


@dataclass(frozen=True, slots=True)
class SoldOut:
    """
    Nothing was taken: fewer pieces are left of these toys than were asked for.
    """

    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    There is no such toy or order, or it belongs to somebody else.
    """


def order_number(order_id: int) -> str:
    """
    Write the number that the shopper sees for the order of this row.
    """
    return f"{NUMBER_PREFIX}{order_id + NUMBER_OFFSET}"


def order_id(number: str) -> int | None:
    """
    Read an order number back; None for anything that `order_number` never wrote.
    """
    digits = number.removeprefix(NUMBER_PREFIX)
    if digits == number or not digits.isascii() or not digits.isdecimal() or len(digits) > 12:
        return None
    return int(digits) - NUMBER_OFFSET


def shelf(connection: sqlite3.Connection, session: str) -> Shelf:
    """
    Read all toys and the size of the basket: the home page and, with one toy in focus, the product page.
    """
    rows = connection.execute("SELECT slug, price, stock FROM product ORDER BY place").fetchall()
    units = connection.execute(
        "SELECT coalesce(sum(quantity), 0) FROM basket_line WHERE session = ?", (session,)
    ).fetchone()[0]
    return Shelf(tuple(ShelfLine(*row) for row in rows), units)


def basket(connection: sqlite3.Connection, session: str) -> Basket:
    """
    Read the basket with today's prices.
    """
    rows = connection.execute(
        "SELECT slug, quantity, price FROM basket_line JOIN product USING (slug) WHERE session = ? ORDER BY place",
        (session,),
    )
    return Basket(tuple(BasketLine(*row) for row in rows))


def add(connection: sqlite3.Connection, session: str, slug: str, quantity: int) -> Basket | SoldOut | Unknown:
    """
    Put pieces into the basket, never more than `MAX_PER_TOY` of one toy; stock is taken only by paying.
    """
    with writing(connection):
        row = connection.execute("SELECT stock FROM product WHERE slug = ?", (slug,)).fetchone()
        if row is None:
            return Unknown()
        if row[0] <= 0:
            return SoldOut((slug,))
        connection.execute(
            "INSERT INTO basket_line (session, slug, quantity) VALUES (?, ?, min(?, ?))"
            " ON CONFLICT (session, slug) DO UPDATE SET quantity = min(quantity + excluded.quantity, ?)",
            (session, slug, quantity, MAX_PER_TOY, MAX_PER_TOY),
        )
        return basket(connection, session)


def change(connection: sqlite3.Connection, session: str, slug: str, quantity: int) -> Basket:
    """
    Set how many pieces of a toy lie in the basket; zero takes it out.
    """
    with writing(connection):
        if quantity <= 0:
            connection.execute("DELETE FROM basket_line WHERE session = ? AND slug = ?", (session, slug))
        else:
            connection.execute(
                "UPDATE basket_line SET quantity = ? WHERE session = ? AND slug = ?",
                (min(quantity, MAX_PER_TOY), session, slug),
            )
        return basket(connection, session)


def place_order(connection: sqlite3.Connection, session: str, address: Address, now_ms: int) -> str | None:
    """
    Turn the basket into an unpaid order and give its number; None when the basket is empty.

    A repeated call before paying rewrites the same order: an impatient reload makes no second one.
    """
    with writing(connection):
        wanted = basket(connection, session)
        if not wanted.lines:
            return None
        row = connection.execute(
            "SELECT id FROM shop_order WHERE session = ? AND paid_ms IS NULL ORDER BY id LIMIT 1", (session,)
        ).fetchone()
        fields = (address.name, address.email, address.street, address.city, now_ms)
        if row is None:
            found = connection.execute(
                "INSERT INTO shop_order (name, email, street, city, created_ms, session) VALUES (?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (*fields, session),
            ).fetchone()[0]
        else:
            found = row[0]
            connection.execute(
                "UPDATE shop_order SET name = ?, email = ?, street = ?, city = ?, created_ms = ? WHERE id = ?",
                (*fields, found),
            )
            connection.execute("DELETE FROM order_line WHERE order_id = ?", (found,))
        connection.executemany(
            "INSERT INTO order_line (order_id, slug, quantity, unit_price) VALUES (?, ?, ?, ?)",
            [(found, line.slug, line.quantity, line.price) for line in wanted.lines],
        )
        return order_number(found)


def order(connection: sqlite3.Connection, session: str, number: str) -> Order | Unknown:
    """
    Read an order of this visitor; other people's orders are unknown.
    """
    found = order_id(number)
    row = connection.execute(
        "SELECT name, email, street, city, paid_ms, method FROM shop_order WHERE id = ? AND session = ?",
        (found, session),
    ).fetchone()
    if row is None:
        return Unknown()
    lines = connection.execute(
        "SELECT slug, quantity, unit_price FROM order_line JOIN product USING (slug) WHERE order_id = ? ORDER BY place",
        (found,),
    )
    return Order(number, Address(*row[:4]), Basket(tuple(BasketLine(*line) for line in lines)), row[4], row[5])


def confirm(connection: sqlite3.Connection, session: str, number: str, now_ms: int) -> tuple[Order | Unknown, bool]:
    """
    Read an order for its confirmation page, and say whether that page is shown for the first time since it was paid.
    """
    found = order(connection, session, number)
    if isinstance(found, Unknown) or found.paid_ms is None:
        return found, False
    first = connection.execute(
        "UPDATE shop_order SET confirmed_ms = ? WHERE id = ? AND confirmed_ms IS NULL", (now_ms, order_id(number))
    ).rowcount
    return found, bool(first)


def pay(
    connection: sqlite3.Connection, session: str, number: str, method: str, now_ms: int
) -> Order | SoldOut | Unknown:
    """
    Take the order's pieces from stock and mark it paid, all or nothing; paying twice takes nothing twice.

    The stock is never read and written apart: each line is one conditional update, and the transaction holds the
    write lock from its start. So no interleaving of payments can sell a piece that is not there.
    """
    try:
        with writing(connection):
            found = order(connection, session, number)
            if isinstance(found, Unknown) or found.paid_ms is not None:
                return found
            _take(connection, found.basket)
            connection.execute(
                "UPDATE shop_order SET paid_ms = ?, method = ? WHERE id = ?", (now_ms, method, order_id(number))
            )
            connection.execute("DELETE FROM basket_line WHERE session = ?", (session,))
            return Order(number, found.address, found.basket, now_ms, method)
    except _ShortageError as shortage:
        return SoldOut(shortage.slugs)


class _ShortageError(Exception):
    # Undoes the transaction on its way out; never leaves this module.
    def __init__(self, slugs: tuple[str, ...]) -> None:
        super().__init__(slugs)
        self.slugs = slugs


def _take(connection: sqlite3.Connection, wanted: Basket) -> None:
    short = tuple(
        line.slug
        for line in wanted.lines
        if not connection.execute(
            "UPDATE product SET stock = stock - ? WHERE slug = ? AND stock >= ?",
            (line.quantity, line.slug, line.quantity),
        ).rowcount
    )
    if short:
        raise _ShortageError(short)
