"""
`rehearse run` before anything starts: what it plays, and what it refuses, with every fault at once.
"""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loadtests.cli.options import OptionsError
from loadtests.cli.rehearse import rehearse
from loadtests.cli.run import copy_of, read_run, scenario_faults
from loadtests.judging.facts import ShopCapacity
from loadtests.judging.live import Follower
from loadtests.rehearsal.brief import course_of
from loadtests.rehearsal.target import Target, error_budget
from loadtests.scenario.read import path_of, presets, read
from loadtests.scenario.spec import Change, Criterion
from tests.loadtests.rehearsal.crowd import scenario

UNKNOWN = ShopCapacity(0.0, 0.0, measured=False)
GIVEN: dict[str, Any] = {
    "out": None,
    "seed": "1",
    "speed": None,
    "scale": "1",
    "workers": "1",
    "without_room": False,
    "abort": False,
    "honest_only": False,
    "target": None,
    "room_url": None,
    "capacity": None,
    "measure_capacity": False,
    "allow_host": (),
    "header_file": None,
    "max_error_ratio": None,
    "clean_up": None,
    "max_duration": "3600",
}


def invoked(*arguments: str) -> tuple[int, str]:
    """
    Return exit code and words of a command that starts nothing.
    """
    done = CliRunner().invoke(rehearse, ["run", *arguments])
    return done.exit_code, done.output


def faults(target: Target | None = None, **changes: Any) -> str:
    """
    Return what is wrong with a scenario, in words.
    """
    return "\n".join(map(str, scenario_faults(scenario(**changes), target, "mine.toml")))


@pytest.mark.parametrize("name", presets())
def test_every_preset_can_be_played_and_judged(name: str) -> None:
    """
    Each figure is measured, each phase is there, and a run takes 90 s at most.
    """
    told = read(name)
    assert list(scenario_faults(told.faster(), None, name)) == []
    brief, _ = read_run(told, GIVEN)
    course = course_of(brief, ShopCapacity(18.5, 18.5))
    assert course.lasts_s <= 90
    assert 0 <= course.overload_s[0] < course.overload_s[1] <= course.lasts_s


def test_faults_of_options_are_told_at_once() -> None:
    """
    Nobody mends one only to learn of the next.
    """
    code, text = invoked("baseline", "--seed", "x", "--workers", "0", "--max-error-ratio", "0.2", "--max-duration", "5")
    assert code == 2
    for fault in ("--seed", "--workers", "--max-error-ratio: goes with --target", "more than 5"):
        assert fault in text


def test_a_scenario_that_is_none_is_a_fault_of_its_own() -> None:
    """
    Exit code 3, and what was probably meant.
    """
    code, text = invoked("baselin")
    assert code == 3
    assert "did you mean baseline?" in text


def test_a_criterion_that_cannot_be_judged_is_told_before_anything_starts(tmp_path: Path) -> None:
    """
    Misspelt in a file of somebody's own.
    """
    text = read_preset("baseline").replace('figure = "shop_p95_ms"', 'figure = "shop_95_ms"')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    code, told = invoked(str(tmp_path / "mine.toml"))
    assert code == 3
    assert "did you mean shop_p95_ms?" in told


def test_a_figure_is_looked_at_whatever_else_is_wrong(tmp_path: Path) -> None:
    """
    With the rest of the file, and by the commands that play nothing as well.
    """
    text = read_preset("baseline").replace('figure = "shop_p95_ms"', 'figure = "shop_95_ms"')
    file = tmp_path / "mine.toml"
    for mended in (text.replace("drain_s", "drainn_s"), text):
        file.write_text(mended, encoding="utf-8")
        for command in ("run", "show", "predict", "simulate"):
            done = CliRunner().invoke(rehearse, [command, str(file)])

            assert (done.exit_code, "did you mean shop_p95_ms?" in done.output) == (3, True)
            assert ("did you mean drain_s?" in done.output) == (mended != text)


def test_a_crowd_of_attackers_alone_leaves_nobody_who_means_well(tmp_path: Path) -> None:
    """
    A fault of the option, told with those of the others.
    """
    file = tmp_path / "bots.toml"
    file.write_text(ONLY_BOTS, encoding="utf-8")
    code, told = invoked(str(file), "--honest-only", "--seed", "x")

    assert (code, "--honest-only: leaves nobody" in told, "--seed: 'x'" in told) == (2, True, True)


ONLY_BOTS = """
name = "bots"
says = {en = "x"}
[[streams]]
name = "bots"
model = "constant"
per_s = 3
for_s = 10
journeys = {bot = 1}
[room]
capacity = 10
rate_per_minute = 120
"""


def test_the_text_beside_the_results_says_what_it_is(tmp_path: Path) -> None:
    """
    Its paths begin elsewhere and the options are not in it, so that playing it again would be something else.
    """
    file = tmp_path / "bots.toml"
    file.write_text(ONLY_BOTS, encoding="utf-8")
    copy = copy_of(file, "waiting-room rehearse run bots.toml --scale 2 'two\nlines'")

    assert tomllib.loads(copy) == tomllib.loads(ONLY_BOTS)
    assert copy.splitlines()[:2] == [
        f"# The text of {file}, as it stood when it was played by",
        "#   waiting-room rehearse run bots.toml --scale 2 'two lines'",
    ]


@pytest.mark.parametrize("options", [("--scale", "1e9"), ("--bigger", "1e5")])
def test_a_forecast_has_bounds_without_a_seed_as_well(options: tuple[str, str]) -> None:
    """
    More people than there are, and a room bigger than a room can be, are refused at once.
    """
    done = CliRunner().invoke(rehearse, ["predict", "push-blast", *options])

    assert done.exit_code == 2
    assert "more than 100,000,000 that are forecast" in done.output
    assert ("--bigger: room.rate_per_minute" in done.output) == ("--bigger" in options)


def read_preset(name: str) -> str:
    """
    Return the text of a preset.
    """
    return path_of(name).read_text(encoding="utf-8")


def test_a_strangers_shop_is_not_loaded() -> None:
    """
    Nor is a stranger's address called to clean up.
    """
    code, text = invoked("baseline", "--target", "http://shop.example", "--clean-up", "https://else.example/x")
    assert code == 2
    assert "--allow-host shop.example" in text
    assert "--allow-host else.example" in text


def test_what_only_the_demo_shop_suffers_is_not_done_to_another() -> None:
    """
    No process of the user's is killed, and no room of theirs is opened.
    """
    shop = Target("http://127.0.0.1:1", 5.0, None)
    streams = (replace(scenario().streams[0], invited=True),)
    text = faults(shop, changes=(Change(5, "kill-redis", for_s=2),), pre_queue_s=3.0, streams=streams)
    assert "kill-redis can be done to the demo shop only" in text
    assert "pre_queue_s" in text
    assert "invited" in text


def test_without_a_room_waits_are_no_criterion() -> None:
    """
    With one they are.
    """
    waits = (Criterion("short", "waited_p95_s", "<=", 10),)
    assert "--room-url" in faults(Target("http://127.0.0.1:1", 5.0, None), criteria=waits)
    assert faults(Target("http://127.0.0.1:1", 5.0, "http://127.0.0.1:1/waiting-room/x"), criteria=waits) == ""


def test_a_room_that_nobody_has_set_is_told() -> None:
    """
    The demo shop's room needs its rate and its seats from the scenario.
    """
    assert "rate_per_minute" in faults(room={"capacity": 5})


def test_abort_is_for_the_criteria_that_can_be_followed() -> None:
    """
    The others are judged at the end as ever.
    """
    criteria = (Criterion("quick", "shop_p95_ms", "<=", 10), Criterion("sold", "oversold", "==", 0))
    brief, _ = read_run(scenario(criteria=criteria), {**GIVEN, "abort": True})
    assert [criterion.abort for criterion in brief.scenario(UNKNOWN).criteria] == [True, False]


def test_speed_and_scale_change_what_is_played() -> None:
    """
    Twice as fast is half as long, and twice as many come per second.
    """
    brief, _ = read_run(scenario(), {**GIVEN, "speed": "2", "scale": "3"})
    played = brief.scenario(UNKNOWN)
    assert (played.length_s, played.streams[0].rate.peak_per_s) == (7.5, 135.0)
    assert (brief.told(None)["speed"], brief.told(None)["scale"]) == (2.0, 3.0)


def test_two_runs_may_not_take_longer_than_allowed() -> None:
    """
    With `--without-room` the time counts twice.
    """
    assert read_run(scenario(), {**GIVEN, "max_duration": "61"})
    with pytest.raises(OptionsError, match="may take 120 s"):
        read_run(scenario(), {**GIVEN, "max_duration": "61", "without_room": True})


@pytest.mark.parametrize(("failing", "ends"), [(0.4, None), (0.6, 9)])
def test_a_shop_that_fails_is_left_alone_after_ten_seconds(failing: float, ends: int | None) -> None:
    """
    More than half of the requests, all that time; fewer are for the verdict.
    """
    follower = Follower([error_budget(Target("http://127.0.0.1:1", None, None))])
    lines = ({"t": t, "shop_requests": 10, "shop_errors": round(10 * failing)} for t in range(30))
    assert next((line["t"] for line in lines if follower.hear(line)), None) == ends
