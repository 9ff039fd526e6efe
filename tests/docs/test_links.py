"""
Every link between the project's pages leads somewhere.
"""

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import anchors, links, name_of, pages
from tests.source import ROOT


def broken(page: Path, text: str) -> list[str]:
    """
    List the links in *text*, standing at *page*, whose file or anchor does not exist.
    """
    return [target for target in links(text) if not leads_somewhere(page, text, target)]


def leads_somewhere(page: Path, text: str, target: str) -> bool:
    """
    Tell whether *target* names a file of the project and, in a page, an anchor that is there.
    """
    name, _, anchor = unquote(target).partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.is_relative_to(ROOT) or (name and not file.exists()):
        return False
    if not anchor or file.suffix != ".md":
        return True
    return anchor in anchors(file.read_text() if name else text)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_the_links_of_a_page_resolve(page: Path) -> None:
    """
    A relative link names a file that exists, and an anchor in it that exists.
    """
    assert broken(page, page.read_text()) == []


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("[a](LICENSE)", True),
        ('[a](LICENSE "the licence")', True),
        ("[a](no-such-file.md)", False),
        ("[a](#the-two-commands)", True),
        ("[a](#the-3rd-command)", False),
        ("[a]: no-such-file.md", False),
        ("![a](no-such-picture.png)", False),
        ('<img alt="a" src="no-such-picture.png">', False),
        ("[a](../outside.md)", False),
        ("[a](https://example.org/x)", True),
        ("`[a](no-such-file.md)`", True),
        ("```\n[a](no-such-file.md)\n```", True),
    ],
)
def test_a_broken_link_is_seen(link: str, kept: bool) -> None:
    """
    Links to missing files and anchors are found in every form; code and addresses elsewhere are none.
    """
    assert (broken(ROOT / "page.md", f"# The *two* commands\n\n{link}\n") == []) is kept
