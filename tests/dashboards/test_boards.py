"""
The dashboards as Grafana gets them.
"""

from pathlib import Path
from typing import Any

import pytest

from dashboards.build import outputs
from tests.dashboards.sources import BOARDS, GRAFANA, ROOT, board, panel_queries, panels

EACH_BOARD = pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
EACH_PANEL = pytest.mark.parametrize(
    "panel", [panel for path in BOARDS for panel in panels(path)], ids=lambda panel: panel["title"]
)

# Grafana's own names of units that we use.
UNITS = {"short", "s", "percentunit", "reqps"}


@pytest.mark.parametrize("path", outputs(), ids=lambda path: path.name)
def test_what_is_committed_is_what_is_made(path: Path) -> None:
    """
    The generated files are up to date; ``python -m dashboards.build`` makes them so.
    """
    assert path.read_text(encoding="utf-8") == outputs()[path]


def test_nothing_else_lies_among_the_dashboards() -> None:
    """
    A dashboard that is no longer built would be provisioned for ever.
    """
    assert set(BOARDS) == {path for path in outputs() if path.parent == GRAFANA}


def test_addresses_never_change() -> None:
    """
    Links from runbooks and chats point at these.
    """
    assert [board(path)["uid"] for path in BOARDS] == [
        "waiting-room-day",
        "waiting-room-engine",
        "waiting-room-rehearsal",
    ]


def test_there_is_much_to_ask() -> None:
    """
    The three dashboards hold some seventy queries, and never fewer than forty.
    """
    assert sum(len(panel_queries(path)) for path in BOARDS) >= 40


@EACH_BOARD
def test_the_reader_chooses_source_and_subject(path: Path) -> None:
    """
    A variable picks the data source, another the room or the run, and every query goes to the chosen source.
    """
    variables = {each["name"]: each for each in board(path)["templating"]["list"]}

    assert variables["datasource"]["type"] == "datasource"
    assert {"room", "run"} & set(variables)
    for panel in panels(path):
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


@EACH_BOARD
def test_the_runbook_is_one_click_away(path: Path) -> None:
    """
    Every dashboard links to the runbook, which is there.
    """
    variables = {each["name"]: each for each in board(path)["templating"]["list"]}
    name = variables["runbook"]["query"].rpartition("/")[2]

    assert "${runbook}" in {link.get("url") for link in board(path)["links"]}
    assert (ROOT / "docs" / name).is_file()


@EACH_BOARD
def test_panels_do_not_overlap(path: Path) -> None:
    """
    Every place of the grid belongs to one panel, and none reaches beyond the right edge.
    """
    taken: set[tuple[int, int]] = set()
    for panel in board(path)["panels"]:
        grid = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}

        assert not taken & cells
        assert grid["x"] + grid["w"] <= 24
        taken |= cells


@EACH_BOARD
def test_numbers_of_panels_are_their_own(path: Path) -> None:
    """
    Grafana tells panels apart by their numbers.
    """
    numbers = [panel["id"] for panel in board(path)["panels"]]

    assert len(numbers) == len(set(numbers))


@EACH_PANEL
def test_a_panel_explains_itself(panel: dict[str, Any]) -> None:
    """
    A title, a sentence about what to read from it, a unit that Grafana knows, and a name for each line.
    """
    assert panel["title"]
    assert panel["description"].endswith((".", "?"))
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert all(target["legendFormat"] for target in panel["targets"])


@EACH_PANEL
def test_windows_follow_the_zoom(panel: dict[str, Any]) -> None:
    """
    No query has a fixed window, which would show nothing when zoomed out or with slower scraping.
    """
    for target in panel["targets"]:
        assert "[$__" in target["expr"] or "[" not in target["expr"]
