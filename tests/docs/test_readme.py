"""
The README keeps to what is there: its promises have tests, its pictures are small, its commands exist.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.markdown import fenced, links
from tests.source import ROOT

README = (ROOT / "README.md").read_text()
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
PROMISE = re.compile(r"\[`(?P<test>test_\w+)`\]\((?P<file>[^)]+)\)")
LARGEST_PICTURE = 200_000


@pytest.mark.parametrize(("test", "file"), sorted(set(PROMISE.findall(README))))
def test_every_promise_has_its_test(test: str, file: str) -> None:
    """
    What a promise names as its proof is a test in the file that it links to.
    """
    tree = ast.parse((ROOT / file).read_text())
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    assert test in tests


def test_no_promise_stands_without_a_test() -> None:
    """
    Each line of the table names at least one.
    """
    table = README.partition("| promise | held by |\n")[2].partition("\n\n")[0].splitlines()[1:]

    assert len(table) >= 10
    assert [line for line in table if not PROMISE.search(line)] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_pictures_are_small_and_shown(picture: Path) -> None:
    """
    A clone stays quick, and no picture outlives the text that showed it.
    """
    assert picture.stat().st_size < LARGEST_PICTURE
    shown = {f"docs/{link}" for page in (ROOT / "docs").glob("*.md") for link in links(page.read_text())}
    assert f"docs/pictures/{picture.name}" in shown | set(links(README))


def test_commands_are_targets_of_make() -> None:
    """
    Every `make ...` that a reader is told to run exists.
    """
    targets = set(re.findall(r"^([a-z]+):.*?## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shell = "\n".join(block.text for block in fenced("README.md", README) if block.language == "sh")
    told = set(re.findall(r"^make (\w+)", shell, re.MULTILINE)) | set(re.findall(r"`make (\w+)", README))

    assert told >= {"rehearse", "test", "demo"}
    assert told <= targets


def test_every_page_is_in_the_index() -> None:
    """
    No page of the documentation can be found only by its file name.
    """
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    named = {link.partition("#")[0] for link in links((ROOT / "docs" / "README.md").read_text())}

    assert pages - named == set()
