"""
The project's Markdown as data: its pages, their headings, links and fenced examples.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.source import ROOT

FOLDERS = ("docs", "dashboards", "examples", "deploy", "benchmarks", "loadtests")
INSTALLED = {".venv", "node_modules"}
FENCE = re.compile(
    r"^(?P<indent> *)(?P<mark>```+|~~~+) *(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^ *(?P=mark) *$",
    re.MULTILINE | re.DOTALL,
)
CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *#*$", re.MULTILINE)
ANCHOR = re.compile(r"<\w+[^>]*\b(?:id|name)=\"(?P<anchor>[^\"]+)\"")
LINK = re.compile(
    r"\]\((?P<inline><[^>]+>|[^\s()]+(?:\([^\s()]*\))?)(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]: *(?P<reference>\S+)",
    re.MULTILINE,
)
HTML_LINK = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"(?P<html>[^\"\s]+)")
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Example:
    """
    A fenced block: the page and line it stands at, its language, and its text without the fence's indentation.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """
        Name the place, for test ids and messages.
        """
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """
    List the Markdown files of the project; an example that somebody has tried holds those of others' packages as well.
    """
    found = [page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md"))]
    return [*sorted(ROOT.glob("*.md")), *(page for page in found if not INSTALLED & set(page.parts))]


def examples(language: str) -> list[Example]:
    """
    List the fenced blocks of all pages that are marked with *language*.
    """
    return [
        example
        for page in pages()
        for example in fenced(name_of(page), page.read_text())
        if example.language == language
    ]


def name_of(page: Path) -> str:
    """
    Return a page's path as people write it.
    """
    return page.relative_to(ROOT).as_posix()


def fenced(page: str, text: str) -> Iterator[Example]:
    """
    Yield the fenced blocks in *text*.
    """
    for match in FENCE.finditer(text):
        indent = len(match["indent"])
        body = "".join(
            line[indent:] if line[:indent].isspace() else line for line in match["text"].splitlines(keepends=True)
        )
        yield Example(page, text.count("\n", 0, match.start()) + 1, match["language"], body)


def prose(text: str) -> str:
    """
    Return *text* without its fenced blocks.
    """
    return FENCE.sub("", text)


def links(text: str) -> Iterator[str]:
    """
    Yield the targets of all links and images in *text* that stay inside the project.
    """
    plain = CODE_SPAN.sub("", prose(text))
    for pattern in (LINK, HTML_LINK):
        for match in pattern.finditer(plain):
            target = next(group for group in match.groups() if group).strip("<>")
            if not ELSEWHERE.match(target):
                yield target


def anchors(text: str) -> set[str]:
    """
    Return the anchors of a page: those of its headings, as GitHub forms them, and those set in HTML.
    """
    seen: Counter[str] = Counter()
    found = {match["anchor"] for match in ANCHOR.finditer(prose(text))}
    for match in HEADING.finditer(prose(text)):
        slug = slug_of(match["title"])
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def slug_of(title: str) -> str:
    """
    Turn a heading into its anchor: links and marks taken off, lower case, punctuation dropped, spaces as hyphens.
    """
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
