"""
What a PromQL expression asks for: just enough of the language to hold queries against the catalogue.
"""

import re
from dataclasses import dataclass

_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_FOREIGN = frozenset({"up", "ALERTS"})


@dataclass(frozen=True, slots=True)
class Matcher:
    """
    Choose series by one label.
    """

    label: str
    operator: str
    value: str

    @property
    def values(self) -> tuple[str, ...]:
        """
        Return the values that are named, of which a regular expression may name several.
        """
        return tuple(self.value.split("|")) if "~" in self.operator else (self.value,)


@dataclass(frozen=True, slots=True)
class Selector:
    """
    Name the series that an expression reads.
    """

    name: str
    matchers: tuple[Matcher, ...]


def selectors(expr: str) -> list[Selector]:
    """
    Return every selector of a series in *expr*: ours, recorded ones, and the few of Prometheus itself.
    """
    bare = _GROUPING.sub(" ", expr)
    found = []
    for match in _SELECTOR.finditer(bare):
        name, inside = match.groups()
        if name.startswith("waiting_room_") or ":" in name.strip(":") or name in _FOREIGN:
            found.append(Selector(name, tuple(Matcher(*parts) for parts in _MATCHER.findall(inside or ""))))
    return found


def grouped_labels(expr: str) -> set[str]:
    """
    Return every label by which *expr* groups or joins.
    """
    return {label.strip() for _, labels in _GROUPING.findall(expr) for label in labels.split(",") if label.strip()}
