"""
What came of the visits of those who mean well: whether something went wrong that no overload explains. Pure.

A shop can be quick and answer every request while nobody can buy: the forms lead to the wrong place, the basket stays
empty. Shares of requests do not show it, since such a visit ends with its first mistake.
"""

from collections import Counter
from typing import Any, Final

from loadtests.crowd.kinds import means_well
from loadtests.judging.words import Words, spaced
from loadtests.measuring.measures import Measures, Outcome

ERRORS_MOST: Final = 0.01
"""So many visits may end in an error, as so many requests may: a stray one is no finding, a path that is broken is."""
BY_CHANCE: Final = 0.001
"""Nobody bought, and chance explains it as seldom as this: then somebody wanted to."""
_TURNED_DOWN: Final = frozenset({Outcome.SOLD_OUT, Outcome.REFUSED, Outcome.NO_SHOW})


def visits_of(measures: Measures, orders: int) -> dict[str, Any]:
    """
    Return the share of the honest visits that ended in an error, and whether nothing was sold though buyers came.

    Args:
        measures: the run.
        orders: how many there were over the whole of it.
    """
    ends = Counter(shopper.outcome for shopper in measures.shoppers if means_well(shopper.kind))
    ratio = ends[Outcome.ERROR] / ends.total() if ends else 0.0
    return {"visit_error_ratio": round(ratio, 4), "sold_nothing": int(orders == 0 and _buyers_came(measures))}


def _buyers_came(measures: Measures) -> bool:
    """
    Tell whether somebody surely came to buy: by the tables, and not to hear that there is nothing left or that the
    room is closed, nor to stay away when called.
    """
    came = Counter(
        shopper.kind
        for shopper in measures.shoppers
        if means_well(shopper.kind) and shopper.outcome not in _TURNED_DOWN
    )
    nobody = 1.0
    for kind, count in came.items():
        walked = measures.walks.get(kind)
        buys = min(1.0, walked.ratios.get(Outcome.BOUGHT, 0.0)) if walked else 0.0
        nobody *= (1.0 - buys) ** count
    return nobody < BY_CHANCE


def in_words(run: dict[str, Any], *, ended: bool = False) -> Words:
    """
    Return what went wrong with the visits of a run's result, and what was told most often of it.

    Args:
        run: the run's part of the result.
        ended: whether one of the rehearsal's programs ended before its time, which explains them.
    """
    killed = any(change["do"].startswith("kill-") for change in run["changes"])
    share, orders = f"{run['visit_error_ratio']:.0%}", run["orders_total"]
    en = f"{share} of the visits of those who mean well ended in an error, and {orders} orders were made."
    pl = f"Błędem skończyło się {share} wizyt kupujących o dobrych zamiarach; złożone zamówienia: {spaced(orders)}."
    for what, count in sorted(run["problems"].items(), key=lambda told: -told[1])[:1]:
        en += f" Most often: {what} ({count} times)."
        pl += f" Najczęściej: {what} ({spaced(count)} razy)."
    if not ended and not killed:
        en += " Where the shop works by hand, look at the journey first."
        pl += " Jeśli sklep działa, gdy klika się ręcznie, sprawdź najpierw scenariusz wizyty."
    return {"en": en, "pl": pl}
