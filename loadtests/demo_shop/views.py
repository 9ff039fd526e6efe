"""
What every page of the shop shares: who asks and in which language, the turn at the pool, and the branded refusals.
"""

import logging
import re
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from loadtests.demo_shop.catalogue import Language
from loadtests.demo_shop.model import ShopModel
from loadtests.demo_shop.pages import Pages
from loadtests.demo_shop.pool import Closing, ConnectionPool, Done, TimedOut
from loadtests.demo_shop.texts import LANGUAGE_COOKIE, choose_language

log = logging.getLogger(__name__)
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SESSION_COOKIE = "shop_session"
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{22}")
YEAR_S = 365 * 24 * 3600

# The pictures and the style sheet are our own; no script runs at all.
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language, Cookie",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    Say who asks, by a random session id, and in which language.
    """

    session: str
    language: Language


VISITOR = web.RequestKey("visitor", Visitor)


class RefusedError(Exception):
    """
    Break off a page whose turn at the pool never came; `notice` names the page that is shown instead.
    """

    def __init__(self, status: HTTPStatus, notice: str) -> None:
        super().__init__(notice)
        self.status = status
        self.notice = notice


class Desk:
    """
    Serve a page's work: take its turn at the pool, render its template.
    """

    def __init__(self, model: ShopModel, pool: ConnectionPool, pages: Pages) -> None:
        self.model = model
        self.pool = pool
        self.pages = pages

    async def work(self, request: web.Request, cost_ms: int, job: Callable[[sqlite3.Connection, str], T]) -> T:
        """
        Run a page's SQL for the session of who asks, at the page's cost, or raise `RefusedError` when its turn never
        came.
        """
        session = request[VISITOR].session
        match await self.pool.run(cost_ms, lambda connection: job(connection, session)):
            case Done(value):
                return value
            case TimedOut():
                raise RefusedError(HTTPStatus.GATEWAY_TIMEOUT, "timeout")
            case Closing():
                raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "closing")

    def page(
        self, request: web.Request, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
    ) -> web.Response:
        """
        Answer with a rendered page in the visitor's language.
        """
        text = self.pages.render(template, request[VISITOR].language, **values)
        return web.Response(text=text, status=status, content_type="text/html", headers=PAGE_HEADERS)

    def notice(self, request: web.Request, name: str, status: HTTPStatus) -> web.Response:
        """
        Answer with one of the shop's own refusal pages.
        """
        text = self.pages.notice(name, request[VISITOR].language)
        return web.Response(text=text, status=status, content_type="text/html", headers=PAGE_HEADERS)


class Section:
    """
    Hold what the handlers of a part of the shop share: the desk, and what pages cost.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._costs = desk.model.costs


def see_other(location: str) -> web.Response:
    """
    Send the browser on with a GET, so that a reload of the next page repeats no form.
    """
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location, "Cache-Control": "no-store"})


def now_ms() -> int:
    """
    Tell the time of day in epoch milliseconds: what the ledger's orders bear.
    """
    return time.time_ns() // 1_000_000


def shop_front(desk: Desk) -> Any:
    """
    Make the middleware that knows the visitor, keeps the cookies, and turns every failure into a branded page.
    """

    @web.middleware
    async def front(request: web.Request, handler: Handler) -> web.StreamResponse:
        session = request.cookies.get(SESSION_COOKIE, "")
        known = bool(SESSION_ID.fullmatch(session))
        asked, kept = request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
        language = choose_language(asked, kept, request.headers.get("Accept-Language"))
        request[VISITOR] = Visitor(session if known else secrets.token_urlsafe(16), language)
        answer = await _guarded(desk, request, handler)
        if request.path.startswith("/assets/") or answer.prepared:
            return answer
        if not known:
            answer.set_cookie(SESSION_COOKIE, request[VISITOR].session, httponly=True, samesite="Lax")
        if asked == language != kept:
            answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, httponly=True, samesite="Lax")
        return answer

    return front


async def _guarded(desk: Desk, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refused:
        return desk.notice(request, refused.notice, refused.status)
    except web.HTTPNotFound:
        return desk.notice(request, "missing", HTTPStatus.NOT_FOUND)
    except web.HTTPMethodNotAllowed as refused:
        answer = desk.notice(request, "missing", HTTPStatus.METHOD_NOT_ALLOWED)
        answer.headers["Allow"] = refused.headers["Allow"]
        return answer
    except web.HTTPException as refused:
        return desk.notice(request, "wrong", HTTPStatus(refused.status))
    except Exception:
        log.exception("The page %s failed", request.path)
        return desk.notice(request, "broken", HTTPStatus.INTERNAL_SERVER_ERROR)
