"""
The public keys of passes that are JWTs, where libraries and gateways look for them.
"""

from typing import Final

from aiohttp import hdrs, web

CONTENT_TYPE: Final = "application/jwk-set+json"
"""RFC 7517 section 8.5."""
LIFE_S: Final = 300
"""How long anybody may keep the keys: a new one is published for longer than this before it signs."""
NO_KEYS: Final = b'{"keys": []}'


def routes(published: bytes, prefix: str) -> list[web.RouteDef]:
    """
    Return the route of the key set *published*, which is no secret.
    """
    headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: f"public, max-age={LIFE_S}"}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=published, headers=headers)

    return [web.get(f"{prefix}/.well-known/jwks.json", answer)]
