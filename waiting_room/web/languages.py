"""
The visitor's language: which one, and words, plurals and numbers in it.

The English texts in the code are the message ids; the others come from ``locale/*/LC_MESSAGES/waiting_room.po``,
which is read as it stands, so that a checkout and a wheel need no compiled catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_group_symbol
from babel.support import NullTranslations, Translations

DEFAULT: Final = "en"
NAMES: Final = MappingProxyType({"en": "English", "pl": "Polski"})
"""Every language, by its code, in its own words."""
LANGUAGE_COOKIE: Final = "wr_lang"
_SAMPLES: Final = range(200)
"""Enough counts to meet each plural category of each language here at least once."""


@dataclass(frozen=True, slots=True)
class Language:
    """
    Say things in one language; placeholders are ``%(name)s``, *group* stands between thousands.
    """

    code: str
    locale: Locale
    translations: NullTranslations
    group: str

    def text(self, message: str, /, **values: object) -> str:
        """
        Return *message* in this language with its placeholders filled in.
        """
        said = self.translations.ugettext(message)
        return said % values if values else said

    def plural(self, one: str, many: str, count: int, /, **values: object) -> str:
        """
        Return the form that *count* asks for, with ``%(n)s`` filled in by the count.
        """
        said: str = self.translations.ungettext(one, many, count)
        return said % ({"n": self.number(count)} | values)

    def number(self, value: int) -> str:
        """
        Return *value* with the language's grouping: 12,345 in English, 12 345 in Polish.
        """
        return f"{value:,}".replace(",", self.group)

    def forms(self, one: str, many: str) -> dict[str, str]:
        """
        Return the unfilled forms by CLDR plural category, for a script that has `Intl.PluralRules`.
        """
        samples = {self.locale.plural_form(count): count for count in reversed(_SAMPLES)}
        found: dict[str, str] = {tag: self.translations.ungettext(one, many, count) for tag, count in samples.items()}
        return {"other": found.get("many", many), **found}


@cache
def languages() -> Mapping[str, Language]:
    """
    Return every language by its code; read once, at the first call.
    """
    return MappingProxyType({
        code: Language(code, Locale.parse(code), _translations(code), get_group_symbol(code)) for code in NAMES
    })  # fmt: skip


def pick(asked: str | None, kept: str | None, accepted: str | None) -> Language:
    """
    Return the language *asked* for in the address, else the one *kept* in a cookie, else the best *accepted* one.

    *accepted* is an ``Accept-Language`` header; what cannot be read in it is passed over.
    """
    known = languages()
    for wish in (asked, kept, _best(accepted or "")):
        code = (wish or "").lower().partition("-")[0]
        if code in known:
            return known[code]
    return known[DEFAULT]


def _best(accepted: str) -> str | None:
    ranked: list[tuple[float, int, str]] = []
    for index, part in enumerate(accepted[:500].split(",")):
        tag, _, weight = part.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in NAMES or code == "*":
            ranked.append((-_weight(weight), index, DEFAULT if code == "*" else code))
    ranked.sort()
    return ranked[0][2] if ranked and ranked[0][0] < 0 else None


def _weight(parameter: str) -> float:
    """
    Return the ``q`` of RFC 9110 section 12.4.2: 1 where there is none, 0 ("not acceptable") where it cannot be read.
    """
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0


def _translations(code: str) -> NullTranslations:
    if code == DEFAULT:
        return NullTranslations()
    source = files("waiting_room.web") / "locale" / code / "LC_MESSAGES" / "waiting_room.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=code))
    compiled.seek(0)
    return Translations(compiled)
