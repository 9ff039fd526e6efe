"""
Requests that nobody honest sends, at the gates for ASGI, WSGI and Django: none is let in, and none breaks anything.
"""

import asyncio
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gates.makings import ROOM, pass_text, settings, stage_text, visitor_text
from tests.gates.shops import gated_django
from waiting_room import wire
from waiting_room.gates import asgi, wsgi
from waiting_room.gates.paths import PathRules
from waiting_room.gates.requests import undecoded
from waiting_room.gates.settings import NEVER

SHOP = 299
SPARED = PathRules.of(("/*",), NEVER)
NAMES = [
    *("Accept", "Accept-Language", "Content-Type", "Content-Length", "Cookie", "Host", "Origin", "Purpose", "Referer"),
    *("Access-Control-Request-Method", "Sec-Fetch-Mode", "Sec-Purpose", "Upgrade", "X-Requested-With"),
    *("X-Forwarded-Host", "X-Forwarded-Uri", "X-Original-Url", "X-Original-Method", "Forwarded"),
    *(wire.PASS_HEADER, wire.STAGE_HEADER, wire.TICKET_HEADER, wire.VISITOR_HEADER, wire.COMMAND_HEADER),
]
PIECES = [
    *("", "/", "..", ".", "%2f", "%2e", "%00", "%ff", "\\", ";", "?", "#", "//", "é", "\u0131", "static", "robots.txt"),
    *("=", '"', ",", "wr_lang=pl", "text/html", "application/json", "navigate", "cors", "evil.example", "http://"),
    *(pass_text(), pass_text(room="other"), stage_text(0), visitor_text(), f"{wire.pass_cookie(ROOM)}={pass_text()}"),
    *(f"; {wire.VISITOR_COOKIE}=x", f"{wire.stage_cookie(ROOM)}={stage_text(0)}", "wr1.pass.k1.e30.AAAA"),
]
"""The passes among them were over years ago by any clock, or are another room's."""

texts = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(max_codepoint=0x2FF), max_size=3)), max_size=5
)
values = texts.map(lambda found: "".join(found).encode().replace(b"\r", b"").replace(b"\n", b""))
hostile = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "BREW"]),
    values.map(lambda path: b"/" + path),
    values,
    st.dictionaries(st.sampled_from(NAMES), values, max_size=6),
)
Hostile = tuple[str, bytes, bytes, dict[str, bytes]]


def _is_preflight(method: str, headers: dict[str, bytes]) -> bool:
    return method == "OPTIONS" and bool(headers.get("Origin")) and bool(headers.get("Access-Control-Request-Method"))


async def _asgi_shop(_scope: asgi.Scope, _receive: asgi.Receive, send: asgi.Send) -> None:
    await send({"type": "http.response.start", "status": SHOP, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _in_asgi(gate: asgi.WaitingRoomGate, request: Hostile, runner: asyncio.Runner) -> int:
    method, path, query, headers = request
    sent: list[Any] = []

    async def receive() -> asgi.Message:
        return {"type": "http.request", "body": b""}

    async def send(message: asgi.Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "headers": [(name.lower().encode(), value) for name, value in headers.items()],
    }
    runner.run(_asked(gate, scope, receive, send))
    return int(sent[0]["status"])


async def _asked(gate: asgi.WaitingRoomGate, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    await gate(scope, receive, send)


def _wsgi_shop(_environ: wsgi.Environ, start_response: wsgi.StartResponse) -> list[bytes]:
    start_response(f"{SHOP} Shop", [])
    return []


def _in_wsgi(app: Callable[..., Any], request: Hostile) -> int:
    method, path, query, headers = request
    begun: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        environ[key] = value.decode("latin-1")
    app(environ, lambda status, _headers, _fault=None: begun.append(status))
    return int(begun[0][:3])


@dataclass
class Gates:
    """
    Hold the gates that are asked, in front of shops that answer `SHOP` to everything.
    """

    runner: asyncio.Runner
    in_loop: asgi.WaitingRoomGate
    in_threads: dict[str, Callable[..., Any]]

    def statuses(self, request: Hostile) -> dict[str, int]:
        """
        Return what each of them answers.
        """
        told = {kind: _in_wsgi(app, request) for kind, app in self.in_threads.items()}
        return told | {"asgi": _in_asgi(self.in_loop, request, self.runner)}


@pytest.fixture(scope="module", name="gates")
def _gates() -> Iterator[Gates]:
    far = settings(report_interval_s=60)
    with asyncio.Runner() as runner:
        yield Gates(
            runner,
            asgi.WaitingRoomGate(_asgi_shop, far),
            {"wsgi": wsgi.WaitingRoomGate(_wsgi_shop, far), "django": gated_django(far)},
        )


@given(request=hostile)
def test_nothing_breaks_a_gate_and_nobody_slips_by(gates: Gates, request: Hostile) -> None:
    """
    Every answer is the waiting page, the problem that names it, or the shop's where anybody may go; never a failure.
    """
    method, path, _, headers = request
    open_to_all = (
        _is_preflight(method, headers) or SPARED.listed(path.decode()) or SPARED.listed(undecoded(path.decode()))
    )
    sent_away = {303, 429}
    for kind, status in gates.statuses(request).items():
        assert status in (sent_away | {SHOP, 200, 404} if open_to_all else sent_away), kind
