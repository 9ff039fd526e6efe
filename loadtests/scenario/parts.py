"""
The parts of a file, read one by one: what of each could be read, and every fault with its place.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar

from loadtests import documents
from loadtests.documents import DocumentError
from waiting_room.errors import Fault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """
    Hold what came of one table.

    Args:
        value: what the table describes; None where it has a fault.
        told: those of its keys that could be read, to be checked whatever the others hold.
    """

    value: T | None
    told: Mapping[str, Any]


@dataclass(slots=True)
class Reader:
    """
    Read the parts of one file.

    Args:
        path: the file, for messages.
        faults: everything that was found wrong so far.
    """

    path: Path
    faults: list[Fault] = field(default_factory=list)

    def at(self, place: str) -> str:
        """
        Return what messages call a place in the file.
        """
        return f"{self.path}: {place}" if place else f"{self.path}"

    def top(self, faults: Iterable[Fault]) -> Iterator[Fault]:
        """
        Yield faults of the file's top level, where a place is a key alone, and no file's name with a dot.
        """
        for fault in faults:
            yield replace(fault, where=fault.where.replace(f"{self.path}.", f"{self.path}: ", 1))

    def add(self, faults: Iterable[Fault]) -> None:
        """
        Take faults down, but for those whose place has one already.
        """
        known = {fault.where for fault in self.faults}
        self.faults.extend(fault for fault in faults if fault.where not in known)

    def table(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        """
        Return a table of the file; empty where there is none, or something else.
        """
        value = document.get(name, {})
        if isinstance(value, dict):
            return value
        self.faults.append(Fault(self.at(name), f"must be a table, is {value!r}", f"write [{name}]"))
        return {}

    def tables(self, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """
        Return a list of tables of the file; empty where there is none, or something else.
        """
        value = document.get(name, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        self.faults.append(Fault(self.at(name), "must be a list of tables", f"write [[{name}]] above each"))
        return []

    def fill(self, kind: type[T], table: Mapping[str, Any], place: str, also: Collection[str] = ()) -> Part[T]:
        """
        Return what a table describes, a dataclass; *also* are further names that somebody may have meant.
        """
        known = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # always a dataclass
        unknown = [name for name in table if name not in known]
        for name in unknown:
            where = self.at(f"{place}.{name}" if place else name)
            self.faults.append(Fault(where, "is unknown", suggestion(name, {*known, *also})))
        # A date of TOML is a text to whoever checks it, as it is to the decoder.
        text = json.dumps({name: value for name, value in table.items() if name in known}, default=str)
        told = json.loads(text)
        try:
            value = documents.decode(kind, text, self.at(place))
        except DocumentError as error:
            self.faults.extend(error.faults if place else self.top(error.faults))
            bad = {_key(fault.where.removeprefix(self.at(place))) for fault in error.faults}
            return Part(None, {} if "" in bad else {name: told[name] for name in told if name not in bad})
        return Part(None if unknown else value, told)

    def settings(self, kind: type[T], table: Mapping[str, Any], place: str) -> Part[T]:
        """
        Return what a table of settings describes that all have defaults: what cannot be read stays at its own.
        """
        part = self.fill(kind, table, place)
        if part.value is not None:
            return part
        try:
            return Part(documents.decode(kind, json.dumps(part.told, default=str), self.at(place)), part.told)
        except DocumentError:  # told above
            return part


def suggestion(name: str, known: Collection[str]) -> str:
    """
    Return what was probably meant by a name, or else what there is.
    """
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def _key(inner: str) -> str:
    # Of `.streams[0].name` the first; nothing where the whole is meant.
    found = re.match(r"\.([^.\[]+)", inner)
    return found[1] if found else ""
