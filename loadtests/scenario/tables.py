"""
A scenario's tables turned into values, while every fault of them is written down.

Each part is checked as far as it can be read, whatever the others hold: whoever mends what is told here has mended all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from loadtests.arrivals.model import MOST, table_faults
from loadtests.crowd.shoppers import Behaviour
from loadtests.demo_shop.model import ShopModel, read_model
from loadtests.scenario.crowds import stream_of
from loadtests.scenario.deeds import change_faults, order_faults
from loadtests.scenario.parts import Part, Reader, suggestion
from loadtests.scenario.phases import PHASES
from loadtests.scenario.spec import Change, Criterion, Scenario
from waiting_room.core.policy import Policy
from waiting_room.errors import ConfigError, Fault, PolicyError

CLEAN_UP: Final = "clean_up"
"""What is done in the shop after a rehearsal; the one key of `[shop]` that is no setting of the demo shop's model."""
OURS: Final = ("database", "host", "port", "seed", "control_token", "gate")
"""What the rehearsal sets in the demo shop's model itself."""
_NAME: Final = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
"""What is a file's name on every system: a rehearsal's folder is called so."""


def scenario_of(reader: Reader, document: Mapping[str, Any]) -> Scenario:
    """
    Return the scenario that a file's tables describe; where the reader has faults, what could be read of it.
    """
    parts = ("behaviour", "streams", "room", "shop", "changes", "criteria")
    plain = {name: value for name, value in document.items() if name not in parts}
    head = reader.fill(Scenario, plain | {"streams": []}, "", also=("behaviour",))
    reader.add(_head_faults(reader, head.told, document))
    common = reader.settings(Behaviour, reader.table(document, "behaviour"), "behaviour").value or Behaviour()
    reader.add(common.faults(reader.at("behaviour")))
    tables = reader.tables(document, "streams")
    read = [stream_of(reader, table, f"streams[{place}]", common) for place, table in enumerate(tables)]
    if not tables and not document.get("streams"):
        reader.add([Fault(reader.at("streams"), "are none", "write [[streams]] with a name and a model")])
    reader.add(_doubles(reader, "streams", tables))
    room, shop = _room(reader, document), _shop(reader, document)
    ends_s = [each.ends_s for each in read if each.ends_s is not None]
    length_s = max(ends_s) if ends_s and len(ends_s) == len(tables) else None
    changes = _changes(reader, document, room, head, length_s)
    criteria = _criteria(reader, document)
    return replace(
        head.value or Scenario(head.told.get("name", ""), {}, ()),
        streams=tuple(each.stream for each in read if each.stream),
        room=room,
        shop=shop,
        changes=changes,
        criteria=criteria,
    )


def _head_faults(reader: Reader, told: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Fault]:
    yield from reader.top(table_faults(told, str(reader.path), positive=("speed",)))
    name, says, unsure = told.get("name"), document.get("says"), document.get("unsure")
    if name is not None and not _NAME.fullmatch(name):
        what = f"{name!r:.70} cannot be a folder's name" if name else "is empty"
        yield Fault(reader.at("name"), what, "up to 60 letters, digits, spaces and . _ -, such as spring-sale")
    for key, share in (unsure if isinstance(unsure, dict) else {}).items():
        if isinstance(share, int | float) and not 0 <= share < 1:
            what = f"is a share from 0 to below 1, is {share:g}"
            yield Fault(reader.at(f"unsure.{key}"), what, "0.2 for a number that may be a fifth off")
    if isinstance(says, dict) and not says.get("en"):
        yield Fault(reader.at("says.en"), "is missing", "one sentence on what is rehearsed")


def _doubles(reader: Reader, name: str, tables: list[dict[str, Any]]) -> Iterator[Fault]:
    names = [table.get("name") for table in tables]
    for place, each in enumerate(names):
        if isinstance(each, str) and (not each or each in names[:place]):
            what = f"{each!r} is there already" if each else "is empty"
            yield Fault(reader.at(f"{name}[{place}].name"), what, "give each its own name")


def _room(reader: Reader, document: Mapping[str, Any]) -> dict[str, Any]:
    table = reader.table(document, "room")
    try:
        Policy.parse(table, reader.at("room"))
    except PolicyError as error:
        reader.faults.extend(error.faults)
    return table


def _shop(reader: Reader, document: Mapping[str, Any]) -> dict[str, Any]:
    table = reader.table(document, "shop")
    known = [item.name for item in fields(ShopModel) if item.name not in OURS]
    unknown = [name for name in table if name not in (*known, CLEAN_UP)]
    reader.faults.extend(Fault(reader.at(f"shop.{name}"), "is unknown", suggestion(name, known)) for name in unknown)
    told = {name: value for name, value in table.items() if name in known}
    # Types are looked at first, and what is left without the ill-typed by its size.
    for _ in range(2):
        try:
            read_model(told | {"database": "shop.sqlite"})
        except ConfigError as error:
            reader.add(replace(fault, where=reader.at(f"shop.{fault.where}")) for fault in error.faults)
            bad = {fault.where.partition(".")[0] for fault in error.faults}
            told = {name: value for name, value in told.items() if name not in bad}
    return table


def _changes(
    reader: Reader, document: Mapping[str, Any], room: Mapping[str, Any], head: Part[Scenario], length_s: float | None
) -> tuple[Change, ...]:
    tables = reader.tables(document, "changes")
    found = [reader.fill(Change, table, f"changes[{place}]") for place, table in enumerate(tables)]
    placed = [(reader.at(f"changes[{place}]"), part.told) for place, part in enumerate(found)]
    try:
        Policy.parse(room)
    except PolicyError:
        room = {}
    for where, told in placed:
        reader.add(change_faults(told, where, room))
    drain_s, pre_queue_s = _second(head, document, "drain_s"), _second(head, document, "pre_queue_s")
    end_s = None if length_s is None or drain_s is None else length_s + drain_s
    reader.add(order_faults(placed, end_s, pre_queue_s))
    return tuple(part.value for part in found if part.value)


def _second(head: Part[Scenario], document: Mapping[str, Any], name: str) -> float | None:
    # A time of the file's top level, or its default; None where it could not be read.
    usual: Any = next(item.default for item in fields(Scenario) if item.name == name)
    told: float | None = head.told.get(name, None if name in document else usual)
    return told if told is not None and 0 <= told <= MOST else None


def _criteria(reader: Reader, document: Mapping[str, Any]) -> tuple[Criterion, ...]:
    tables = reader.tables(document, "criteria")
    found = []
    for place, table in enumerate(tables):
        where = f"criteria[{place}]"
        part = reader.fill(Criterion, table, where)
        numbers = {name: value for name, value in part.told.items() if name != "limit"}
        reader.add(table_faults(numbers, reader.at(where)))
        phase = part.told.get("phase", "")
        if phase and phase not in PHASES:
            fault = Fault(reader.at(f"{where}.phase"), f"there is no {phase!r}", suggestion(phase, PHASES))
            reader.add([fault])
        if "figure" in part.told:
            found.append(part.value or _partly(part.told, where))
    reader.add(_doubles(reader, "criteria", tables))
    return tuple(found)


def _partly(told: Mapping[str, Any], where: str) -> Criterion:
    # What the rest of it demands can be looked at all the same.
    return replace(Criterion(where, told["figure"], ">=", 0.0), **told)
