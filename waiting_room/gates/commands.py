"""
What the shop tells its gate with an answer: the words of the header ``Waiting-Room-Command``, and its stock.
"""

from collections.abc import Iterable
from typing import Final

from waiting_room import wire

STAGES: Final = frozenset({wire.BASKET, wire.PAYMENT})
"""A visit's stages: with something in the basket its holder may come back sooner, while paying nobody is put out."""
VISIT_WORDS: Final = (wire.PAYMENT, wire.BASKET, wire.RELEASE)
"""What a shop may say of one visit."""


def command_of(word: str) -> str:
    """
    Return *word* if a handler may say it of one visit; raises `ValueError` for any other.
    """
    if word not in VISIT_WORDS:
        raise ValueError(f"{word!r} is no command; there are payment, basket and release")
    return word


def words_of(values: Iterable[str]) -> tuple[str, ...]:
    """
    Return the commands in *values*, the lines of the header, in their order; several stand on a line with commas.
    """
    return tuple(word for value in values for part in value.split(",") if (word := part.strip().lower()))


def stock_of(values: Iterable[str]) -> int | None:
    """
    Return the units left that *values*, the lines of the header for the stock, tell last; None where they tell none.
    """
    told = [int(value) for value in values if value.isascii() and value.strip().isdecimal() and len(value) <= 9]
    return told[-1] if told else None


def stage_of(words: Iterable[str]) -> str:
    """
    Return the stage that the last of *words* to name one puts the visit in, or nothing.
    """
    return next((word for word in reversed(tuple(words)) if word in STAGES), "")
