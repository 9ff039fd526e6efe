"""
A shop and a waiting room that answer real HTTP with canned pages, and remember what they were asked.
"""

import asyncio
import base64
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ROOM = "sale"
HOME = '<a href="/product/kite">Kite</a> <a href="/product/boat">Boat</a>'
PRODUCT = (
    '<form method="post" action="/basket"><input type="hidden" name="product" value="{slug}">'
    '<input name="quantity" value="1"></form>'
)
CHECKOUT = (
    '<form method="post" action="/checkout"><input type="hidden" name="token" value="t1"><input name="name">'
    '<input name="email"><input name="street"><input name="city"></form>'
)
PAYMENT = '<form method="post"><input type="hidden" name="token" value="t2"><button>Pay</button></form>'


def token(kind: str, **claims: Any) -> str:
    """
    Return a token with a payload that can be read, and a signature that nobody will check here.
    """
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"wr1.{kind}.k1.{payload}.c2ln"


@dataclass
class Script:
    """
    Say how the stub behaves.

    *polls*: how often a visitor is told to wait; None: no room stands before the shop. *next_poll_s*: what is told.
    *stalls*: the home page never comes to its end. *takes_s*: what each answer takes.
    """

    polls: int | None = None
    next_poll_s: float = 0.2
    stalls: bool = False
    takes_s: float = 0.0


@dataclass
class Stub:
    """
    Hold the stub's state: what it was asked, and by whom.
    """

    script: Script = field(default_factory=Script)
    asked: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    orders: list[dict[str, str]] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    poll_gaps_s: list[float] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    strays: int = 0
    connections: set[tuple[str, int]] = field(default_factory=set)
    _sessions: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _told: dict[str, tuple[int, int, float]] = field(default_factory=dict, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        # What it was asked outlives a run; whom it would serve next does not.
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def app(self) -> web.Application:
        """
        Return the application.
        """
        app = web.Application(middlewares=[self._gate])
        add = app.router.add_route
        add("GET", "/", self._home)
        add("GET", "/product/{slug}", self._product)
        add("POST", "/basket", self._basket)
        add("GET", "/basket", self._page("basket"))
        add("GET", "/checkout", self._page(CHECKOUT))
        add("POST", "/checkout", self._checkout)
        add("GET", "/payment/{order}", self._page(PAYMENT))
        add("POST", "/payment/{order}", self._pay)
        add("GET", "/order/{order}", self._page("thank you"))
        add("GET", f"/waiting-room/{ROOM}", self._room_page)
        add("POST", f"/waiting-room/{ROOM}/join", self._join)
        add("GET", f"/waiting-room/{ROOM}/status", self._status)
        add("POST", f"/waiting-room/{ROOM}/claim", self._claim)
        add("POST", f"/waiting-room/{ROOM}/leave", self._leave)
        return app

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked[f"{request.method} {request.path.split('/')[1] or 'home'}"] += 1
        assert request.transport is not None
        self.connections.add(request.transport.get_extra_info("peername"))
        if len(self.headers) < 50:
            self.headers.append(dict(request.headers))
        if self.script.takes_s:
            await asyncio.sleep(self.script.takes_s)
        to_room = request.path.startswith("/waiting-room/")
        if not to_room and self.script.polls is not None and f"wr_pass_{ROOM}" not in request.cookies:
            raise web.HTTPSeeOther(f"/waiting-room/{ROOM}?target={request.path}")
        answer: web.StreamResponse = await handler(request)
        return answer

    def _page(self, text: str) -> Any:
        async def page(_request: web.Request) -> web.Response:
            return web.Response(text=text, content_type="text/html")

        return page

    async def _home(self, request: web.Request) -> web.StreamResponse:
        self.strays += "Cookie" in request.headers and self.script.polls is None
        if not self.script.stalls:
            return web.Response(text=HOME, content_type="text/html")
        answer = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(HOME.encode())
        await asyncio.Event().wait()
        return answer

    async def _product(self, request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        self.products.append(slug)
        return web.Response(text=PRODUCT.format(slug=slug), content_type="text/html")

    async def _basket(self, request: web.Request) -> web.Response:
        await request.post()
        answer = web.HTTPSeeOther("/basket")
        answer.set_cookie("shop_session", f"s{next(self._sessions)}")
        raise answer

    async def _checkout(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.orders.append({**{key: str(form[key]) for key in form}, "session": request.cookies["shop_session"]})
        raise web.HTTPSeeOther(f"/payment/{len(self.orders)}")

    async def _pay(self, request: web.Request) -> web.Response:
        raise web.HTTPSeeOther(f"/order/{request.match_info['order']}")

    async def _room_page(self, _request: web.Request) -> web.Response:
        answer = web.Response(text="<h1>Please wait</h1>", content_type="text/html")
        answer.set_cookie("wr_visitor", f"v{next(self._numbers)}")
        return answer

    async def _join(self, request: web.Request) -> web.Response:
        visitor = request.cookies["wr_visitor"]
        number = int(visitor[1:])
        self._told[visitor] = (number, self.script.polls or 0, time.monotonic())
        answer = self._answer(visitor)
        answer.set_cookie(f"wr_ticket_{ROOM}", token("ticket", r=ROOM, l="standard", n=number, v=visitor, i=1))
        return answer

    async def _status(self, request: web.Request) -> web.Response:
        visitor = request.cookies["wr_visitor"]
        number, left, before_s = self._told[visitor]
        self.poll_gaps_s.append(time.monotonic() - before_s)
        self.seen.append(request.query.get("seen", ""))
        self._told[visitor] = (number, left - 1, time.monotonic())
        return self._answer(visitor)

    def _answer(self, visitor: str) -> web.Response:
        number, left, _before_s = self._told[visitor]
        if left <= 0:
            return web.json_response({"state": "called", "number": number, "next_poll_s": 1.0, "reason": "your_turn"})
        return web.json_response(
            {
                "state": "waiting",
                "number": number,
                "position": left,
                "eta_low_s": 0.0,
                "eta_high_s": 60.0,
                "next_poll_s": self.script.next_poll_s,
            }
        )

    async def _claim(self, request: web.Request) -> web.Response:
        visitor = request.cookies["wr_visitor"]
        number = self._told[visitor][0]
        answer = web.json_response({"state": "admitted", "number": number, "target": None})
        issued_ms = round(time.time() * 1000)
        answer.set_cookie(f"wr_pass_{ROOM}", token("pass", r=ROOM, l="standard", n=number, v=visitor, i=issued_ms))
        return answer

    async def _leave(self, _request: web.Request) -> web.Response:
        self.asked["left"] += 1
        return web.json_response({"state": "refused", "reason": "no_ticket"})


if __name__ == "__main__":
    import sys

    web.run_app(Stub(Script(**json.loads(sys.argv[2]))).app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
