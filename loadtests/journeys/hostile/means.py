"""
What all share who mean no good: they ask like browsers, know when they are behind the gate, and keep account.

They hold no key and know no secret: everything that they send was given to them by shop and room, or is made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

from loadtests.journeys.browser import ABANDONED, Answer, Browser, Request
from loadtests.journeys.cast import Cast
from loadtests.journeys.stay import ANSWER_WITHIN_S, Stay, Way, entry_of
from loadtests.journeys.toys import kind_of
from loadtests.measuring.cells import Result
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome
from waiting_room import wire

HEARS_S: Final = 2.5
"""
When every gate has heard of what ended: they report once a second (`report_interval_s`), and one report may be lost.
"""

_ASKED: Final = ("status", "state.json")
"""The calls of the room that are made by GET."""
_DEALT_WITH: Final = (409, 410, 422)
"""The shop's own words on a form or a shelf: whoever reads them is inside."""


@dataclass(frozen=True, slots=True)
class Door:
    """
    Name a room by the page that a gate sends people to.

    Args:
        page: the address of the page, with the way back in its query.
        base: the same without the query: the calls of the room stand below it.
        room: the room's name.
    """

    page: str
    base: str
    room: str

    @classmethod
    def of(cls, entry: str) -> Self:
        """
        Return the door that an entry leads to.
        """
        parts = urlsplit(entry)
        base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return cls(entry, base, base.rpartition("/")[2])

    def leading_to(self, target: str) -> str:
        """
        Return the page's address with another way back.
        """
        parts = urlsplit(self.page)
        query = {**{name: values[0] for name, values in parse_qs(parts.query).items()}, "target": target}
        return urlunsplit(parts._replace(query=urlencode(query)))


@dataclass(frozen=True, slots=True)
class Held:
    """
    Hold what a visitor was given, as text; empty where nothing was.
    """

    visitor: str
    ticket: str
    admission: str

    @classmethod
    def by(cls, browser: Browser) -> Self:
        """
        Return what a browser's cookies say.
        """
        return cls(
            browser.cookie(wire.VISITOR_COOKIE) or "",
            browser.cookie("wr_ticket_") or "",
            browser.cookie("wr_pass_") or "",
        )


def told_cookies(room: str, *, visitor: str = "", ticket: str = "", admission: str = "") -> dict[str, str]:
    """
    Return the header by which just these tokens are sent as cookies, and none of the browser's own.
    """
    pairs = (
        (wire.VISITOR_COOKIE, visitor),
        (wire.ticket_cookie(room), ticket),
        (wire.pass_cookie(room), admission),
    )
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs if value)}


def told_headers(*, visitor: str = "", ticket: str = "", admission: str = "") -> dict[str, str]:
    """
    Return the headers by which clients without cookies send tokens.
    """
    pairs = ((wire.VISITOR_HEADER, visitor), (wire.TICKET_HEADER, ticket), (wire.PASS_HEADER, admission))
    return {name: value for name, value in pairs if value}


class Means:
    """
    Ask shop and room as one who means no good, and take down what is tried and gained.

    Args:
        cast: what the visit was given.
    """

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.browser = cast.browser
        self.shop_url = cast.shop_url.rstrip("/")
        self.checkout = f"{self.shop_url}/checkout"
        self._link = cast.invitation

    @property
    def invitation(self) -> str:
        """
        Return the invitation that the person holds; empty for none.
        """
        return parse_qs(urlsplit(self.cast.invitation).query).get(wire.INVITATION_FIELD, [""])[0]

    @property
    def until_s(self) -> float:
        """
        Return when this person's patience with the room ends.
        """
        return self.cast.visit.started_s + self.cast.shopper.room_patience_s

    def now_s(self) -> float:
        """
        Return the seconds since the run's zero.
        """
        return self.browser.now_s()

    def rest(self, for_s: float) -> None:
        """
        Let time pass.
        """
        self.browser.rest_until(self.now_s() + for_s)

    def tried(self) -> None:
        """
        Count an attempt.
        """
        self.cast.recorder.tried(self.cast.visit)

    def gained(self, what: Gain) -> None:
        """
        Count what was got.
        """
        self.cast.recorder.gained(self.cast.visit, what.value)

    def note(self, text: str) -> None:
        """
        Put something into the report that is neither a gain nor nothing.
        """
        self.cast.recorder.problem(text)

    def end(self) -> Outcome:
        """
        Return how the visit ended: by whether anything was gained.
        """
        return Outcome.SLIPPED_BY if self.cast.visit.gained else Outcome.TURNED_AWAY

    def shop(
        self,
        url: str,
        *,
        browser: Browser | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Return what the shop answers; with a form it is posted.
        """
        method = "GET" if form is None else "POST"
        name = f"{method} {kind_of(url)}"
        patience_s = self.cast.shopper.page_patience_s
        answer = (browser or self.browser).ask(Request(name, method, url, patience_s, form, headers or {}))
        self.cast.recorder.shop_answered(name, _result(answer, url), answer.sent_s, answer)
        return answer

    def room(
        self, door: Door, verb: str, *, browser: Browser | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """
        Return what the room answers, with its `state`; empty where it answers nothing that can be read.
        """
        step = verb.partition("?")[0]
        method = "GET" if step in _ASKED else "POST"
        request = Request(f"room {step}", method, f"{door.base}/{verb}", ANSWER_WITHIN_S, None, headers or {})
        answer = (browser or self.browser).ask(request)
        told = answer.document() if answer.status else None
        fine = told is not None and (answer.status < 500 or "reason" in told)
        if told is not None and told.get("next_poll_s") is None:
            told["next_poll_s"] = answer.retry_after_s
        self.cast.recorder.room_answered(step, answer, fine=fine)
        return told if fine and told is not None else {}

    def page(self, address: str, *, browser: Browser | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """
        Return what the waiting page's address answers.
        """
        request = Request("room page", "GET", address, ANSWER_WITHIN_S, None, headers or {})
        answer = (browser or self.browser).ask(request)
        self.cast.recorder.room_answered("page", answer, fine=0 < answer.status < 500)
        return answer

    def knock(self, browser: Browser | None = None) -> Door | Held | None:
        """
        Go to the checkout, and return where the gate sends one without a pass, or what one got who went straight in.

        None stands for a checkout that cannot be reached, or that is served without a pass: the latter is a gain.
        """
        if browser is None and self._link:
            self.page(self._link)
            self._link = ""
        browser = browser or self.browser
        answer = self.shop(self.checkout, browser=browser)
        entry = entry_of(answer, self.checkout)
        if entry is not None:
            return Door.of(entry)
        if not answer.sets_pass:
            self.tried()
            self.judge(answer, self.checkout)
            return None
        held = Held.by(browser)
        self.cast.recorder.admitted(self.cast.visit, answer.ended_s, held.admission)
        return held

    def wait(self, door: Door) -> Held | None:
        """
        Wait as the page does until let in, and return what was given then, or None if the turn never came.
        """
        recorder, visit = self.cast.recorder, self.cast.visit
        stay = Stay(self.browser, recorder, visit, self.cast.shopper, door.page, self.until_s)
        recorder.entered_room(visit)
        way = stay.wait()
        recorder.left_room(visit)
        return Held.by(self.browser) if isinstance(way, Way) else None

    def enter(self) -> Held | None:
        """
        Return what an honest visitor has who goes to the checkout and waits for their turn, or None if it never came.
        """
        met = self.knock()
        return self.wait(met) if isinstance(met, Door) else met

    def judge(self, answer: Answer, url: str) -> bool:
        """
        Count an answer as gained, and say so, if it came from behind the gate to one without a pass of their own.
        """
        got = behind(answer, url) and not answer.sets_pass
        if got:
            self.gained(Gain.PAGE)
        return got


def behind(answer: Answer, url: str) -> bool:
    """
    Tell whether an answer comes from the shop's own page behind the gate, and not from the gate.
    """
    if entry_of(answer, url) is not None:
        return False
    if answer.redirects:
        return urlsplit(urljoin(url, answer.location)).netloc == urlsplit(url).netloc
    return 200 <= answer.status < 300 or answer.status in _DEALT_WITH


def _result(answer: Answer, url: str) -> Result:
    if entry_of(answer, url) is not None:
        return Result.TO_ROOM
    if answer.fault == ABANDONED:
        return Result.ABANDONED
    return Result.ERROR if answer.status == 0 or answer.status >= 500 else Result.FINE
