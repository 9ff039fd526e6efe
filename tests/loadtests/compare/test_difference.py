"""
A slowdown is told from noise, and noise from a slowdown.
"""

import re
from dataclasses import replace
from functools import cache

import pytest

from loadtests.compare import telling
from loadtests.compare.difference import Comparison, Difference, configuration
from loadtests.compare.figures import KINDS, Observed
from loadtests.measuring.measures import Outcome
from loadtests.report.language import language
from tests.loadtests.compare.runs import compared, run, stopped

ENGLISH = language("en")


@cache
def made(noise: int, slower: float = 1.0, waits_s: float = 0.0) -> Observed:
    """
    Make a run once.
    """
    return run(noise, slower=slower, waits_s=waits_s)


def figure(found: Comparison, name: str) -> Difference:
    """
    Return one figure of a comparison.
    """
    return next(each for each in found.differences if each.kind.name == name)


@pytest.mark.parametrize("pair", range(5))
def test_a_shop_slower_by_5_per_cent_is_found(pair: int) -> None:
    """
    In every pair of runs the interval holds the 5 per cent, and the sentence says slower.
    """
    found = compared(made(2 * pair), made(2 * pair + 1, 1.05))

    slower = figure(found, "page_time")
    assert slower.state == "worse"
    assert slower.low is not None
    assert slower.high is not None
    assert slower.low < 0.05 < slower.high
    assert "slower by" in telling.headline(found, ENGLISH)


@pytest.mark.parametrize("pair", range(5))
def test_two_runs_of_the_same_shop_do_not_differ(pair: int) -> None:
    """
    In no figure, though every one of them scatters.
    """
    found = compared(made(2 * pair), made(2 * pair + 1))

    assert {each.state for each in found.differences} == {"none"}
    sentence = r"No difference that these runs could show\. Time a page takes, same visits: less than ±[\d.]+\s%\."
    assert re.fullmatch(sentence, telling.headline(found, ENGLISH))


def test_a_run_against_itself_is_the_same() -> None:
    """
    Every figure is equal, exactly.
    """
    found = compared(made(0), made(0))

    assert {(each.effect, each.state) for each in found.differences} == {(0.0, "none")}


def test_the_other_way_round_it_is_better() -> None:
    """
    What is worse in B against A is better in A against B.
    """
    found = compared(made(1, 1.05), made(0))

    assert figure(found, "page_time").state == "better"
    assert found.worse == ()


def test_another_crowd_cannot_be_paired() -> None:
    """
    With another seed, the visits are others: no figure is paired, and it is said.
    """
    found = compared(made(0), run(1, seed=2))

    assert "page_time" not in {each.kind.name for each in found.differences}
    assert not any(each.paired for each in found.differences)
    assert ("other_crowd", "with_room") in found.warnings


def test_attackers_who_are_sent_away_are_no_loss() -> None:
    """
    A crowd with them in it was told as worse by their share, though every honest visit had ended as meant.
    """
    honest = run(1, seed=2)
    forgers = tuple(
        replace(each, i=each.i + len(honest.measures.shoppers), kind="forger", outcome=Outcome.TURNED_AWAY)
        for each in honest.measures.shoppers[::4]
    )
    attacked = replace(honest, measures=replace(honest.measures, shoppers=(*honest.measures.shoppers, *forgers)))

    assert figure(compared(made(0), attacked), "as_meant").state == "none"


def test_longer_waits_are_told_in_seconds() -> None:
    """
    Half waited 10 s in one and 15 s in the other.
    """
    found = figure(compared(made(0, 1.0, 20.0), made(1, 1.0, 30.0)), "waited_p50")

    assert found.state == "worse"
    assert found.effect == pytest.approx(5, abs=1)


def test_a_run_that_was_stopped_is_compared_up_to_then() -> None:
    """
    Those who were cut short are left out of both, so that being stopped looks like no loss of customers.
    """
    found = compared(made(0), stopped(made(1), 45))

    assert ("stopped", "with_room") in found.warnings
    assert figure(found, "as_meant").state == "none"
    assert figure(found, "orders").state == "none"


def test_a_busy_machine_is_named() -> None:
    """
    A generator that was later than in the other run tells of a neighbour, not of the shop.
    """
    busy = made(1)
    late = replace(busy, measures=replace(busy.measures, start_lag_p99_ms=20.0))

    assert ("busy", "with_room") in compared(made(0), late).warnings
    assert ("busy", "with_room") not in compared(made(0), busy).warnings


def test_settings_that_differ_are_listed_with_both_values() -> None:
    """
    Down to the single setting; what is missing in one is a dash, and what was measured is no setting.
    """
    a = {"seed": 1, "settings": {"The room": {"rate": 600}, "What the shop can do": {"orders_per_s": 18.1}}}
    b = {"seed": 1, "settings": {"The room": {"rate": 1020, "seats": 9}, "What the shop can do": {"orders_per_s": 19}}}

    assert list(configuration(a, b)) == [("The room / rate", "600", "1020"), ("The room / seats", "–", "9")]


@pytest.mark.parametrize("verdict", ["invalid", "aborted"])
def test_a_rehearsal_that_proves_nothing_is_named(verdict: str) -> None:
    """
    Its figures may mislead, and the comparison says so.
    """
    found = compared(made(0), made(1), {"seed": 1}, {"seed": 1, "verdict": verdict})

    assert (verdict, "B") in found.warnings


@pytest.mark.parametrize("code", ["en", "pl"])
def test_every_outcome_has_its_sentence(code: str) -> None:
    """
    Worse, better, none and unknown, for every figure, in both languages.
    """
    say = language(code)
    for kind in KINDS:
        for state, low, high in (("worse", 0.03, 0.07), ("better", -0.07, -0.03), ("none", -0.01, 0.02)):
            each = Difference("with_room", kind, 1, 1, (low + high) / 2, low, high, True, 4, state)  # type: ignore[arg-type]
            assert telling.effect(each, say)
        unknown = Difference("with_room", kind, 1, 1, None, None, None, True, 0, "unknown")
        assert telling.effect(unknown, say) == say("compare.unknown")
    table = telling.table(compared(made(0), made(1, 1.05), {"seed": 1}, {"seed": 2}), say)
    assert say("compare.warning.configuration") in table
