import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core import newcomers
from waiting_room.core.newcomers import GRACE_US, LINE_US, Delay, Newcomers, network_of

START_MS = 1_800_000_000_000
HOME = 7
ASKS = st.lists(
    st.tuples(st.integers(0, 4_000), st.integers(0, 2), st.integers(0, 8)),  # pause, network, visitor (0: nobody known)
    max_size=80,
)


def name_of(visitor: int) -> str:
    """Return the name that a visitor bears; one in nine bears none."""
    return f"v{visitor}" if visitor else ""


@given(ASKS, st.sampled_from([1, 2.5, 7, 60]))
def test_a_network_is_never_given_more_than_its_bucket_and_what_refills_it(
    asks: list[tuple[int, int, int]], per_minute: float
) -> None:
    """Whoever asks, with bookings or without: that is the bound."""
    table, now_ms, places = Newcomers(), START_MS, dict.fromkeys(range(3), 0)
    for pause_ms, network, visitor in asks:
        now_ms += pause_ms
        places[network] += table.take(network, name_of(visitor), per_minute, now_ms) is None
        passed = (now_ms - START_MS + newcomers.EARLY_US / 1000) / 60_000
        assert places[network] <= per_minute * (1 + passed) * (1 + 1e-6)


@given(ASKS, st.sampled_from([1, 2.5, 7, 60]))
def test_who_comes_back_when_told_to_a_booking_gets_the_place_whatever_others_did_meanwhile(
    asks: list[tuple[int, int, int]], per_minute: float
) -> None:
    """A phone behind the address of a bot is slowed, and not locked out."""
    table, now_ms = Newcomers(), START_MS
    table.take(HOME, "", per_minute, now_ms)
    while (told := table.take(HOME, "me", per_minute, now_ms)) is None:
        pass
    if not told.booked:
        assert told.wait_ms * 1000 > LINE_US
        return
    due_ms = now_ms + told.wait_ms
    for pause_ms, _, visitor in asks:
        now_ms = min(now_ms + pause_ms, due_ms)
        table.take(HOME, name_of(visitor), per_minute, now_ms)
    assert table.take(HOME, "me", per_minute, due_ms) is None


@given(ASKS, st.integers(1, 5))
def test_a_network_that_rests_for_as_long_as_a_line_and_a_minute_has_a_full_bucket(
    asks: list[tuple[int, int, int]], per_minute: int
) -> None:
    """Nothing of what was done to it lasts."""
    table, now_ms = Newcomers(), START_MS
    for pause_ms, _, visitor in asks:
        now_ms += pause_ms
        table.take(HOME, name_of(visitor), per_minute, now_ms)
    now_ms += 180_000
    assert [table.take(HOME, "", per_minute, now_ms) for _ in range(per_minute)] == [None] * per_minute


@given(ASKS)
def test_the_count_of_bookings_is_that_of_all_networks(asks: list[tuple[int, int, int]]) -> None:
    """Else the bound on them would fill up for ever."""
    table, now_ms = Newcomers(), START_MS
    for pause_ms, network, visitor in asks:
        now_ms += 10 * pause_ms
        table.take(network, name_of(visitor), 2, now_ms)
        assert table.booked == sum(len(share.booked) for share in table._shares.values())


def test_a_bucket_starts_full_and_refills_evenly() -> None:
    """Ten at once, and one each six seconds."""
    table = Newcomers()
    assert [table.take(HOME, "", 10, START_MS) for _ in range(11)] == [None] * 10 + [Delay(6000, booked=False)]
    assert table.take(HOME, "", 10, START_MS + 5999) == Delay(1, booked=False)
    assert table.take(HOME, "", 10, START_MS + 6000) is None


def test_those_who_are_known_are_told_times_that_lie_a_token_apart() -> None:
    """As far as the line reaches; those behind it have no booking."""
    table = Newcomers()
    for _ in range(10):
        table.take(HOME, "", 10, START_MS)
    told = [table.take(HOME, f"v{at}", 10, START_MS) for at in range(12)]
    waits = [delay.wait_ms for delay in told if delay is not None]
    assert waits[:10] == list(range(6000, 60_001, 6000))
    assert [delay.booked for delay in told if delay is not None] == [True] * 10 + [False] * 2


def test_who_asks_again_before_their_time_is_told_the_same_time() -> None:
    """Impatience costs nothing and brings nothing."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    assert table.take(HOME, "me", 1, START_MS) == Delay(60_000, booked=True)
    assert table.take(HOME, "me", 1, START_MS + 20_000) == Delay(40_000, booked=True)


def test_who_comes_a_moment_before_their_time_is_not_sent_away_again() -> None:
    """Clocks and rounding differ by less than a second."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.take(HOME, "me", 1, START_MS)
    assert table.take(HOME, "me", 1, START_MS + 59_000) is None


def test_a_booking_that_nobody_comes_for_goes_to_others() -> None:
    """Those who give up leave no hole for long."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.take(HOME, "gone", 1, START_MS)
    later_ms = START_MS + 60_000 + GRACE_US // 1000
    assert table.take(HOME, "other", 1, later_ms) is None
    assert table.booked == 0


def test_networks_do_not_count_for_each_other() -> None:
    """Each has a bucket of its own."""
    table = Newcomers()
    assert table.take(1, "", 1, START_MS) is None
    assert table.take(2, "", 1, START_MS) is None


def test_a_token_that_is_given_back_is_there_for_the_next() -> None:
    """What brought no place costs none."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.give_back(HOME, 1)
    assert table.take(HOME, "", 1, START_MS) is None


def test_a_booking_that_is_given_back_is_there_for_the_next() -> None:
    """Who turns out to have a place needs none."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.take(HOME, "me", 1, START_MS)
    table.give_back(HOME, 1, "me")
    assert table.booked == 0
    assert table.take(HOME, "other", 1, START_MS) == Delay(60_000, booked=True)


def test_a_token_that_is_given_back_to_a_forgotten_network_is_none_too_many() -> None:
    """A bucket is never more than full."""
    table = Newcomers()
    table.give_back(HOME, 1)
    assert table.take(HOME, "", 1, START_MS) is None
    assert table.take(HOME, "", 1, START_MS) is not None


def test_a_bucket_keeps_its_part_when_the_rate_is_changed() -> None:
    """Half full at ten is half full at two."""
    table = Newcomers()
    for _ in range(5):
        table.take(HOME, "", 10, START_MS)
    assert [table.take(HOME, "", 2, START_MS) for _ in range(2)] == [None, Delay(30_000, booked=False)]


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    """Not for the hour by which it was wrong."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.take(HOME, "me", 1, START_MS)
    hour_ago_ms = START_MS - 3_600_000
    assert table.take(HOME, "me", 1, hour_ago_ms) is None
    told = table.take(HOME, "", 1, hour_ago_ms)
    assert told is not None
    assert told.wait_ms <= 120_000


def test_networks_that_are_full_again_are_forgotten() -> None:
    """Two for each new one, so that they cannot pile up."""
    table = Newcomers()
    for network in range(100):
        table.take(network, "", 1, START_MS)
    for network in range(100, 150):
        table.take(network, "", 1, START_MS + 60_000)
    assert len(table) == 50


def test_a_network_with_a_booking_that_may_still_be_kept_is_not_forgotten() -> None:
    """Its holder may come late."""
    table = Newcomers()
    table.take(HOME, "", 1, START_MS)
    table.take(HOME, "me", 1, START_MS)
    table.take(8, "", 1, START_MS + 120_000)
    assert table.take(HOME, "me", 1, START_MS + 120_000) is None


def test_no_more_networks_are_kept_than_the_bound_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their bookings."""
    monkeypatch.setattr(newcomers, "MOST_NETWORKS", 10)
    table = Newcomers()
    for network in range(30):
        table.take(network, "", 1, START_MS)
        table.take(network, "me", 1, START_MS)
    assert (len(table), table.booked) == (10, 10)


def test_no_more_tokens_are_booked_than_the_bound_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all networks."""
    monkeypatch.setattr(newcomers, "MOST_BOOKED", 3)
    table = Newcomers()
    for network in range(5):
        table.take(network, "", 1, START_MS)
        table.take(network, "me", 1, START_MS)
    assert table.booked == 3


def test_an_ipv4_address_is_a_network_of_its_own() -> None:
    """Neighbours are others."""
    first, last = network_of(ipaddress.ip_address("192.0.2.1")), network_of(ipaddress.ip_address("192.0.2.2"))
    assert first != last


@pytest.mark.parametrize(
    ("other", "same"), [("2001:db8:1:2ff:ffff::9", True), ("2001:db8:1:300::1", False), ("2001:db8:2:200::1", False)]
)
def test_an_ipv6_network_is_a_56(other: str, same: bool) -> None:
    """Whoever has one has all addresses in it."""
    here = network_of(ipaddress.ip_address("2001:db8:1:200::1"))
    assert (network_of(ipaddress.ip_address(other)) == here) is same


def test_no_ipv6_network_is_taken_for_an_ipv4_address() -> None:
    """Though the upper bits of the one may be the bits of the other."""
    v6 = ipaddress.ip_address(int(ipaddress.ip_address("192.0.2.1")) << 72)
    assert network_of(v6) != network_of(ipaddress.ip_address("192.0.2.1"))


def test_bookings_made_at_once_never_fall_on_one_moment() -> None:
    """So those who were put off together do not come back together."""
    table = Newcomers()
    told = [table.take(HOME, f"v{at}", 30, START_MS) for at in range(60)]
    times = [delay.wait_ms for delay in told if delay is not None and delay.booked]
    assert all(later - earlier == 2000 for earlier, later in pairwise(times))
