"""
The command that forecasts: what it prints, for people and for machines, and what it refuses.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadtests.cli.predict import predict
from loadtests.forecast.plot import clock, plotted

TEXT = """
name = "drop"
drain_s = 10
[says]
en = "A drop."
[[streams]]
name = "letter"
model = "blast"
recipients = 600
click_share = 0.3
delay_median_s = 5
for_s = 20
[room]
rate_per_minute = 300
capacity = 300
"""


@pytest.fixture
def drop(tmp_path: Path) -> str:
    """
    Return the path of a scenario.
    """
    path = tmp_path / "drop.toml"
    path.write_text(TEXT)
    return str(path)


def said(*arguments: str, code: int = 0) -> str:
    """
    Return what the command prints.
    """
    done = CliRunner().invoke(predict, arguments)
    assert done.exit_code == code, done.output
    return done.output


def test_the_forecast_is_told_with_its_band_and_the_answers(drop: str) -> None:
    """
    Waits, who leaves, the line as a plot, the rate and the send that meet the target.
    """
    text = said(drop, "--target-wait", "10")
    for part in ("longest wait", "lose patience", "People waiting:", "█", "let in at least", "or send over at least"):
        assert part in text


def test_machines_get_the_same_figures(drop: str) -> None:
    """
    The object of rehearsal.json, and the answers.
    """
    found = json.loads(said(drop, "--json", "--target-abandoned", "0.03"))
    assert found["forecast"]["wait_max_s"] > 10
    assert found["answers"][0]["figure"] == "abandoned"


def test_a_seed_is_a_crowd_of_its_own(drop: str) -> None:
    """
    Whole people come.
    """
    arrivals = [json.loads(said(drop, "--json", "--seed", seed))["forecast"]["arrivals"] for seed in ("1", "2")]
    assert all(count == int(count) for count in arrivals)
    assert arrivals[0] != arrivals[1]


def test_a_crowd_twice_as_large_waits_longer_and_all_twice_as_big_does_not(drop: str) -> None:
    """
    More people in the same room, and more of everything.
    """
    options = ((), ("--scale", "2"), ("--bigger", "2"))
    plain, crowded, big = (json.loads(said(drop, "--json", *each))["forecast"]["wait_max_s"] for each in options)
    assert crowded > 1.5 * plain
    assert big == pytest.approx(plain, rel=0.02)


def test_all_faults_of_the_options_are_told_at_once(drop: str) -> None:
    """
    Each with its option.
    """
    text = said(drop, "--seed", "x", "--speed", "0", "--target-abandoned", "2", code=2)
    assert all(option in text for option in ("--seed", "--speed", "--target-abandoned"))


def test_a_time_line_that_leaves_nobody_is_refused(drop: str) -> None:
    """
    No waits and no losses would look like a promise.
    """
    text = said(drop, "--speed", "1e9", code=2)
    assert "shoppers come within 2e-08 s, fewer than one; lower --speed, or raise --scale" in text


def test_an_unsound_scenario_is_refused_by_its_own_code(tmp_path: Path) -> None:
    """
    With every fault in it, an unsure share of more than all among them.
    """
    path = tmp_path / "wrong.toml"
    path.write_text(TEXT.replace("drain_s = 10", "[unsure]\narrivals = 1.5\n[nonsense]"))
    assert "nonsense" in said(str(path), code=3)
    path.write_text(TEXT + "[unsure]\narrivals = 1.5\n")
    assert "unsure.arrivals" in said(str(path), code=3)


def test_a_plot_keeps_the_peak_however_narrow_it_is() -> None:
    """
    Each column shows the highest of its part, and the scale names it.
    """
    lines = plotted([0.0, 100.0], [0.0] * 50 + [7.0] + [0.0] * 50, 20)
    assert lines[0].startswith(" 7 │")
    assert lines[0].count("█") == 1
    assert max(map(len, lines)) <= 20


def test_nothing_is_plotted_where_nobody_waits() -> None:
    """
    An empty plot says nothing.
    """
    assert plotted([0.0, 1.0], [0.0, 0.0], 40) == []


@pytest.mark.parametrize(("at_s", "text"), [(0.0, "0:00"), (75.4, "1:15"), (3725.0, "1:02:05")])
def test_a_moment_is_told_in_minutes(at_s: float, text: str) -> None:
    """
    Or in hours.
    """
    assert clock(at_s) == text
