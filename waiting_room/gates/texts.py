"""
What a gate itself says to people and programs, in English and Polish; everything else is said by the waiting page.
"""

from dataclasses import dataclass
from typing import Final

from waiting_room.core.reasons import Reason

LANGUAGE_COOKIE: Final = "wr_lang"
"""The choice made on the waiting page."""


@dataclass(frozen=True, slots=True)
class Saying:
    """
    Tell what is the matter (*heading*), and why and what to do (*sentence*).
    """

    heading: str
    sentence: str


_ENGLISH: Final = {
    Reason.QUEUE_WAIT: Saying(
        "The shop is busy", "Please go to the waiting page: your place in the queue is kept there."
    ),
    Reason.PASS_EXPIRED: Saying(
        "Your visit has ended", "The time for one visit is over. To go on shopping, join the queue again."
    ),
    Reason.PASS_ENDED: Saying(
        "Your visit has ended",
        "Your place in the shop has gone to somebody else. To go on shopping, join the queue again.",
    ),
    Reason.PASS_INVALID: Saying(
        "The pass is not valid here", "It was changed on its way, or is for another shop. Please join the queue."
    ),
    Reason.TICKET_OTHER_VISITOR: Saying(
        "The pass belongs to somebody else",
        "A pass counts only for the visitor it was given to. Please join the queue.",
    ),
    Reason.REVOKED: Saying(
        "Your visit was ended by the shop",
        "The shop has closed this visit. If you think that this is a mistake, please get in touch with the shop.",
    ),
    Reason.STORE_AWAY: Saying(
        "We cannot let you in just now",
        "The queue in front of the shop does not answer. It is not your fault. This page soon tries again by itself.",
    ),
}

_POLISH: Final = {
    Reason.QUEUE_WAIT: Saying(
        "W sklepie jest teraz tłoczno", "Przejdź na stronę poczekalni: tam czeka na Ciebie miejsce w kolejce."
    ),
    Reason.PASS_EXPIRED: Saying(
        "Wizyta dobiegła końca", "Minął czas jednej wizyty. Aby kupować dalej, ustaw się w kolejce jeszcze raz."
    ),
    Reason.PASS_ENDED: Saying(
        "Wizyta dobiegła końca",
        "Twoje miejsce w sklepie zajął już ktoś inny. Aby kupować dalej, ustaw się w kolejce jeszcze raz.",
    ),
    Reason.PASS_INVALID: Saying(
        "Ta przepustka tu nie działa",
        "Została zmieniona po drodze albo pochodzi z innego sklepu. Ustaw się, proszę, w kolejce.",
    ),
    Reason.TICKET_OTHER_VISITOR: Saying(
        "Ta przepustka należy do kogoś innego",
        "Przepustka jest ważna tylko dla osoby, która ją dostała. Ustaw się, proszę, w kolejce.",
    ),
    Reason.REVOKED: Saying(
        "Sklep zakończył Twoją wizytę",
        "Ta wizyta została zamknięta przez sklep. Jeśli to pomyłka, skontaktuj się, proszę, ze sklepem.",
    ),
    Reason.STORE_AWAY: Saying(
        "W tej chwili nie możemy Cię wpuścić",
        "Kolejka przed sklepem nie odpowiada. To nie Twoja wina. Ta strona spróbuje ponownie sama za kilka sekund.",
    ),
}

SAYINGS: Final = {"en": _ENGLISH, "pl": _POLISH}
LANGUAGES: Final = frozenset(SAYINGS)


def say(reason: Reason, language: str) -> Saying:
    """
    Return the words for *reason* in *language*; any other reason of a token is said as an invalid pass.
    """
    known = SAYINGS[language]
    return known.get(reason, known[Reason.PASS_INVALID])


def pick_language(chosen: str | None, accepted: str | None) -> str:
    """
    Return the language *chosen* in shop or waiting room, else the best of an Accept-Language header, else English.
    """
    if chosen in SAYINGS:
        return chosen
    best, weight = "en", 0.0
    for entry in (accepted or "")[:256].split(","):
        tag, _, quality = entry.strip().partition(";")
        code = tag.strip().lower().partition("-")[0]
        worth = _worth(quality)
        if code in SAYINGS and worth > weight:
            best, weight = code, worth
    return best


def _worth(quality: str) -> float:
    try:
        return float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
    except ValueError:
        return 0.0
