"""
The command that plays a promotion.
"""

import json
from pathlib import Path

import pytest

from tests.cli.command import run
from waiting_room.ports import ClaimCode
from waiting_room.store.memory import MemoryStore

SMALL = ("--visitors", "40", "--capacity", "10", "--spike-s", "20", "--session-s", "10")


def test_a_promotion_is_told_in_figures_and_curves(tmp_path: Path) -> None:
    """Text on the terminal with a sentence beside each curve; a page and JSON in the folder."""
    done = run("simulate", *SMALL, "--out", str(tmp_path))
    page = (tmp_path / "simulation.html").read_text()
    told = json.loads((tmp_path / "simulation.json").read_text())

    assert done.code == 0, done.err
    assert "40 visitors, 10 seats, 600 admissions a minute (seed 1)" in done.out
    assert "People waiting: at most " in done.out
    assert page.count("<svg") == page.count("<desc>") == page.count("<figcaption>") == 4
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert len(told["series"]["waiting"]) == int(told["runs"][0]["length_s"])


def test_several_seeds_are_told_as_median_and_range() -> None:
    """With JSON, each run has its figures."""
    text, data = run("simulate", *SMALL, "--seeds", "3", "--faults"), run("simulate", *SMALL, "--seeds", "2", "--json")

    assert text.out.startswith("3 runs, 0 with a broken promise")
    assert [figures["seed"] for figures in data.json["runs"]] == [1, 2]


def test_all_bad_options_are_told_at_once() -> None:
    """Whatever is wrong, in one go, as a usage error."""
    bad = ("--visitors", "x", "--capacity", "-3", "--no-shows", "7", "--scenario", "none", "--seeds", "0")
    done = run("simulate", *bad)

    assert done.code == 2
    assert [option for option in bad[::2] if f"{option}: " not in done.err] == []


def test_a_lane_that_is_named_twice_is_told() -> None:
    """Neither of the two would count silently."""
    done = run("simulate", *SMALL, "--lanes", "loyal=0.2,loyal=0.3")

    assert (done.code, "--lanes: loyal is named twice" in done.err) == (2, True)


@pytest.mark.parametrize("option", ["--capacity", "--rate-per-minute"])
def test_a_room_that_lets_nobody_in_is_not_played(option: str) -> None:
    """Its simulation would come to no end."""
    done = run("simulate", "--visitors", "5", option, "0")

    assert (done.code, f"{option}: lets nobody in" in done.err) == (2, True)


def test_a_folder_that_takes_no_file_is_told_before_anything_is_played(tmp_path: Path) -> None:
    """A long run would be lost at its end."""
    (tmp_path / "file").touch()
    done = run("simulate", *SMALL, "--out", str(tmp_path / "file" / "x"))

    assert (done.code, "takes no file" in done.err, done.out) == (2, True, "")


def test_a_broken_promise_is_told_with_the_way_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and a command that plays the very same run."""
    real = MemoryStore._refusal

    def blind(store: MemoryStore, *place: object) -> ClaimCode | None:
        found = real(store, *place)  # type: ignore[arg-type]
        return None if found is ClaimCode.FULL else found

    monkeypatch.setattr(MemoryStore, "_refusal", blind)
    done = run("simulate", *SMALL, "--no-shows", "0", "--seed", "2", "--seeds", "2")
    again = done.err.partition("again with: ")[2].splitlines()[0].split()

    assert done.code == 1
    assert "promise broken: seats never exceed capacity" in done.err
    assert again[-2:] == ["--seed", "2"]
    assert run(*again[1:]).err.partition(";")[0] == done.err.splitlines()[0].partition(";")[0]
