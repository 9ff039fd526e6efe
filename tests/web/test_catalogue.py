"""
Every text has a translation, and every translation fits its text.
"""

import re
from collections.abc import Iterator
from gettext import c2py
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from waiting_room.web.languages import DEFAULT, NAMES

WEB = Path(str(files("waiting_room.web")))
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
KEYWORDS = {"text": None, "mark": None, "plural": (1, 2), "forms": (1, 2)}
OTHERS = [code for code in NAMES if code != DEFAULT]

Message = str | tuple[str, ...]


def messages() -> set[Message]:
    """
    Return every text of the code and the templates; one with a plural as both its forms.
    """
    found = extract_from_dir(WEB, METHODS, keywords=KEYWORDS)
    return {tuple(text) if isinstance(text, tuple | list) else text for _, _, text, _, _ in found}


def catalogue(code: str) -> Catalog:
    """
    Return the catalogue of a language as it is committed.
    """
    return read_po(BytesIO((WEB / "locale" / code / "LC_MESSAGES" / "waiting_room.po").read_bytes()), locale=code)


def entries(code: str) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """
    Return each text of the catalogue with its translations.
    """
    for message in catalogue(code):
        if message.id:
            said = message.string if isinstance(message.string, tuple | list) else (message.string,)
            key = message.id if isinstance(message.id, str) else tuple(message.id)
            yield key, tuple(form or "" for form in said)


def placeholders(text: str) -> set[str]:
    """
    Return the names of the placeholders in *text*.
    """
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_and_nothing_else_is(code: str) -> None:
    """
    The catalogue holds exactly the texts that the code and the templates use.
    """
    assert {message for message, _ in entries(code)} == messages()


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_empty_or_doubtful(code: str) -> None:
    """
    Each text has all its forms, and none is marked fuzzy.
    """
    assert [message for message, said in entries(code) if not all(said)] == []
    assert [message.id for message in catalogue(code) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("code", OTHERS)
def test_placeholders_match(code: str) -> None:
    """
    Each form of a translation has the placeholders of its text, and no stray percent sign.
    """
    for message, said in entries(code):
        source = message if isinstance(message, tuple) else (message,)
        names = placeholders(source[-1])
        assert [placeholders(form) for form in said] == [names] * len(said), message
        assert [form for form in said if "%" in re.sub(r"%\(\w+\)s", "", form)] == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_sentence_stays_a_sentence(code: str) -> None:
    """
    A text that ends like a sentence does so in every language, and a label stays a label.
    """
    unlike = [
        message
        for message, said in entries(code)
        for form in said
        if (form[-1] in ".:?!") != ((message if isinstance(message, str) else message[0])[-1] in ".:?!")
    ]
    assert unlike == []


@pytest.mark.parametrize("code", OTHERS)
def test_the_plural_forms_are_cldrs(code: str) -> None:
    """
    The catalogue picks by its own formula, the page's script by CLDR: for every count both mean the same form.
    """
    committed, locale = catalogue(code), Locale.parse(code)
    form_of = c2py(committed.plural_expr)
    pairs = {(locale.plural_form(count), form_of(count)) for count in range(1000)}

    assert len(pairs) == committed.num_plurals
