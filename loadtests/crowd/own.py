"""
Journeys of one's own: a class in a Python file, named in a scenario like a kind of shopper, "my_shop.py:MyShopper".
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waiting_room.errors import Fault

_NAMED: Final = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Own:
    """
    Name a journey of one's own.

    Args:
        path: the file, absolute or relative to the scenario's.
        name: the class in it.
    """

    path: str
    name: str

    def at(self, folder: Path) -> "Own":
        """
        Return the journey with its file looked for in *folder*, where it is not absolute.
        """
        return Own(str((folder / self.path).absolute()), self.name)

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"


def own_of(kind: str) -> Own | None:
    """
    Return the journey that *kind* names, or None if it names none.
    """
    named = _NAMED.fullmatch(kind)
    return Own(named["path"], named["name"]) if named else None


def anchored(journeys: Mapping[str, float], folder: Path) -> dict[str, float]:
    """
    Return the kinds with the files of one's own journeys looked for in *folder*: a generator runs elsewhere.
    """
    return {str(own.at(folder)) if (own := own_of(kind)) else kind: part for kind, part in journeys.items()}


def own_faults(own: Own, where: str) -> Iterator[Fault]:
    """
    Yield what is wrong with the file, as far as it can be told without running it: only the generator's process does.
    """
    try:
        tree = ast.parse(Path(own.path).read_bytes(), own.path)
    except OSError as error:
        yield Fault(where, f"{own.path} cannot be read ({error.strerror})", "give its path from the scenario's folder")
        return
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        yield Fault(where, f"{own.path} is no Python ({getattr(error, 'msg', error)}{line})")
        return
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    if own.name not in classes:
        there = f"it has {', '.join(classes)}" if classes else "it has no class"
        yield Fault(where, f"{own.path} has no class {own.name}", there)
