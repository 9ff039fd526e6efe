"""
Whom the operator has turned away, as a value.
"""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.revoked import NOTHING_REVOKED, Revoked, read_entries

IDS = st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 9), max_size=4)
LISTS = st.builds(Revoked, st.sampled_from(["1.1", "1.2", "2.1"]), IDS, IDS)


def test_each_is_barred_until_its_time() -> None:
    """The last millisecond before the end counts, the end does not."""
    revoked = Revoked("1.1", {"standard.7": 10}, {"anna": 20})

    assert revoked.bars("standard.7", "ben", 9)
    assert not revoked.bars("standard.7", "ben", 10)
    assert revoked.bars("standard.8", "anna", 19)
    assert not revoked.bars("standard.8", "anna", 20)


@given(LISTS)
def test_the_list_comes_back_as_it_was_sent(revoked: Revoked) -> None:
    """What the service writes is what a gate reads."""
    assert read_entries(revoked.version, revoked.entries()) == revoked


def test_what_is_not_known_is_passed_over() -> None:
    """A newer service may turn away by other signs."""
    assert read_entries("1.1", [{"network": "c", "until_ms": 7}, 8, {"seat": 1, "until_ms": 1}]) == Revoked("1.1")


@given(LISTS, LISTS, st.integers(0, 9))
def test_a_new_epoch_lets_nobody_in_who_was_barred(known: Revoked, news: Revoked, now_ms: int) -> None:
    """Within an epoch the news are the whole truth; over its end both lists hold."""
    after = known.followed_by(news)
    same = known.version[0] == news.version[0]

    for name in (*known.seats, *news.seats, *known.visitors, *news.visitors):
        barred = news.bars(name, name, now_ms) or (known.bars(name, name, now_ms) and not same)
        assert after.bars(name, name, now_ms) == barred
    assert after.version == news.version


def test_nothing_is_followed_by_anything() -> None:
    """The first list that is heard is taken as it is."""
    assert NOTHING_REVOKED.followed_by(Revoked("3.4", {"a": 1})) == Revoked("3.4", {"a": 1})


def test_a_list_with_anybody_on_it_is_something() -> None:
    """A seat or a visitor alone is enough."""
    assert [bool(one) for one in (NOTHING_REVOKED, Revoked("1.1", {"a": 1}), Revoked("1.1", {}, {"b": 1}))] == [
        False, True, True,
    ]  # fmt: skip
