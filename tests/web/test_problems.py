"""
From exceptions to HTTP: a status, a problem document, a friendly page, and never a stack trace.
"""

import json
import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from waiting_room.core.reasons import Reason
from waiting_room.errors import (
    Fault,
    PolicyError,
    RoomUnknownError,
    StoreEmptyError,
    StoreUnavailableError,
    TokenError,
)
from waiting_room.web import problems
from waiting_room.web.faces import problem_page
from waiting_room.web.problems import of_error, of_reason

SECRET = "redis://:hunter2@10.0.0.7"

FORESEEN = [
    (RoomUnknownError("sale"), 404, "room_unknown"),
    (TokenError(Reason.TICKET_INVALID, SECRET), 403, "ticket_invalid"),
    (StoreUnavailableError("timeout", SECRET), 503, "store_away"),
    (StoreEmptyError("sale"), 503, "recovering"),
    (PolicyError((Fault("room.capacity", "too big", "lower it"),)), 422, "settings_invalid"),
    (web.HTTPNotFound(text=SECRET), 404, "not_found"),
    (web.HTTPMethodNotAllowed("PUT", ["GET"]), 405, "method_not_allowed"),
    (web.HTTPRequestEntityTooLarge(1, 2), 413, "request_entity_too_large"),
]


def app_that_raises(error: Exception) -> web.Application:
    """
    Return an application whose only room fails.
    """

    async def fail(request: web.Request) -> web.Response:
        raise error

    app = web.Application(middlewares=[problems.middleware(problem_page)])
    app.router.add_get("/waiting-room/{room}", fail)
    return app


@pytest.mark.parametrize(("error", "status", "reason"), FORESEEN)
async def test_each_error_has_its_status_and_reason(error: Exception, status: int, reason: str) -> None:
    """
    Programs get an RFC 9457 document that names the reason and the room, and nothing of the error's detail.
    """
    async with TestClient(TestServer(app_that_raises(error))) as client:
        answer = await client.get("/waiting-room/sale", headers={"Accept": "application/json"})
        body = await answer.text()

    document = json.loads(body)
    assert answer.status == document["status"] == status
    assert answer.content_type == "application/problem+json"
    assert document["reason"] == reason
    assert document["type"] == f"urn:waiting-room:problem:{reason}"
    assert document["room"] == "sale"
    assert set(document) >= {"title", "detail"}
    assert SECRET not in body


async def test_all_faults_are_listed() -> None:
    """
    Settings are refused with every fault at once, in a form that a program can show.
    """
    faults = (Fault("room.a", "is wrong", "right it"), Fault("room.b", "is worse"))

    assert of_error(PolicyError(faults)).extra["faults"] == [
        {"where": "room.a", "what": "is wrong", "remedy": "right it"},
        {"where": "room.b", "what": "is worse", "remedy": ""},
    ]


async def test_an_unforeseen_error_is_logged_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """
    The answer bears a number, and the log the trace under that number.
    """
    async with TestClient(TestServer(app_that_raises(ZeroDivisionError(SECRET)))) as client:
        answer = await client.get("/waiting-room/sale")
        document = await answer.json(content_type=None)

    assert answer.status == 500
    assert answer.headers["Retry-After"] == "5"
    assert SECRET not in json.dumps(document)
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert document["incident"] in record.getMessage()
    assert record.exc_info


@pytest.mark.parametrize(("code", "said"), [("en", "There is no such queue here"), ("pl", "Nie ma tu takiej kolejki")])
async def test_a_person_gets_a_page_in_their_language(code: str, said: str) -> None:
    """
    A browser is shown the friendly page with the same status.
    """
    async with TestClient(TestServer(app_that_raises(RoomUnknownError("sale")))) as client:
        headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": code}
        answer = await client.get("/waiting-room/sale", headers=headers)
        body = await answer.text()

    assert answer.status == 404
    assert answer.content_type == "text/html"
    assert f'<html lang="{code}"' in body
    assert said in body
    assert "<script" not in body
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_document_is_in_the_callers_language() -> None:
    """
    Title and detail follow Accept-Language; codes do not.
    """
    async with TestClient(TestServer(app_that_raises(RoomUnknownError("sale")))) as client:
        answer = await client.get("/waiting-room/sale", headers={"Accept-Language": "pl"})
        document = await answer.json(content_type=None)

    assert document["title"] == "Nie ma tu takiej kolejki"
    assert answer.headers["Content-Language"] == "pl"


async def test_a_raised_redirect_goes_through() -> None:
    """
    What is no error is left alone.
    """
    async with TestClient(TestServer(app_that_raises(web.HTTPSeeOther("/x")))) as client:
        answer = await client.get("/waiting-room/sale", allow_redirects=False)

    assert answer.status == 303


async def test_the_headers_that_explain_a_refusal_stay() -> None:
    """
    A 405 keeps its Allow, a 401 its WWW-Authenticate.
    """
    asked = web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})

    assert of_error(web.HTTPMethodNotAllowed("PUT", ["GET"])).headers == {"Allow": "GET"}
    assert of_error(asked).headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_problem_with_a_status(reason: Reason) -> None:
    """
    No reason is answered as a success, and what passes says when to try again.
    """
    problem = of_reason(reason, "sale")

    assert problem.status >= 400
    assert (problem.retry_after_s is not None) == (problem.status == 503 or reason is Reason.NETWORK_BUSY)
