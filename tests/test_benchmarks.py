"""
The benchmarks' runner: how a ratio is judged, and how a miss is told.
"""

import json

import pytest

from benchmarks import __main__ as runner
from benchmarks.ratio import Ratio


@pytest.mark.parametrize(
    ("ratio", "ok"),
    [
        (Ratio("polls", 900, 1_000, target=0.9), True),
        (Ratio("polls", 899, 1_000, target=0.9), False),
        (Ratio("bytes", 1, 91, target=0.02, better="lower"), True),
        (Ratio("bytes", 3, 91, target=0.02, better="lower"), False),
        (Ratio("told only", 1, 2), True),
    ],
)
def test_a_ratio_is_judged_by_its_target(ratio: Ratio, ok: bool) -> None:
    """
    A ratio at its target keeps it; without a target there is nothing to miss.
    """
    assert ratio.ok is ok


def offer(monkeypatch: pytest.MonkeyPatch, *ratios: Ratio) -> None:
    """
    Let the runner find one benchmark that yields *ratios*.
    """
    only = runner.Benchmark("polls", "Polls of one worker.", lambda: list(ratios))
    monkeypatch.setattr(runner, "found", lambda: {"polls": only})


def test_a_missed_target_fails_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A missed target is marked in the table, and the exit code is 1.
    """
    offer(monkeypatch, Ratio("polls", 14_000, 20_000, target=0.8, unit="1/s", note="a bare handler"))

    assert runner.main([]) == 1
    assert capsys.readouterr().out == (
        "         measured  baseline  ratio  target\n"
        "polls  14,000 1/s    20,000    0.7  >= 0.8  MISSED, against a bare handler\n"
    )


def test_json_carries_figures_and_judgement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    With --json, stdout is a list of ratios and nothing else, and a kept target ends in 0.
    """
    offer(monkeypatch, Ratio("polls", 18, 20, target=0.8))

    assert runner.main(["--json", "polls"]) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    assert (printed["ratio"], printed["ok"]) == (0.9, True)


def test_an_unknown_name_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A benchmark that does not exist is refused by name, with what there is.
    """
    offer(monkeypatch)

    with pytest.raises(SystemExit, match="2"):
        runner.main(["joins"])
    assert "no benchmark is called joins; there are: polls" in capsys.readouterr().err


def test_every_benchmark_has_a_name_of_its_own() -> None:
    """
    The modules in benchmarks/ can all be found and say in a sentence what they measure.
    """
    assert [name for name, benchmark in runner.found().items() if not benchmark.about] == []
