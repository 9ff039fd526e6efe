"""
The counter's SQL on a real SQLite file: baskets, orders, and stock that cannot be oversold.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.demo_shop import counter, database
from loadtests.demo_shop.catalogue import MAX_PER_TOY, TOYS
from loadtests.demo_shop.counter import Address, BasketLine, Order, SoldOut, Unknown
from loadtests.demo_shop.ledger import read_ledger

HOME = Address("Anna Nowak", "anna@example.com", "Długa 1", "30-001 Kraków")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """
    Open a new shop with three pieces of each toy.
    """
    database.prepare(tmp_path / "shop.sqlite", stock=3)
    with closing(database.connect(tmp_path / "shop.sqlite")) as connection:
        yield connection


def ordered(books: sqlite3.Connection, session: str, slug: str = "kite", quantity: int = 1) -> str:
    """
    Fill a basket and order it.
    """
    counter.add(books, session, slug, quantity)
    number = counter.place_order(books, session, HOME, now_ms=1)
    assert number
    return number


def stock(books: sqlite3.Connection, slug: str = "kite") -> int:
    """
    Read how many pieces are left.
    """
    return next(line.stock for line in counter.shelf(books, "nobody").lines if line.slug == slug)


def test_the_shelf_holds_every_toy_in_its_order(books: sqlite3.Connection) -> None:
    """
    A new shop sells the whole catalogue at its prices.
    """
    lines = counter.shelf(books, "anna").lines

    assert [(line.slug, line.price, line.stock) for line in lines] == [(toy.slug, toy.price, 3) for toy in TOYS]


def test_a_basket_adds_up(books: sqlite3.Connection) -> None:
    """
    Adding a toy twice makes one line with both quantities.
    """
    counter.add(books, "anna", "kite", 1)
    counter.add(books, "anna", "kite", 2)

    assert counter.basket(books, "anna").lines == (BasketLine("kite", 3, 3_500),)
    assert counter.basket(books, "anna").total == 10_500


def test_a_basket_is_limited(books: sqlite3.Connection) -> None:
    """
    More than the promotion's limit of one toy never lies in a basket.
    """
    counter.add(books, "anna", "kite", 4)
    counter.add(books, "anna", "kite", 4)

    assert counter.basket(books, "anna").units == MAX_PER_TOY


def test_baskets_are_apart(books: sqlite3.Connection) -> None:
    """
    One visitor's basket is not another's.
    """
    counter.add(books, "anna", "kite", 1)

    assert counter.basket(books, "jan").lines == ()


def test_a_basket_can_be_changed_and_emptied(books: sqlite3.Connection) -> None:
    """
    Setting a quantity replaces it; zero takes the toy out.
    """
    counter.add(books, "anna", "kite", 1)

    assert counter.change(books, "anna", "kite", 2).units == 2
    assert counter.change(books, "anna", "kite", 0).lines == ()


def test_an_unknown_toy_is_not_sold(books: sqlite3.Connection) -> None:
    """
    A toy that is not in the shop cannot be put into a basket.
    """
    assert counter.add(books, "anna", "yacht", 1) == Unknown()


def test_an_empty_basket_orders_nothing(books: sqlite3.Connection) -> None:
    """
    Without a toy there is no order.
    """
    assert counter.place_order(books, "anna", HOME, now_ms=1) is None


def test_a_repeated_order_is_the_same_order(books: sqlite3.Connection) -> None:
    """
    Sending the address again before paying rewrites the order instead of making a second one.
    """
    first = ordered(books, "anna")
    again = ordered(books, "anna", "robot")
    found = counter.order(books, "anna", again)

    assert again == first
    assert isinstance(found, Order)
    assert [line.slug for line in found.basket.lines] == ["kite", "robot"]


def test_paying_takes_the_stock_and_empties_the_basket(books: sqlite3.Connection) -> None:
    """
    A paid order bears its time and method; its pieces are gone from the shelf and the basket is empty.
    """
    number = ordered(books, "anna", quantity=2)
    paid = counter.pay(books, "anna", number, "blik", now_ms=1_234)

    assert isinstance(paid, Order)
    assert (paid.paid_ms, paid.method) == (1_234, "blik")
    assert stock(books) == 1
    assert counter.basket(books, "anna").lines == ()


def test_paying_twice_takes_nothing_twice(books: sqlite3.Connection) -> None:
    """
    A second payment of the same order gives the first one's result.
    """
    number = ordered(books, "anna")
    first = counter.pay(books, "anna", number, "card", now_ms=5)

    assert counter.pay(books, "anna", number, "blik", now_ms=9) == first
    assert stock(books) == 2


def test_a_shortage_takes_nothing_at_all(books: sqlite3.Connection) -> None:
    """
    When one line of an order is short, no line's stock is taken and the order stays unpaid.
    """
    counter.add(books, "anna", "robot", 1)
    number = ordered(books, "anna", quantity=4)

    assert counter.pay(books, "anna", number, "card", now_ms=5) == SoldOut(("kite",))
    assert (stock(books, "kite"), stock(books, "robot")) == (3, 3)
    found = counter.order(books, "anna", number)
    assert isinstance(found, Order)
    assert found.paid_ms is None


def test_a_sold_out_toy_does_not_enter_the_basket(books: sqlite3.Connection) -> None:
    """
    Once the last piece is paid for, adding another says so.
    """
    counter.pay(books, "anna", ordered(books, "anna", quantity=3), "card", now_ms=5)

    assert counter.add(books, "jan", "kite", 1) == SoldOut(("kite",))


def test_other_people_s_orders_are_unknown(books: sqlite3.Connection) -> None:
    """
    An order is neither shown to nor paid by somebody else.
    """
    number = ordered(books, "anna")

    assert counter.order(books, "jan", number) == Unknown()
    assert counter.pay(books, "jan", number, "card", now_ms=5) == Unknown()
    assert counter.confirm(books, "jan", number, now_ms=5) == (Unknown(), False)


def test_only_the_first_confirmation_of_a_paid_order_is_the_first(books: sqlite3.Connection) -> None:
    """
    An unpaid order is not confirmed; a paid one for the first time once.
    """
    number = ordered(books, "anna")
    firsts = [counter.confirm(books, "anna", number, now_ms=5)[1]]
    counter.pay(books, "anna", number, "card", now_ms=6)
    firsts += [counter.confirm(books, "anna", number, now_ms=at)[1] for at in (7, 8)]

    assert firsts == [False, True, False]


@given(st.text(max_size=20))
def test_a_made_up_order_number_is_read_without_harm(number: str) -> None:
    """
    Any text is either an order number that `order_number` writes, or none.
    """
    found = counter.order_id(number)

    assert found is None or counter.order_id(counter.order_number(found)) == found


def test_concurrent_payments_never_oversell(tmp_path: Path) -> None:
    """
    Forty shoppers on eight connections who all want the last three kites: three get one, and the books agree.
    """
    path = tmp_path / "shop.sqlite"
    database.prepare(path, stock=3)
    with closing(database.connect(path)) as books:
        numbers = [(f"s{n}", ordered(books, f"s{n}")) for n in range(40)]
    start = threading.Barrier(8)
    outcomes: list[Order | SoldOut | Unknown] = []

    def pay(mine: list[tuple[str, str]]) -> None:
        with closing(database.connect(path)) as books:
            start.wait(20)
            outcomes.extend(counter.pay(books, session, number, "card", 1) for session, number in mine)

    threads = [threading.Thread(target=pay, args=(numbers[n::8],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, SoldOut) for outcome in outcomes) == 37
    ledger = read_ledger(path)
    assert (len(ledger.orders), ledger.oversold_units, ledger.missing_units) == (3, 0, 0)


def test_a_shop_goes_on_with_its_stock(tmp_path: Path) -> None:
    """
    Opening an existing database keeps its stock and orders.
    """
    path = tmp_path / "shop.sqlite"
    database.prepare(path, stock=3)
    with closing(database.connect(path)) as books:
        counter.pay(books, "anna", ordered(books, "anna"), "card", 1)
    database.prepare(path, stock=99)

    with closing(database.connect(path)) as books:
        assert stock(books) == 2


@pytest.mark.parametrize("content", [b"no database at all, only some text in a file", None])
def test_a_foreign_file_is_left_alone(tmp_path: Path, content: bytes | None) -> None:
    """
    A file of another kind, or another program's database, is refused and not changed.
    """
    path = tmp_path / "shop.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE theirs (x)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    with pytest.raises(database.ForeignDatabaseError, match="name another file"):
        database.prepare(path, stock=1)
    assert path.read_bytes() == before
