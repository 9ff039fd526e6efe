"""
Why a gate protects an address, or does not: for the operator who asks before a visitor does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from waiting_room.gates.paths import PathRules, matches, parts_of, readings


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Hold what becomes of a request to *path*, and why.

    *protected* tells whether it needs a pass. *spared_by* is the pattern of ``never`` that it fits, or nothing;
    *spelled_oddly* tells that it would fit one if it were spelled plainly. *pattern* of ``protect`` fits *reading*,
    which is one of the ways in which a server may read the path; a path with too many of them has no reading.
    """

    path: str
    protected: bool
    spared_by: str = ""
    spelled_oddly: bool = False
    pattern: str = ""
    reading: str = ""


def explain(url: str, protect: Sequence[str], never: Sequence[str]) -> Explanation:
    """
    Return why *url*, an address or a path alone, is protected by these patterns or is not.
    """
    path = (urlsplit(url).path if "://" in url else url.partition("?")[0].partition("#")[0]) or "/"
    rules = PathRules.of(protect, never)
    found = tuple(readings(path))
    spared = _spared(found, never)
    if rules.listed(path):
        return Explanation(path, protected=False, spared_by=_spared((path,), never) or spared)
    if not rules.guarded(path):
        return Explanation(path, protected=False)
    pattern, reading = _guarding(found, protect)
    return Explanation(path, protected=True, spelled_oddly=bool(spared), pattern=pattern, reading=reading)


def _spared(found: Sequence[str | None], never: Sequence[str]) -> str:
    known = [parts_of(reading) for reading in found if reading is not None]
    return next((pattern for pattern in never for parts in known if matches(tuple(parts_of(pattern)), parts)), "")


def _guarding(found: Sequence[str | None], protect: Sequence[str]) -> tuple[str, str]:
    for reading in found:
        if reading is None:
            break
        for pattern in protect:
            if matches(tuple(parts_of(pattern.casefold())), parts_of(reading)):
                return pattern, reading
    return "", ""
