"""
The call of proxies: whether a request may pass.
"""

from http import HTTPStatus
from typing import Any, Final

from waiting_room import wire
from waiting_room.authorize.dialects import ADMITTED, BYPASS, DEGRADED, DIALECTS, FAILED, REFUSED, WAIT
from waiting_room.core.reasons import Reason
from waiting_room.web.openapi.parts import ANY, HTML, UNCACHED, Responses, header, parameter, problem, referred
from waiting_room.web.openapi.schemas import TEXT, ref
from waiting_room.web.problems import MEDIA_TYPE, of_status

TAG: Final = "proxies"
_ASKS: Final = {
    "X-Original-URL": "dialect `nginx`: the address that is asked about",
    "X-Original-Method": "dialect `nginx`: its method",
    "X-Forwarded-Proto": "all others: the scheme that the visitor used",
    "X-Forwarded-Host": "dialects `forward`: the host",
    "X-Forwarded-Uri": "dialects `forward`: path and query",
    "X-Forwarded-Method": "dialects `forward`: the method",
}
_WHY_THEY_WAIT: Final = (
    Reason.QUEUE_WAIT,
    Reason.PASS_INVALID,
    Reason.PASS_EXPIRED,
    Reason.PASS_ENDED,
    Reason.TICKET_OTHER_VISITOR,
)


def paths(prefix: str) -> dict[str, Any]:
    """
    Return the paths below *prefix*.
    """
    base = f"{prefix}/authorize/{{dialect}}/{{room}}"
    rest = {
        "name": "rest",
        "in": "path",
        "required": True,
        "schema": TEXT,
        "description": "dialects `envoy`: path and query that are asked about, slashes as they are",
    }
    return {
        base: {method: _authorize(f"authorize-{method}", []) for method in ANY},
        f"{base}/{{rest}}": {method: _authorize(f"authorize-rest-{method}", [rest]) for method in ANY},
    }


def parameters() -> dict[str, Any]:
    """
    Return what proxies say, by name.
    """
    asked = {name: {"name": name, "in": "header", "schema": TEXT, "description": text} for name, text in _ASKS.items()}
    dialect = {"name": "dialect", "in": "path", "required": True, "schema": {"enum": list(DIALECTS)}}
    return {**asked, "dialect": dialect}


def _authorize(name: str, rest: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": [TAG],
        "summary": "Ask whether a request may pass",
        "description": (
            "Any method is answered; only the dialects `envoy` take it for the visitor's. Cookies and headers of the "
            "visitor come along. 200 is yes, and all else is no; a failure is one of the statuses that let the proxy's "
            "own rule for an outage count."
        ),
        "parameters": [parameter("dialect"), parameter("room"), *rest, *map(parameter, _ASKS)],
        "security": [{}, {"passCookie": []}, {"pass": []}],
        "responses": referred("authorize", responses()),
    }


def responses() -> Responses:
    """
    Return how a proxy is answered.
    """
    location = {"Location": header("Location")}
    later = {"Retry-After": header("Retry-After")}
    reasons = [reason.value for reason in _WHY_THEY_WAIT]
    narrowed = {"type": "object", "properties": {"status": {"const": 429}, "reason": {"enum": reasons}}}
    sent = {"schema": {"allOf": [ref("SentToWait"), narrowed]}}
    either = {MEDIA_TYPE: {"schema": ref("Problem")}, HTML: {"schema": TEXT}}
    failed = _verdict("The service is at fault, or there is no such room.", (FAILED,), later)
    found = {
        HTTPStatus.OK: _verdict("The request may pass.", (ADMITTED, BYPASS, DEGRADED)),
        HTTPStatus.FOUND: _verdict("Who asked waits: dialects `forward` and `envoy`.", (WAIT,), location),
        HTTPStatus.SEE_OTHER: _verdict("Likewise, of a form.", (WAIT,), location),
        HTTPStatus.UNAUTHORIZED: _verdict("Who asked waits: dialect `nginx`.", (WAIT,), location),
        HTTPStatus.FORBIDDEN: _verdict("The operator has turned them away.", (REFUSED,), later, either),
        HTTPStatus.NOT_FOUND: problem(of_status(HTTPStatus.NOT_FOUND)),
        HTTPStatus.TOO_MANY_REQUESTS: _verdict(
            "Who asked waits: a program gets a problem document, and of the inline dialects a person the waiting page.",
            (WAIT,), later, {MEDIA_TYPE: sent, HTML: {"schema": TEXT}},
        ),
        HTTPStatus.INTERNAL_SERVER_ERROR: {**failed, "description": f"{failed['description']} Dialect `nginx`."},
        HTTPStatus.SERVICE_UNAVAILABLE: {**failed, "description": f"{failed['description']} All other dialects."},
    }  # fmt: skip
    return {str(int(status)): response for status, response in found.items()}


def _verdict(
    description: str,
    statuses: tuple[str, ...],
    headers: dict[str, Any] | None = None,
    content: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """
    Return a response that bears all headers of a verdict.
    """
    bears: dict[str, Any] = {name: header(name) for name in wire.VERDICT_HEADERS}
    bears[wire.STATUS_HEADER] = {"required": True, "schema": {"enum": list(statuses)}}
    found = {"description": description, "headers": {**bears, **UNCACHED, **(headers or {})}}
    return found if content is None else {**found, "content": content}
