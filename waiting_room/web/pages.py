"""
The waiting page: takes a place, watches over it and lets the visitor in, with a script or without one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from aiohttp import hdrs, web

from waiting_room import wire
from waiting_room.core.outcomes import Admitted, Called, Early, Outcome, Paused, Refused, Waiting
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.core.targets import Target, choose
from waiting_room.errors import StoreEmptyError, StoreError
from waiting_room.web import journey, views
from waiting_room.web.faces import Frame, prepare, remember_language, render, takes_gzip
from waiting_room.web.languages import NAMES, Language
from waiting_room.web.problems import language_of
from waiting_room.web.texts import speed_words
from waiting_room.web.views import Mood, View
from waiting_room.web.visits import INVITATION_REASONS

SCRIPT_COOKIE: Final = "wr_js"
"""Set by the page's script: whoever has it needs no refreshing."""
REFRESH_COOKIE: Final = "wr_refresh"
ACTION: Final = "wr_action"
STEP: Final = "step"
AGAIN: Final = "again"
AWAY_RETRY_MS: Final = 5000
_FORM_BYTES: Final = 1024


class Rooms(Protocol):
    """
    Know the rooms: their settings, and what is public of them.
    """

    def policy(self, room: str) -> Policy:
        """
        Return the settings of *room*, or raise `RoomUnknownError`.
        """

    def public_state(self, room: str) -> dict[str, Any]:
        """
        Return what anybody may know of *room*.
        """


class Visit(Protocol):
    """
    Tell what came of a request, and the complete ``Set-Cookie`` values that go with it.
    """

    @property
    def new_visitor(self) -> bool:
        """
        Tell whether the request bore no visitor cookie.
        """

    @property
    def outcome(self) -> Outcome:
        """
        Return where the visitor stands.
        """

    @property
    def set_cookies(self) -> tuple[str, ...]:
        """
        Return the complete values of ``Set-Cookie``.
        """


class Visits(Protocol):
    """
    Turn a request's cookies into a visit.
    """

    def meet(self, request: web.Request, room: str, /) -> Visit:
        """
        Tell where the visitor stands, and give a name to who has none; counts as a check-in.
        """

    async def join(self, request: web.Request, room: str, /, *, invited: bool = True) -> Visit:
        """
        Give the visitor a place; where not *invited*, without the invitation that the request may bear.
        """

    def carry(self, request: web.Request, room: str, text: str, /) -> str:
        """
        Return the cookie that carries an invitation to the join.
        """

    async def claim(self, request: web.Request, room: str, /) -> Visit:
        """
        Turn a called ticket into a pass.
        """

    async def leave(self, request: web.Request, room: str, /) -> Visit:
        """
        Give the place back.
        """


@dataclass(frozen=True, slots=True)
class Seen:
    """
    Hold what came of a visit: the outcome, the cookies to set, and whether the visitor was not known before.
    """

    outcome: Outcome
    cookies: tuple[str, ...] = ()
    new_visitor: bool = False


class WaitingPage:
    """
    Answer ``{prefix}/{room}``.

    *now_s* is the clock for what is shown, in seconds since the epoch; nothing is decided by it.
    """

    def __init__(
        self, visits: Visits, rooms: Rooms, prefix: str = wire.PREFIX, now_s: Callable[[], float] = time.time
    ) -> None:
        self._visits = visits
        self._rooms = rooms
        self._prefix = prefix
        self._now_s = now_s

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """
        Return the page, or the way on: 303 to the shop with the pass, when it is this visitor's turn.

        Any method is answered: a proxy may show the page in place of a form that was sent to the shop, and nothing
        of that form is read or echoed.
        """
        room = request.match_info["room"]
        policy = self._rooms.policy(room)
        if wire.INVITATION_FIELD in request.query:
            return self._take_invitation(request, room)
        target = choose(request.query.get("target"), policy.target, policy.allowed_hosts)
        if await _asks_to_leave(request):
            return await self._leave(request, room)
        seen = await self._visit(request, room)
        if isinstance(seen.outcome, Admitted) and request.method != hdrs.METH_HEAD:
            response = web.Response(status=303, headers={hdrs.LOCATION: target.url, **wire.UNCACHED})
            response.set_cookie(journey.cookie(room), "", max_age=0, path=self._prefix, samesite="Lax")
        else:
            response = self._page(request, room, seen, target)
        for cookie in seen.cookies:
            response.headers.add(hdrs.SET_COOKIE, cookie)
        return response

    def _take_invitation(self, request: web.Request, room: str) -> web.Response:
        """
        Take the invitation out of the address, before anything of the page can tell the address on.
        """
        headers = {
            hdrs.LOCATION: self._address(request, room),
            **wire.UNCACHED,
            hdrs.SET_COOKIE: self._visits.carry(request, room, request.query[wire.INVITATION_FIELD]),
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(status=303, headers=headers)

    async def _leave(self, request: web.Request, room: str) -> web.Response:
        visit = await self._visits.leave(request, room)
        address = self._address(request, room, left="1")
        response = web.Response(status=303, headers={hdrs.LOCATION: address, **wire.UNCACHED})
        response.set_cookie(journey.cookie(room), "", max_age=0, path=self._prefix, samesite="Lax")
        for cookie in visit.set_cookies:
            response.headers.add(hdrs.SET_COOKIE, cookie)
        return response

    async def _visit(self, request: web.Request, room: str) -> Seen:
        """
        Return where this visitor stands, after joining and claiming where that is the next step.
        """
        try:
            visit = self._visits.meet(request, room)
            if visit.new_visitor or request.method == hdrs.METH_HEAD:
                return Seen(visit.outcome, visit.set_cookies, visit.new_visitor)
            anew = AGAIN in request.query
            if _may_join(visit.outcome, request) or (not anew and _is_invited_on(visit.outcome, request, room)):
                visit = await self._visits.join(request, room, invited=not anew)
            elif isinstance(visit.outcome, Called):
                visit = await self._visits.claim(request, room)
            return Seen(visit.outcome, visit.set_cookies)
        except StoreEmptyError:
            return Seen(Refused(Reason.RECOVERING, AWAY_RETRY_MS))
        except StoreError:
            return Seen(Refused(Reason.STORE_AWAY, AWAY_RETRY_MS))

    def _page(self, request: web.Request, room: str, seen: Seen, target: Target) -> web.Response:
        language = language_of(request)
        view = self._view(request, room, seen, language)
        frame = self._frame(request, room, view, target, language)
        response = render(view, frame, language, gzip=takes_gzip(request))
        entering = view.mood is Mood.ENTERING
        if (entering or frame.refreshes) and SCRIPT_COOKIE not in request.cookies:
            # Who has chosen to join anew, and is asked to come again for it, has still chosen it then.
            marker = {STEP: "2"} if entering else {AGAIN: "1"} if _joins_anew(view, request) else {}
            response.headers["Refresh"] = f"{view.refresh_s}; url={self._address(request, room, **marker)}"
        if request.query.get("lang", "") in NAMES:
            remember_language(response, language)
        if request.query.get("refresh") in {"on", "off"}:
            response.set_cookie(REFRESH_COOKIE, request.query["refresh"], path=self._prefix, samesite="Lax")
        if view.place:
            name, value = journey.cookie(room), view.place.journey.encode()
            response.set_cookie(name, value, max_age=86_400, path=self._prefix, samesite="Lax")
        return response

    def _view(self, request: web.Request, room: str, seen: Seen, language: Language) -> View:
        if seen.new_visitor:
            return views.cookies_missing(language) if STEP in request.query else views.entering(language)
        if "left" in request.query and seen.outcome == Refused(Reason.NO_TICKET):
            return views.left(language)
        number = getattr(seen.outcome, "number", 0)
        before = journey.read(request.cookies.get(journey.cookie(room)), number)
        view = views.of_outcome(seen.outcome, before, self._now_s(), language)
        # Where nobody may join without an invitation, there is nothing to offer in its place.
        invite_only = view.joins and self._rooms.policy(room).invite_only
        return replace(view, joins=False) if invite_only and _tells_of_invitation(seen.outcome) else view

    def _frame(self, request: web.Request, room: str, view: View, target: Target, language: Language) -> Frame:
        state = self._rooms.public_state(room)
        now_s = self._now_s()
        now = datetime.fromtimestamp(now_s, UTC).astimezone()
        refreshes = request.query.get("refresh", request.cookies.get(REFRESH_COOKIE)) != "off"
        rate = int(state.get("rate_per_minute") or 0)
        opening = None if view.opens_in_s is None else now + timedelta(seconds=view.opens_in_s)
        promise = (state.get("draws") or [{}])[-1]
        others = [
            (code, NAMES[code], self._address(request, room, lang=code)) for code in NAMES if code != language.code
        ]
        return Frame(
            here=self._address(request, room),
            others=tuple(others),
            again=self._address(request, room, **{AGAIN: "1"}),
            toggle=self._address(request, room, refresh="off" if refreshes else "on"),
            home=self._rooms.policy(room).target or "/",
            target=target.url,
            target_refused=target.refused and view.verb != "",
            shop=urlsplit(target.url).hostname or request.host,
            message=str(state.get("message") or ""),
            speed=speed_words(rate, language) if rate and view.mood is Mood.WAITING else "",
            refreshes=refreshes if view.refresh_s and view.mood is not Mood.ENTERING else None,
            base=self._prefix,
            room=room,
            now_s=now_s,
            iso_time=now.isoformat(timespec="seconds"),
            clock_time=f"{now:%H:%M:%S %Z}",
            opening_iso=opening.isoformat(timespec="seconds") if opening else "",
            opening_time=_clock(opening, now) if opening else "",
            drawn=bool(promise),
            commitment=str(promise.get("commitment", "")),
            state=f"{self._prefix}/{quote(room)}/state.json",
        )

    def _address(self, request: web.Request, room: str, **more: str) -> str:
        kept = {name: request.query[name] for name in ("target", "lang") if request.query.get(name)}
        query = urlencode(kept | more)
        path = f"{self._prefix}/{quote(room)}"
        return f"{path}?{query}" if query else path


def routes(
    visits: Visits, rooms: Rooms, prefix: str = wire.PREFIX, now_s: Callable[[], float] = time.time
) -> list[web.RouteDef]:
    """
    Return the route of the waiting page; its problems go to `waiting_room.web.problems.middleware`.
    """
    prepare()
    # No room's name has a dot: what has one, such as the OpenAPI document, is no page in any method.
    return [web.route("*", prefix + "/{room:[^/.]+}", WaitingPage(visits, rooms, prefix, now_s).answer)]


def _clock(then: datetime, now: datetime) -> str:
    """
    Return *then* to the minute, with its day where it is not today.
    """
    return f"{then:%H:%M %Z}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M %Z}"


def _may_join(outcome: Outcome, request: web.Request) -> bool:
    if not isinstance(outcome, Refused) or outcome.reason not in views.JOIN_HELPS:
        return False
    return AGAIN in request.query or (outcome.reason is Reason.NO_TICKET and "left" not in request.query)


def _joins_anew(view: View, request: web.Request) -> bool:
    return view.verb == "join" and AGAIN in request.query


def _is_invited_on(outcome: Outcome, request: web.Request, room: str) -> bool:
    """
    Tell whether somebody who waits has come with an invitation, perhaps to a lane that is not theirs.
    """
    return isinstance(outcome, Waiting | Paused | Early) and wire.invitation_cookie(room) in request.cookies


def _tells_of_invitation(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.reason in INVITATION_REASONS


async def _asks_to_leave(request: web.Request) -> bool:
    short = request.content_length is not None and request.content_length <= _FORM_BYTES
    if request.method != hdrs.METH_POST or not short or request.content_type != "application/x-www-form-urlencoded":
        return False
    # Not by aiohttp's own reading of forms, which breaks on a body that is not in the character set it claims to be.
    return parse_qs((await request.read()).decode("latin-1")).get(ACTION) == ["leave"]
