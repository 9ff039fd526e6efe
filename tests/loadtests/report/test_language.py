"""
Both languages say the same things, each in its own way.
"""

import re
from string import Formatter

import pytest

from loadtests.measuring.measures import Outcome
from loadtests.report.language import language, texts


def holes(text: str) -> set[str]:
    """
    Return the names of what is put into a text.
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    """
    No sentence is missing in one of them.
    """
    assert texts("en").keys() == texts("pl").keys()


def test_a_translation_has_the_same_figures_in_it() -> None:
    """
    Nothing that English tells is left out in Polish.
    """
    assert {key for key, text in texts("en").items() if holes(text) != holes(texts("pl")[key])} == set()


@pytest.mark.parametrize("code", ["en", "pl"])
def test_every_outcome_has_its_words(code: str) -> None:
    """
    What the closed sets name is never shown by its code name.
    """
    say = language(code)
    assert [name for name in (*Outcome, "still_waiting") if not say.has(f"outcome.{name}")] == []


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("en", 1234.5, "1\u202f234"),
        ("en", 0.25, "0.25"),
        ("pl", 0.25, "0,25"),
        ("pl", 12_000, "12\u202f000"),
        ("en", -3, "−3"),
    ],
)
def test_numbers_are_written_as_the_language_does(code: str, value: float, shown: str) -> None:
    """
    Decimal sign, thousands and minus.
    """
    assert language(code).number(value) == shown


@pytest.mark.parametrize(
    ("count", "form"), [(1, "zamówienie"), (2, "zamówienia"), (5, "zamówień"), (12, "zamówień"), (22, "zamówienia")]
)
def test_polish_counts_in_three_forms(count: int, form: str) -> None:
    """
    One, a few, many; the teens are many.
    """
    assert f" {form}." in language("pl").counted("funnel.lost.orders", count)


def test_per_cent_signs_stand_as_each_language_wants_them() -> None:
    """
    English with a space, as all pages of this project; Polish without.
    """
    assert language("en").percent(0.125, 1) == "12.5 %"
    assert language("pl").percent(0.125, 1) == "12,5%"
    assert [key for key, text in texts("pl").items() if re.search(r"\d %", text)] == []


def test_a_text_in_other_languages_only_is_better_than_none() -> None:
    """
    A scenario that says what it is in English alone is told so to Poles as well.
    """
    assert language("pl").said({"en": "A blast."}) == "A blast."
    assert language("pl").said({}) == ""
