"""
The whole service over a store in memory: what the visitor's and the gate's HTTP are tried with.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from tests.openapi.held import Held, held_to
from waiting_room import wire
from waiting_room.authorize.gatehouse import Gatehouse
from waiting_room.config import ServerSettings
from waiting_room.core.phase import Phase
from waiting_room.core.plan import plan
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.jwts.seals import JwtOffice
from waiting_room.lobby import Lobby
from waiting_room.store.memory import MemoryStore
from waiting_room.tokens import GateCredential, Keyring, Pass, Ticket, Visitor
from waiting_room.web.identity import Identities
from waiting_room.web.jwks import NO_KEYS
from waiting_room.web.server import Health, Service, build_app, hurry
from waiting_room.web.slow_senders import SlowSenders

ROOM = "toys"
START_MS = 1_800_000_000_000
BASE = f"/waiting-room/{ROOM}"
POLICY = Policy(capacity=5, rate_per_minute=600, target="https://shop.example/checkout", message="")
SECRETS = ("k2:" + "n" * 32, "k1:" + "o" * 32)
KEYS = Keyring(SECRETS)


@dataclass
class Desk:
    """
    Hold a service, its store and what it observed; every answer is held against the OpenAPI document.
    """

    store: MemoryStore
    lobby: Lobby
    health: Health
    refused: list[Reason]
    observed: list[tuple[str, int, float]]
    gatehouse: Gatehouse
    held: Held
    client: TestClient[Any, Any] = field(init=False)
    slow: SlowSenders = field(init=False)

    async def fill(self, *names: str) -> list[Ticket]:
        """Let visitors join while nobody goes straight in; return their tickets."""
        await self.store.set_phase(ROOM, Phase.PAUSED)
        joined = [await self.lobby.join(ROOM, Visitor(name)) for name in names]
        await self.set_phase(Phase.OPEN)
        return [ticket for _, ticket in joined if ticket is not None]

    async def set_phase(self, phase: Phase) -> None:
        """Change the room's phase."""
        await self.lobby.set_phase(ROOM, phase)

    async def call(self) -> None:
        """Call as many as the room allows."""
        self.store.now_ms += 1000
        step = plan(await self.store.snapshot(ROOM), "test")
        assert step is not None
        assert await self.store.advance(ROOM, step)
        await self.lobby.refresh(ROOM)

    async def get(self, path: str, cookies: dict[str, str] | None = None, **headers: str) -> ClientResponse:
        """Ask, with these cookies and headers alone."""
        return await self.ask("GET", path, cookies, **headers)

    async def post(self, path: str, cookies: dict[str, str] | None = None, **headers: str) -> ClientResponse:
        """Send, with these cookies and headers alone."""
        return await self.ask("POST", path, cookies, **headers)

    async def ask(self, method: str, path: str, cookies: dict[str, str] | None, **headers: str) -> ClientResponse:
        """Send a request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await self.client.request(method, path, headers=named, allow_redirects=False)
        self.held.check(method, path, answer.status, answer.headers, await answer.read())
        return answer


@asynccontextmanager
async def open_desk(
    policy: Policy = POLICY,
    *,
    quick: bool = True,
    office: JwtOffice | None = None,
    store: MemoryStore | None = None,
    **settings: Any,
) -> AsyncIterator[Desk]:
    """
    Serve one room; without *quick*, every request goes the way of all others. With an *office*, there are JWTs. With a
    *store*, another service had the room before.
    """
    store = store or MemoryStore(START_MS)
    lobby = Lobby(store, lambda: store.now_ms)
    await lobby.configure(ROOM, policy)
    refused: list[Reason] = []
    observed: list[tuple[str, int, float]] = []
    health = Health(ready=True)
    server = ServerSettings(**settings)
    base, jwts = f"{server.public_url or ''}{server.prefix}", office.verifier if office else None
    gatehouse = Gatehouse(lobby, KEYS, SECRETS, base, jwts, server.allowing)
    service = Service(
        lobby=lobby,
        keyring=KEYS,
        identities=Identities(KEYS, refused.append),
        settings=server,
        health=health,
        gatehouse=gatehouse,
        observe=lambda route, status, seconds: observed.append((route, status, seconds)),
        exposition=lambda: (b"waiting_room_up 1\n", "text/plain; version=0.0.4"),
        passes=office.writer if office else None,
        published=office.published if office else NO_KEYS,
    )
    desk = Desk(store, lobby, health, refused, observed, gatehouse, held_to(server.prefix))
    async with TestClient(TestServer(build_app(service)), cookie_jar=DummyCookieJar()) as client:
        desk.client = client
        if quick:
            assert client.server.runner is not None
            desk.slow = hurry(service, client.server.runner)
        yield desk


def cookies_of(ticket: Ticket, visitor: str | None = None, admission: Pass | None = None) -> dict[str, str]:
    """
    Return the cookies of the holder of *ticket*, or of one who bears it wrongly.
    """
    cookies = {
        wire.VISITOR_COOKIE: KEYS.sign(Visitor(visitor or ticket.visitor)),
        wire.ticket_cookie(ROOM): KEYS.sign(ticket),
    }
    return cookies if admission is None else cookies | {wire.pass_cookie(ROOM): KEYS.sign(admission)}


def set_cookies(response: ClientResponse) -> dict[str, str]:
    """
    Return the cookies that an answer sets, each as its whole line.
    """
    lines = response.headers.getall("Set-Cookie", [])
    assert len({line.partition("=")[0] for line in lines}) == len(lines), "a cookie is set twice"
    return {line.partition("=")[0]: line for line in lines}


def gate_token(room: str = ROOM, life_ms: int = 60_000) -> str:
    """
    Return a gate's bearer token.
    """
    return f"Bearer {KEYS.sign(GateCredential(room, 'shop-1', START_MS + life_ms))}"
