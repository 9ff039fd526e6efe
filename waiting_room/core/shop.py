"""
What the room knows of the shop behind it.
"""

from dataclasses import dataclass, fields
from typing import Final

from waiting_room.core.adaptation import Adaptation, Mode
from waiting_room.core.health import Health

MOST_STOCK: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Shop:
    """
    Hold what gates and operators have told of the shop, and what the law of adaptation remembers.

    *health*: one record of each worker and second, of the last seconds. *override*: the operator's rate a minute, which
    holds until it is taken back. *stock*: units left to sell, None where nobody has told. *sold_out*: the room was
    closed because nothing is left.
    """

    health: tuple[Health, ...] = ()
    adaptation: Adaptation | None = None
    override: int | None = None
    stock: int | None = None
    sold_out: bool = False


UNKNOWN_SHOP: Final = Shop()


@dataclass(frozen=True, slots=True)
class ShopWord:
    """
    Hold what a gate's report says of the shop; *stock* is None where nothing was said.
    """

    health: Health | None = None
    stock: int | None = None
    sold_out: bool = False


NOTHING_SAID: Final = ShopWord()


def encode(state: Adaptation | None) -> str:
    """
    Return *state* as text for the store, or nothing; fractions to a thousandth.
    """
    if state is None:
        return ""
    values = (getattr(state, entry.name) for entry in fields(state))
    return ":".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in values)


def decode(text: str) -> Adaptation | None:
    """
    Return what `encode` wrote, or None.
    """
    if not text:
        return None
    at_ms, opened_ms, heard_ms, rate, limit, seats, admitted, outflow, borne, mode, asks = text.split(":")
    return Adaptation(
        at_ms=int(at_ms),
        opened_ms=int(opened_ms),
        heard_ms=int(heard_ms),
        rate=float(rate),
        limit=float(limit),
        seats=int(seats),
        admitted=int(admitted),
        outflow=float(outflow),
        borne=float(borne),
        mode=Mode(mode),
        asks=float(asks),
    )
