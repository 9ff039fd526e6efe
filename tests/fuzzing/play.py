"""
Play hostile requests at every target, and hold each answer to what the oracle, and decency, say.
"""

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tests.fuzzing.grammar import MARK, Case, case
from tests.fuzzing.material import JWKS, SECRETS, Material
from tests.fuzzing.oracle import Oracle, may_be
from tests.fuzzing.targets import BREAKS, SHOP, Endpoint, InAsgi, InWsgi, OnSocket, Reply, Target
from tests.gates.fronts import Exit, in_asgi
from tests.gates.makings import NOW_MS, ROOM, settings
from tests.gates.shops import gated_django, gated_django_in_loop
from tests.web.desk import ROOM as SERVICE_ROOM
from tests.web.desk import START_MS, open_desk
from waiting_room.authorize.dialects import DIALECTS
from waiting_room.gates import asgi, threaded, wsgi
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.ledger import Ledger
from waiting_room.gates.line import Line
from waiting_room.gates.settings import GateSettings

PROXIES: Final = ("10.0.0.0/8", "127.0.0.0/8", "::1/128")
STAFF_NETWORKS: Final = ("203.0.113.0/24",)
LONGEST_S: Final = 0.25
"""Of processor time for one request, both sides included; a hundred times what an honest one takes."""
TRIES: Final = 3
"""A machine that was stopped meanwhile may count that as processor time: what is slow by itself is slow again."""
BROKEN_SHARE: Final = 0.08
PART: Final = "/checkout"
SHARES: Final = {"asgi": 4, "asgi/part": 3, "wsgi": 4, "django": 3, "django-in-loop": 3, "aiohttp": 4, "uvicorn": 1}
"""How often each gate is asked; each dialect of the endpoint is asked twice."""
_OURS: Final = frozenset({303, 429})
_SERVERS: Final = frozenset({0, 400, 403, 404, 405, 408, 411, 413, 414, 417, 421, 426, 431, 501, 505})
"""
What a server answers by itself to what it cannot read, or to a handshake that is denied; 501 and 505 are to a method
and a version that it does not know.
"""
_ADDRESSES: Final = ("location", "waiting-room-url")
_REFRESH: Final = re.compile(rf"\d+(; url=/waiting-room/{SERVICE_ROOM}(\?[\w%&=.~-]*)?)?", re.ASCII)
_ENDPOINT: Final = frozenset({302, 303, 401, 403, 429})


@dataclass
class Findings:
    """
    Hold what was seen: answers by target, why requests were let in, faults, and the slowest request.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    entered: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""
    seconds: float = 0.0

    def report(self) -> dict[str, Any]:
        """
        Return all of it for a program.
        """
        asked = Counter[str]()
        for (name, _), count in self.answers.items():
            asked[name] += count
        return {
            "requests": sum(asked.values()),
            "by_target": dict(asked),
            "answers": {f"{name} {answer}": count for (name, answer), count in sorted(self.answers.items())},
            "entered": {f"{name} {why}": count for (name, why), count in sorted(self.entered.items())},
            "slowest_s": round(self.slowest_s, 4),
            "slowest": self.slowest,
            "seconds": round(self.seconds, 1),
            "faults": self.faults,
        }


def run(requests: int, seed: int, folder: Path, only: str = "") -> Findings:
    """
    Play *requests* made from *seed* at all targets, or at the one named *only*; *folder* is for files.
    """
    with _still(Material(NOW_MS)), patch.object(threaded, "atexit", Exit()) as at_exit:
        with in_asgi(asgi.WaitingRoomGate(_asgi_shop, _gate(folder))) as port:
            findings = asyncio.run(_play(requests, seed, folder, only, port))
        for deed in list(at_exit.deeds):
            deed()
    return findings


async def _play(requests: int, seed: int, folder: Path, only: str, port: int) -> Findings:
    findings, begun = Findings(), time.perf_counter()
    async with _targets(folder, port) as targets:
        chosen = [target for target in targets if not only or target.name == only]
        shares = [SHARES.get(target.name, 2) for target in chosen]
        for target, share in zip(chosen, shares, strict=True):
            await _play_at(target, -(-requests * share // sum(shares)), seed, findings)
    findings.seconds = time.perf_counter() - begun
    return findings


async def _play_at(target: Target, requests: int, seed: int, findings: Findings) -> None:
    jwts = target.name.endswith("/jwt")
    material = Material(START_MS, SERVICE_ROOM) if target.service else Material(NOW_MS, jwts=jwts)
    oracle = Oracle(material)
    for index in range(requests):
        name = f"{seed}/{target.name}/{index}"
        chance = random.Random(name)
        asked = case(chance, material)
        broken = chance.choice(BREAKS) if not asked.clean and chance.random() < BROKEN_SHARE else ""
        try:
            reply, spent = await _timed(target, asked, broken)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            findings.faults.append(f"{name}: raised {error!r}: {asked}")
            continue
        if spent > findings.slowest_s:
            findings.slowest_s, findings.slowest = spent, name
        findings.answers[target.name, str(reply.status or "closed")] += 1
        why = _permitted(target, oracle, asked)
        if reply.entered:
            findings.entered[target.name, "honest" if asked.clean else why] += 1
        faults = [*_faults(target, asked, reply, why), *(_indecent(target, reply))]
        if spent > LONGEST_S:
            faults.append(f"took {spent:.3f} s of processor time")
        findings.faults += [f"{name}: {fault}: {broken} {asked} -> {reply}"[:3_000] for fault in faults]


async def _timed(target: Target, asked: Case, broken: str, tries: int = TRIES) -> tuple[Reply, float]:
    """
    Return the last answer to a request, which is asked again where it took long, and the shortest of its times.
    """
    begun = time.process_time()
    reply = await target.ask(asked, broken)
    spent = time.process_time() - begun
    if spent <= LONGEST_S or tries == 1:
        return reply, spent
    reply, again = await _timed(target, asked, broken, tries - 1)
    return reply, min(spent, again)


def _permitted(target: Target, oracle: Oracle, asked: Case) -> str:
    heard = target.heard(asked)
    why = oracle.permits(heard)
    if not why and target.name.endswith("/part") and not may_be(heard.path, PART):
        return "free"
    return why


def _faults(target: Target, asked: Case, reply: Reply, why: str) -> Iterator[str]:
    if reply.entered and not why:
        yield "WRONG ALLOW"
    if asked.clean and not reply.entered:
        yield "an honest holder was sent away"
    expected = _ENDPOINT if target.service else _OURS
    if not reply.entered and reply.status not in expected | _SERVERS:
        yield f"answered {reply.status}"


def _indecent(target: Target, reply: Reply) -> Iterator[str]:
    """
    Yield what is wrong with an answer's head or body, whoever it is for.
    """
    for name, value in reply.headers:
        if any((ord(letter) < 32 and letter != "\t") or letter == "\x7f" for letter in name + value):
            yield f"a control character stands in {name}"
        if name.lower() == "set-cookie" and not value.startswith("wr_"):
            yield f"sets a cookie that is not ours: {value}"
        if name.lower() == "refresh" and not _REFRESH.fullmatch(value):
            yield f"leads on to {value}"
        if name.lower() not in {*_ADDRESSES, "refresh"} and ("evil" in name + value or name.lower() == "x"):
            yield f"bears what a visitor wrote as {name}"
    shown = any(name.lower() == "content-type" and "html" in value for name, value in reply.headers)
    if shown and MARK.encode() in reply.body and not (reply.entered and not target.service):
        yield "hands back what a visitor wrote"
    for name in _ADDRESSES:
        values = [value for found, value in reply.headers if found.lower() == name]
        if len(values) > 1:
            yield f"bears {name} {len(values)} times"
        for value in filter(None, values):
            yield from _strays(target, value)


def _strays(target: Target, url: str) -> Iterator[str]:
    home = f"https://shop.example/waiting-room/{SERVICE_ROOM}" if target.service else f"/waiting-room/{ROOM}"
    nowhere = "https://shop.example/" if target.service else "/"
    if url != home and not url.startswith(f"{home}?"):
        yield f"leads to {url}"
    wanted = parse_qs(urlsplit(url).query, keep_blank_values=True).get("target", [nowhere])
    if len(wanted) != 1:
        yield f"has {len(wanted)} targets"
    elif (target.service and not re.match(r"https://shop\.example(:\d+)?/", wanted[0])) or (
        not target.service and (not wanted[0].startswith("/") or wanted[0][1:2] in {"/", "\\"})
    ):
        yield f"leads on to {wanted[0]}"


def _gate(folder: Path, **changed: Any) -> GateSettings:
    return settings(
        secret_keys=SECRETS,
        report_interval_s=60,
        trusted_proxies=PROXIES,
        staff_networks=STAFF_NETWORKS,
        crawler_files=(str(crawlers(folder)),),
        **changed,
    )


def crawlers(folder: Path) -> Path:
    """
    Return a file with the networks of crawlers.
    """
    path = folder / "googlebot.json"
    path.write_text(json.dumps({"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}]}))
    return path


async def _asgi_shop(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        kind = asgi.DENIAL
    await send({"type": f"{kind}.start", "status": SHOP, "headers": [(b"content-length", b"0")]})
    await send({"type": f"{kind}.body", "body": b""})


def _wsgi_shop(_environ: wsgi.Environ, start_response: wsgi.StartResponse) -> list[bytes]:
    start_response(f"{SHOP} Shop", [])
    return []


async def _aiohttp_shop(_request: web.Request) -> web.Response:
    return web.Response(status=SHOP)


@contextmanager
def _still(material: Material) -> Iterator[None]:
    """
    Let every gate know the room as *material* has it, at a time that does not pass.
    """
    state = material.state()
    known = property(lambda _self: state, lambda _self, _value: None)
    with patch.object(Ledger, "state", known, create=True), patch.object(Line, "now_ms", lambda _self: NOW_MS):
        yield


@asynccontextmanager
async def _targets(folder: Path, uvicorn: int) -> AsyncIterator[Sequence[Target]]:
    """
    Set every target up but that of *uvicorn*, which listens already.
    """
    gate, part = _gate(folder), _gate(folder, protect=(f"{PART}/*",), never=())
    (folder / "jwks.json").write_text(JWKS)
    jwts = _gate(folder, jwks=str(folder / "jwks.json"))
    async with _aiohttp(gate) as ours, _service(folder) as service:
        targets: list[Target] = [
            InAsgi("asgi", asgi.WaitingRoomGate(_asgi_shop, gate), SHOP),
            InAsgi("asgi/part", asgi.WaitingRoomGate(_asgi_shop, part), SHOP),
            InAsgi("asgi/jwt", asgi.WaitingRoomGate(_asgi_shop, jwts), SHOP),
            InWsgi("wsgi", wsgi.WaitingRoomGate(_wsgi_shop, gate), SHOP),
            InWsgi("django", gated_django(gate), 200),
            InAsgi("django-in-loop", gated_django_in_loop(gate), 200),
            OnSocket("aiohttp", ours),
            OnSocket("uvicorn", uvicorn),
            *(Endpoint(dialect, service) for dialect in DIALECTS),
        ]
        yield targets
        for target in targets:
            if isinstance(target, OnSocket):
                await target.hang_up()


@asynccontextmanager
async def _aiohttp(gate: GateSettings) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", _aiohttp_shop)
    WaitingRoomGate(gate).setup(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _service(folder: Path) -> AsyncIterator[int]:
    allowing: dict[str, Any] = {
        "trusted_proxies": PROXIES,
        "staff_networks": STAFF_NETWORKS,
        "crawler_files": (str(crawlers(folder)),),
    }
    async with open_desk(**allowing) as desk:
        await desk.fill("ann", "ben")
        desk.lobby.known[SERVICE_ROOM].revoked = Material(START_MS, SERVICE_ROOM).state().revoked
        port = desk.client.port
        assert port is not None
        yield port
