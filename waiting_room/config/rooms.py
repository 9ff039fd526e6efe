"""
The rooms of a configuration: what came as text is read by the type of its field, then `Policy.parse` judges.
"""

import json
from dataclasses import fields, replace
from typing import Any, Final

from waiting_room.config.sources import Given, Layer
from waiting_room.core.names import name_faults
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault, PolicyError

KINDS: Final[dict[str, Any]] = {entry.name: entry.type for entry in fields(Policy)}
TABLES: Final = frozenset(entry.name for entry in fields(Policy) if "table" in entry.metadata)


def from_text(name: str, text: str) -> Any:
    """
    Return *text* as the type that the setting *name* of a policy has, or as it is where it cannot be that.

    A list is written as JSON or with commas, a table as JSON; a schedule as JSON or with semicolons; an unknown *name*
    keeps its text, for `Policy.parse` to refuse.
    """
    if name in TABLES:
        return _from_json(text)
    if name == "schedule" and not text.lstrip().startswith("["):
        return text
    kind = KINDS.get(name, str)
    if kind is bool:
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text if kind is str else split(text)


def split(text: str) -> Any:
    """
    Return the list that *text* holds: JSON, or parts between commas, blanks and line ends.
    """
    if text.lstrip().startswith("["):
        return _from_json(text)
    return [part for part in text.replace(",", " ").split() if part]


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def parse_rooms(layer: Layer, faults: list[Fault]) -> dict[str, Policy]:
    """
    Return the policies by room's name; *layer* has paths below ``rooms``. What is wrong is added to *faults*.
    """
    given: dict[str, dict[str, Given]] = {}
    origins: dict[str, str] = {}
    for keys, entry in layer.items():
        if not keys:
            continue  # an empty [rooms], or a fault that was told already
        if len(keys) == 1 and entry.value != {}:
            faults.append(Fault(f"{entry.origin}: rooms.{keys[0]}", "is a room", f"write [rooms.{keys[0]}]"))
            continue
        origins.setdefault(keys[0], entry.origin)
        settings = given.setdefault(keys[0], {})
        if len(keys) > 1:
            settings[".".join(keys[1:])] = entry
    for name, origin in origins.items():
        faults.extend(name_faults(name, f"{origin}: rooms.{name}"))
    return {name: policy for name, settings in given.items() if (policy := _parse(name, settings, faults))}


def _parse(name: str, settings: dict[str, Given], faults: list[Fault]) -> Policy | None:
    where = f"rooms.{name}"
    values: dict[str, Any] = {}
    for entry, given in settings.items():
        table, *inner = entry.split(".")
        if table in TABLES and inner:
            _put(values, (table, *inner), _from_json(given.value) if given.is_text else given.value)
        else:
            values[entry] = from_text(entry, given.value) if given.is_text else given.value
    try:
        return Policy.parse(values, where)
    except PolicyError as error:
        faults.extend(_placed(fault, where, settings) for fault in error.faults)
        return None


def _put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """
    Put *value* into the tables of *values* along *path*; what is no table on the way is for `Policy.parse` to refuse.
    """
    table: Any = values
    for name in path[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            return
    table[path[-1]] = value


def _placed(fault: Fault, where: str, settings: dict[str, Given]) -> Fault:
    given = settings.get(fault.where.removeprefix(f"{where}.").partition("[")[0])
    return replace(fault, where=f"{given.origin}: {fault.where}") if given else fault
