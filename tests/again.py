"""
``make test``: all tests, and once more, with nothing beside them, the few that failed and do more than compute.

Beside the others and the drills, on a machine that may stand still for half a second, one in ten thousand tests that
talk with real servers meets a moment that nobody thought of. What fails alone as well has failed; so has what only
computes, and what fails in numbers: in more than a few modules, for where a drill is broken off, all tests fail
that look at what came of it. A test that passed alone is named, for such a test is to be mended.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import pytest

from tests.apart import COMPUTING

MOST: Final = 3
"""Failures in more modules than that are no chance."""


class Failures:
    """
    Keep the names of the tests that a pytest reports as failed, and what it could not even collect.
    """

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.collecting = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """
        Note that something could not be collected.
        """
        self.collecting |= report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """
        Note a test that failed, once, be it at its beginning, in the middle or at its end.
        """
        if report.failed and report.nodeid not in self.tests:
            self.tests.append(report.nodeid)

    @property
    def to_ask_again(self) -> list[str]:
        """
        Return the names of the tests that may have failed by chance; none, if one has not.
        """
        modules = {name.partition("::")[0] for name in self.tests}
        firm = self.collecting or len(modules) > MOST or any(name.startswith(COMPUTING) for name in self.tests)
        return [] if firm else self.tests


def main(arguments: Sequence[str]) -> int:
    """
    Run pytest with *arguments*, and once more where chance may have had a hand in it; return how it ended.
    """
    failures = Failures()
    code = pytest.main(list(arguments), plugins=[failures])
    names = failures.to_ask_again
    if code != pytest.ExitCode.TESTS_FAILED or not names:
        return code
    told = "\n".join(f"  {name}" for name in names)
    print(f"\nfailed beside the others, and is asked once more, alone:\n{told}", flush=True)
    code = subprocess.run([sys.executable, "-m", "pytest", *names], check=False).returncode
    if code == pytest.ExitCode.OK:
        print(f"passed alone; to be mended, for something beside it made it fail:\n{told}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
