"""
Tests that run in a pytest of their own, beside the one that was started: one process is busy on one core only.

It runs the modules that bear the mark ``apart``, and those of the folders that only compute, where there are many of
them. One such pytest and no more: with a third, drills that watch the clock came late. Where nothing else is tested, or
somebody looks on (``--pdb``, ``-s``), all run in place. What it reports of a test the first pytest reports after its
own: all come in one sum.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.beside import Call, Stage

NICENESS: Final = 5
"""Drills that watch the clock, and the tests that everything ends with, are to get the processor before these."""
COMPUTING: Final = (
    "tests/core/",
    "tests/lobby/",
    "tests/loadtests/arrivals/",
    "tests/loadtests/compare/",
    "tests/loadtests/forecast/",
    "tests/loadtests/judging/",
)
"""What these folders hold needs no server, and waits for nothing."""
WORTH: Final = 500
"""Fewer tests than that are done sooner than a pytest is ready for them."""
Told = list[dict[str, Any]]
"""Reports of tests, as pytest writes them down."""


@dataclass(frozen=True, slots=True)
class Apart:
    """
    Hold the tests that run apart, and what plays them.
    """

    items: tuple[pytest.Item, ...]
    call: Call

    def reports(self, stage: Stage) -> Iterator[tuple[pytest.Item, list[pytest.TestReport]]]:
        """
        Return the reports of each test; who has none failed, be it that the whole process came to no end.
        """
        why, told = "", []
        try:
            told = stage.outcome(tested, *self.call.arguments)
        except AssertionError as error:
            why = str(error)
        by_name: dict[str, Told] = {}
        for data in told:
            by_name.setdefault(data["nodeid"], []).append(data)
        for item in self.items:
            read = item.config.hook.pytest_report_from_serializable
            reports = [read(config=item.config, data=data) for data in by_name.get(item.nodeid, [])]
            yield item, reports or [unheard_of(item, why or "the pytest that ran it reported nothing of it")]


def unheard_of(item: pytest.Item, why: str) -> pytest.TestReport:
    """
    Return the failure of a test that nobody reported.
    """
    return pytest.TestReport(item.nodeid, item.location, item.keywords, "failed", why, "call")


def parted(session: pytest.Session) -> tuple[list[pytest.Item], Apart | None]:
    """
    Return the tests that run in place, and those that run apart, if any do.
    """
    config = session.config
    looked_at = config.option.usepdb or config.option.capture == "no" or config.option.collectonly
    marked = [item for item in session.items if item.get_closest_marker("apart")]
    computing = [item for item in session.items if computes(item)]
    away = [*marked, *(computing if len(computing) >= WORTH else ())]
    if looked_at or not away or len(away) == len(session.items):
        return session.items, None
    gone = set(away)
    return [item for item in session.items if item not in gone], apart(config, away)


def computes(item: pytest.Item) -> bool:
    """
    Tell whether a test stands where all only compute, and bears no mark that says where it runs.
    """
    marks = ("apart", "beside", "alone")
    return item.nodeid.startswith(COMPUTING) and not any(item.get_closest_marker(mark) for mark in marks)


def apart(config: pytest.Config, items: Sequence[pytest.Item]) -> Apart:
    """
    Return what runs these tests as the pytest would that was started.
    """
    options = [f"--rootdir={config.rootpath}", "-c", str(config.inipath), "-p", "no:cacheprovider"]
    seed = getattr(config.option, "randomly_seed", None)
    options += ["-p", "no:randomly"] if seed is None else [f"--randomly-seed={seed}"]
    files = dict.fromkeys(str(item.path) for item in items)
    return Apart(tuple(items), Call(tested, ((*options, *files), tuple(item.nodeid for item in items))))


class Writer:
    """
    Let a pytest run the tests of some *names* and no other, and write down what it reports of them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.told: Told = []
        self._names = frozenset(names)
        self._config: pytest.Config | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """
        Keep whose reports they are.
        """
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """
        Leave out what the first pytest has left out.
        """
        items[:] = [item for item in items if item.nodeid in self._names]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """
        Write down a report.
        """
        assert self._config is not None
        self.told.append(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))


def tested(arguments: Sequence[str], names: Sequence[str]) -> Told:
    """
    Return what a pytest with these arguments reports of the tests of these names; it says itself why it could not.
    """
    os.nice(NICENESS)
    writer = Writer(names)
    code = pytest.main(list(arguments), plugins=[writer])
    assert code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}, f"pytest ended with {code!r}"
    return writer.told
