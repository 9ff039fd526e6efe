"""
When those who came before the opening ask again.
"""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.countdown import SPREAD_MS, Countdown
from waiting_room.core.policy import Policy

POLICIES = st.builds(
    Policy, poll_min_s=st.floats(0.2, 60), poll_max_s=st.floats(60, 600), poll_budget_per_s=st.integers(1, 100_000)
)
CROWDS = st.integers(0, 10_000_000)
NUMBERS = st.integers(1, 10_000_000)
DAY_MS = 86_400_000


@given(POLICIES, CROWDS, NUMBERS, st.one_of(st.none(), st.integers(-DAY_MS, DAY_MS)), st.integers(0, 2**32))
def test_no_answer_asks_sooner_than_allowed_or_later_than_a_slot_covers(
    policy: Policy, waiting: int, number: int, opens_in_ms: int | None, salt: int
) -> None:
    """Between the shortest interval and the longest, whatever is known of the opening."""
    countdown = Countdown(waiting, policy)

    asked = countdown.ask_in_ms(number, opens_in_ms, salt)

    assert int(policy.poll_min_s * 1000) <= asked <= countdown.longest_ms


@given(st.integers(0, 2**32), st.integers(1, 20_000))
def test_the_last_poll_before_the_opening_leads_to_one_after_it(salt: int, opens_in_ms: int) -> None:
    """Whoever asks shortly before hears of the opening within the window."""
    countdown = Countdown(1000, Policy(poll_min_s=0.2, poll_max_s=60))

    asked = countdown.ask_in_ms(17, opens_in_ms, salt)

    assert asked < opens_in_ms or asked <= max(200, opens_in_ms) + SPREAD_MS


def test_a_crowd_of_a_million_does_not_come_in_one_instant() -> None:
    """Each second after the opening brings no more polls than the budget holds, and none comes before."""
    policy = Policy(poll_budget_per_s=20_000)
    countdown = Countdown(1_000_000, policy)

    seconds = [0] * 100
    for number in range(1, 1_000_001, 10):
        seconds[(countdown.ask_in_ms(number, 1000, 7) - 1000) // 1000] += 10

    assert max(seconds) <= policy.poll_budget_per_s
    assert sum(seconds[:69]) == 1_000_000


@given(st.integers(2, 86_400), NUMBERS, st.integers(0, 2**32))
def test_polls_grow_rarer_the_farther_the_opening(opens_in_s: int, number: int, salt: int) -> None:
    """A few thousand people who wait for an hour ask once a minute, and near the end every few seconds."""
    policy = Policy(poll_budget_per_s=2000)

    asked = Countdown(3000, policy).ask_in_ms(number, opens_in_s * 1000, salt)

    assert asked >= min(60_000, opens_in_s * 1000 // 6)


def test_without_a_known_opening_a_small_crowd_asks_every_few_seconds() -> None:
    """It finds the room open within seconds, and not in one instant."""
    countdown = Countdown(100, Policy())

    asked = {countdown.ask_in_ms(number, None, 7) for number in range(1, 101)}

    assert SPREAD_MS <= min(asked) < max(asked) <= 1.2 * SPREAD_MS


def test_an_opening_that_is_overdue_is_asked_for_as_one_of_unknown_time() -> None:
    """The operator may be late."""
    countdown = Countdown(100, Policy())

    assert countdown.ask_in_ms(5, -1, 3) == countdown.ask_in_ms(5, 0, 3) == countdown.ask_in_ms(5, None, 3)
