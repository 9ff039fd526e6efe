"""
Scenarios by name: each keeps every promise, and its figures keep to what it demands.
"""

from dataclasses import replace

import pytest

from tests.simulation.makings import EVERYTHING
from waiting_room.core.lanes import Lane
from waiting_room.core.policy import Policy
from waiting_room.simulation import People, Result, Scenario, simulate
from waiting_room.simulation.catalogue import SCENARIOS, judged, spike_of
from waiting_room.simulation.drawing import chance_of, chi_square, figures
from waiting_room.simulation.scenario import ScenarioError

pytestmark = pytest.mark.apart

SALE = Scenario(
    Policy(capacity=20, rate_per_minute=600, claim_window_s=20),
    visitors=150,
    spike=spike_of(30),
    people=People(
        no_shows=0.2, leaving_per_minute=0.1, hidden=0.1, doubles=0.1, lost_replies=0.02, session_s=8, page_s=4
    ),
)
DEMANDING = tuple(name for name, named in SCENARIOS.items() if named.demands)


def play(name: str, **changes: object) -> Result:
    """Return the figures of a small sale as it is played under *name*."""
    return simulate(SCENARIOS[name].make(replace(SALE, **changes)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def played() -> dict[str, Result]:
    """Return the figures of a small sale under each name that demands something."""
    return {name: play(name) for name in DEMANDING}


@pytest.mark.parametrize("name", DEMANDING)
def test_a_scenario_passes(name: str, played: dict[str, Result]) -> None:
    """What it demands is held, and something is demanded."""
    verdict = judged(name, played[name])

    assert [check for check in verdict.checks if not check.ok] == []
    assert len(verdict.checks) > 1


def test_a_draw_puts_the_early_in_another_order_than_that_of_their_coming(played: dict[str, Result]) -> None:
    """The others follow; the first call comes with the first step after the opening."""
    (draw,) = played["draw"].draws

    assert draw.drawn > 50
    assert draw.drawn + draw.late == SALE.visitors
    assert abs(draw.correlation) < 0.3
    assert draw.first_call_s is not None
    assert draw.first_call_s <= 0.3


def test_an_invitation_lets_in_as_many_as_it_is_for_however_many_try(played: dict[str, Result]) -> None:
    """Half of those who try come with a ticket already; the others go on in the lane for all."""
    found = played["invitations"].invitations

    assert found is not None
    assert (found.used, found.joined) == (found.due, found.due)
    assert found.tries > 5 * found.used


@pytest.mark.parametrize(("name", "middle"), [("clocks-forward", "03:00+02:00"), ("clocks-back", "02:00+01:00")])
def test_a_schedule_is_kept_over_a_change_of_the_clocks(name: str, middle: str, played: dict[str, Result]) -> None:
    """The rate changes with the clocks themselves, and the entries around are as far from it as was written."""
    entries = played[name].schedule

    assert [entry.do for entry in entries] == ["prequeue", "open", "rate", "rate", "drain", "close"]
    assert entries[2].at.endswith(middle)
    assert entries[0].admitted == 0
    assert entries[1].admitted > 0


def test_who_stays_while_most_vanish_is_called_within_seconds(played: dict[str, Result]) -> None:
    """The ghosts in front are called in vain for their two slots, and others with them."""
    found = played["mass-leaving"].leaving

    assert found is not None
    assert found.vanished > 0.8 * found.waited
    assert found.longest_pause_s < 20


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *(("draw", seed) for seed in (2, 9)),
        *(("clocks-back", seed) for seed in (2, 6, 10)),
        *(("invitations", seed) for seed in (2, 6, 51, 62)),
    ],
)
def test_a_scenario_keeps_every_promise_whatever_fails(name: str, seed: int) -> None:
    """With skewed clocks, killed workers, partitions, lost replies, a promoted replica and an empty store."""
    assert play(name, faults=EVERYTHING, workers=3, visitors=120, seed=seed).unserved == 0


def test_a_scenario_with_lanes_takes_no_others() -> None:
    """They would not be the ones that its figures are held to."""
    policy = replace(SALE.policy, lanes=(Lane("standard"), Lane("other")))

    with pytest.raises(ScenarioError, match="has lanes of its own"):
        SCENARIOS["lanes"].make(replace(SALE, policy=policy))


def test_an_order_that_is_that_of_coming_is_not_taken_for_chance() -> None:
    """The figures of a draw tell it from none, and from one that only swaps neighbours."""
    alike = figures("standard", 1, range(1, 401), 0, None)
    swapped = figures("standard", 1, [number ^ 1 for number in range(400)], 0, None)

    assert alike is not None
    assert (alike.correlation, alike.chance < 1e-9, alike.deviations > 10) == (1.0, True, True)
    assert swapped is not None
    assert swapped.chance < 1e-9


def test_too_few_are_not_judged() -> None:
    """Of nineteen nobody can tell what made their order."""
    assert figures("standard", 1, range(1, 20), 0, None) is None


@pytest.mark.parametrize(("square", "freedom", "chance"), [(81.0, 81, 0.479), (103.0, 81, 0.05), (3.84, 1, 0.05)])
def test_the_chance_of_a_chi_square_is_that_of_the_tables(square: float, freedom: int, chance: float) -> None:
    """To within half of a hundredth, far from the ends."""
    assert chance_of(square, freedom) == pytest.approx(chance, abs=0.005)


def test_equal_parts_of_a_crowd_that_keeps_its_order_stand_on_the_diagonal() -> None:
    """Chi-square is then the size of the crowd, times the parts less one."""
    square, freedom = chi_square(11, range(11, 511))

    assert square == pytest.approx(500 * 9)
    assert freedom == 81
