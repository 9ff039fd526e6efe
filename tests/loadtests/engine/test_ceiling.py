"""
A run that asks for more than the machine can start is refused before it begins.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadtests import documents
from loadtests.arrivals.rate import Rate
from loadtests.cli.calibrate import calibration_file, known_calibration, words_of
from loadtests.cli.options import InvalidError
from loadtests.cli.rehearse import rehearse
from loadtests.cli.run import read_run, run
from loadtests.engine.ceiling import REQUESTS_PER_SHOPPER, Calibration, Ceiling, refusal, share_of
from loadtests.measuring.measures import Second
from loadtests.rehearsal.calibrate import managed
from loadtests.scenario.read import read
from tests.loadtests.engine.generator import CROWD
from tests.loadtests.journeys.story import Scene, walk

PLAIN = Ceiling(2000.0, 6000.0, 4.0)
KNOWN = Calibration("2026-06-01T09:00:00+00:00", 2, PLAIN, Ceiling(700.0, 2100.0, None))


def at_peak(per_s: float, *, workers: int = 1, tls: bool = False, known: Calibration = KNOWN) -> float | None:
    """
    Return the share that a crowd of so many a second asks for.
    """
    crowd = replace(CROWD, rate=Rate(((0.0, 1.0), (5.0, per_s), (10.0, 1.0))))
    return share_of((crowd,), known, workers=workers, tls=tls)


def test_share_is_that_of_the_peaks_requests() -> None:
    """
    250 shoppers a second with twelve requests each are half of 6,000 requests.
    """
    assert at_peak(6000 / REQUESTS_PER_SHOPPER / 2) == pytest.approx(0.5)


def test_streams_add_up() -> None:
    """
    Two streams that peak together ask for what both ask for.
    """
    twice = (CROWD, replace(CROWD, name="more"))
    one, two = (share_of(streams, KNOWN, workers=1, tls=False) for streams in ((CROWD,), twice))

    assert one is not None
    assert two == pytest.approx(2 * one)


def test_tls_has_a_ceiling_of_its_own() -> None:
    """
    The same crowd asks for more of a machine over TLS; where that was not measured, nothing is claimed.
    """
    assert at_peak(50, tls=True) == pytest.approx(50 * REQUESTS_PER_SHOPPER / 2100)
    assert at_peak(50, tls=True, known=replace(KNOWN, tls=None)) is None


@pytest.mark.parametrize(("workers", "share"), [(1, 0.5), (2, 0.25), (8, 0.25)])
def test_workers_share_the_load_as_far_as_there_are_cores(workers: int, share: float) -> None:
    """
    Two workers on two cores carry twice as much, eight no more than two.
    """
    assert at_peak(250, workers=workers) == pytest.approx(share)


def test_run_beyond_three_quarters_is_refused_with_a_way_out() -> None:
    """
    What it asks for, and what to do, stand in the fault; at three quarters it is still tried.
    """
    [fault] = refusal(0.8, "the crowd")

    assert "the crowd: asks for 80% of what this machine can start" in str(fault)
    assert "--workers" in str(fault)
    assert list(refusal(0.75, "the crowd")) == []


def test_closed_loop_is_counted_without_its_first_second() -> None:
    """
    While the first connections are made nobody goes round at full speed.
    """
    measures = replace(
        walk(Scene()).measures,
        seconds=tuple(Second(t, arrivals, 3 * arrivals, 0, None, None, 0, 0, 0, 0, 1.0) for t, arrivals in _LOOP),
    )

    assert managed(measures) == (1000, 3000)


_LOOP = ((0, 100), (1, 900), (2, 1100), (3, 400), (4, 10))


def test_calibration_is_kept_where_runs_look_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In the user's cache; a machine that was never measured has none, and a broken file is told with its name.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert known_calibration() is None

    calibration_file().parent.mkdir()
    documents.write(KNOWN, calibration_file())
    assert known_calibration() == KNOWN

    calibration_file().write_text("{}")
    with pytest.raises(InvalidError, match=r"calibration\.json\.cores: is missing"):
        known_calibration()


def test_scenario_beyond_the_machine_is_refused_by_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    `rehearse run` ends before anything is started.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calibration_file().parent.mkdir()
    documents.write(KNOWN, calibration_file())

    told = CliRunner().invoke(rehearse, ["run", "push-blast", "--scale", "50", "--out", str(tmp_path / "out")])

    assert told.exit_code == 2
    assert "of what this machine can start" in told.stderr
    assert not (tmp_path / "out").exists()


def test_result_tells_the_share(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    What a scenario asks for stands in the brief that it is played by; without a calibration nothing is claimed.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    scenario = read("baseline")
    given = dict.fromkeys(parameter.name or "" for parameter in run.params) | {
        "seed": "1",
        "scale": "1",
        "workers": "1",
        "max_duration": "3600",
        "allow_host": (),
        "header_file": None,
    }
    before, _target = read_run(scenario, given)
    calibration_file().parent.mkdir()
    documents.write(KNOWN, calibration_file())
    after, _target = read_run(scenario, given)

    assert before.ceiling_share is None
    assert 0 < (after.ceiling_share or 0) < 0.75


def test_ceiling_is_told_in_a_sentence() -> None:
    """
    Shoppers and requests per second, and how late they start at three quarters.
    """
    assert words_of(PLAIN) == ("2,000 new shoppers/s, 6,000 requests/s a process; at 75% of it 99 % start within 4 ms")
