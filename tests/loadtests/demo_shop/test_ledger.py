"""
The ledger: what it reads from the books, and that it finds books that lie.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loadtests.demo_shop import counter, database
from loadtests.demo_shop.ledger import PaidOrder, read_ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    Keep books of two paid orders and an unpaid one; ten pieces of each toy to begin with.
    """
    file = tmp_path / "a shop.sqlite"
    database.prepare(file, stock=10)
    address = counter.Address("Anna", "anna@example.com", "Długa 1", "Kraków")
    with closing(database.connect(file)) as books:
        for session, quantity, paid_ms in (("late", 2, 3_000), ("never", 1, None), ("early", 3, 1_000)):
            counter.add(books, session, "kite", quantity)
            number = counter.place_order(books, session, address, 1)
            assert number
            if paid_ms is not None:
                counter.pay(books, session, number, "card", paid_ms)
    return file


def test_paid_orders_stand_in_order_of_time(path: Path) -> None:
    """
    Orders come with number, time, pieces and total, by time; unpaid ones do not count.
    """
    assert read_ledger(path).orders == (
        PaidOrder("K-10003", 1_000, 3, 10_500),
        PaidOrder("K-10001", 3_000, 2, 7_000),
    )


def test_stock_adds_up(path: Path) -> None:
    """
    Pieces at the start are those left and those sold.
    """
    ledger = read_ledger(path)

    kite = next(line for line in ledger.stock if line.slug == "kite")
    assert (kite.at_start, kite.now, kite.sold) == (10, 5, 5)
    assert (ledger.oversold_units, ledger.missing_units) == (0, 0)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "count"), [(0, 9_000, 2), (1_000, 3_000, 1), (1_001, 3_000, 0), (3_000, 3_001, 1), (5, 1, 0)]
)
def test_a_window_includes_its_start_and_not_its_end(path: Path, from_ms: int, to_ms: int, count: int) -> None:
    """
    Adjoining windows count every order once.
    """
    assert len(read_ledger(path).orders_between(from_ms, to_ms)) == count


def test_an_oversale_is_found_whatever_the_stock_says(path: Path) -> None:
    """
    Sold beyond the stock at the start is counted from the orders, not from the stock column.
    """
    with closing(sqlite3.connect(path)) as books, books:
        books.execute("UPDATE order_line SET quantity = 9 WHERE order_id = 1")

    assert read_ledger(path).oversold_units == 2


def test_pieces_that_vanish_are_found(path: Path) -> None:
    """
    Stock that sank without an order is counted as missing.
    """
    with closing(sqlite3.connect(path)) as books, books:
        books.execute("UPDATE product SET stock = stock - 4 WHERE slug = 'robot'")

    assert read_ledger(path).missing_units == 4


def test_a_surplus_hides_no_lack(path: Path) -> None:
    """
    Pieces missing of one toy and too many of another do not cancel out.
    """
    with closing(sqlite3.connect(path)) as books, books:
        books.execute("UPDATE product SET stock = stock - 4 WHERE slug = 'robot'")
        books.execute("UPDATE product SET stock = stock + 4 WHERE slug = 'rocket'")

    assert read_ledger(path).missing_units == 8


def test_books_can_be_read_while_the_shop_writes(path: Path) -> None:
    """
    An open write transaction neither blocks the ledger nor shows in it.
    """
    with closing(database.connect(path)) as books:
        books.execute("BEGIN IMMEDIATE")
        books.execute("UPDATE product SET stock = 0")

        assert sum(line.now for line in read_ledger(path).stock) == 115
        books.execute("ROLLBACK")


def test_missing_books_are_told(tmp_path: Path) -> None:
    """
    Without a file the error names it, and no empty one is left behind.
    """
    with pytest.raises(FileNotFoundError, match=r"nowhere\.sqlite"):
        read_ledger(tmp_path / "nowhere.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_foreign_books_are_refused(tmp_path: Path) -> None:
    """
    A file that is no shop's database is refused by name.
    """
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary, today I wrote a file that is longer than a database's header.")

    with pytest.raises(database.ForeignDatabaseError, match=r"diary\.txt"):
        read_ledger(file)
