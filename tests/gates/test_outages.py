"""
What a visitor gets from each gate, whatever the service does: the cells of the table.
"""

import pytest

from tests.beside import Stage, beside
from tests.gates.outages import Seen, played
from tests.outcomes import GATES, SLOW_S, TABLE, rows_of

SLACK_S = 5.0
"""Of a machine that does something else as well."""


@pytest.fixture(scope="module", params=[pytest.param(None, marks=beside(played), id="all")])
def seen(stage: Stage) -> dict[str, dict[str, Seen]]:
    """
    Return what came of it, played once for all facts.
    """
    return stage.outcome(played)


@pytest.mark.parametrize("row", rows_of("aiohttp"))
@pytest.mark.parametrize("kind", GATES)
def test_visitor_gets_what_the_table_says(seen: dict[str, dict[str, Seen]], kind: str, row: str) -> None:
    """
    The same from each, and nobody waits for a service that does not answer longer than the time-out for joins.
    """
    found = seen[kind][row]

    assert found.cell == TABLE[row][kind]
    assert found.seconds < SLOW_S + SLACK_S
