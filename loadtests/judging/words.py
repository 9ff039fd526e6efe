"""
Sentences that a result tells in English, and its report in the reader's language. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Final

Words = Mapping[str, str]
"""A text in English and Polish, by language."""

STOPPED: Final[Words] = {"en": "It was stopped by hand.", "pl": "Przerwano ją ręcznie."}
UNFINISHED: Final[Words] = {
    "en": "It has not come to its end: it is still being played, or it was killed.",
    "pl": "Nie dobiegła końca: wciąż trwa albo została zabita.",
}
"""What a result says from the first moment on, until that of the end takes its place."""


def polish_of(sentences: Iterable[Words]) -> dict[str, str]:
    """
    Return the Polish of each of *sentences* by its English.
    """
    return {said["en"]: said["pl"] for said in sentences}


def spaced(value: float) -> str:
    """
    Return a whole number as Polish writes it.
    """
    return f"{value:,.0f}".replace(",", "\u202f")
