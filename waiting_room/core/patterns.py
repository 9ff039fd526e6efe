"""
How the path rules of a gate are written: one pattern a text, or the name of a group of them. Pure.
"""

import re
from difflib import get_close_matches
from typing import Final

from waiting_room.core.platforms import GROUPS
from waiting_room.errors import Fault

WRITTEN: Final = re.compile(r"(?:([A-Z]+) )?(/[^\s?#%;\\]*)(?:\?([\w-]+)=\*)?", re.ASCII)
"""A pattern: a method or none, a path in plain spelling, and a field of the query or none."""
STEERING: Final = ("controller", "route", "rest_route", "pagename", "page_id", "p", "wc-ajax")
"""Fields of a query by which WordPress, PrestaShop and OpenCart show another page than the path's."""


def pattern_faults(name: str, patterns: object) -> list[Fault]:
    """
    Return what is wrong with a list of path patterns; *name* is ``protect`` or ``never``, or ends so.
    """
    if isinstance(patterns, str) or not isinstance(patterns, list | tuple):
        return [Fault(name, f"{patterns!r} is no list of paths", 'write ["/checkout/*"]')]
    faults = []
    for index, pattern in enumerate(patterns):
        at = f"{name}[{index}]"
        if isinstance(pattern, str) and pattern.startswith("@"):
            if pattern not in GROUPS:
                near = get_close_matches(pattern, GROUPS, n=1, cutoff=0.8)
                remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(GROUPS)}"
                faults.append(Fault(at, f"{pattern} is unknown", remedy))
            continue
        found = WRITTEN.fullmatch(pattern) if isinstance(pattern, str) else None
        if found is None or "//" in found[2]:
            remedy = "begin with / (or a method and a blank), decoded, without query, ';', '//' or '\\'"
            faults.append(Fault(at, f"{pattern!r} is no path", remedy))
        elif any("*" in part and part != "*" for part in found[2].split("/")):
            remedy = "* stands for one whole part between slashes, at the end for all that follows"
            faults.append(Fault(at, f"{pattern!r} has a * inside a part", remedy))
        elif found[3] and name.endswith("protect"):
            what = f"{pattern!r} names a field of the query, which can be spelled in too many ways"
            faults.append(Fault(at, what, "protect the whole path"))
    return faults
