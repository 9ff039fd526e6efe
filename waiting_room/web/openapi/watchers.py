"""
The calls for machines that watch, and the one for this document.
"""

from typing import Any, Final

from waiting_room.web import jwks
from waiting_room.web.openapi.parts import JSON, UNCACHED, broken, header, parameter
from waiting_room.web.openapi.schemas import ref

TAG: Final = "watchers"
PATH: Final = "/openapi.json"
"""Where the document stands, below the prefix; no room is called so, for a room's name has no dot."""
CACHED: Final = "public, max-age=300"
_PLAIN: Final = "text/plain"


def paths(prefix: str) -> dict[str, Any]:
    """
    Return the paths.
    """
    ready = {"200": _text("This worker takes visitors.", "ready\n")}
    ready["503"] = _text("It starts or stops.", "not ready: starting or stopping\n")
    alive = {"200": _text("The process lives, whatever Redis does.", "ok\n")}
    kept = {"Cache-Control": {"required": True, "schema": {"const": f"public, max-age={jwks.LIFE_S}"}}}
    keys = {"description": "The keys; none where no pass is a JWT.", "headers": kept}
    keys["content"] = {jwks.CONTENT_TYPE: {"schema": ref("KeySet"), "example": {"keys": []}}}
    said = "Read the public keys of passes that are JSON Web Tokens"
    return {
        f"{prefix}/.well-known/jwks.json": {"get": _call("jwks", said, {"200": keys}, [])},
        f"{prefix}{PATH}": {"get": _call("openapi", "Read this document", _document(), [parameter("known")])},
        "/healthz": {"get": _call("healthz", "Ask whether the process lives", alive, [])},
        "/readyz": {"get": _call("readyz", "Ask whether this worker takes visitors", ready, [])},
    }


def _call(name: str, summary: str, responses: dict[str, Any], parameters: list[Any]) -> dict[str, Any]:
    call = {"operationId": name, "tags": [TAG], "summary": summary, "security": []}
    return {**call, "parameters": parameters, "responses": {**responses, "500": broken()}}


def _text(description: str, said: str) -> dict[str, Any]:
    content = {_PLAIN: {"schema": {"const": said}, "example": said}}
    return {"description": description, "headers": UNCACHED, "content": content}


def _document() -> dict[str, Any]:
    kept = {"Cache-Control": {"required": True, "schema": {"const": CACHED}}, "ETag": header("ETag")}
    schema = {"type": "object", "required": ["openapi", "info", "paths"]}
    return {
        "200": {"description": "The document.", "headers": kept, "content": {JSON: {"schema": schema}}},
        "304": {"description": "It is the one that is there already.", "headers": kept},
    }
