"""
What visitors are told, in each language.
"""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.reasons import Reason
from waiting_room.web.languages import NAMES, languages, pick
from waiting_room.web.problems import STATUS
from waiting_room.web.texts import (
    SAYINGS,
    PlainWait,
    ahead_words,
    plain_wait,
    say,
    speed_words,
    wait_forms,
    wait_words,
)

EN, PL = languages()["en"], languages()["pl"]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_and_a_next_step(reason: Reason) -> None:
    """
    No reason is left without words or without a status, in any language.
    """
    for language in languages().values():
        said = say(reason, language)
        assert said.heading[-1] not in ".!"
        assert said.sentence.endswith(".")
        assert said.next_step.endswith(".")
    assert reason in STATUS
    assert say(reason, PL) != say(reason, EN)


def test_there_are_no_words_for_what_is_no_reason() -> None:
    """
    The table has no leftovers.
    """
    assert set(SAYINGS) == set(Reason)


@pytest.mark.parametrize(
    ("ahead", "english", "polish"),
    [
        (0, "You are next", "Jesteś na początku kolejki"),
        (1, "1 person is ahead of you", "Przed Tobą jest 1 osoba"),
        (2, "2 people are ahead of you", "Przed Tobą są 2 osoby"),
        (5, "5 people are ahead of you", "Przed Tobą jest 5 osób"),
        (12, "12 people are ahead of you", "Przed Tobą jest 12 osób"),
        (22, "22 people are ahead of you", "Przed Tobą są 22 osoby"),
        (25, "25 people are ahead of you", "Przed Tobą jest 25 osób"),
        (12_345, "12,345 people are ahead of you", "Przed Tobą jest 12\N{NO-BREAK SPACE}345 osób"),
    ],
)
def test_people_ahead_are_counted_by_each_languages_rules(ahead: int, english: str, polish: str) -> None:
    """
    Numbers are grouped and nouns inflected as the language does it.
    """
    assert ahead_words(ahead, EN) == english
    assert ahead_words(ahead, PL) == polish


@pytest.mark.parametrize(
    ("low_s", "high_s", "english", "polish"),
    [
        (0, 1, "less than a minute", "mniej niż minuta"),
        (30, 60, "less than a minute", "mniej niż minuta"),
        (10, 61, "1–2 minutes", "1–2 minuty"),
        (61, 120, "about 2 minutes", "około 2 minut"),
        (200, 330, "4–6 minutes", "4–6 minut"),
        (480, 660, "8–15 minutes", "8–15 minut"),
        (1260, 1321, "about 25 minutes", "około 25 minut"),
        (3000, 3700, "50–75 minutes", "50–75 minut"),
        (3700, 7300, "2–3 hours", "2–3 godziny"),
        (14_000, 17_000, "4–5 hours", "4–5 godzin"),
        (36_001, 36_001, "about 11 hours", "około 11 godzin"),
    ],
)
def test_a_wait_is_told_as_people_say_it(low_s: float, high_s: float, english: str, polish: str) -> None:
    """
    The longer the wait, the coarser its words.
    """
    assert wait_words(low_s, high_s, EN) == english
    assert wait_words(low_s, high_s, PL) == polish


def _seconds(wait: PlainWait) -> tuple[int, int]:
    unit = 3600 if wait.unit == "hours" else 60
    return wait.low * unit, wait.high * unit


RANGES = st.tuples(st.floats(0, 200_000), st.floats(0, 200_000)).map(sorted)


@given(RANGES)
def test_a_wait_is_always_rounded_up(span: list[float]) -> None:
    """
    Nobody is promised less than what is expected, and a range never stands upside down.
    """
    low, high = _seconds(plain_wait(*span))

    assert high >= span[1]
    assert low <= high


@given(st.lists(st.floats(0, 200_000), min_size=2))
def test_a_longer_wait_never_sounds_shorter(waits: list[float]) -> None:
    """
    The words keep the order of the waits.
    """
    told = [_seconds(plain_wait(0, wait))[1] for wait in sorted(waits)]

    assert all(left <= right for left, right in pairwise(told))


def test_speed_is_told_in_both_languages() -> None:
    """
    The pace has its own plural forms.
    """
    assert speed_words(600, EN) == "about 600 people a minute"
    assert speed_words(1, PL) == "około 1 osoby na minutę"


def test_the_script_gets_every_plural_form_of_a_language() -> None:
    """
    The forms are keyed by CLDR category; `other`, which a browser may ask for, is always there.
    """
    polish = PL.forms("about %(n)s person a minute", "about %(n)s people a minute")
    english = EN.forms("about %(n)s person a minute", "about %(n)s people a minute")

    assert set(polish) == {"one", "few", "many", "other"}
    assert english == {"one": "about %(n)s person a minute", "other": "about %(n)s people a minute"}
    assert set(wait_forms(PL)) == {"moment", "minutes", "hours"}


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "code"),
    [
        ("pl", "en", "en", "pl"),
        (None, "pl", "en", "pl"),
        (None, None, "pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        (None, None, "de, en;q=0.5, pl;q=0.7", "pl"),
        (None, None, "pl;q=0, en;q=0.1", "en"),
        (None, None, "*", "en"),
        (None, None, "de", "en"),
        (None, None, "pl;q=high, en;q=0.1", "en"),
        (None, None, ";;;,,,=", "en"),
        ("xx", "yy", None, "en"),
        ("PL-pl", None, None, "pl"),
    ],
)
def test_the_language_comes_from_the_address_then_the_cookie_then_the_browser(
    asked: str | None, kept: str | None, accepted: str | None, code: str
) -> None:
    """
    The nearer wish wins, and what cannot be read is passed over.
    """
    assert pick(asked, kept, accepted).code == code


@given(st.text(max_size=60))
def test_no_header_breaks_the_choice(accepted: str) -> None:
    """
    Whatever a client sends, some language comes out.
    """
    assert pick(None, accepted, accepted).code in NAMES


def test_polish_texts_assume_nobodys_gender() -> None:
    """
    Second person past tense would address men or women; the texts do without it.
    """
    gendered = re.compile(r"\b\w+(łeś|łaś|łbyś|łabyś)\b")

    said = [
        text
        for reason in Reason
        for saying in [say(reason, PL)]
        for text in (saying.heading, saying.sentence, saying.next_step)
    ]
    assert [text for text in said if gendered.search(text)] == []
