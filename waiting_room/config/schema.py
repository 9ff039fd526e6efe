"""
The JSON Schema of the configuration, made from the sections and from the policy's own description.
"""

from dataclasses import Field, fields
from typing import Any, Final

from waiting_room.config.sections import SECTIONS
from waiting_room.core.calendar import KINDS, MAX_RATE
from waiting_room.core.lanes import ENTRIES, MAX_LANES, MAX_WEIGHT, STANDARD_LANE
from waiting_room.core.policy import Policy

_TYPES: Final[dict[Any, str]] = {bool: "boolean", int: "integer", float: "number", str: "string"}

_ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["at", "do"],
    "properties": {
        "at": {"description": "local time, or with an offset", "type": "string"},
        "do": {"description": "what is to happen", "type": "string", "enum": list(KINDS)},
        "rate_per_minute": {
            "description": "with rate or open: admissions per minute from then on",
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_RATE,
        },
    },
}


def schema_of() -> dict[str, Any]:
    """
    Return a JSON Schema (2020-12) that lets in what `load` lets in from a file, cross-field rules aside.
    """
    properties: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        properties[name] = section.model_json_schema() | {"title": name}
        properties[name].pop("description", None)
    room = {
        "type": "object",
        "additionalProperties": False,
        "properties": {entry.name: _described(entry) for entry in fields(Policy)},
    }
    properties["rooms"] = {
        "title": "rooms",
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": room},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "waiting-room",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


_LANES: Final[dict[str, Any]] = {
    "type": "object",
    "required": [STANDARD_LANE],
    "maxProperties": MAX_LANES,
    "additionalProperties": False,
    "patternProperties": {
        "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_WEIGHT, "default": 1},
                "floor": {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
                "entry": {"type": "string", "enum": list(ENTRIES), "default": "anyone"},
            },
        }
    },
}


def _described(entry: Field[Any]) -> dict[str, Any]:
    if entry.name == "lanes":
        return _LANES | {"description": entry.metadata["help"]}
    default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
    described: dict[str, Any] = {"description": entry.metadata["help"], "default": default}
    if entry.name == "schedule":
        return described | {"type": "array", "items": _ENTRY}
    if isinstance(default, list):
        return described | {"type": "array", "items": {"type": "string"}}
    described["type"] = _TYPES[entry.type]
    if "low" in entry.metadata:
        described |= {"minimum": entry.metadata["low"], "maximum": entry.metadata["high"]}
    if "choices" in entry.metadata:
        described["enum"] = list(entry.metadata["choices"])
    return described
