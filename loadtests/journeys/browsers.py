"""
Browsers of another make: an app without the room's cookies, and a phone on a slow line.

Each is a `Browser` around the plain one, so that a journey need not know what it walks with.
"""

from collections.abc import Callable
from typing import Final

from loadtests.crowd.lines import Pace, slow_line
from loadtests.crowd.shoppers import Behaviour
from loadtests.journeys.browser import Answer, Browser, Request
from waiting_room import wire

Equip = Callable[[Browser, Behaviour], Browser]
"""Makes the browser of a kind out of a plain one."""

_ROOM: Final = "wr_"
_INVITATION: Final = "wr_invite_"
_HEADERS: Final = {
    "wr_visitor": wire.VISITOR_HEADER,
    "wr_ticket_": wire.TICKET_HEADER,
    "wr_pass_": wire.PASS_HEADER,
    _INVITATION: wire.INVITATION_HEADER,
}
_KEYS: Final = {"visitor": "wr_visitor", "ticket": "wr_ticket_", "pass": "wr_pass_"}


class Around:
    """
    Be a browser that hands everything on to another one.

    Args:
        inner: the other one.
    """

    def __init__(self, inner: Browser) -> None:
        self.inner = inner

    def now_s(self) -> float:
        """
        Return the seconds since the run's zero.
        """
        return self.inner.now_s()

    def rest_until(self, at_s: float) -> None:
        """
        Return when *at_s* has come, never before.
        """
        self.inner.rest_until(at_s)

    def ask(self, request: Request) -> Answer:
        """
        Send *request*, follow no redirect, and return what came of it; see `Browser.ask`.
        """
        return self.inner.ask(request)

    def cookie(self, prefix: str) -> str | None:
        """
        Return the value of the first cookie whose name begins with *prefix*.
        """
        return self.inner.cookie(prefix)

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep *cookie* as if a script of the page at *url* had set it.
        """
        self.inner.keep(url, cookie)

    def forget(self, prefix: str) -> None:
        """
        Drop the cookies whose names begin with *prefix*.
        """
        self.inner.forget(prefix)


class App(Around):
    """
    Keep the room's tokens as an app does: read from its answers, sent back as headers, never as cookies.

    What the shop itself sets it keeps, as an app keeps a session. A pass that a gate sends along with a page is read
    off the answer's cookie, which is the only place where it stands.
    """

    def __init__(self, inner: Browser) -> None:
        super().__init__(inner)
        self._tokens: dict[str, str] = {}

    def ask(self, request: Request) -> Answer:
        """
        Send *request* with the tokens, and keep those that the answer brings.
        """
        headers = {_HEADERS[name]: token for name, token in self._tokens.items()}
        answer = self.inner.ask(request._replace(headers={"Accept": "application/json", **headers, **request.headers}))
        told = answer.document() or {}
        for key, name in _KEYS.items():
            token = told.get(key)
            if isinstance(token, str) and token:
                self._tokens[name] = token
        if told.get("ticket"):
            self._tokens.pop(_INVITATION, None)
        if answer.sets_pass and "pass" not in told and (token := self.inner.cookie("wr_pass_")):
            self._tokens["wr_pass_"] = token
        self.inner.forget(_ROOM)
        return answer

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep an invitation to be sent as a header, and any other *cookie* as a browser does.
        """
        name, _, value = cookie.partition(";")[0].partition("=")
        if name.startswith(_INVITATION):
            self._tokens[_INVITATION] = value
        else:
            self.inner.keep(url, cookie)

    def cookie(self, prefix: str) -> str | None:
        """
        Return the token that a browser would have as a cookie, or a cookie of the shop's.
        """
        found = (token for name, token in self._tokens.items() if prefix.startswith(name))
        return next(found, None) or self.inner.cookie(prefix)


class SlowLine(Around):
    """
    Send and receive over a slow line, nothing compressed: bytes come at its pace, and the server has to hold them.

    Args:
        inner: the plain browser.
        pace: the line.
    """

    def __init__(self, inner: Browser, pace: Pace) -> None:
        super().__init__(inner)
        self._pace = pace

    def ask(self, request: Request) -> Answer:
        """
        Send *request* over the line.
        """
        return self.inner.ask(
            request._replace(pace=self._pace, headers={"Accept-Encoding": "identity", **request.headers})
        )


def slow_phone(browser: Browser, behaviour: Behaviour) -> Browser:
    """
    Return a phone on the behaviour's slow line.
    """
    return SlowLine(browser, slow_line(behaviour))


def app(browser: Browser, behaviour: Behaviour) -> Browser:
    """
    Return an app.
    """
    del behaviour
    return App(browser)
