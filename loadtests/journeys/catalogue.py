"""
How each kind of shopper walks: the one place where the load generator looks a journey up.
"""

from collections.abc import Callable, Mapping
from typing import Final

from loadtests.crowd.kinds import KINDS
from loadtests.crowd.own import own_of
from loadtests.journeys.browser import Browser
from loadtests.journeys.browsers import Equip, app, slow_phone
from loadtests.journeys.cast import Cast, Walk
from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.journeys.own import OwnJourneyError, load
from loadtests.journeys.stay import Stay
from loadtests.journeys.stays import Hidden, InApp, NoShow, Refreshing, Tabs
from loadtests.journeys.tables import TABLES
from loadtests.journeys.toys import ToyShopping
from waiting_room.errors import Fault

WAITS: Final[Mapping[str, type[Stay]]] = {
    "refresher": Refreshing,
    "many-tabs": Tabs,
    "slow-phone": Hidden,
    "app": InApp,
    "no-show": NoShow,
}
"""What kinds do in the waiting room that do not just look at its page."""
BROWSES: Final[Mapping[str, Equip]] = {"slow-phone": slow_phone, "app": app}
"""What kinds shop with who do not have a plain browser."""


def _toys(kind: str) -> type[ToyShopping]:
    class Walking(ToyShopping):
        table = TABLES[kind]
        waits = WAITS.get(kind, Stay)

        def equip(self, browser: Browser) -> Browser:
            return BROWSES[kind](browser, self.behaviour) if kind in BROWSES else browser

    return Walking


WALKS: Final[Mapping[str, Callable[[Cast], Walk]]] = {
    **{kind: _toys(kind) for kind, about in KINDS.items() if about.honest},
    **HOSTILE,
}
"""How each kind walks through the demo shop."""


def walk_of(kind: str) -> Callable[[Cast], Walk]:
    """
    Return how shoppers of *kind* walk; one that names a file of one's own has it loaded.

    Raises:
        OwnJourneyError: the file or the class in it is no journey, or there is neither a file nor a walk of that name.
    """
    own = own_of(kind)
    if own is None and kind not in WALKS:
        remedy = f"name your own as FILE.py:CLASS, or one of {', '.join(WALKS)}"
        raise OwnJourneyError((Fault(kind, "is a kind of shopper that has no walk", remedy),))
    return load(own) if own is not None else WALKS[kind]
