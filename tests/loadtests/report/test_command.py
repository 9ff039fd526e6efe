"""
The command renders again what was played.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loadtests.cli.report import report
from tests.loadtests.report.made import full


def written(folder: Path) -> Path:
    """
    Write a rehearsal as `rehearse` does.
    """
    result, measures = full()
    (folder / "runs").mkdir()
    (folder / "rehearsal.json").write_text(json.dumps(result))
    (folder / "report.html").write_text("old")
    for name, found in measures.items():
        (folder / "runs" / f"{name}.measures.json").write_text(found.to_json())
    return folder


def test_the_report_is_rendered_again_in_another_language(tmp_path: Path) -> None:
    """
    From the files alone, whatever had been there before.
    """
    written(tmp_path)

    told = CliRunner().invoke(report, [str(tmp_path), "--lang", "pl"])

    assert told.exit_code == 0
    assert '<html lang="pl">' in (tmp_path / "report.html").read_text()


def test_a_run_whose_measures_are_gone_is_told_without_its_pictures(tmp_path: Path) -> None:
    """
    A generator that was killed leaves none: its verdict and figures are shown all the same.
    """
    (written(tmp_path) / "runs" / "with_room.measures.json").unlink()

    told = CliRunner().invoke(report, [str(tmp_path)])

    assert told.exit_code == 0
    page = (tmp_path / "report.html").read_text()
    assert "With the waiting room" in page
    assert "Was the queue fair?" not in page


def test_measures_of_another_run_are_refused(tmp_path: Path) -> None:
    """
    The page would show the verdict on one crowd above the curves of another.
    """
    later = replace(full()[1]["with_room"], started_at_ms=1)
    (written(tmp_path) / "runs" / "with_room.measures.json").write_text(later.to_json())

    told = CliRunner().invoke(report, [str(tmp_path)])

    assert told.exit_code == 2
    assert "began at 1970-01-01 00:00:00 UTC, and rehearsal.json tells of the run of seed 1 that" in told.output
    assert (tmp_path / "report.html").read_text() == "old"


def test_a_result_that_does_not_name_its_runs_is_refused(tmp_path: Path) -> None:
    """
    Older versions wrote such, and nobody can tell whose the measures are.
    """
    result = full()[0]
    del result["runs"]["with_room"]["started_at_ms"]
    (written(tmp_path) / "rehearsal.json").write_text(json.dumps(result))

    assert "as older versions wrote it" in CliRunner().invoke(report, [str(tmp_path)]).output


def test_a_folder_without_a_rehearsal_is_refused(tmp_path: Path) -> None:
    """
    With what to do about it.
    """
    told = CliRunner().invoke(report, [str(tmp_path)])

    assert told.exit_code == 2
    assert "rehearse --out" in told.output


@pytest.mark.parametrize("change", [{"runs": {"with_room": 5}}, {"thresholds": None}, {"runs": []}])
def test_a_file_that_is_no_result_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    """
    JSON of another program, or half of ours.
    """
    (written(tmp_path) / "rehearsal.json").write_text(json.dumps(full()[0] | change))

    told = CliRunner().invoke(report, [str(tmp_path)])

    assert told.exit_code == 2
    assert "is no rehearsal's result" in told.output
