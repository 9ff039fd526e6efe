"""
How a scenario's demo shop fares over time, as the shop of the simulator takes it.
"""

from typing import Final

from loadtests.demo_shop.model import ShopModel
from loadtests.scenario.spec import Scenario
from waiting_room.simulation.shop import Weather

BEARS: Final = 0.955
"""What a demo shop with a line at its database sells of what arithmetic says: 18.9 to 19.2 of 20 orders/s in thirteen
runs."""
IDLE_S: Final = 1.3
"""For so long the shop is up, and its gate tells of it, before the first shopper of a rehearsal comes: the generator is
started then, and needs 1.0 to 1.1 s in four runs. A law that has heard of idle seconds takes it for a while that each
one inside asks for few pages, and cuts less."""
SHOP_CHANGES: Final = frozenset({"slow-shop", "shop-capacity"})
"""What the time line can do to the shop."""


def follows_shop(scenario: Scenario) -> bool:
    """
    Return whether what a shop that fares well does is not all there is to know: it changes, or the room follows it.
    """
    return bool(scenario.room.get("adaptive")) or any(change.do in SHOP_CHANGES for change in scenario.changes)


def is_known(scenario: Scenario) -> bool:
    """
    Return whether the shop is the demo shop, of which it is known what it bears.
    """
    return bool(scenario.shop.get("db_connections"))


def weather_of(scenario: Scenario, bears: float = BEARS) -> tuple[Weather, ...]:
    """
    Return how the scenario's demo shop fares, anew whenever something changes it.

    Args:
        scenario: whose shop it is; its database connections are known.
        bears: what it serves of what arithmetic says.
    """
    shop = scenario.shop
    changes = sorted((each for each in scenario.changes if each.do in SHOP_CHANGES), key=lambda each: each.at_s)
    ends = (change.at_s + change.for_s for change in changes if change.for_s)
    found = []
    for from_s in sorted({0.0, *(change.at_s for change in changes), *ends}):
        connections, slower = int(shop["db_connections"]), 1.0
        for change in changes:
            if change.at_s <= from_s and not (change.for_s and from_s >= change.at_s + change.for_s):
                to = 1.0 if change.to is None else change.to
                if change.do == "slow-shop":
                    slower = to
                else:
                    connections = max(1, round(int(shop["db_connections"]) * to)) if to > 0 else 0
        jitter, time_out_s = shop.get("jitter", _MODEL.jitter), shop.get("time_out_s", _MODEL.time_out_s)
        found.append(Weather(from_s, connections, slower / bears, jitter=jitter, time_out_s=time_out_s))
    return tuple(found)


_MODEL: Final = ShopModel("")
