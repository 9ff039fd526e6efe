"""
The gate for ASGI where the protocol matters: what passes untouched, lifespans, sockets, and what is counted when.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from tests.gates.fronts import front, in_aiohttp
from tests.gates.makings import BROWSER, ROOM, settings
from tests.gates.service import Service, good_pass
from waiting_room import wire
from waiting_room.gates.asgi import App, Message, Receive, Scope, Send, WaitingRoomGate
from waiting_room.gates.ledger import Health
from waiting_room.gates.line import tick_ms

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
END = {"type": "http.response.body", "body": b"end"}


def scope_of(
    path: str = "/checkout", *, holder: bool = True, seat: str = "standard.7", kind: str = "http", **changed: Any
) -> Scope:
    """
    Return the scope of a browser's request.
    """
    heads = BROWSER | ({wire.PASS_HEADER: good_pass(seat=seat)} if holder else {})
    values = {
        "type": kind,
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in heads.items()],
    }
    return values | changed


def says(*messages: Message) -> App:
    """
    Return an application that answers with these messages.
    """

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


async def ask(app: App, scope: Scope, *received: Message, gate: WaitingRoomGate | None = None) -> list[Message]:
    """
    Return the messages that *app* behind a gate, or *gate*, sends in this scope when it receives these.
    """
    sent: list[Message] = []
    waiting = list(received)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await (gate or WaitingRoomGate(app, settings()))(scope, receive, send)
    return sent


def health(gate: WaitingRoomGate) -> Health:
    """
    Return what the gate would report of the shop.
    """
    return gate._porter.ledger.take(tick_ms()).health


async def test_holder_s_answer_passes_as_it_is() -> None:
    """
    Each message is the very one that the shop sent, the head as well where the shop has said what caches may do.
    """
    start = {**START, "headers": [(b"cache-control", b"private")]}
    more = {"type": "http.response.body", "body": b"part", "more_body": True}
    sent = await ask(says(start, more, END), scope_of())

    assert [id(message) for message in sent] == [id(start), id(more), id(END)]


async def test_other_scopes_pass_untouched() -> None:
    """
    What is neither request nor socket is the shop's business.
    """
    message = {"type": "strange.message"}

    assert await ask(says(message), {"type": "strange"}) == [message]


@pytest.mark.parametrize(
    ("path", "raw"), [("/checkout", b"/robots.txt"), ("/checkout", None), ("/check\u00f3ut", b"/robots.txt")]
)
async def test_path_that_was_rewritten_is_what_counts(path: str, raw: bytes | None) -> None:
    """
    The shop goes by ``path``; an old ``raw_path`` beside it spares nothing.
    """
    sent = await ask(says(START, END), scope_of(path, holder=False, raw_path=raw))

    assert sent[0]["status"] == 303


async def test_letters_beyond_ascii_do_not_hide_an_odd_spelling() -> None:
    """
    Found by tests.fuzzing, 2/asgi/142: the undecoded path was given up for the decoded one, and its coded dot with it.
    """
    raw = "/static/\uff43%2e%2ecss".encode()
    sent = await ask(says(START, END), scope_of("/static/\uff43..css", holder=False, raw_path=raw))

    assert sent[0]["status"] == 303


async def test_cookies_in_several_lines_are_one() -> None:
    """
    HTTP/2 may split them; the pass counts wherever it stands.
    """
    scope = scope_of(holder=False)
    scope["headers"] += [(b"cookie", b"a=b"), (b"cookie", f"{wire.pass_cookie(ROOM)}={good_pass()}".encode())]

    assert (await ask(says(START, END), scope))[0]["status"] == 200


async def test_time_ends_with_the_last_byte() -> None:
    """
    What the shop does after its answer keeps no visitor waiting, and is not in flight.
    """
    in_flight: list[int] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        in_flight.append(gate._porter.ledger.in_flight)
        await send(START)
        await send(END)
        in_flight.append(gate._porter.ledger.in_flight)

    gate = WaitingRoomGate(app, settings())
    await ask(app, scope_of(), gate=gate)

    assert in_flight == [1, 0]
    assert health(gate).requests == 1


async def _crash(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("the shop is broken")


async def _reads_and_gives_up(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ConnectionError("nobody is there")


async def _cancelled(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("app", "requests", "errors"),
    [
        (says(START, END), 1, 0),
        (says({**START, "status": 500}, END), 1, 1),
        (says({**START, "headers": [(b"content-type", b"text/event-stream")]}, END), 0, 0),
        (says(START), 0, 0),
        (says(), 1, 1),
        (_crash, 1, 1),
        (_reads_and_gives_up, 0, 0),
        (_cancelled, 0, 0),
    ],
    ids=["answer", "error", "event stream", "broken off", "silence", "crash", "visitor away", "cancelled"],
)
async def test_health_counts_what_the_shop_did(app: App, requests: int, errors: int) -> None:
    """
    Crashes and silence are errors; visitors who went away and streams of events say nothing.
    """
    gate = WaitingRoomGate(app, settings())
    received: tuple[Message, ...] = ({"type": "http.request", "body": b""}, {"type": "http.disconnect"})
    try:
        await ask(app, scope_of(), *received, gate=gate)
    except (RuntimeError, ConnectionError, asyncio.CancelledError):
        assert app in {_crash, _reads_and_gives_up, _cancelled}

    seen = health(gate)
    assert (seen.requests, seen.errors, gate._porter.ledger.in_flight) == (requests, errors, 0)


async def test_metrics_are_told_where_asked() -> None:
    """
    Their path needs no pass, and the shop is not asked.
    """
    gate = WaitingRoomGate(_crash, settings(), metrics_path="/internal/metrics")
    head, body = await ask(_crash, scope_of("/internal/metrics", holder=False), gate=gate)

    assert head["status"] == 200
    assert b"waiting_room_gate_requests_total" in body["body"]


async def test_lifespan_is_the_shop_s_and_the_gate_s() -> None:
    """
    The service has been told of the gate before the shop is ready, and of the last seats before it is gone.
    """
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await says(START, END)(scope, receive, send)
            return
        while True:
            kind = (await receive())["type"]
            heard.append(kind)
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return

    service = Service()
    async with TestServer(service.app()) as room:
        gate = WaitingRoomGate(app, settings(service_url=str(room.make_url("/")), report_interval_s=60))
        steps: asyncio.Queue[Message] = asyncio.Queue()
        done: asyncio.Queue[Message] = asyncio.Queue()
        living = asyncio.create_task(_call(gate)({"type": "lifespan"}, steps.get, done.put))
        await steps.put({"type": "lifespan.startup"})
        assert (await done.get())["type"] == "lifespan.startup.complete"
        assert len(service.reports) == 1
        await ask(app, scope_of(), gate=gate)
        await steps.put({"type": "lifespan.shutdown"})
        assert (await done.get())["type"] == "lifespan.shutdown.complete"
        await living

    assert service.told("touched") == {"standard.7"}
    assert heard == ["lifespan.startup", "lifespan.shutdown"]


def _call(gate: WaitingRoomGate) -> Callable[[Scope, Receive, Send], Any]:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await gate(scope, receive, send)

    return call


async def test_shop_that_knows_no_lifespan_says_so_to_its_server() -> None:
    """
    Its exception passes: this is how a server learns that there is none.
    """
    with pytest.raises(RuntimeError):
        await ask(_crash, {"type": "lifespan"}, {"type": "lifespan.startup"})


def test_gate_works_in_one_event_loop_after_another() -> None:
    """
    Each loop has its own reports, and nothing of an ended loop is touched.
    """
    service = Service()
    with in_aiohttp(service.app()) as port:
        gate = WaitingRoomGate(says(START, END), settings(service_url=f"http://127.0.0.1:{port}", report_interval_s=60))
        for seat in ("standard.7", "standard.8"):
            assert asyncio.run(ask(says(), scope_of(seat=seat), gate=gate))[0]["status"] == 200

    assert service.told("touched") == {"standard.7", "standard.8"}


def test_socket_needs_a_pass_and_passes_with_one() -> None:
    """
    A socket is no way around the gate: who may not in is told so as the answer to its offer.
    """

    async def talk(url: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            async with session.ws_connect(url, headers={wire.PASS_HEADER: good_pass()}) as socket:
                await socket.send_str("hello")
                return refused.value.status, await socket.receive_str()

    with front("asgi", settings()) as shop:
        assert asyncio.run(talk(f"{shop}/socket")) == (429, "hello")


async def test_socket_is_closed_where_the_server_knows_no_answer_to_it() -> None:
    """
    Without the extension for answers, closing before accepting is the refusal.
    """
    sent = await ask(_crash, scope_of(holder=False, kind="websocket"), {"type": "websocket.connect"})

    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_newcomer_s_pass_goes_out_with_the_accepted_socket() -> None:
    """
    Straight in by a socket, the cookies stand in its acceptance.
    """
    async with TestServer(Service(straight=True).app()) as room:
        gate = WaitingRoomGate(says({"type": "websocket.accept"}), settings(service_url=str(room.make_url("/"))))
        (accepted,) = await ask(says(), scope_of(holder=False, kind="websocket"), gate=gate)

    names = {value.partition(b"=")[0].decode() for name, value in accepted["headers"] if name == b"set-cookie"}
    assert wire.pass_cookie(ROOM) in names
