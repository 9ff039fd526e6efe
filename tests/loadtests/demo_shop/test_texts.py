"""
The shop's words: both languages say the same things, and numbers are written as each language does.
"""

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests import demo_shop
from loadtests.demo_shop.catalogue import LANGUAGES, TOYS, Language
from loadtests.demo_shop.texts import Texts, catalogue, choose_language, plural_form

FOLDER = Path(demo_shop.__file__).parent
FORMS = {"pl": {"one", "few", "many"}, "en": {"one", "other"}}

# Keys that templates put together: the prefix or suffix that they write, and what fills the gap.
COMPOSED = {
    *(f"step.{step}" for step in ("basket", "checkout", "payment", "order")),
    *(f"{part}.{field}" for part in ("checkout", "fault") for field in ("name", "email", "street", "city")),
    *(f"method.{method}" for method in ("card", "blik")),
    *(f"{name}.{part}" for name in ("timeout", "closing", "missing", "broken", "wrong", "sold_out")
      for part in ("title", "headline", "text")),
}  # fmt: skip


def placeholders(text: str) -> set[str]:
    """
    Give the names that a text asks to be filled in.
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def used_keys() -> Iterator[str]:
    """
    Give every key that a template writes out.
    """
    for template in sorted((FOLDER / "templates").glob("*.html")):
        yield from re.findall(r"""['"]([a-z_]+\.[a-z_]+|units)['"]""", template.read_text())


def test_both_languages_have_the_same_keys() -> None:
    """
    Nothing is said in one language only.
    """
    assert catalogue("pl").keys() == catalogue("en").keys()


def test_both_languages_fill_in_the_same_values() -> None:
    """
    A translation asks for the same values as its original.
    """
    for key, polish in catalogue("pl").items():
        english = catalogue("en")[key]
        flat = [" ".join(each.values()) if isinstance(each, dict) else each for each in (polish, english)]
        assert placeholders(flat[0]) == placeholders(flat[1]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_all_their_forms(language: Language) -> None:
    """
    Polish has three forms of a counted thing, English two.
    """
    assert {frozenset(each) for each in catalogue(language).values() if isinstance(each, dict)} == {
        frozenset(FORMS[language])
    }


def test_every_text_is_used_and_every_used_text_exists() -> None:
    """
    Templates and catalogue hold exactly the same keys.
    """
    known = {key for key in used_keys() if not key.endswith((".html", ".svg", ".css"))}

    assert known | COMPOSED == set(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_hold_no_key_twice(language: Language) -> None:
    """
    A repeated key would silently hide the first text.
    """
    text = (FOLDER / "locale" / f"{language}.json").read_text(encoding="utf-8")
    top = json.loads(text, object_pairs_hook=lambda pairs: pairs)

    assert len(top) == len({name for name, _ in top})


def test_every_toy_is_told_in_both_languages() -> None:
    """
    Names, lines and stories exist in Polish and English and differ.
    """
    for toy in TOYS:
        for words in (toy.name, toy.line, toy.story):
            assert words.pl
            assert words.en
            assert words.pl != words.en


def test_every_price_is_an_honest_reduction() -> None:
    """
    The banner says forty per cent; every price keeps it, to the nearest złoty.
    """
    assert [toy.slug for toy in TOYS if abs(toy.price - toy.usual * 0.6) > 100] == []


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "chosen"),
    [
        ("pl", "en", "en", "pl"),
        ("xx", "pl", "en", "pl"),
        (None, "../x", "pl", "pl"),
        (None, None, "pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        (None, None, "en-GB,pl;q=0.9", "en"),
        (None, None, "de,pl;q=0.5,en;q=0.7", "en"),
        (None, None, "de, fr;q=0.9", "en"),
        (None, None, "pl;q=0, de", "en"),
        (None, None, "*;q=nonsense,,;;=", "en"),
        (None, None, None, "en"),
    ],
)
def test_language_is_chosen_by_address_then_cookie_then_browser(
    query: str | None, cookie: str | None, accept: str | None, chosen: Language
) -> None:
    """
    The nearest wish wins; English is for everybody else.
    """
    assert choose_language(query, cookie, accept) == chosen


@pytest.mark.parametrize(
    ("count", "form"),
    [(1, "one"), (2, "few"), (4, "few"), (5, "many"), (0, "many"), (12, "many"), (22, "few"), (101, "many")],
)
def test_polish_plurals(count: int, form: str) -> None:
    """
    1 sztuka, 2 sztuki, 5 sztuk, 12 sztuk, 22 sztuki.
    """
    assert plural_form("pl", count) == form


def test_prices_are_written_as_each_language_does() -> None:
    """
    Comma and currency behind in Polish, point and currency in front in English, and nothing breaks across lines.
    """
    assert Texts("pl").price(123_450) == "1\xa0234,50\xa0zł"
    assert Texts("en").price(123_450) == "PLN\xa01,234.50"


def test_times_are_the_shop_s_local_ones() -> None:
    """
    An order's time is told in Warsaw, in summer two hours from Greenwich.
    """
    june_noon_utc_ms = 1_780_315_200_000

    assert Texts("pl").moment(june_noon_utc_ms) == "01.06.2026, 14:00"
    assert Texts("en").moment(june_noon_utc_ms) == "1 Jun 2026, 14:00"


def test_what_is_filled_in_is_escaped() -> None:
    """
    A value cannot bring markup into a text.
    """
    assert "&lt;b&gt;" in Texts("en")("order.mail", email="<b>")


def test_an_unknown_text_is_an_error() -> None:
    """
    A misspelt key never leaves a gap on the page.
    """
    with pytest.raises(KeyError):
        Texts("en")("home.titel")
