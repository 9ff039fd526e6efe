"""
How each kind of shopper walks: the one place where the load generator looks a journey up.
"""

from collections.abc import Callable, Mapping
from typing import Final

from loadtests.journeys.cast import Cast, Walk
from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.journeys.table import Table
from loadtests.journeys.tables import TABLES
from loadtests.journeys.toys import ToyShopping


def _toys(way: Table) -> type[ToyShopping]:
    class Walking(ToyShopping):
        table = way

    return Walking


WALKS: Final[Mapping[str, Callable[[Cast], Walk]]] = {
    **{kind: _toys(table) for kind, table in TABLES.items()},
    **HOSTILE,
}
"""How each kind walks through the demo shop."""
