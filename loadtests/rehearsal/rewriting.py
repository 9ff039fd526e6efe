"""
Put settings into a table of a TOML file and leave everything else as it stands, comments and blanks included. Pure.

What is written is read again: unless the file then says what it said, with exactly these settings changed, nothing is
written at all.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from waiting_room.errors import Fault, FaultsError

_HEADER: Final = re.compile(r"\s*\[(?!\[)(.+)\]\s*(#.*)?")
_ANY_HEADER: Final = re.compile(r"\s*\[")
_ENTRY: Final = re.compile(r"(\s*)([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(\s*=\s*)([^#]*?)(\s*#.*)?")


class RewritingError(FaultsError):
    """
    Refuse to change a file, with the reason.
    """


def room_tables(text: str, where: str) -> list[tuple[str, ...]]:
    """
    Return the tables of a file that hold a room's settings: a scenario's ``room``, a configuration's ``rooms.NAME``.

    Raises:
        RewritingError: the file is no TOML.
    """
    document = _read(text, where)
    if "streams" in document or isinstance(document.get("room"), dict):
        return [("room",)]
    rooms = document.get("rooms")
    return [("rooms", name) for name in rooms] if isinstance(rooms, dict) else []


def rewritten(text: str, table: tuple[str, ...], settings: Mapping[str, int], where: str) -> str:
    """
    Return the text with the settings in the table; what is there is replaced in its place, what is not is added.

    Raises:
        RewritingError: the table is written in a way that cannot be changed line by line.
    """
    expected = deepcopy(_read(text, where))
    inner = expected
    for part in table:
        inner = inner.setdefault(part, {})
    inner.update(settings)
    changed = "".join(_changed(text.splitlines(keepends=True), table, settings))
    try:
        same = tomllib.loads(changed) == expected
    except ValueError:
        same = False
    if not same:
        wish = ", ".join(f"{name} = {value}" for name, value in settings.items())
        what = f"writes {'.'.join(table)} in a way that cannot be changed line by line"
        raise RewritingError((Fault(where, what, f"put in by hand: {wish}"),))
    return changed


def _changed(lines: Sequence[str], table: tuple[str, ...], settings: Mapping[str, int]) -> list[str]:
    result = list(lines)
    if result and not result[-1].endswith("\n"):
        result[-1] += "\n"
    begin = next((place for place, line in enumerate(result) if _path(line) == table), None)
    if begin is None:
        name = ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part) for part in table)
        return [*result, "\n", f"[{name}]\n", *(f"{key} = {value}\n" for key, value in settings.items())]
    end = next((i for i in range(begin + 1, len(result)) if _ANY_HEADER.match(result[i])), len(result))
    missing = dict(settings)
    last = begin
    for place in range(begin + 1, end):
        entry = _ENTRY.fullmatch(result[place].rstrip("\r\n"))
        if entry is None:
            continue
        last = place
        blank, key, equals, _, comment = entry.groups(default="")
        value = missing.pop(key.strip("\"'"), None)
        if value is not None:
            ending = result[place][len(result[place].rstrip("\r\n")) :]
            result[place] = f"{blank}{key}{equals}{value}{comment}{ending}"
    result[last + 1 : last + 1] = [f"{key} = {value}\n" for key, value in missing.items()]
    return result


def _path(line: str) -> tuple[str, ...] | None:
    found = _HEADER.fullmatch(line.rstrip("\r\n"))
    if found is None:
        return None
    try:
        inner: Any = tomllib.loads(f"[{found[1]}]")
    except ValueError:
        return None
    path: list[str] = []
    while inner:
        ((name, inner),) = inner.items()
        path.append(name)
    return tuple(path)


def _read(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RewritingError((Fault(where, f"is no TOML: {error}"),)) from None
