"""
What a visitor was told, and how the next answer stays true to it.
"""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.web.journey import GREW_SHOWN_S, Journey, go_on, read, shown_wait

NOW_S = 1_000_000.0


def test_the_first_answer_starts_the_journey() -> None:
    """
    The first position is the start, and the first range's end the promise.
    """
    assert go_on(None, 7, 40, 300.0, NOW_S) == Journey(7, 40, 40, 1_000_300)
    assert go_on(None, 7, 40, None, NOW_S) == Journey(7, 40, 40)


def test_a_higher_position_is_not_shown() -> None:
    """
    The position that was shown never goes up.
    """
    before = Journey(7, 40, 30, 1_000_300)

    assert go_on(before, 7, 35, 250.0, NOW_S).last == 30
    assert go_on(before, 7, 20, 250.0, NOW_S).last == 20


def test_an_end_that_slips_by_a_little_keeps_the_promise() -> None:
    """
    A quarter of the rest is the estimate's own noise: the page sticks to what it said.
    """
    journey = go_on(Journey(7, 40, 30, 1_000_300), 7, 30, 360.0, NOW_S)

    assert journey.due_s == 1_000_300
    assert not journey.tells_growth(NOW_S)
    assert shown_wait(journey, 200.0, 360.0, NOW_S) == (200.0, 300.0)


def test_an_end_that_slips_far_is_told_for_three_minutes() -> None:
    """
    A wait that has grown becomes the new promise, with an explanation beside it.
    """
    journey = go_on(Journey(7, 40, 30, 1_000_300), 7, 30, 400.0, NOW_S)

    assert journey.due_s == 1_000_400
    assert journey.tells_growth(NOW_S + GREW_SHOWN_S - 1)
    assert not journey.tells_growth(NOW_S + GREW_SHOWN_S)


def test_an_earlier_end_becomes_the_promise() -> None:
    """
    Good news counts from then on.
    """
    assert go_on(Journey(7, 40, 30, 1_000_300), 7, 30, 100.0, NOW_S).due_s == 1_000_100


def test_an_unknown_end_leaves_the_promise() -> None:
    """
    While nobody knows, nothing is promised anew and nothing taken back.
    """
    assert go_on(Journey(7, 40, 30, 1_000_300, 5), 7, 29, None, NOW_S) == Journey(7, 40, 29, 1_000_300, 5)


def test_progress_is_the_share_of_ones_own_wait() -> None:
    """
    It starts at nothing, whoever is ahead, and grows with each person who goes in.
    """
    assert Journey(7, 40, 40).progress == 0
    assert Journey(7, 40, 10).progress == 0.75


def test_another_tickets_journey_is_not_continued() -> None:
    """
    A new ticket starts anew.
    """
    assert read("7-40-30-0-0", 8) is None
    assert read("7-40-30-0-0", 7) == Journey(7, 40, 30)


@given(st.text(max_size=40))
def test_no_cookie_breaks_the_page(text: str) -> None:
    """
    What makes no sense is forgotten.
    """
    assert read(text, 7) is None or text.startswith("7-")


JOURNEYS = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**9), st.integers(0, 10**9)).map(
    lambda n: Journey(7, max(n[0], n[1]), min(n[0], n[1]), n[2], n[3])
)


@given(JOURNEYS)
def test_a_journey_survives_its_cookie(journey: Journey) -> None:
    """
    Writing and reading gives an equal journey.
    """
    assert read(journey.encode(), 7) == journey


@given(JOURNEYS, st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 10**5)), max_size=20))
def test_what_is_shown_worsens_only_with_a_word_about_it(journey: Journey, news: list[tuple[int, float]]) -> None:
    """
    However the answers jump, positions fall or stay, and a later end is always told as such.
    """
    now_s = NOW_S
    for position, high_s in news:
        now_s += 5
        after = go_on(journey, 7, position, high_s, now_s)
        assert after.last <= journey.last
        assert not journey.due_s or after.due_s <= journey.due_s or after.grew_s == int(now_s)
        low, high = shown_wait(after, 0.0, high_s, now_s)
        assert low <= high <= max(1.0, high_s)
        journey = after
