"""
The folder of a rehearsal: what an earlier one left there is never taken for this one's, and a full disk is told.
"""

import json
from collections.abc import Callable
from errno import ENOSPC
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import pytest

from loadtests.forecast.knee import Objective
from loadtests.rehearsal.brief import brief_of_scenario
from loadtests.rehearsal.capacity import CapacitySearch
from loadtests.rehearsal.capacity_story import CapacityStory, Wish
from loadtests.rehearsal.files import forget_runs, write_results
from loadtests.rehearsal.play import Rehearsal
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.stack import Stack
from tests.loadtests.rehearsal.crowd import sample, scenario

Told = dict[str, Any]


class Killed(BaseException):
    """
    End a rehearsal as SIGKILL does: nothing of it runs any more.
    """


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """
    Return what raises the error whatever it is given.
    """

    def play(*_arguments: object) -> NoReturn:
        raise error

    return play


def rehearse(out: Path) -> Told:
    """
    Begin a rehearsal in the folder.
    """
    brief = brief_of_scenario(scenario(), out, 7, "waiting-room rehearse run", capacity_per_s=9.0)
    return Rehearsal(brief, Progress(StringIO()), Interrupts()).run()


def told(out: Path) -> Told:
    """
    Return the result that stands in the folder.
    """
    found: Told = json.loads((out / "rehearsal.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    """
    Offer a folder in which a rehearsal has passed.
    """
    write_results(tmp_path, *sample())
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "with_room.measures.json").touch()
    assert told(tmp_path)["verdict"] == "pass"
    return tmp_path


def test_a_rehearsal_that_was_killed_leaves_no_older_verdict(passed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The go/no-go sheet once read the pass of the week before.
    """
    monkeypatch.setattr(Rehearsal, "_play", raising(Killed()))
    with pytest.raises(Killed):
        rehearse(passed)

    found = told(passed)
    assert (found["verdict"], found["exit_code"], found["seed"]) == ("aborted", 130, 7)
    assert "was killed" in found["reasons"][0]
    for name in ("report.html", "junit.xml", "summary.md"):
        assert "was killed" in (passed / name).read_text(encoding="utf-8")
    assert list((passed / "runs").iterdir()) == []


def test_a_search_that_was_killed_leaves_no_older_capacity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Nobody sets a room by what another shop could sell.
    """
    (tmp_path / "capacity.json").write_text('{"recommended": {"capacity": 9}}', encoding="utf-8")
    monkeypatch.setattr(Stack, "start_shop", lambda *_arguments, **_more: None)
    monkeypatch.setattr(CapacitySearch, "run", raising(Killed()))
    with pytest.raises(Killed):
        CapacityStory(Wish(tmp_path, 1, "", Objective()), Progress(StringIO()), Interrupts()).run()

    found = json.loads((tmp_path / "capacity.json").read_text(encoding="utf-8"))
    assert (found["recommended"], found["exit_code"]) == ({}, 130)


def test_only_what_was_written_for_these_runs_is_removed(tmp_path: Path) -> None:
    """
    A folder may hold what is the user's.
    """
    ours = {"with_room.plan.json", "with_room.1.plan.json", "with_room.measures.json", "with_room.measures.1.json"}
    others = {"my.plan.json", "with_room.json", "my-with_room.plan.json", "surge.measures.json", "with_room.plan.toml"}
    for name in ours | others:
        (tmp_path / name).touch()

    forget_runs(tmp_path, ("capacity", "with_room"))

    assert {file.name for file in tmp_path.iterdir()} == others


def test_a_disk_that_is_full_breaks_the_run_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A traceback would end with 1, which says that a limit did not hold.
    """
    monkeypatch.setattr(Rehearsal, "_play", raising(OSError(ENOSPC, "No space left on device", "/out/runs/x")))

    found = rehearse(tmp_path)

    assert (found["verdict"], found["exit_code"]) == ("invalid", 6)
    assert found["reasons"] == ["This machine refused what the run needs (No space left on device): /out/runs/x."]


def test_a_result_that_cannot_be_written_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What stands in the folder is the unfinished one.
    """

    def play(_rehearsal: Rehearsal, _stack: Stack) -> None:
        (tmp_path / "report.html").unlink()
        (tmp_path / "report.html").mkdir()

    monkeypatch.setattr(Rehearsal, "_play", play)

    found = rehearse(tmp_path)

    assert (found["verdict"], found["exit_code"]) == ("invalid", 6)
    assert "could not be written" in found["reasons"][-1]
    assert told(tmp_path)["verdict"] == "aborted"
    assert not list(tmp_path.glob(".*.draft"))
