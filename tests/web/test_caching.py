"""
What caches between visitors and the service may keep: what is the same for everybody, and nothing else.
"""

import pytest
from aiohttp import ClientResponse

from tests.web.desk import BASE, ROOM, Desk, cookies_of
from tests.web.test_authorize import FORWARD, INLINE, NGINX, admitted
from waiting_room import wire

PUBLIC = {
    f"{BASE}/state.json": "public, max-age=1",
    "/waiting-room/.well-known/jwks.json": "public, max-age=300",
    "/waiting-room/openapi.json": "public, max-age=300",
}
PATHS = (
    BASE,
    f"{BASE}?target=%2Fcheckout",
    f"{BASE}?invite=wr1.invite.x",
    f"{BASE}?again=1",
    f"{BASE}?left=1",
    f"{BASE}/status",
    f"{BASE}/join",
    f"{BASE}/claim",
    f"{BASE}/leave",
    f"/waiting-room/gate/{ROOM}/report",
    f"/waiting-room/gate/{ROOM}/command",
    NGINX,
    FORWARD,
    INLINE,
    f"/waiting-room/authorize/envoy/{ROOM}/checkout",
    "/waiting-room/authorize/nginx/nowhere",
    "/waiting-room/authorize/unknown/toys",
    "/waiting-room/nowhere",
    "/waiting-room",
    "/admin/api/v1/rooms",
    "/admin/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/nothing",
    *PUBLIC,
)


def kept(answer: ClientResponse) -> dict[str, str | None]:
    """
    Return what *answer* says to caches.
    """
    return {name: answer.headers.get(name) for name in wire.UNCACHED}


@pytest.mark.parametrize(
    ("method", "accept"), [("GET", "text/html"), ("GET", "application/json"), ("POST", "*/*"), ("HEAD", "text/html")]
)
async def test_no_answer_for_one_visitor_is_kept_by_any_cache(desk: Desk, method: str, accept: str) -> None:
    """Neither a newcomer's nor that of who waits or is inside, redirects and refusals included; nginx is told twice."""
    (waiting,) = await desk.fill("bob")
    inside = await admitted(desk)
    for cookies in (None, cookies_of(waiting), inside):
        for path in PATHS:
            answer = await desk.ask(method, path, cookies, Accept=accept)
            if path in PUBLIC and answer.status == 200:
                assert kept(answer) == {"Cache-Control": PUBLIC[path], "X-Accel-Expires": None}, path
                assert "Set-Cookie" not in answer.headers
            else:
                assert kept(answer) == wire.UNCACHED, (path, answer.status)
