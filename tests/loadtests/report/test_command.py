"""
The command renders again what was played.
"""

import json
from pathlib import Path

from click.testing import CliRunner

from loadtests.cli.report import report
from tests.loadtests.report.made import full


def test_the_report_is_rendered_again_in_another_language(tmp_path: Path) -> None:
    """
    From the files alone, whatever had been there before.
    """
    result, measures = full()
    (tmp_path / "runs").mkdir()
    (tmp_path / "rehearsal.json").write_text(json.dumps(result))
    (tmp_path / "report.html").write_text("old")
    for name, found in measures.items():
        (tmp_path / "runs" / f"{name}.measures.json").write_text(found.to_json())

    told = CliRunner().invoke(report, [str(tmp_path), "--lang", "pl"])

    assert told.exit_code == 0
    assert '<html lang="pl">' in (tmp_path / "report.html").read_text()


def test_a_folder_without_a_rehearsal_is_refused(tmp_path: Path) -> None:
    """
    With what to do about it.
    """
    told = CliRunner().invoke(report, [str(tmp_path)])

    assert told.exit_code == 2
    assert "rehearse --out" in told.output
