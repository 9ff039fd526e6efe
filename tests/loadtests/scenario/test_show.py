"""
`rehearse presets` and `rehearse show` tell what a scenario comes to before anything is run.
"""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from loadtests.arrivals.plain import Constant
from loadtests.arrivals.spike import SpikeProfile
from loadtests.cli.rehearse import rehearse
from loadtests.scenario.outline import time_line
from loadtests.scenario.read import presets, read
from loadtests.scenario.sketch import sketch


def told(*arguments: str) -> str:
    """
    Run `rehearse` with *arguments*, and return what it printed.
    """
    done = CliRunner().invoke(rehearse, arguments, env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.output


def as_json(*arguments: str) -> Any:
    """
    Likewise, read as JSON.
    """
    return json.loads(told(*arguments, "--json"))


def test_presets_are_listed_with_their_size() -> None:
    """
    Every one, in a sentence and in figures.
    """
    listed = as_json("presets")

    assert [preset["name"] for preset in listed] == list(presets())
    assert all(preset["says"]["pl"] and preset["expected"] > 0 for preset in listed)
    assert "480 shoppers in 60 s" in told("presets")


def test_a_scenario_is_shown_within_the_terminal() -> None:
    """
    Each stream in a line, the plot no wider than asked for, and where the numbers come from.
    """
    shown = told("show", "push-blast").splitlines()

    assert "  everyday: 6 a second for 58 s" in shown
    assert max(len(line) for line in shown if set(line) & set("▁▂▃▄▅▆▇█")) <= 80
    assert "sources:" in shown


def test_what_happens_meanwhile_is_shown_at_its_compressed_time() -> None:
    """
    The capacity is cut after 200 s, told at a twelfth of its time.
    """
    assert "  at 16.7 s: shop-capacity, to 0.5, for_s 15" in told("show", "capacity-cut").splitlines()


def test_scale_speed_and_seed_are_played_out() -> None:
    """
    Twice as many people, and a time line of half the length; another seed is another crowd.
    """
    plain = as_json("show", "baseline")
    other = as_json("show", "baseline", "--scale", "2", "--speed", "2", "--seed", "8")

    assert (plain["expected"], plain["length_s"], plain["rate"]["per_s"][:2]) == (480, 60, [8, 8])
    assert (other["expected"], other["length_s"], other["rate"]["per_s"][:2]) == (480, 30, [16, 16])
    assert plain["drawn"] != other["drawn"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("basline",), 3, "did you mean baseline?"),
        (("baseline", "--seed", "x", "--scale", "0"), 2, "--scale: '0' is no number above 0"),
        (("baseline", "--scale", "1e6"), 2, "asks for 480,000,000 shoppers"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: tuple[str, ...], code: int, said: str) -> None:
    """
    With what is wrong, and the exit code that tells options and scenario apart.
    """
    done = CliRunner().invoke(rehearse, ("show", *arguments))

    assert (done.exit_code, said in done.output) == (code, True)


def test_a_sketch_is_to_scale() -> None:
    """
    A step from half to all of the height, and the level as a line in front of it.
    """
    step = SpikeProfile(50, 50, 0, 100, 50, 0, 0).rate()

    assert [line[7:] for line in sketch(step, 60, width=18, height=4)[:4]] == [
        "     █████",
        "┄┄┄┄┄▓▓▓▓▓",
        "██████████",
        "██████████",
    ]


def test_a_sketch_reaches_up_to_its_level() -> None:
    """
    A room that lets in more than come is seen above them.
    """
    lines = sketch(Constant(10, 60).rate(), 20, width=30, height=4)

    assert [line[:9] for line in lines[:4]] == ["    20 ┄┄", "", "       ██", "       ██"]


def test_what_happens_meanwhile_is_among_the_settings_of_a_run() -> None:
    """
    So that a comparison names it: two runs, one with a slower shop, looked as if they had been set alike.
    """
    assert time_line(read("capacity-cut")) == {
        "200 s": "shop-capacity, to 0.5, for_s 180",
        "215 s": "rate, to 510, for_s 165",
    }
