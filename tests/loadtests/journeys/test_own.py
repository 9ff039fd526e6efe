"""
A journey of one's own is a class in a file, named in the scenario; what is wrong with it is told before anything runs.
"""

from pathlib import Path

import pytest

from loadtests.crowd.own import Own, anchored, own_faults, own_of
from loadtests.journeys.catalogue import walk_of
from loadtests.journeys.own import OwnJourneyError, load
from loadtests.measuring.measures import Outcome
from loadtests.scenario.read import ScenarioError, read
from tests.loadtests.journeys.story import Scene, walk
from tests.source import ROOT

SCENARIO = """
name = "mine"
says = { en = "A test." }
[[streams]]
name = "people"
model = "constant"
per_s = 1
for_s = 5
journeys = { "my_shop.py:MyShopper" = 1 }
"""


def example() -> str:
    """
    Return the example of the documentation.
    """
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    return next(block for block in text.split("```python\n")[1:] if "class MyShopper" in block).partition("```")[0]


def written(folder: Path, text: str) -> Own:
    """
    Return the journey with this text.
    """
    (folder / "my_shop.py").write_text(text, encoding="utf-8")
    return Own(str(folder / "my_shop.py"), "MyShopper")


def faults_of(own: Own) -> list[str]:
    """
    Return what a journey is refused with, by what is said of it.
    """
    with pytest.raises(OwnJourneyError) as error:
        load(own)
    return [fault.what for fault in error.value.faults]


def test_example_of_the_documentation_is_short_and_buys(tmp_path: Path) -> None:
    """
    At most 40 lines lead through a whole shop.
    """
    own = written(tmp_path, example())

    assert len(example().splitlines()) <= 40
    assert walk(Scene(), kind=walk_of(str(own))).outcome is Outcome.BOUGHT


def test_path_counts_from_the_scenario(tmp_path: Path) -> None:
    """
    The file stands beside the scenario, wherever the command is given; the generator finds it from anywhere.
    """
    written(tmp_path, "class MyShopper: ...")
    (tmp_path / "mine.toml").write_text(SCENARIO, encoding="utf-8")

    assert list(read(tmp_path / "mine.toml").streams[0].journeys) == [f"{tmp_path}/my_shop.py:MyShopper"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("def f(:", "is no Python (invalid syntax, line 1)"),
        ("class Other: ...\nclass More: ...", "has no class MyShopper"),
    ],
)
def test_scenario_with_a_broken_journey_is_refused(tmp_path: Path, text: str | None, fault: str) -> None:
    """
    What can be told without running the file is told when the scenario is read, with its place in it.
    """
    if text is not None:
        written(tmp_path, text)
    (tmp_path / "mine.toml").write_text(SCENARIO, encoding="utf-8")

    with pytest.raises(ScenarioError) as error:
        read(tmp_path / "mine.toml")
    [found] = error.value.faults
    assert found.where.endswith("streams[0].journeys.my_shop.py:MyShopper")
    assert fault in found.what


def test_file_is_not_run_when_a_scenario_is_read(tmp_path: Path) -> None:
    """
    Only the generator's process runs it.
    """
    own = written(tmp_path, "raise SystemExit\nclass MyShopper: ...")

    assert list(own_faults(own, "here")) == []


HEAD = "from loadtests.journeys.shopping import Shopping\nfrom loadtests.journeys.table import Edge, Table\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("class MyShopper: ...", "is no Shopping"),
        ("1 / 0\nclass MyShopper: ...", "fails when it is loaded (ZeroDivisionError: division by zero)"),
        (f"{HEAD}class MyShopper(Shopping): ...", "has no method home, product, basket, checkout, payment, order"),
        (
            f'{HEAD}class MyShopper(Shopping):\n    table = Table({{"a": (Edge("b"),)}}, "a")\n    def a(self): ...',
            "leads to 'b', which is unknown",
        ),
        (
            f'{HEAD}class MyShopper(Shopping):\n    table = Table({{"open": (Edge("browsed"),)}}, "open")',
            "has the page open",
        ),
    ],
)
def test_class_that_is_no_journey_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """
    The generator says what is wrong before the first shopper sets out.
    """
    assert any(fault in what for what in faults_of(written(tmp_path, text)))


def test_kinds_of_ours_are_no_files() -> None:
    """
    Only what names a Python file and a class in it is a journey of one's own.
    """
    assert [own_of(kind) for kind in ("buyer", "many-tabs", "shop.py", "shop.py:", ":X")] == [None] * 5
    assert anchored({"buyer": 1.0}, Path("/any")) == {"buyer": 1.0}
