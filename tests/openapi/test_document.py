"""
The document is a good one, and knows every call of the service.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.openapi.held import held_to
from tests.web.desk import Desk, open_desk
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.web.openapi.document import document
from waiting_room.web.openapi.parts import ANY

LEFT_OUT: Final = re.compile(r"/admin/.*|/metrics|/\{anything\}")
"""The operators' calls (see `waiting_room.web.openapi`), Prometheus' own format, and what is nowhere."""


def routes_of(desk: Desk) -> set[tuple[str, str]]:
    """
    Return method and path of every route of the service.
    """
    app = desk.client.app
    assert app is not None
    return {
        (method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None
        for method in (map(str.upper, ANY) if route.method == "*" else (route.method,))
    }


def calls_of(found: dict[str, Any]) -> set[tuple[str, str]]:
    """
    Return method and path of every call in a document.
    """
    return {(method.upper(), path) for path, item in found["paths"].items() for method in item}


def test_it_is_valid() -> None:
    """OpenAPI 3.1, with schemas of JSON Schema 2020-12."""
    assert [str(fault) for fault in OpenAPIV31SpecValidator(document()).iter_errors()] == []


@pytest.mark.parametrize("prefix", [wire.PREFIX, "/queue"])
async def test_it_has_every_route_and_no_other(prefix: str) -> None:
    """Below whatever prefix; a call that is not in it does not exist."""
    async with open_desk(prefix=prefix) as desk:
        routes = {route for route in routes_of(desk) if not LEFT_OUT.fullmatch(route[1])}

    assert calls_of(document(prefix)) == routes


def test_nothing_in_it_is_unused() -> None:
    """Each component is referred to, or is a way to prove oneself that some call names."""
    found = document()
    text = json.dumps(found)
    named = {name for item in _each(found, "security") for choice in item for name in choice}
    idle = [
        f"{kind}/{name}"
        for kind, components in found["components"].items()
        for name in components
        if f'"#/components/{kind}/{name}"' not in text and not (kind == "securitySchemes" and name in named)
    ]

    assert idle == []


def test_it_knows_every_reason() -> None:
    """A new code stands in it by itself."""
    assert set(document()["components"]["schemas"]["Reason"]["enum"]) == {reason.value for reason in Reason}


def test_every_example_is_right() -> None:
    """By the schema that it is an example of."""
    held = held_to(wire.PREFIX)
    shown = [
        (media["schema"], example)
        for content in _each(document(), "content")
        for media in content.values()
        for example in (*([media["example"]] if "example" in media else []), *_values(media.get("examples", {})))
    ]

    assert len(shown) > 50
    assert [fault for schema, example in shown for fault in held.faults(schema, example)] == []


async def test_it_is_served_and_kept(desk: Desk) -> None:
    """The same bytes for everybody, which need not be sent again."""
    path = f"{wire.PREFIX}/openapi.json"
    first = await desk.get(path)
    again = await desk.get(path, If_None_Match=first.headers["ETag"])
    other = await desk.get(path, If_None_Match='"another"')

    assert await first.json() == document()
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert other.status == 200


async def test_it_is_read_and_nothing_else(desk: Desk) -> None:
    """It is no room, whose page would answer any method."""
    answer = await desk.post(f"{wire.PREFIX}/openapi.json")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def _each(found: Any, key: str) -> Iterator[Any]:
    if isinstance(found, dict):
        if key in found:
            yield found[key]
        for inner in found.values():
            yield from _each(inner, key)
    elif isinstance(found, list):
        for inner in found:
            yield from _each(inner, key)


def _values(examples: dict[str, Any]) -> list[Any]:
    return [example["value"] for example in examples.values()]
