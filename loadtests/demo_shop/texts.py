"""
The shop's words in Polish and English: choosing the language, plurals, prices and times.

The texts stand in `locale/en.json` and `locale/pl.json` under the same keys; a key with plural forms holds an object
of the CLDR categories: one and other in English; one, few and many in Polish.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import cast
from zoneinfo import ZoneInfo

from markupsafe import Markup

from loadtests.demo_shop.catalogue import LANGUAGES, Language

LANGUAGE_COOKIE = "shop_lang"
SHOP_ZONE = ZoneInfo("Europe/Warsaw")

_RANGE = re.compile(r"\s*([a-zA-Z*]{1,8})(?:-[a-zA-Z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Entry = str | dict[str, str]


@cache
def catalogue(language: Language) -> Mapping[str, Entry]:
    """
    Load one language's texts from the package.
    """
    text = (files("loadtests.demo_shop") / "locale" / f"{language}.json").read_text(encoding="utf-8")
    return cast("dict[str, Entry]", json.loads(text))


def choose_language(query: str | None, cookie: str | None, accept: str | None) -> Language:
    """
    Choose by the address, then the cookie, then the browser's preference; English when none says one of ours.
    """
    for wish in (query, cookie):
        if found := _known(wish):
            return found
    wishes: list[tuple[float, int, Language | None]] = []
    for part in (accept or "")[:200].split(","):
        if match := _RANGE.fullmatch(part):
            wishes.append((-float(match[2] or 1), len(wishes), _known(match[1])))
    return next((found for weight, _, found in sorted(wishes, key=lambda wish: wish[:2]) if found and weight), "en")


def _known(wish: str | None) -> Language | None:
    return next((language for language in LANGUAGES if wish and wish.lower() == language), None)


def plural_form(language: Language, count: int) -> str:
    """
    Name the plural category of a whole number (CLDR): 1 sztuka, 2 sztuki, 5 sztuk, 22 sztuki.
    """
    if count == 1:
        return "one"
    if language == "en":
        return "other"
    return "few" if count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14} else "many"


class Texts:
    """
    Speak one language; an unknown key or a missing argument is a `KeyError`, never an empty page.
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._entries = catalogue(language)

    def __call__(self, key: str, **arguments: object) -> Markup:
        """
        Give the text of a key; arguments are escaped, the text itself may hold markup.
        """
        return Markup(cast("str", self._entries[key])).format_map(arguments)  # noqa: S704  our own files, no input

    def count(self, key: str, number: int) -> Markup:
        """
        Give the text in the plural form for a number, with `{n}` filled in.
        """
        forms = cast("dict[str, str]", self._entries[key])
        form = forms[plural_form(self.language, number)]
        return Markup(form).format(n=self.integer(number))  # noqa: S704  our own files, no input

    def integer(self, number: int) -> str:
        """
        Write a whole number with the language's thousands separator.
        """
        return f"{number:,}" if self.language == "en" else f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")

    def price(self, grosze: int) -> str:
        """
        Write a price in złoty: "1 299,00 zł" or "PLN 1,299.00", never broken across lines.
        """
        whole, rest = divmod(grosze, 100)
        if self.language == "pl":
            return f"{self.integer(whole)},{rest:02d}\N{NO-BREAK SPACE}zł"
        return f"PLN\N{NO-BREAK SPACE}{self.integer(whole)}.{rest:02d}"

    def moment(self, at_ms: int) -> str:
        """
        Write an instant (epoch ms) as the shop's local date and time.
        """
        at = datetime.fromtimestamp(at_ms / 1000, SHOP_ZONE)
        if self.language == "pl":
            return f"{at:%d.%m.%Y}, {at:%H:%M}"
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"
