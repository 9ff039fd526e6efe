"""
What the simulator notes of a lane.
"""

from waiting_room.simulation.books import LaneBook


def test_a_draw_may_order_numbers_that_nobody_holds() -> None:
    """
    A loss raises the counter far above the numbers that were given, and the draw orders all up to it.
    """
    book = LaneBook()
    for number, who in ((1, 7), (2, 8)):
        book.note(number, who)

    book.draw(1, [5000, 1, *range(2, 5000)], seen_ms=10)

    assert (book.who(5000), book.who(1), book.who(2)) == (7, 8, -1)
