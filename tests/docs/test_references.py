"""
The reference pages say what the code does.
"""

from pathlib import Path

import pytest

from tests.docs.references import BLOCK, MAKERS, OPENAPI, PAGES, commands, rewritten
from waiting_room.web.openapi.document import document, written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_made_parts_are_as_the_code_makes_them(page: Path) -> None:
    """
    A change of a setting or an option reaches its page in the same commit (`python -m tests.docs.references`).
    """
    text = page.read_text(encoding="utf-8")

    assert rewritten(text) == text


def test_every_section_and_command_has_its_part() -> None:
    """
    No command and no section of the configuration is left out of the pages, none is there twice.
    """
    named = [match["name"] for page in PAGES for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]

    assert sorted(named) == sorted([*MAKERS, "waiting-room", *commands()])


def test_the_openapi_document_is_as_the_code_makes_it() -> None:
    """
    Who reads the repository, or the file in the wheel, sees what the service serves.
    """
    assert OPENAPI.read_text(encoding="utf-8") == written(document())
