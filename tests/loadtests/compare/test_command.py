"""
The command: two folders in, a table or JSON out, and every fault at once.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from loadtests.cli.compare import compare
from tests.loadtests.compare.runs import run


def folder(at: Path, noise: int, slower: float, **changes: Any) -> Path:
    """
    Write a rehearsal as `rehearse` does.
    """
    seen = run(noise, slower=slower)
    (at / "runs").mkdir(parents=True)
    promised: dict[str, Any] = {"seed": 1, "verdict": "pass", "thresholds": [], "reasons": []}
    with_room = {"seed": 1, "started_at_ms": 0, **seen.run}
    promised |= {"settings": {}, "versions": {}, "runs": {"with_room": with_room, "without_room": None}}
    result = {**promised, **changes}
    (at / "rehearsal.json").write_text(json.dumps(result))
    (at / "runs" / "with_room.measures.json").write_text(seen.measures.to_json())
    return at


def called(*words: object) -> Result:
    """
    Call the command.
    """
    return CliRunner().invoke(compare, [str(word) for word in words])


def test_the_table_says_what_became_slower(tmp_path: Path) -> None:
    """
    The first line is the whole in a sentence; the exit code tells only whether it could be told.
    """
    told = called(folder(tmp_path / "a", 0, 1.0), folder(tmp_path / "b", 1, 1.05))

    assert told.exit_code == 0
    assert told.output.startswith("B is worse than A. Time a page takes, same visits: slower by")


def test_json_has_every_figure_with_its_interval(tmp_path: Path) -> None:
    """
    For machines: the figures by name, and which of them became worse.
    """
    told = json.loads(called(folder(tmp_path / "a", 0, 1.0), folder(tmp_path / "b", 1, 1.05), "--json").output)

    assert "with_room.page_time" in told["worse"]
    first = told["differences"][0]
    assert (first["run"], first["figure"]) == ("with_room", "page_time")
    assert first["low"] < 0.05 < first["high"]


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """
    Both folders' faults stand in one message, with what to do.
    """
    broken = folder(tmp_path / "b", 1, 1.0)
    (broken / "runs" / "with_room.measures.json").unlink()

    told = called(tmp_path / "none", broken)

    assert told.exit_code == 2
    for words in ("none/rehearsal.json", "with_room.measures.json", "rehearse --out"):
        assert words in told.output


def test_measures_of_another_run_are_refused(tmp_path: Path) -> None:
    """
    What was overwritten beside an old result once passed for its own.
    """
    ours, theirs = (folder(tmp_path / name, 0, 1.0) for name in "ab")
    strange = replace(run(0).measures, seed=7)
    (theirs / "runs" / "with_room.measures.json").write_text(strange.to_json())

    told = called(ours, theirs)

    assert told.exit_code == 2
    assert "b/runs/with_room.measures.json: was measured in the run of seed 7" in told.output
    assert "a/runs" not in told.output


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    """
    Neither a list nor half a file is a rehearsal.
    """
    for name, text in (("list", "[]"), ("half", '{"runs":')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rehearsal.json").write_text(text)

        assert "rehearse again" in called(tmp_path / name, tmp_path / name).output


def test_the_page_says_the_same(tmp_path: Path) -> None:
    """
    `--html` writes one file with the sentence, every figure and its interval, in the language asked for.
    """
    out = tmp_path / "found.html"

    called(folder(tmp_path / "a", 0, 1.0), folder(tmp_path / "b", 1, 1.05), "--html", out, "--lang", "pl")

    page = out.read_text()
    assert "B wypada gorzej niż A" in page
    assert page.count("<svg") == page.count("<tr class=") == 8
    assert "http" not in page


def test_a_page_needs_a_folder(tmp_path: Path) -> None:
    """
    A place that does not exist is a fault of the command line.
    """
    one = folder(tmp_path / "a", 0, 1.0)

    assert called(one, one, "--html", tmp_path / "none" / "x.html").exit_code == 2
