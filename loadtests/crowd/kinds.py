"""
The kinds of shoppers there are, by name: what they do, and whether they mean well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Describe a kind of shopper.

    Args:
        says: what one of them does, in a sentence for people.
        en, pl: what several of them are called, in English and in Polish.
        honest: whether they keep to the rules; a rehearsal shows that the others gain nothing by it.
    """

    says: str
    en: str
    pl: str
    honest: bool = True


KINDS: Final[Mapping[str, Kind]] = {
    "buyer": Kind("comes for the promotion, looks at one product, and buys it", "buyers", "kupujący"),
    "window": Kind("looks at a few products, and goes", "window-shoppers", "oglądający"),
    "refresher": Kind(
        "buys, and reloads the waiting page by hand long before it asks by itself",
        "impatient refreshers",
        "niecierpliwi odświeżający",
    ),
    "many-tabs": Kind(
        "buys, and has the waiting page open in several tabs of one browser", "with many tabs", "z wieloma kartami"
    ),
    "abandoner": Kind("fills the basket, and leaves it before paying", "basket abandoners", "porzucający koszyk"),
    "returning": Kind(
        "buys, looks around, and buys again with the same cookies",
        "returning for a second order",
        "wracający po drugie zamówienie",
    ),
    "slow-phone": Kind(
        "buys over a slow line, reads slowly, and has the page in a hidden tab at times",
        "slow phones",
        "wolne telefony",
    ),
    "app": Kind("buys with an app: no cookies, tickets and passes as headers", "app users", "użytkownicy aplikacji"),
    "no-show": Kind("waits to the end, and does not come when called", "no-shows", "niestawiający się"),
    "bot": Kind("has no cookies and joins again and again, to hold many places", "bots", "boty", honest=False),
    "sharer": Kind(
        "hands one pass to many, who all try to shop with it",
        "sharers of a pass",
        "dzielący się przepustką",
        honest=False,
    ),
    "replayer": Kind(
        "shops with a pass that was given back", "replayers of a pass", "używający przepustki ponownie", honest=False
    ),
    "forger": Kind("makes up tickets and passes, or alters those it was given", "forgers", "fałszerze", honest=False),
    "jumper": Kind(
        "claims before being called, and goes straight to the checkout",
        "queue jumpers",
        "omijający kolejkę",
        honest=False,
    ),
    "storm": Kind(
        "reloads without a pause, and takes no notice of when to ask again",
        "refresh storm",
        "burza odświeżeń",
        honest=False,
    ),
    "slowloris": Kind(
        "opens connections, and sends a byte now and then",
        "holders of slow connections",
        "trzymający wolne połączenia",
        honest=False,
    ),
}


def means_well(kind: str) -> bool:
    """
    Tell whether shoppers of *kind* keep to the rules; those of one's own journeys do.
    """
    return kind not in KINDS or KINDS[kind].honest


def called(kind: str, language: str) -> str:
    """
    Return what several shoppers of *kind* are called in English or Polish; those of one's own as their journey is.
    """
    if kind not in KINDS:
        return kind
    return KINDS[kind].pl if language == "pl" else KINDS[kind].en
