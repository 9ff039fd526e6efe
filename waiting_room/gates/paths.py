r"""
Which paths a gate protects, whatever their spelling.

Servers, proxies and frameworks read an odd path differently: one decodes ``%2f`` and another does not, one drops
``;parameters``, one takes ``\`` for ``/``, one resolves ``..`` before it routes and another after. A gate cannot know
which of them stands behind it. So it takes every reading: a path is protected if *any* reading of it is, and it is
spared only if it is spelled plainly.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

Pattern = tuple[str, ...]

_ODD: Final = re.compile(r"[^\w\-~!$&'()*+,=:@./]|//|/\.|\./|\.$", re.ASCII)
"""Anything that two servers could read differently; without a match, the only reading is the path itself."""
_UNPLAIN: Final = re.compile(r"[\x00-\x20\x7f\\;%?#]|//|/\.{1,2}(/|$)|[. ](/|$)")
_CODED_MEANING: Final = re.compile(r"%(?![0-9a-f]{2})|%(2f|2e|3b|5c|25|3f|23|[01][0-9a-f]|20|7f)", re.IGNORECASE)
_DECODINGS: Final = 4
"""Rounds of percent decoding; a path that is still coded after them is protected unseen."""
_LONGEST: Final = 2048
"""Characters of a path that are worth reading; a longer odd one is protected unseen, which bounds the work."""


@dataclass(frozen=True, slots=True)
class PathRules:
    """
    Tell protected paths from others: *protect* matches every reading of a path, *never* only its plain spelling.
    """

    protect: tuple[Pattern, ...]
    never: tuple[Pattern, ...]

    @classmethod
    def of(cls, protect: Sequence[str], never: Sequence[str]) -> "PathRules":
        """
        Return the rules that these patterns write down; see `matches` for what a pattern means.
        """
        return cls(
            tuple(tuple(parts_of(_folded(pattern))) for pattern in protect),
            tuple(tuple(parts_of(pattern)) for pattern in never),
        )

    def listed(self, path: str) -> bool:
        """
        Tell whether the undecoded *path* is spelled plainly and is one that never needs a pass.
        """
        if _CODED_MEANING.search(path):
            return False
        decoded = unquote(path, errors="replace")
        if "\N{REPLACEMENT CHARACTER}" in decoded or _UNPLAIN.search(decoded):
            return False
        parts = parts_of(decoded)
        return any(matches(pattern, parts) for pattern in self.never)

    def guarded(self, path: str) -> bool:
        """
        Tell whether any server could read the undecoded *path* as one that is protected.
        """
        return any(self._guards(reading) for reading in readings(path))

    def _guards(self, reading: str | None) -> bool:
        if reading is None:
            return True
        parts = parts_of(reading)
        return any(matches(pattern, parts) for pattern in self.protect)


def matches(pattern: Pattern, parts: Sequence[str]) -> bool:
    """
    Tell whether *parts* of a path fit: ``*`` stands for one part, as the last one for any number, none included.
    """
    if pattern and pattern[-1] == "*":
        head = pattern[:-1]
        return len(parts) >= len(head) and _fit(head, parts)
    return len(parts) == len(pattern) and _fit(pattern, parts)


def _fit(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    return all(want in {"*", part} for want, part in zip(pattern, parts, strict=False))


def parts_of(path: str) -> list[str]:
    """
    Return what stands between the slashes of *path*, without a closing slash.
    """
    return [part for part in path.split("/") if part]


def readings(path: str) -> Iterator[str | None]:
    """
    Yield the ways in which servers could read the undecoded *path*; None means that it cannot be read at all.
    """
    if not _ODD.search(path):
        yield path.lower()
        return
    if len(path) > _LONGEST:
        yield None
        return
    decoded = path
    seen: set[str] = set()
    for _ in range(_DECODINGS):
        for reading in _spellings(decoded):
            if reading not in seen:
                seen.add(reading)
                yield reading
        once = unquote(decoded, errors="replace")
        if once == decoded:
            return
        if "\N{REPLACEMENT CHARACTER}" in once:
            break
        decoded = once
    yield None


def _spellings(path: str) -> Iterator[str]:
    folded = _folded(path)
    for slashed in (folded, folded.replace("\\", "/")):
        # "?" and "#" come into a path only by decoding; a second server down the line would cut there.
        for cut in (slashed, re.split(r"[?#\x00]", slashed, maxsplit=1)[0]):
            for bare in (cut, re.sub(r";[^/]*", "", cut)):
                trimmed = _trimmed(bare)
                yield bare
                yield trimmed
                yield _resolved(bare)
                yield _resolved(trimmed)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


def _trimmed(path: str) -> str:
    # Windows and some proxies drop blanks and dots at a part's end; control characters vanish in others.
    visible = re.sub(r"[\x00-\x1f\x7f]", "", path)
    return "/".join(part if part in {".", ".."} else part.strip(" ").rstrip(". ") for part in visible.split("/"))


def _resolved(path: str) -> str:
    parts: list[str] = []
    for part in parts_of(path):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(parts)
