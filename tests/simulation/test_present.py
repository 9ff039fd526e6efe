"""
Who is there, by the simulator's books.
"""

from waiting_room.simulation.present import Present

LATE_MS = 1350


def present() -> Present:
    """
    Return two visitors of whom nothing is known.
    """
    return Present(2, start_ms=0, late_ms=LATE_MS)


def test_who_asks_as_told_is_there_at_once() -> None:
    """
    Their earlier check-ins tell the store.
    """
    there = present()
    there.told(0, 5000, 9000)
    assert there.waits(0, 5000)


def test_who_does_not_ask_again_in_time_is_gone() -> None:
    """
    An interval that has passed is over.
    """
    there = present()
    there.told(0, 5000, 9000)
    assert not there.waits(0, 9001)


def test_a_loss_leaves_nobody_there() -> None:
    """
    What the store knew of them is gone.
    """
    there = present()
    there.told(0, 5000, 9000)
    there.lost()
    assert not there.waits(0, 6000)


def test_after_a_loss_a_visitor_is_not_there_before_the_next_check_in_has_arrived() -> None:
    """
    A step in between cannot know of it.
    """
    there = present()
    there.lost()
    there.told(0, 5000, 9000)
    assert not there.waits(0, 5000 + LATE_MS - 1)


def test_after_a_loss_a_visitor_is_there_when_the_next_check_in_has_arrived() -> None:
    """
    From then on the room is held to it.
    """
    there = present()
    there.lost()
    there.told(0, 5000, 9000)
    assert there.waits(0, 5000 + LATE_MS)


def test_one_whose_check_in_went_with_a_worker_is_there_when_the_next_has_arrived() -> None:
    """
    A killed worker takes what it has not sent.
    """
    there = present()
    there.told(0, 4000, 9000)
    there.missed(0)
    there.told(0, 5000, 9000)
    assert (there.waits(0, 5000), there.waits(0, 5000 + LATE_MS)) == (False, True)


def test_a_check_in_that_is_lost_is_nothing_to_others() -> None:
    """
    The books are kept by visitor.
    """
    there = present()
    there.told(1, 4000, 9000)
    there.missed(0)
    assert there.waits(1, 4000)


def test_the_check_in_after_the_first_that_arrived_counts_at_once() -> None:
    """
    The first one tells the store meanwhile.
    """
    there = present()
    there.lost()
    there.told(0, 5000, 6000)
    there.told(0, 8000, 9000)
    assert there.waits(0, 8000)
