"""
What came of each kind is counted and said, and what honest people lost is taken person by person.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loadtests.arrivals.rate import Rate
from loadtests.cli.compare import compare
from loadtests.crowd.kinds import KINDS, called
from loadtests.crowd.streams import Stream, arrivals_of
from loadtests.judging.figures import FIGURES
from loadtests.judging.gains import (
    BOT,
    GAINS,
    REMEDIES,
    Losses,
    by_kind,
    criteria_of,
    gained,
    human_share,
    losses,
    losses_by_kind,
    losses_in_words,
    seats_left_to_bots,
    sentence,
    slips,
)
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.scenario.spec import Criterion, Scenario
from tests.loadtests.rehearsal.crowd import measures, sample

HOSTILE = [name for name, kind in KINDS.items() if not kind.honest]
COUNTS = {"arrivals": 3, "tried": 12}


def record(i: int, kind: str, outcome: Outcome, waited_s: float | None = None, **more: Any) -> ShopperRecord:
    """
    Return a visit; with a wait it was let in.
    """
    in_s = None if waited_s is None else i + waited_s
    return ShopperRecord(i, float(i), 0.0, outcome, kind=kind, waited_s=waited_s, admitted_s=in_s, **more)


def run_of(*shoppers: ShopperRecord, **more: Any) -> Measures:
    """
    Return a run with these visits.
    """
    return replace(measures("with_room"), shoppers=shoppers, **more)


RUN = run_of(
    record(0, "buyer", Outcome.BOUGHT, 4.0),
    record(1, "forger", Outcome.TURNED_AWAY, tried=30),
    record(2, "bot", Outcome.SLIPPED_BY, 5.0, tried=8, gained=2, later_passes_ms=(1, 2)),
    record(3, "buyer", Outcome.GAVE_UP_WAITING),
    gains={"bot": {"seat": 2}},
)


def test_kinds_are_counted_apart() -> None:
    """
    Each has its arrivals, outcomes, waits, attempts and gains; those who wait in vain have no wait.
    """
    kinds = by_kind(RUN, gated=True)

    assert list(kinds) == ["buyer", "bot", "forger"]
    assert kinds["buyer"]["outcomes"] == {"bought": 1, "gave_up_waiting": 1}
    assert (kinds["buyer"]["honest"], kinds["bot"]["honest"]) == (True, False)
    assert [kinds[kind]["tried"] for kind in kinds] == [0, 8, 30]
    assert [kinds[kind]["gained"] for kind in kinds] == [0, 2, 0]
    assert [kinds[kind]["passes"] for kind in kinds] == [1, 3, 0]
    assert (kinds["buyer"]["waited_p50_s"], kinds["forger"]["waited_p50_s"]) == (4.0, None)


def test_arrivals_of_all_kinds_are_those_of_the_run() -> None:
    """
    Nobody is left out, a kind of one's own neither.
    """
    run = run_of(*RUN.shoppers, record(4, "collector", Outcome.BROWSED))

    assert sum(kind["arrivals"] for kind in by_kind(run, gated=True).values()) == len(run.shoppers)


def test_without_a_room_nothing_is_anybodys_own() -> None:
    """
    A shop without a gate cannot be slipped into.
    """
    bot = by_kind(RUN, gated=False)["bot"]

    assert bot["gained"] is None
    assert "says" not in bot


def test_human_share_is_of_passes_and_not_of_people() -> None:
    """
    A bot with three seats has taken three.
    """
    assert human_share(RUN.shoppers) == 0.25
    assert human_share(()) is None


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_kind_is_told_in_both_languages(kind: str) -> None:
    """
    That nothing was gained is said, with the attempts that prove it.
    """
    said = sentence(kind, COUNTS, {})

    assert said["en"] == f"{called(kind, 'en').capitalize()}: 3 came and tried 12 times. They gained nothing by it."
    assert said["pl"] == f"{called(kind, 'pl').capitalize()} – wizyty: 3, próby: 12; bez żadnego zysku."


@pytest.mark.parametrize("gain", list(Gain))
def test_every_gain_is_told_with_what_helps(gain: Gain) -> None:
    """
    In both languages, with how much it was.
    """
    said = sentence("jumper", COUNTS, {gain.value: 7})

    for language in ("en", "pl"):
        assert f"{GAINS[gain][language]}: 7" in said[language]
        assert said[language].endswith(REMEDIES[gain][language])


def test_what_was_got_is_a_finding_and_what_was_not_is_none() -> None:
    """
    The bot's seats are told with what helps; the forger who got nothing is no finding.
    """
    [found] = slips(RUN)

    assert (found["name"], found["figures"]) == ("gained_bot", {"seat": 2})
    assert found["says"] == sentence("bot", {"arrivals": 1, "tried": 8}, {"seat": 2})


def test_gains_are_figures_for_criteria_by_their_kind() -> None:
    """
    Each can be demanded, and a kind that was not there gained nothing.
    """
    sums = gained(RUN.shoppers)

    assert sums == {"hostile_gained": 2, **{f"gained_{kind}": 2 * (kind == "bot") for kind in HOSTILE}}
    assert set(sums) <= set(FIGURES)


def test_a_scenario_is_held_to_what_its_villains_must_not_gain() -> None:
    """
    One criterion for each that is there, none for who is not, and none for a bot where nothing bounds its places.
    """
    stream = Stream("crowd", Rate(((0.0, 1.0), (9.0, 1.0))), {"buyer": 8, "forger": 1, "bot": 1, "storm": 0})
    plain = Scenario("x", {"en": "x", "pl": "x"}, (stream,))
    own = Criterion("few", "gained_forger", "<=", 1)

    assert [each.figure for each in criteria_of(plain)] == ["gained_forger"]
    assert criteria_of(replace(plain, criteria=(own,))) == (own,)


@pytest.mark.parametrize(
    ("room", "addresses", "left"),
    [
        ({}, 4, None),
        ({"joins_per_address": 6}, 0, None),
        ({"joins_per_address": 6}, 4, 4 * 9),
        ({"invite_only": True}, 0, 0),
    ],
)
def test_bots_are_held_to_what_the_room_leaves_to_them(room: dict[str, Any], addresses: int, left: int | None) -> None:
    """
    To nothing among the invited alone, and else to what their addresses are given: six at once, three in half a minute.
    """
    stream = Stream("bots", Rate(((0.0, 1.0), (10.0, 1.0))), {BOT: 1}, addresses=addresses)
    scenario = Scenario("x", {}, (stream,), room, drain_s=20)

    assert seats_left_to_bots(scenario) == left
    assert [each.limit for each in criteria_of(scenario)] == ([] if left is None else [left])


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_criterion_can_be_measured(kind: str) -> None:
    """
    What a scenario is held to has a figure and a reason.
    """
    stream = Stream("crowd", Rate(((0.0, 1.0), (9.0, 1.0))), {kind: 1})
    [criterion] = criteria_of(Scenario("x", {}, (stream,), {"invite_only": True}))

    assert criterion.figure in FIGURES
    assert criterion.why


def test_losses_are_taken_person_by_person() -> None:
    """
    Who came with the same stream at the same instant is the same person, though the others changed their number.
    """
    attacked = run_of(
        record(0, "buyer", Outcome.BOUGHT, 6.0),
        record(2, "buyer", Outcome.BOUGHT, 9.0),
        record(5, "buyer", Outcome.GAVE_UP_WAITING),
        record(1, "bot", Outcome.SLIPPED_BY, 1.0),
    )
    quiet = run_of(
        record(0, "buyer", Outcome.BOUGHT, 4.0),
        replace(record(1, "buyer", Outcome.BOUGHT, 4.0), arrival_s=2.0),
        replace(record(2, "buyer", Outcome.BOUGHT, 3.0), arrival_s=5.0),
    )
    lost = losses(attacked, quiet)

    assert (lost.pairs, lost.both_waited) == (3, 2)
    assert lost.longer_p50_s == 3.5
    assert lost.longer_p95_s == pytest.approx(4.85)
    assert (lost.bought, lost.bought_without) == (2, 3)


def test_the_losses_of_the_kinds_are_those_of_all() -> None:
    """
    Each honest person counts with their own kind, and nobody else does.
    """
    attacked = run_of(
        record(0, "buyer", Outcome.BOUGHT, 6.0),
        record(1, "bot", Outcome.SLIPPED_BY, 1.0),
        record(2, "app", Outcome.GAVE_UP_WAITING),
    )
    quiet = run_of(record(0, "buyer", Outcome.BOUGHT, 4.0), record(2, "app", Outcome.BOUGHT, 1.0))
    kinds = losses_by_kind(attacked, quiet)

    assert list(kinds) == ["buyer", "app"]
    assert (kinds["buyer"].longer_p95_s, kinds["app"].bought, kinds["app"].bought_without) == (2.0, 0, 1)


def test_losses_are_told_in_both_languages() -> None:
    """
    With the decimal sign of each.
    """
    lost = Losses(400, 380, 0.25, 1.5, 300, 301)

    assert "380 of 400 were let in both times; half of them waited at most 0.2 s longer" in losses_in_words(lost, "en")
    assert "osoby, które weszły za każdym razem: 380 z 400; połowa z nich" in losses_in_words(lost, "pl")
    assert "95 % najwyżej o 1,5 s. Kupiło: 300, a bez nich: 301." in losses_in_words(lost, "pl")


def test_losses_of_nobody_who_waited_are_told_without_a_time() -> None:
    """
    No wait is made up where there was none.
    """
    assert " s longer" not in losses_in_words(Losses(4, 0, None, None, 0, 3), "en")


def test_honest_only_leaves_everybody_else_where_they_were() -> None:
    """
    The same people come at the same instants, and nobody who means no good.
    """
    rate = Rate(((0.0, 5.0), (9.0, 5.0)))
    people, bots = Stream("people", rate, {"buyer": 1.0}), Stream("bots", rate, {"bot": 1.0})
    whole = Scenario("x", {}, (people, bots))

    assert whole.honest_only().streams == (people,)
    assert {(a.at_s, a.k) for a in arrivals_of(whole.honest_only().streams, 3)} == {
        (a.at_s, a.k) for a in arrivals_of(whole.streams, 3) if a.stream == 0
    }


def test_honest_only_thins_a_stream_of_both_sorts() -> None:
    """
    As many honest people come as before.
    """
    mixed = Stream("crowd", Rate(((0.0, 8.0), (9.0, 8.0))), {"buyer": 3.0, "forger": 1.0})
    [honest] = Scenario("x", {}, (mixed,)).honest_only().streams

    assert honest.rate == Rate(((0.0, 6.0), (9.0, 6.0)))
    assert dict(honest.journeys) == {"buyer": 3.0}


def test_a_run_held_against_itself_lost_nothing() -> None:
    """
    The same people waited as long.
    """
    lost = losses(RUN, RUN)

    assert (lost.longer_p50_s, lost.longer_p95_s, lost.bought - lost.bought_without) == (0.0, 0.0, 0)


def test_compare_tells_what_honest_people_lost(tmp_path: Path) -> None:
    """
    Where those who mean no good came to one of the two rehearsals only, in words and for machines.
    """
    quiet = run_of(record(0, "buyer", Outcome.BOUGHT, 4.0), gains={})
    for name, played in (("with", RUN), ("without", quiet)):
        (tmp_path / name / "runs").mkdir(parents=True)
        result = sample()[0]
        result["runs"]["without_room"] = None
        (tmp_path / name / "rehearsal.json").write_text(json.dumps(result))
        (tmp_path / name / "runs" / "with_room.measures.json").write_text(played.to_json())
    folders = [str(tmp_path / "with"), str(tmp_path / "without")]
    said = CliRunner().invoke(compare, folders).output
    told = json.loads(CliRunner().invoke(compare, [*folders, "--json"]).output)

    [whole, by_kind] = said.splitlines()[-2:]

    assert whole == losses_in_words(losses(RUN, quiet), "en")
    assert by_kind == f"  {losses_in_words(losses(RUN, quiet), 'en', 'Buyers')}"
    assert told["losses"]["with_room"]["by_kind"]["buyer"]["pairs"] == told["losses"]["with_room"]["pairs"] == 1
    assert json.loads(CliRunner().invoke(compare, [folders[0], folders[0], "--json"]).output)["losses"] == {}
