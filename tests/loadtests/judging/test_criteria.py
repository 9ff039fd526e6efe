"""
Criteria: refused before the run where they could not be judged after it, and followed while it lasts.
"""

from typing import Any

import pytest

from loadtests.judging.criteria import criteria_faults, thresholds_of
from loadtests.judging.live import LIVE, Follower
from loadtests.scenario.spec import Criterion

PHASES = ("calm", "peak")
ALL = ("room", "books", "capacity")


def criterion(figure: str = "shop_p95_ms", **changes: Any) -> Criterion:
    """
    Return a criterion of at most 1000.
    """
    usual: dict[str, Any] = {"name": "quick", "figure": figure, "comparator": "<=", "limit": 1000.0}
    return Criterion(**usual | changes)


def faults(*criteria: Criterion, has: tuple[str, ...] = ALL) -> str:
    """
    Return what is wrong with the criteria, in words.
    """
    return "\n".join(map(str, criteria_faults(criteria, PHASES, has, "mine.toml")))


def test_what_can_be_measured_is_accepted() -> None:
    """
    Over the run and over a phase, ending it or not.
    """
    good = (criterion(), criterion(phase="peak"), criterion(abort=True), criterion("oversold"))
    assert faults(*good) == ""


def test_a_misspelt_figure_is_told_with_what_was_meant() -> None:
    """
    Not after ninety seconds, as a limit that nothing was measured for.
    """
    assert "did you mean shop_p95_ms?" in faults(criterion("shop_95_ms"))


def test_a_phase_that_the_run_will_not_have_is_told() -> None:
    """
    A constant crowd has no peak to be judged.
    """
    assert "this run will have no 'drain'" in faults(criterion(phase="drain"))


def test_a_figure_of_the_whole_run_has_no_phase() -> None:
    """
    Overselling is known at the end.
    """
    assert "leave the phase out" in faults(criterion("oversold", phase="peak"))


@pytest.mark.parametrize(
    ("figure", "needs"), [("waited_p95_s", "room"), ("oversold", "books"), ("goodput_ratio", "capacity")]
)
def test_what_a_foreign_shop_does_not_tell_is_no_criterion(figure: str, needs: str) -> None:
    """
    Each says what would be needed for it.
    """
    assert "cannot be measured here" in faults(criterion(figure), has=tuple(part for part in ALL if part != needs))


def test_only_what_is_known_while_it_lasts_can_end_a_run() -> None:
    """
    The rest is told with what could.
    """
    assert "those that can end a run are" in faults(criterion("oversold", abort=True))


def test_all_faults_are_told_at_once() -> None:
    """
    Three criteria, three faults.
    """
    assert len(faults(criterion("x"), criterion(phase="drain"), criterion("oversold", abort=True)).splitlines()) == 3


def test_a_criterion_becomes_a_limit_of_its_run_and_phase() -> None:
    """
    Looked up among the figures of the phase.
    """
    [limit] = thresholds_of([criterion(phase="peak")], "with_room")
    runs = {"with_room": {"shop_p95_ms": 9000.0, "by_phase": {"peak": {"shop_p95_ms": 900.0}}}}
    assert limit.check(runs).ok
    assert limit.check(runs).to_json()["phase"] == "peak"
    assert not limit.check({"with_room": {"shop_p95_ms": 900.0, "by_phase": {}}}).ok


def line(t: int, **figures: Any) -> dict[str, Any]:
    """
    Return one second's line of a quick shop.
    """
    return {"t": t, "shop_requests": 100, "shop_errors": 0, "shop_p95_ms": 100.0, "orders_seen": 5, "admitted": 6,
            "waiting": 9, "in_shop": 3, "start_lag_p99_ms": 1.0, "not_started": 0, **figures}  # fmt: skip


def ended_at(follower: Follower, slow: range, length: int = 30) -> int | None:
    """
    Return the second after which a run ends whose shop is slow in some seconds.
    """
    for t in range(length):
        if follower.hear(line(t, shop_p95_ms=5000.0 if t in slow else 100.0)):
            return t
    return None


def test_a_run_ends_when_a_criterion_has_failed_for_its_grace() -> None:
    """
    Slow from second 5 on, with a grace of 4 s.
    """
    follower = Follower([criterion(abort=True, grace_s=4)])
    assert ended_at(follower, range(5, 30)) == 8


def test_a_short_failure_is_within_the_grace() -> None:
    """
    Three slow seconds, a quick one, three slow ones again.
    """
    follower = Follower([criterion(abort=True, grace_s=4)])
    assert ended_at(follower, range(5, 8)) is None


def test_a_criterion_that_does_not_abort_is_not_followed() -> None:
    """
    It is judged at the end.
    """
    assert ended_at(Follower([criterion(grace_s=1)]), range(30)) is None


def test_a_criterion_of_a_phase_is_followed_in_it_only() -> None:
    """
    Slow all the time, judged from second 10 on.
    """
    follower = Follower([criterion(abort=True, grace_s=2, phase="peak")], [("peak", 10.0, 20.0)])
    assert ended_at(follower, range(30)) == 10


def test_the_error_ratio_is_over_the_last_seconds() -> None:
    """
    One bad second among five is a fifth.
    """
    lines = [line(t, shop_errors=100 if t == 3 else 0) for t in range(5)]
    assert LIVE["error_ratio"](lines) == 0.2
    assert LIVE["error_ratio"]([line(0, shop_requests=0)]) is None


def test_every_live_figure_reads_a_line() -> None:
    """
    None of them is named differently in what the generator tells.
    """
    assert None not in [figure([line(0)]) for figure in LIVE.values()]
