"""
The shop's SQLite file: its tables, how it is opened, and how writes are wrapped in a transaction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from loadtests.demo_shop.catalogue import TOYS

SCHEMA_VERSION = 1

# `stock_start` never changes: the ledger compares what was sold with it, whatever the stock column says.
SCHEMA = """
CREATE TABLE product (
    slug TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    price INTEGER NOT NULL CHECK (price > 0),
    stock_start INTEGER NOT NULL CHECK (stock_start >= 0),
    stock INTEGER NOT NULL CHECK (stock >= 0)
) WITHOUT ROWID;
CREATE TABLE basket_line (
    session TEXT NOT NULL,
    slug TEXT NOT NULL REFERENCES product (slug),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (session, slug)
) WITHOUT ROWID;
CREATE TABLE shop_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    paid_ms INTEGER,
    confirmed_ms INTEGER,
    method TEXT
);
CREATE INDEX shop_order_session ON shop_order (session);
CREATE INDEX shop_order_paid ON shop_order (paid_ms);
CREATE TABLE order_line (
    order_id INTEGER NOT NULL REFERENCES shop_order (id),
    slug TEXT NOT NULL REFERENCES product (slug),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price INTEGER NOT NULL CHECK (unit_price > 0),
    PRIMARY KEY (order_id, slug)
) WITHOUT ROWID;
"""


class ForeignDatabaseError(ValueError):
    """
    Tell that a file is not a database of this shop; it was left untouched.
    """


def connect(path: Path) -> sqlite3.Connection:
    """
    Open a connection that waits up to five seconds for another's write and never loses a committed order to a crash.

    In WAL mode NORMAL synchronisation may lose the last commits only when the machine itself dies.
    """
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path, stock: int) -> None:
    """
    Create the shop's tables with `stock` pieces of each toy, or go on with the file's own stock where they exist.
    """
    if _is_ours(path):
        return
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        with writing(connection):
            connection.executemany(
                "INSERT INTO product (slug, place, price, stock_start, stock) VALUES (?, ?, ?, ?, ?)",
                [(toy.slug, place, toy.price, stock, stock) for place, toy in enumerate(TOYS)],
            )
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION:d}")


def sell_out(path: Path) -> None:
    """
    Leave nothing of any toy on the shelf; the shop may be running meanwhile. Raises `TimeoutError` where it lets
    nobody else write.
    """
    try:
        with closing(connect(path)) as connection, writing(connection):
            connection.execute("UPDATE product SET stock = 0")
    except sqlite3.OperationalError as fault:
        raise TimeoutError(f"{path} could not be written: {fault}") from fault


def _is_ours(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=5.0)) as connection:
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        except sqlite3.DatabaseError as fault:
            raise ForeignDatabaseError(f"{path} is no SQLite database; name another file") from fault
    if tables and version != SCHEMA_VERSION:
        raise ForeignDatabaseError(f"{path} belongs to another program or version; name another file")
    return bool(tables)


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """
    Run the block as one transaction that holds the write lock from its start; any exception undoes all of it.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
