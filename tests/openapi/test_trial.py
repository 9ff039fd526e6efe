"""
Schemathesis tries the running service by its document, and finds nothing.
"""

from typing import Final

import pytest

from tests.beside import Stage, beside
from tests.openapi.trial import ALL_OVER, Verdict, try_out
from waiting_room.web.openapi.document import document

EXAMPLES: Final = 2
"""Of each kind; the coverage of the schemas' edges comes on top. `python -m tests.openapi` makes the long run."""
ENOUGH: Final = 500

pytestmark = beside(try_out, EXAMPLES, ALL_OVER)


@pytest.fixture(scope="module")
def verdict(stage: Stage) -> Verdict:
    """
    Offer what came of it.
    """
    return stage.outcome(try_out, EXAMPLES, ALL_OVER)


def test_schemathesis_finds_nothing(verdict: Verdict) -> None:
    """
    Whatever the document allows is taken, what it does not is refused, and each answer is one that it promises.
    """
    assert verdict.found == (), verdict.said


def test_it_has_looked(verdict: Verdict) -> None:
    """
    Every call was tried, and not by a handful of requests.
    """
    calls = [method for item in document()["paths"].values() for method in item if method.upper() not in ALL_OVER]

    assert verdict.calls == len(calls)
    assert verdict.cases >= ENOUGH
