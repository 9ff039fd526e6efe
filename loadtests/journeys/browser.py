"""
What a shopper's journey needs of a browser: the port between the journey (pure) and the process that sends.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from loadtests.crowd.lines import Pace

ABANDONED = "abandoned"
"""The fault of an answer that the shopper did not wait for."""
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Strayed(Exception):  # noqa: N818 - a visit that ends is no error
    """
    End a visit that would go on to a host which must not be loaded: nothing has been sent there.

    Args:
        host: which.
    """

    def __init__(self, host: str) -> None:
        super().__init__(f"the shop leads to {host}, which no --allow-host names")


class Request(NamedTuple):
    """
    Ask for one page.

    Args:
        name: what the request is called in statistics; from a small closed set.
        method: GET or POST.
        url: the absolute address.
        patience_s: after so many seconds without the whole answer it is abandoned and the connection closed.
        form: what a POST sends.
        headers: what is sent beside the usual headers, and instead of those of the same name: with `Cookie` here, none
            of the browser's own cookies is sent.
        pace: over what line it goes; None for one that is no hindrance.
        document: what a POST sends as JSON, instead of a form.
    """

    name: str
    method: str
    url: str
    patience_s: float
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = NO_HEADERS
    pace: Pace | None = None
    document: Mapping[str, Any] | None = None


class Answer(NamedTuple):
    """
    Say what came of a request.

    Args:
        status: the HTTP status; 0 when there was none.
        sent_s, ended_s: when it was sent, and when the last byte had come or it was given up (seconds from zero).
        body: the bytes received.
        location: where the answer leads to, "" if nowhere.
        fault: "" for an answer; ABANDONED, or what broke.
        sets_pass: whether the answer brought a pass as a cookie.
        retry_after_s: what the answer says about coming again.
    """

    status: int
    sent_s: float
    ended_s: float
    body: bytes = b""
    location: str = ""
    fault: str = ""
    sets_pass: bool = False
    retry_after_s: float | None = None

    @property
    def redirects(self) -> bool:
        """
        Tell whether the answer sends the browser elsewhere.
        """
        return self.status in (301, 302, 303, 307, 308) and bool(self.location)

    def text(self) -> str:
        """
        Return the body as text; what is no UTF-8 is replaced.
        """
        return self.body.decode("utf-8", "replace")

    def document(self) -> dict[str, Any] | None:
        """
        Return the body as a JSON object, or None if it is none.
        """
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


class Browser(Protocol):
    """
    Send requests as one person with cookies of their own, and let time pass.
    """

    def now_s(self) -> float:
        """
        Return the seconds since the run's zero.
        """
        ...

    def rest_until(self, at_s: float) -> None:
        """
        Return when *at_s* has come, never before.
        """
        ...

    def ask(self, request: Request) -> Answer:
        """
        Send *request*, follow no redirect, and return what came of it; whatever breaks it is an answer, too.

        Raises:
            Strayed: its host must not be loaded.
        """
        ...

    def cookie(self, prefix: str) -> str | None:
        """
        Return the value of the first cookie whose name begins with *prefix*.
        """
        ...

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep *cookie*, written as in a Set-Cookie header, as if a script of the page at *url* had set it.
        """
        ...

    def forget(self, prefix: str) -> None:
        """
        Drop the cookies whose names begin with *prefix*.
        """
        ...


class Line(Protocol):
    """
    Be a bare connection to a server, on which anything can be sent, or nothing.
    """

    def send(self, piece: bytes) -> bool:
        """
        Send *piece*, and return whether the server still listens: it has neither answered nor hung up.
        """
        ...

    def close(self) -> None:
        """
        Hang up.
        """
        ...
