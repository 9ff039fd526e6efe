"""
What the shoppers of a scenario do in the demo shop, page by page, as the shop of the simulator takes it.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from loadtests.crowd.lines import page_late_s
from loadtests.crowd.own import own_of
from loadtests.crowd.shoppers import Behaviour, Shopper
from loadtests.demo_shop.model import PageCosts
from loadtests.forecast.visits import ERRANDS, REQUESTS
from loadtests.journeys.table import Thought, draw_path, page_of, thought_s
from loadtests.journeys.tables import BUYER, TABLES, WINDOW
from waiting_room.simulation.shop import NO_ORDER, Walk


def costs_of(shop: Mapping[str, Any]) -> PageCosts:
    """
    Return what the pages of a scenario's shop cost.
    """
    return PageCosts(**shop.get("costs", {}))


def walks_of(kind: str, shopper: Shopper, behaviour: Behaviour, costs: PageCosts) -> tuple[Walk, ...]:
    """
    Return what *shopper* of a *kind* does in the shop: one walk for each stay, since an order ends a stay.

    It is the way of `visits.visit_of`, with the shopper's own thoughts, patience and reloads.
    """
    pauses = enumerate(islice(shopper.haste, behaviour.reloads))
    pauses_s = tuple(behaviour.reload_pause_s * 2.0**failures * haste for failures, haste in pauses)
    table = TABLES.get(kind, WINDOW if own_of(kind) is None else BUYER)
    if kind in ERRANDS:
        if kind == "replayer" and shopper.says_goodbye:
            return (Walk((costs.home,), (0.0,), gives_back=True, pays_at=NO_ORDER, pauses_s=pauses_s),)
        table = BUYER
    late_s = page_late_s(kind, behaviour)
    found: list[Walk] = []
    pages: list[int] = []
    thinks_s: list[float] = []
    nth = 0
    for step in draw_path(table, shopper.who).steps:
        think_s = 0.0
        if step.edge is not None and step.edge.thought is not Thought.NONE and kind not in ERRANDS:
            think_s, nth = thought_s(step.edge, shopper, nth), nth + 1
        requests = REQUESTS[page_of(step.state)]
        # Who has ordered and goes on thinks before they come to the room again.
        thinks_s += [late_s + (think_s if pages else 0.0)] + [late_s] * (len(requests) - 1)
        pages += [getattr(costs, request) for request in requests]
        if page_of(step.state) == "order":
            pays_at, ways = len(pages) - 2, (tuple(pages), tuple(thinks_s))
            found.append(Walk(*ways, True, pays_at, shopper.page_patience_s, pauses_s))
            pages, thinks_s = [], []
    if pages:
        found.append(Walk(tuple(pages), tuple(thinks_s), False, NO_ORDER, shopper.page_patience_s, pauses_s))
    return tuple(found)
