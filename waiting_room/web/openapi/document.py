"""
The document as a whole, and the call that hands it out.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from aiohttp import ETag, hdrs, web

from waiting_room import __version__, wire
from waiting_room.web.openapi import gates, parts, proxies, schemas, visitors, watchers
from waiting_room.wire import encode

_TAGS: Final = {
    visitors.TAG: "The waiting page's script, apps, and browsers.",
    gates.TAG: "Gates in shops.",
    proxies.TAG: "Proxies in front of shops, which ask about each request.",
    watchers.TAG: "Machines that watch the service, or read this.",
}
_DESCRIPTION: Final = """\
A queue in front of the expensive part of a shop. A visitor joins and gets a ticket, asks where it stands, claims a pass
when it is called, and goes into the shop with it.

Tokens go to and fro as cookies, or as the headers of the same meaning for clients that keep none. Every answer that
says no is a problem document (RFC 9457) with a `reason`, or a page for who asks for `text/html`. A method that a path
does not take is answered by 405 with `Allow`, a request that is no HTTP by 400.
"""


def document(prefix: str = wire.PREFIX) -> dict[str, Any]:
    """
    Return the OpenAPI document of a service whose rooms stand below *prefix*.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waiting room",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {
            **visitors.paths(prefix),
            **gates.paths(prefix),
            **proxies.paths(prefix),
            **watchers.paths(prefix),
        },
        "components": {
            "schemas": schemas.every(),
            "parameters": parts.parameters() | proxies.parameters(),
            "headers": parts.headers(),
            "responses": parts.named("page", visitors.page_responses()) | parts.named("authorize", proxies.responses()),
            "securitySchemes": parts.security_schemes(),
            "links": visitors.links(),
        },
    }


def written(found: Mapping[str, Any]) -> str:
    """
    Return a document as text for people: as it stands in ``docs/openapi.json``.
    """
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def routes(prefix: str) -> list[web.RouteDef]:
    """
    Return the route of the document: the same bytes until the service is another.
    """
    body = encode(document(prefix))
    tag = ETag(sha256(body).hexdigest()[:32])

    async def answer(request: web.Request) -> web.Response:
        known = request.if_none_match or ()
        same = any(each.value in {tag.value, "*"} for each in known)
        response = web.Response(status=304) if same else web.Response(body=body, content_type="application/json")
        response.etag = tag
        response.headers[hdrs.CACHE_CONTROL] = watchers.CACHED
        return response

    return [web.get(prefix + watchers.PATH, answer)]
