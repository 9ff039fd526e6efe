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
        honest: whether they keep to the rules; a rehearsal shows that the others gain nothing by it.
    """

    says: str
    honest: bool = True


KINDS: Final[Mapping[str, Kind]] = {
    "buyer": Kind("comes for the promotion, looks at one product, and buys it"),
    "window": Kind("looks at a few products, and goes"),
    "refresher": Kind("buys, and reloads the waiting page by hand long before it asks by itself"),
    "many-tabs": Kind("buys, and has the waiting page open in several tabs of one browser"),
    "abandoner": Kind("fills the basket, and leaves it before paying"),
    "returning": Kind("buys, looks around, and buys again with the same cookies"),
    "slow-phone": Kind("buys over a slow line, reads slowly, and has the page in a hidden tab at times"),
    "app": Kind("buys with an app: no cookies, tickets and passes as headers"),
    "no-show": Kind("waits to the end, and does not come when called"),
    "bot": Kind("has no cookies and joins again and again, to hold many places", honest=False),
    "sharer": Kind("hands one pass to many, who all try to shop with it", honest=False),
    "replayer": Kind("shops with a pass that was given back", honest=False),
    "forger": Kind("makes up tickets and passes, or alters those it was given", honest=False),
    "jumper": Kind("claims before being called, and goes straight to the checkout", honest=False),
    "storm": Kind("reloads without a pause, and takes no notice of when to ask again", honest=False),
    "slowloris": Kind("opens connections, and sends a byte now and then", honest=False),
}


def means_well(kind: str) -> bool:
    """
    Tell whether shoppers of *kind* keep to the rules; those of one's own journeys do.
    """
    return kind not in KINDS or KINDS[kind].honest
