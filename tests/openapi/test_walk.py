"""
A walk through the service meets every answer that its document promises, and each is as promised.
"""

from dataclasses import replace
from typing import Any, Final

import pytest

from tests.openapi.held import Held
from tests.web.desk import BASE, KEYS, ROOM, START_MS, Desk, cookies_of, gate_token, open_desk, set_cookies
from waiting_room import wire
from waiting_room.authorize.gatehouse import RoomGate
from waiting_room.core.phase import Phase
from waiting_room.tokens import Ticket, Visitor
from waiting_room.web.api import MAX_REPORT_BYTES

REPORT: Final = f"{wire.PREFIX}/gate/{ROOM}/report"
COMMAND: Final = f"{wire.PREFIX}/gate/{ROOM}/command"
AUTHORIZE: Final = f"{wire.PREFIX}/authorize"
ANN: Final = {wire.VISITOR_COOKIE: KEYS.sign(Visitor("ann"))}
ASKED: Final = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "shop.example", "X_Forwarded_Uri": "/checkout"}
PROGRAM: Final = {"Accept": "application/json"}


async def a_visit(desk: Desk) -> None:
    """
    Join, go straight in, shop with the pass, pay, and be done.
    """
    joined = await desk.post(f"{BASE}/join", ANN)
    cookies = ANN | {name: line.partition("=")[2].partition(";")[0] for name, line in set_cookies(joined).items()}
    for dialect in ("nginx", "forward", "forward-inline", "envoy", "envoy-inline"):
        for method in ("GET", "POST"):
            await desk.ask(method, f"{AUTHORIZE}/{dialect}/{ROOM}", cookies)
            await desk.ask(method, f"{AUTHORIZE}/{dialect}/{ROOM}/checkout", cookies)
    await send(desk, REPORT, {})
    passed = cookies[wire.pass_cookie(ROOM)]
    for word in ("payment", "release"):
        await send(desk, COMMAND, {"command": word, "pass": passed})
    await desk.post(f"{BASE}/leave", cookies)


async def a_wait(desk: Desk) -> None:
    """
    Wait, be called, be told to claim, and claim; look at the page meanwhile, by whatever method.
    """
    first, second = await desk.fill("ben", "cleo")
    for method in ("GET", "POST", "HEAD"):
        await desk.ask(method, BASE, cookies_of(second), Accept="text/html")
    await desk.get(f"{BASE}/status?seen=1", cookies_of(second))
    await desk.post(f"{BASE}/claim", cookies_of(second))
    await desk.call()
    await desk.get(f"{BASE}/status", cookies_of(first))
    await desk.get(BASE, cookies_of(first), Accept="text/html")
    await desk.post(BASE, cookies_of(second), Accept="text/html")
    await desk.post(f"{BASE}/claim", cookies_of(first))
    await desk.get(f"{BASE}/state.json")


async def a_queue_at_the_proxy(desk: Desk) -> None:
    """
    Ask for those who wait, in every dialect: a browser, a form, a program.
    """
    for rest in ("", "/checkout"):
        for dialect in ("nginx", "forward", "forward-inline", "envoy", "envoy-inline"):
            for more in ({}, PROGRAM, {"X_Forwarded_Method": "POST"}):
                for method in ("GET", "POST"):
                    headers = ASKED | {"Host": "shop.example"} | more
                    await desk.ask(method, f"{AUTHORIZE}/{dialect}/{ROOM}{rest}", None, **headers)
            for method in ("GET", "POST"):
                await desk.ask(method, f"{AUTHORIZE}/{dialect}/nowhere{rest}", None)
                await desk.ask(method, f"{AUTHORIZE}/unheard-of/{ROOM}{rest}", None)


async def refusals(desk: Desk) -> None:
    """
    Come without a ticket, with another's, with one that is over, and to a room that is not here.
    """
    (ticket,) = await desk.fill("dan")
    old = replace(ticket, issued_ms=START_MS - 2 * 86_400_000)
    foreign = {
        **cookies_of(ticket),
        wire.ticket_cookie(ROOM): KEYS.sign(Ticket("other", "standard", 1, "dan", START_MS)),
    }
    for cookies in (None, cookies_of(ticket, "eve"), cookies_of(old), foreign):
        await desk.get(f"{BASE}/status", cookies)
        await desk.post(f"{BASE}/claim", cookies)
    for method, path in (
        *(("POST", f"/{verb}") for verb in ("join", "claim", "leave", "")),
        *(("GET", f"/{verb}") for verb in ("status", "state.json", "")),
    ):
        await desk.ask(method, f"{wire.PREFIX}/nowhere{path}".rstrip("/"), None)
    for path in (REPORT, COMMAND):
        await send(desk, path.replace(ROOM, "nowhere"), {})
        await send(desk, path, {}, "")
        await send(desk, path, [])
        await send(desk, path, "x" * MAX_REPORT_BYTES)
    await send(desk, COMMAND, {"command": "basket", "pass": "made up"})


async def those_turned_away(desk: Desk) -> None:
    """
    Come to a room that is for the invited, that serves only those who wait, that gives a network one place a minute, or
    whose operator wants somebody out.
    """
    await desk.set_phase(Phase.DRAINING)
    await desk.post(f"{BASE}/join")
    await desk.set_phase(Phase.OPEN)
    joined = await desk.post(f"{BASE}/join", ANN)
    passed = {wire.pass_cookie(ROOM): (await joined.json())["pass"]}
    await desk.store.revoke(ROOM, "standard.1", "", 60_000)
    await desk.lobby.hear_revoked(desk.lobby.room(ROOM))
    for method in ("GET", "POST"):
        for rest in ("", "/checkout"):
            await desk.ask(method, f"{AUTHORIZE}/nginx/{ROOM}{rest}", passed)
    await desk.lobby.configure(ROOM, replace(desk.lobby.policy(ROOM), joins_per_address=1))
    for _ in range(2):
        await desk.post(f"{BASE}/join")
    await desk.lobby.configure(ROOM, replace(desk.lobby.policy(ROOM), invite_only=True))
    await desk.post(f"{BASE}/join")


async def holds_and_breaks(desk: Desk) -> None:
    """
    Wait for an opening, in a pause and before closed doors.
    """
    (ticket,) = await desk.fill("fay")
    await desk.set_phase(Phase.PAUSED)
    await desk.post(f"{BASE}/join")
    await desk.get(f"{BASE}/status", cookies_of(ticket))
    await desk.set_phase(Phase.CLOSED)
    await desk.post(f"{BASE}/join")
    await desk.get(f"{BASE}/status", cookies_of(ticket))
    await desk.lobby.prequeue(ROOM)
    early = await desk.post(f"{BASE}/join")
    await desk.get(f"{BASE}/status", None, Waiting_Room_Ticket=(await early.json())["ticket"])
    await desk.get(f"{BASE}/state.json")


async def machines_that_watch(desk: Desk) -> None:
    """
    Look whether it lives, read the keys and the document, and come back for it.
    """
    for path in ("/healthz", "/readyz", f"{wire.PREFIX}/.well-known/jwks.json"):
        await desk.get(path)
    desk.health.ready = False
    await desk.get("/readyz")
    document = await desk.get(f"{wire.PREFIX}/openapi.json")
    await desk.get(f"{wire.PREFIX}/openapi.json", None, If_None_Match=document.headers["ETag"])


async def bodies_that_are_not_as_they_say(desk: Desk) -> None:
    """
    Say that a body is packed which is not; the connection is closed then, and another one serves the next.
    """
    packed = {"Authorization": gate_token(), "Content-Encoding": "gzip", "Connection": "close"}
    for path in (BASE, REPORT, COMMAND):
        headers = packed | {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await desk.client.post(path, data=b"wr_action=leave", headers=headers)
        desk.held.check("POST", path, answer.status, answer.headers, await answer.read())


async def send(desk: Desk, path: str, body: Any, authorization: str | None = None) -> None:
    """
    Send *body* as a gate, or as who has only this *authorization*.
    """
    headers = {"Authorization": gate_token() if authorization is None else authorization, "Connection": "close"}
    answer = await desk.client.post(path, json=body, headers=headers)
    desk.held.check("POST", path, answer.status, answer.headers, await answer.read())


SCENES: Final = (
    a_visit,
    a_wait,
    a_queue_at_the_proxy,
    refusals,
    those_turned_away,
    holds_and_breaks,
    machines_that_watch,
    bodies_that_are_not_as_they_say,
)
ALIKE: Final = ("put", "delete", "options", "head", "patch", "trace")
"""The page and the proxies' question answer these as they answer GET and POST; `tests.web` asks by them."""


async def broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Call everything while nothing works inside.
    """
    for owner, name in ((RoomGate, "decide"), (desk.lobby, "room"), (desk.lobby, "policy")):
        monkeypatch.setattr(owner, name, None)
    for verb in ("join", "claim", "leave"):
        await desk.post(f"{BASE}/{verb}")
    for path in (f"{BASE}/status", f"{BASE}/state.json", BASE, *(f"{AUTHORIZE}/nginx/{ROOM}{r}" for r in ("", "/x"))):
        await desk.get(path)
    for path in (BASE, *(f"{AUTHORIZE}/{dialect}/{ROOM}{r}" for dialect in ("nginx", "forward") for r in ("", "/x"))):
        await desk.post(path)
    await send(desk, REPORT, {})
    await send(desk, COMMAND, {})


async def test_every_promised_answer_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """By somebody who joins, waits, claims, buys and leaves, is refused, held, or meets a failure."""
    held = Held(wire.PREFIX)
    for scene in SCENES:
        async with open_desk() as desk:
            desk.held = held
            await scene(desk)
    async with open_desk() as desk:
        desk.held = held
        await broken(desk, monkeypatch)
    never = {"healthz", "readyz", "jwks", "openapi"}  # handlers of a line, which nothing can break
    promised = {
        (call, status)
        for call, method, status in held.promised
        if method.lower() not in ALIKE and not (status == 500 and call in never)
    }

    assert promised - {(call, status) for call, _, status in held.met} == set()
