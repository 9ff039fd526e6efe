"""
The words and the figures of reports in the reader's language: English or Polish.

All sentences stand in `locale/LANGUAGE.json`, one file a language with the same keys; figures are written as the
language writes them.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

CODES: Final = ("en", "pl")
HERE = Path(__file__).parent / "locale"
NARROW: Final = "\u202f"
FIXED: Final = "\u00a0"
_SHARES: Final = ("generator_cpu_share", "generator_cpu_peak", "eta_coverage", "ceiling_share", "cpu_peak", "abandoned")


class Language:
    """
    Say things in one language.

    Args:
        code: `en` or `pl`.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.texts: Mapping[str, str] = texts(code)

    def __call__(self, key: str, **values: Any) -> str:
        """
        Return the text of *key* with *values* put in; a key that is unknown is a mistake of ours.
        """
        return unbroken(self.texts[key].format(**values)) if values else self.texts[key]

    def has(self, key: str) -> bool:
        """
        Tell whether there are words for *key*.
        """
        return key in self.texts

    def known(self, group: str, name: str) -> str:
        """
        Return the words for *name* within a group, or the name itself where somebody else made it up.
        """
        return self.texts.get(f"{group}.{name}", name)

    def said(self, says: Mapping[str, str]) -> str:
        """
        Return a text that comes in several languages: in ours, in English, or in whichever there is.
        """
        return says.get(self.code) or says.get("en") or next(iter(says.values()), "")

    def counted(self, key: str, count: int, **values: Any) -> str:
        """
        Return the text of *key* in the form that goes with *count*: `.one`, `.few` (2 to 4, 22 to 24 …) or `.many`.
        """
        return self(f"{key}.{self._form(count)}", count=self.number(count), **values)

    def _form(self, count: int) -> str:
        if count == 1:
            return "one"
        if self.code == "pl" and count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14):
            return "few"
        return "many"

    def number(self, value: float, digits: int | None = None) -> str:
        """
        Return a number with the language's decimal sign; *digits* after it are kept, None drops what is not needed.
        """
        text = f"{value:,.{digits}f}" if digits is not None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
        whole, _, part = text.partition(".")
        whole = whole.replace(",", NARROW).replace("-", "−")
        return f"{whole}{self('decimal')}{part}" if part else whole

    def short(self, value: float, digits: int = 1) -> str:
        """
        Return a number rounded to so many digits, without noughts at its end.
        """
        return self.number(round(value, digits))

    def percent(self, share: float, digits: int | None = None) -> str:
        """
        Return a share in per cent; a small one keeps a decimal, so that a little is never shown as nothing.
        """
        figure = round(share * 100, digits if digits is not None else 1 if abs(share) < 0.1 else 0)
        return self.number(figure + 0.0) + self("percent")

    def amount(self, field: str, value: Any) -> str:
        """
        Return a figure with its unit, as people read it; its name tells the unit.
        """
        if value is None:
            return self("not_measured")
        if isinstance(value, str):
            return value
        figure = float(value)
        if field in _SHARES or (field.endswith(("_ratio", "_share")) and field != "demand_ratio"):
            return self.percent(figure)
        if field.endswith("_ms") and abs(figure) < 1000:
            return f"{self.short(figure, 1 if abs(figure) < 10 else 0)}{FIXED}ms"
        if field.endswith("_ms"):
            return f"{self.short(figure / 1000)}{FIXED}s"
        if field == "demand_ratio":
            return f"{self.short(figure)}{FIXED}×"
        for ending, unit in (("_per_s", self("per_s")), ("_s", f"{FIXED}s")):
            if field.endswith(ending):
                return f"{self.number(figure, 1)}{unit}"
        return self.number(figure if figure == round(figure) else float(f"{figure:.2g}"))

    def comparison(self, comparator: str, field: str, limit: Any) -> str:
        """
        Return a limit in words.
        """
        if comparator == "==" and limit == 0:
            return self("none")
        return unbroken(self(f"comparator.{comparator}", value=self.amount(field, limit)))


def unbroken(sentence: str) -> str:
    """
    Return a sentence whose figures stay on one line with their units.
    """
    return re.sub(r"(\d) (%|ms|s|×|PLN|EUR|zł)(?=\W|$)", f"\\1{FIXED}\\2", sentence)


def typed(text: str) -> str:
    """
    Return a text with plain spaces only, as terminals and those who search in their output expect.
    """
    return text.replace(FIXED, " ").replace(NARROW, " ")


@cache
def language(code: str) -> Language:
    """
    Return the language of this code.
    """
    return Language(code)


@cache
def texts(code: str) -> Mapping[str, str]:
    """
    Return all texts of a language by their keys.
    """
    found: dict[str, str] = json.loads((HERE / f"{code}.json").read_text(encoding="utf-8"))
    return found
