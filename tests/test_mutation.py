"""
What `make mutants` makes of mutmut's results.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.mutation import CORE, read_results, report, share_killed, survivors_of
from tests.source import ROOT

LISTED = f"""
    {CORE}.policy.x__read__mutmut_1: killed
    {CORE}.policy.x__read__mutmut_2: survived
    {CORE}.policy.xǁPolicyǁparse__mutmut_1: timeout
    {CORE}.presence.x_merge__mutmut_1: no tests
"""


def test_results_are_read_by_module() -> None:
    """Functions and methods, whatever became of them."""
    assert read_results(LISTED) == {
        "policy": {
            "x__read__mutmut_1": "killed", "x__read__mutmut_2": "survived", "xǁPolicyǁparse__mutmut_1": "timeout"
        },
        "presence": {"x_merge__mutmut_1": "no tests"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "share"),
    [
        (["killed", "timeout", "segfault"], 1.0),
        (["killed", "survived"], 0.5),
        (["killed", "no tests"], 0.5),
        (["killed", "not checked"], 0.5),
        (["killed", "suspicious"], 0.5),
        ([], 0.0),
    ],
)
def test_what_nobody_noticed_counts_as_survived(statuses: list[str], share: float) -> None:
    """Also where no test comes by; and no mutants at all are no success."""
    assert share_killed(statuses) == share


def test_every_survivor_is_named_with_its_function() -> None:
    """Below the share killed of each module and of all."""
    assert report(read_results(LISTED)) == [
        "policy           3 mutants   66.7% killed",
        "presence         1 mutants    0.0% killed",
        "together         4 mutants   50.0% killed",
        "",
        f"survivors by function; `mutmut show {CORE}.FUNCTION__mutmut_NUMBER` shows what was changed:",
        "  policy.x__read: 1 of 2: 2",
        "  presence.x_merge: 1 of 1: 1 (no tests)",
    ]


def test_the_function_with_the_most_survivors_stands_first() -> None:
    """That is where a test is missing."""
    mutants = {"x_one__mutmut_1": "survived", "x_two__mutmut_1": "survived", "x_two__mutmut_2": "survived"}

    assert survivors_of("plan", mutants) == ["  plan.x_two: 2 of 2: 1, 2", "  plan.x_one: 1 of 1: 1"]


def test_where_all_were_noticed_nobody_is_named() -> None:
    """A list without entries would look like one that was cut off."""
    assert report({"plan": {"x_plan__mutmut_1": "killed"}})[-1] == "none survived"


def test_every_module_of_the_core_is_mutated() -> None:
    """None is left out by the configuration, covered or not."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]

    assert settings["only_mutate"] == ["waiting_room/core/*.py"]
    assert not {"do_not_mutate", "do_not_mutate_patterns", "mutate_only_covered_lines"} & set(settings)


# As mutmut does it: in the folder of the copies, where nothing of ours comes from anywhere else.
COLLECT = """
import sys
sys.path[:] = [entry for entry in sys.path if entry != sys.argv[1]]
import pytest
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir=.", *sys.argv[2:]]))
"""


def test_the_tests_of_the_core_find_all_they_need_among_the_copies(tmp_path: Path) -> None:
    """A package that they import and mutmut does not copy would end `make mutants` before its first mutant."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    for copied in ("pyproject.toml", "tests", *settings["source_paths"], *settings["also_copy"]):
        (tmp_path / copied).symlink_to(ROOT / copied)

    arguments = [*settings["pytest_add_cli_args"], *settings["pytest_add_cli_args_test_selection"]]
    collected = subprocess.run(
        [sys.executable, "-P", "-c", COLLECT, ROOT, *arguments],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert collected.returncode == 0, collected.stdout + collected.stderr
