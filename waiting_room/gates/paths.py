r"""
Which paths a gate protects, whatever their spelling.

Servers, proxies and frameworks read an odd path differently: one decodes ``%2f`` and another does not, one drops
``;parameters``, one takes ``\`` for ``/``, one resolves ``..`` before it routes and another after. A gate cannot know
which of them stands behind it. So it takes every reading: a path is protected if *any* reading of it is, and it is
spared only if it is spelled plainly, with a query that cannot lead elsewhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_plus

from waiting_room.core.patterns import STEERING, WRITTEN
from waiting_room.core.platforms import expanded

Pattern = tuple[str, ...]

_ALL: Final = ("*",)
_ODD: Final = re.compile(r"[^\w\-~!$&'()*+,=:@./]|//|/\.|\./|\.$", re.ASCII)
"""Anything that two servers could read differently; without a match, the only reading is the path itself."""
_UNPLAIN: Final = re.compile(r"[\x00-\x20\x7f\\;%?#]|//|/\.{1,2}(/|$)|[. ](/|$)")
_CODED_MEANING: Final = re.compile(r"%(?![0-9a-f]{2})|%(2f|2e|3b|5c|25|3f|23|[01][0-9a-f]|20|7f)", re.IGNORECASE)
_OVERLONG: Final = re.compile(r"%(c[01]|e0%[89]|f0%8|f[89a-f])", re.IGNORECASE)
"""UTF-8 that is longer than it need be, which lax decoders take for an ASCII letter, a dot or a slash."""
_DOTTED: Final = re.compile(r"(^|/)\.{1,2}(/|$)")
_STEERS: Final = re.compile(
    rf"(?:^|[&;?#])[\s+]*(?:{'|'.join(STEERING).replace('_', '[_ .+[]')})[\s+]*(?:[=[&;#\x00]|$)"
)
"""`STEERING` in a query, as PHP reads names."""
_CODED_TWICE: Final = 2
_VALUE: Final = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_LONGEST: Final = 1024
"""Characters of a path that are worth reading; a longer odd one is protected unseen, which bounds the work."""
_MOST_CODED: Final = 4
"""Percent signs that are coded themselves; no honest path has many."""
_MOST: Final = 64
"""Readings of one path; what has more is an attempt at something, and protected unseen. Honest paths have up to ten."""


class Rule(NamedTuple):
    """
    Hold one pattern: *method* and *field* are empty where any will do.
    """

    parts: Pattern
    method: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class PathRules:
    """
    Tell protected paths from others: *protect* matches every reading of a path, *never* only its plain spelling.
    """

    protect: tuple[Rule, ...]
    never: tuple[Rule, ...]
    never_heads: frozenset[str]
    everything: bool

    @classmethod
    def of(cls, protect: Sequence[str], never: Sequence[str]) -> "PathRules":
        """
        Return the rules that these patterns write down; see `rule_of` and `matches` for what a pattern means.
        """
        protected = tuple(_folded_rule(rule_of(pattern)) for pattern in expanded(protect))
        spared = tuple(rule_of(pattern) for pattern in expanded(never))
        heads = frozenset(rule.parts[0] if rule.parts else "" for rule in spared)
        return cls(protected, spared, heads, any(rule.parts == _ALL and not rule.method for rule in protected))

    def listed(self, path: str, query: str = "", method: str = "GET") -> bool:
        """
        Tell whether the undecoded *path* is spelled plainly and is one that never needs a pass.
        """
        # Nearly every request ends here, at the price of one look-up.
        head = path[1:].partition("/")[0]
        if head not in self.never_heads and "*" not in self.never_heads:
            return False
        return self.sparing(path, query, method) is not None

    def sparing(self, path: str, query: str, method: str) -> Rule | None:
        """
        Return the first rule of ``never`` that spares the request, or None.
        """
        if not path.startswith("/") or _CODED_MEANING.search(path):
            return None
        decoded = unquote(path, errors="replace")
        if "\N{REPLACEMENT CHARACTER}" in decoded or _UNPLAIN.search(decoded):
            return None
        parts = parts_of(decoded)
        fitting = (rule for rule in self.never if rule.method in {"", method} and matches(rule.parts, parts))
        found = next((rule for rule in fitting if not rule.field or _names(query, rule.field)), None)
        return None if found is None or steers(query) else found

    def guarded(self, path: str, method: str = "GET") -> bool:
        """
        Tell whether any server could read the undecoded *path* as one that is protected.
        """
        return self.everything or any(self.guarding(reading, method) is not None for reading in readings(path))

    def guarding(self, reading: str | None, method: str) -> Rule | None:
        """
        Return the first rule of ``protect`` that fits a *reading* of a path; what cannot be read is protected by any.
        """
        if reading is None:
            return Rule(_ALL)
        parts = parts_of(reading)
        for rule in self.protect:
            if matches(rule.parts, parts) and (not rule.method or _may_become(method.upper(), rule.method)):
                return rule
        return None


def rule_of(pattern: str) -> Rule:
    """
    Return the rule that *pattern* writes: a path, before it perhaps a method, after it perhaps ``?field=*``.

    Raises `ValueError` for what is no pattern.
    """
    found = WRITTEN.fullmatch(pattern)
    if found is None:
        raise ValueError(f"{pattern!r} is no pattern of a path")
    method, path, field = found.groups()
    return Rule(tuple(parts_of(path)), method or "", field or "")


def _folded_rule(rule: Rule) -> Rule:
    return rule._replace(parts=tuple(_folded(part) for part in rule.parts))


def _may_become(method: str, wanted: str) -> bool:
    # A HEAD is answered as a GET is; and frameworks take a POST for any other by a header or a field in its form.
    return method == wanted or (method == "HEAD" and wanted == "GET") or (method == "POST" and wanted != "GET")


def steers(query: str) -> bool:
    """
    Tell whether *query* bears a field by which a shop in PHP would show another page than the path names.
    """
    for _ in range(_CODED_TWICE + 1):
        if not query:
            return False
        if _STEERS.search(query.casefold()):
            return True
        query = unquote_plus(query) if "%" in query else ""
    return False


def _names(query: str, field: str) -> bool:
    """
    Tell whether *query* bears *field* once, with a plain value; a second one could be the one that counts.
    """
    pairs = [pair.partition("=") for pair in query.split("&")]
    alike = [pair for pair in pairs if field.casefold() in unquote_plus(pair[0]).casefold()]
    return len(alike) == 1 and alike[0][0] == field and bool(_VALUE.fullmatch(alike[0][2])) and ";" not in query


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
    Yield all that the undecoded *path* can become on its way through servers; None means that this cannot be told.

    Each of them may decode, cut, trim and resolve in any order, and several may stand in a row.
    """
    if not _ODD.search(path):
        yield path.lower()
        return
    if len(path) > _LONGEST or path.count("%25") > _MOST_CODED:
        yield None
        return
    known = [path]
    for text in known:  # grows meanwhile
        yield _folded(text)
        if _OVERLONG.search(text) or len(known) > _MOST:
            yield None
            return
        for step in _STEPS:
            reading = step(text)
            if reading not in known:
                known.append(reading)


def _decoded(path: str) -> str:
    return unquote(path, errors="replace")


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def _cut(path: str) -> str:
    # "?" and "#" come into a path only by decoding, and a server further down would end the path there.
    return re.split(r"[?#\x00]", path, maxsplit=1)[0]


def _without_parameters(path: str) -> str:
    return re.sub(r";[^/]*", "", path)


def _trimmed(path: str) -> str:
    # Windows and some proxies drop blanks and dots at a part's end; control characters vanish in others.
    visible = re.sub(r"[\x00-\x1f\x7f]", "", path)
    return "/".join(part if part in {".", ".."} else part.strip(" ").rstrip(". ") for part in visible.split("/"))


def _resolved(path: str) -> str:
    if not _DOTTED.search(path):
        return path
    parts: list[str] = []
    for part in parts_of(path):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()


_STEPS: Final = (_decoded, _slashed, _cut, _without_parameters, _trimmed, _resolved)
