"""
A shop that is not ours: its journey stands in a file beside the scenario, and is read with it.
"""

from pathlib import Path

import pytest

from loadtests.scenario.read import ScenarioError, read

SCENARIO = """
name = "own"
says = {en = "Own.", pl = "Własny."}
[[streams]]
name = "crowd"
model = "constant"
per_s = 1
for_s = 9
[streams.journeys]
"journey.py:Guest" = 1
"""


def test_a_scenario_names_the_journey_beside_it(tmp_path: Path) -> None:
    """
    By its absolute path: the generator runs elsewhere.
    """
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    (tmp_path / "journey.py").write_text("class Guest: ...\n")

    assert list(read(tmp_path / "scenario.toml").streams[0].journeys) == [f"{tmp_path / 'journey.py'}:Guest"]


def test_a_journey_without_its_file_is_refused_when_the_scenario_is_read(tmp_path: Path) -> None:
    """
    Not when the run has begun.
    """
    (tmp_path / "scenario.toml").write_text(SCENARIO)

    with pytest.raises(ScenarioError, match=r"journey\.py cannot be read"):
        read(tmp_path / "scenario.toml")
