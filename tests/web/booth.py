"""
A stage for the waiting page: the real page, with outcomes that a test sets, so that each state can be looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from waiting_room import wire
from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Eta, Outcome, Paused, Refused, Waiting
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.errors import RoomUnknownError
from waiting_room.web import pages, problems
from waiting_room.web.faces import problem_page

ROOM = "spring-sale"
NOON_S = 1_790_000_000.0
"""The instant at which the stage's clock stands unless a test moves it."""

STATES: dict[str, Outcome] = {
    "waiting": Waiting(1235, 38, Eta(200.0, 330.0), 3000),
    "next": Waiting(1235, 1, Eta(1.0, 20.0), 3000),
    "unknown": Waiting(1235, 12_346, None, 3000),
    "early": Early(1235, 3_720_000, 30_000),
    "early-unknown": Early(1235, None, 6000),
    "called": Called(1235, 60_000, Reason.SEATS_FULL),
    "paused": Paused(1235, 38, 5000),
    "break": Paused(1235, 38, 5000, Reason.TECHNICAL_BREAK, 720_000),
    "away": Waiting(1235, 38, None, 5000, Reason.STORE_AWAY),
    "recovering": Paused(0, 0, 5000, Reason.RECOVERING),
    "closed": Closed(),
    "busy": Refused(Reason.NETWORK_BUSY, 6500),
    "used": Refused(Reason.TICKET_USED),
}


@dataclass(frozen=True, slots=True)
class Staged:
    """
    Stand for a visit.
    """

    outcome: Outcome
    new_visitor: bool = False
    set_cookies: tuple[str, ...] = ()


@dataclass
class Stage:
    """
    Answer every verb with the outcome that is set, and remember the verbs.
    """

    outcome: Outcome
    policy_: Policy = field(default_factory=lambda: Policy(target="https://shop.example/", rate_per_minute=600))
    joined: Outcome | None = None
    claimed: Outcome | None = None
    error: Exception | None = None
    sees_cookies: bool = True
    verbs: list[str] = field(default_factory=list)
    now_s: float = NOON_S
    draws: list[dict[str, Any]] = field(default_factory=list)

    def policy(self, room: str) -> Policy:
        """
        Return the settings of the one room.
        """
        if room != ROOM:
            raise RoomUnknownError(room)
        return self.policy_

    def public_state(self, room: str) -> dict[str, Any]:
        """
        Return what the page shows of the room.
        """
        policy = self.policy(room)
        return {
            "rate_per_minute": policy.rate_per_minute,
            "message": policy.message,
            "admitted_total": 1,
            "draws": self.draws,
            "as_of_ms": 1,
        }

    def look(self, request: web.Request, room: str, /) -> Staged:
        """
        Tell where the visitor stands, as a status poll does.
        """
        return self.meet(request, room)

    def meet(self, request: web.Request, _room: str, /) -> Staged:
        """
        Tell where the visitor stands.
        """
        if wire.VISITOR_COOKIE not in request.cookies or not self.sees_cookies:
            return Staged(Refused(Reason.NO_TICKET), True, (f"{wire.VISITOR_COOKIE}=v; Path=/; HttpOnly",))
        return self._staged("look", self.outcome)

    async def join(self, _request: web.Request, _room: str, /, *, invited: bool = True) -> Staged:
        """
        Answer with what a join brings, and a ticket cookie.
        """
        return self._staged(
            "join" if invited else "join plainly", self.joined or self.outcome, ("wr_ticket_spring-sale=t; Path=/",)
        )

    def carry(self, _request: web.Request, room: str, text: str, /) -> str:
        """
        Return a cookie that holds the invitation.
        """
        return f"{wire.invitation_cookie(room)}={text}; Path=/"

    async def claim(self, _request: web.Request, _room: str, /) -> Staged:
        """
        Answer with what a claim brings, and a pass cookie.
        """
        return self._staged("claim", self.claimed or self.outcome, ("wr_pass_spring-sale=p; Path=/",))

    async def leave(self, _request: web.Request, _room: str, /) -> Staged:
        """
        Take the ticket back.
        """
        return self._staged("leave", Refused(Reason.NO_TICKET), ("wr_ticket_spring-sale=; Max-Age=0; Path=/",))

    def _staged(self, verb: str, outcome: Outcome, cookies: tuple[str, ...] = ()) -> Staged:
        self.verbs.append(verb)
        if self.error:
            raise self.error
        return Staged(outcome, False, cookies)


def admitted() -> Admitted:
    """
    Return an admission as a claim gives it.
    """
    return Admitted(1235, "standard.1235", 1, 2)


def app_of(stage: Stage) -> web.Application:
    """
    Return an application with the page and with the visitor's JSON calls, all answered by *stage*.
    """
    app = web.Application(middlewares=[problems.middleware(problem_page)])
    app.add_routes(pages.routes(stage, stage, now_s=lambda: stage.now_s))
    base = wire.PREFIX + "/{room}"
    app.add_routes([web.post(f"{base}/{verb}", _json(stage, verb)) for verb in ("join", "claim")])
    app.add_routes([web.get(base + "/status", _json(stage, "look")), web.get(base + "/state.json", _state(stage))])
    return app


def _json(stage: Stage, verb: str) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        visit = getattr(stage, verb)(request, ROOM)
        staged: Staged = visit if isinstance(visit, Staged) else await visit
        said = wire.describe(staged.outcome, ROOM) | {"message": stage.policy_.message, "target": stage.policy_.target}
        response = web.json_response(said)
        for cookie in staged.set_cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    return answer


def _state(stage: Stage) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(stage.public_state(ROOM))

    return answer
