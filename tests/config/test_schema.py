"""
The JSON Schema for editors.
"""

from dataclasses import fields

from waiting_room.config import KNOWN
from waiting_room.config.schema import schema_of
from waiting_room.config.sections import SECTIONS
from waiting_room.core.policy import Policy


def test_the_schema_names_every_setting() -> None:
    """
    What can be set stands in the schema, and nothing else.
    """
    properties = schema_of()["properties"]
    room = next(iter(properties["rooms"]["patternProperties"].values()))
    named = {(section, name) for section in SECTIONS for name in properties[section]["properties"]}

    assert named == KNOWN
    assert set(room["properties"]) == {entry.name for entry in fields(Policy)}


def test_the_schema_bears_range_and_meaning() -> None:
    """
    A setting of a room has its type, range, default and description.
    """
    room = next(iter(schema_of()["properties"]["rooms"]["patternProperties"].values()))

    assert room["properties"]["capacity"] == {
        "description": "how many shoppers may be inside at once",
        "default": 200,
        "type": "integer",
        "minimum": 0,
        "maximum": 10_000_000,
    }
    assert room["properties"]["on_redis_outage"]["enum"] == ["static", "hold", "open"]
    assert room["properties"]["allowed_hosts"]["items"] == {"type": "string"}
