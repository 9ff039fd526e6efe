"""
One shopper's stay in the waiting room: what the waiting page does, done by a program.

Open the page, join, ask for the status exactly when told, claim when called, go on to the target; or lose patience and
vanish, as people do, without a word.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from loadtests.crowd.shoppers import Behaviour, Shopper
from loadtests.journeys.browser import Answer, Browser, Request
from loadtests.journeys.visit import ON_TIME_S, Visit
from loadtests.measuring.measures import Outcome
from loadtests.measuring.recorder import Recorder
from waiting_room.core.reasons import Reason

ANSWER_WITHIN_S: Final = 15.0
"""How long an answer of the room is waited for; a claim alone may be held for about two seconds."""
TRY_AGAIN_S: Final = 2.0
"""When to ask again where no answer said when."""

_ENTRY: Final = re.compile(r"/waiting-room/([A-Za-z0-9][A-Za-z0-9_.-]*)/?$")
_AIM: Final = re.compile(rb'"target":\s*("(?:[^"\\]|\\.)*")')
"""Where the page says that it leads on to, in what it hands to its script."""
_LOST: Final = ("no_ticket", "no_visitor", "ticket_invalid", "ticket_foreign", "ticket_expired", "ticket_other_visitor")
_MUST_JOIN: Final = (*_LOST, "ticket_used")


def entry_of(answer: Answer, url: str) -> str | None:
    """
    Return the absolute address of the waiting room that an answer to *url* sends the shopper to, or None.
    """
    if not answer.location or not (answer.redirects or answer.status == 429):
        return None
    entry = urljoin(url, answer.location)
    return entry if _ENTRY.search(urlsplit(entry).path) else None


@dataclass(frozen=True, slots=True)
class Way:
    """
    Say where an admitted shopper goes on to.
    """

    url: str


@dataclass(slots=True)
class Stay:
    """
    Wait in the room until let in, sent away or out of patience.

    Args:
        browser: the shopper's browser.
        recorder, visit: where it is taken down.
        shopper: who waits.
        entry: the address of the waiting page, with the target in its query.
        until_s: when the shopper's patience ends.
        behaviour: what the stream has in common.
    """

    browser: Browser
    recorder: Recorder
    visit: Visit
    shopper: Shopper
    entry: str
    until_s: float
    behaviour: Behaviour = field(default_factory=Behaviour)
    number: int | None = None
    next_s: float = 0.0
    _base: str = ""
    _room: str = ""
    _verb: str = "join"
    _aim: str = ""
    _position: int | None = None
    _late: bool = False

    def wait(self) -> Way | Outcome:
        """
        Return where to go on to, or how the visit ended here.
        """
        end = self.open()
        while end is None:
            end = self.ask() or self.rest()
        return end

    def open(self) -> Way | Outcome | None:
        """
        Open the waiting page, and return where to go on to or how the visit ended, or None to join.
        """
        self._find()
        page = self._page()
        return None if isinstance(page, Answer) else page

    def ask(self) -> Way | Outcome | None:
        """
        Make the call that is due, and return where to go on to or how the visit ended, or None to go on waiting.
        """
        verb = self._verb
        answer = self._send(verb)
        told = self._understood(verb, answer)
        end = self._end(told, answer)
        if end is None:
            self._verb = self._next_verb(verb, told)
            self.next_s = self._due_s(answer, told, at_once=self._verb == "claim" and verb != "claim")
        return end

    def rest(self) -> Way | Outcome | None:
        """
        Wait until the next call is due; return how the visit ended where patience did before.
        """
        if self.next_s > self.until_s:
            self.browser.rest_until(self.until_s)
            return self._give_up()
        self.browser.rest_until(self.next_s)
        self._late = self.browser.now_s() - self.next_s > ON_TIME_S
        return None

    def _find(self) -> None:
        address = urlsplit(self.entry)
        self._base = f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}"
        self._room = self._base.rpartition("/")[2]

    def _due_s(self, answer: Answer, told: dict[str, Any], *, at_once: bool) -> float:
        pause_s = _seconds(told.get("next_poll_s")) or answer.retry_after_s or TRY_AGAIN_S
        return answer.ended_s + (0.0 if at_once else pause_s)

    def _page(self) -> Answer | Way | Outcome:
        # Until the page is there nobody can join: a failure is reloaded like any page, as long as patience lasts.
        while True:
            answer = self.browser.ask(Request("room page", "GET", self.entry, ANSWER_WITHIN_S))
            fine = 200 <= answer.status < 400
            self.recorder.room_answered("page", answer, fine=fine)
            if fine and answer.redirects:
                target = urljoin(self.entry, answer.location)
                if entry_of(answer, self.entry) is None:
                    self._admit(answer)
                    return Way(target)
                if target != self.entry:
                    self.entry = target  # an invitation's link leads to the page, and its cookie goes with it
                    continue
            if fine:
                self._aim = _aim_of(answer)
                return answer
            self._problem("page", answer)
            self.next_s = answer.ended_s + (answer.retry_after_s or TRY_AGAIN_S)
            if (end := Stay.rest(self)) is not None:
                return end

    def _send(self, verb: str) -> Answer:
        url = f"{self._base}/{verb}"
        if verb == "status":
            seen = f"?{urlencode({'seen': self._position})}" if self._position is not None else ""
            return self.browser.ask(Request("room status", "GET", url + seen, ANSWER_WITHIN_S))
        return self.browser.ask(Request(f"room {verb}", "POST", url, ANSWER_WITHIN_S))

    def _understood(self, verb: str, answer: Answer) -> dict[str, Any]:
        told = answer.document() if 0 < answer.status < 500 else None
        fine = told is not None and (answer.status < 400 or "reason" in told)
        self.recorder.room_answered(verb, answer, fine=fine)
        if not fine or told is None:
            self._problem(verb, answer)
            return {"state": None}
        told.setdefault("state", "refused" if answer.status >= 400 else None)
        if verb == "status":
            self.visit.polls += 1
        self._compare(verb, told)
        return told

    def _compare(self, verb: str, told: dict[str, Any]) -> None:
        # A place is lost if its number changes, or if the room does not know it any more, though its holder polled
        # as told. What our own lateness cost is not the room's fault.
        number, position = told.get("number"), told.get("position")
        if self.number is not None and not self._late:
            if isinstance(number, int) and number != self.number:
                self.visit.number_changed = True
            if told["state"] == "refused" and told.get("reason") in _LOST:
                self.visit.vanished = True
        if isinstance(number, int):
            self.number = number
        if isinstance(position, int):
            if verb == "status" and self._position is not None and position > self._position:
                self.visit.position_rises += 1
            self._position = position

    def _end(self, told: dict[str, Any], answer: Answer) -> Way | Outcome | None:
        match told["state"]:
            case "admitted":
                self._note_join(answer)
                self._admit(answer, told.get("pass"))
                return Way(self._target(told))
            case "called":
                self._note_join(answer)
                self.visit.called(answer.ended_s)
            case "waiting" | "paused":
                self._note_join(answer)
                low_s, high_s = _seconds(told.get("eta_low_s")), _seconds(told.get("eta_high_s"))
                self.visit.told(answer.ended_s, answer.sent_s, low_s, high_s)
            case "closed":
                return Outcome.REFUSED
            case "refused" if told.get("reason") == Reason.NETWORK_BUSY:
                self.visit.put_off(answer.ended_s)
            case "refused" if not (_come_again(told, answer) or told.get("reason") in _MUST_JOIN):
                self.recorder.problem(f"the room refused: {told.get('reason')}")
                return Outcome.REFUSED
        return None

    def _next_verb(self, verb: str, told: dict[str, Any]) -> str:
        match told["state"]:
            case "called":
                return "claim"
            case "waiting" | "paused":
                return "status" if self.number is not None else "join"
            case "refused" if told.get("reason") in _MUST_JOIN:
                self.number = self._position = None
                return "join"
        return verb

    def _note_join(self, answer: Answer) -> None:
        if self.visit.joined_s is None:
            ticket = self.browser.cookie(f"wr_ticket_{self._room}")
            self.visit.joined(answer.ended_s, self.number, ticket)

    def _admit(self, answer: Answer, token: Any = None) -> None:
        known = token if isinstance(token, str) else self.browser.cookie(f"wr_pass_{self._room}")
        if known is not None and self.visit.has(known):
            return
        self.recorder.admitted(self.visit, answer.ended_s, known)

    def _target(self, told: dict[str, Any]) -> str:
        # As the page does: on to where the shopper was going, which the room has looked at. The target in an answer is
        # the room's own, for who was going nowhere.
        asked = parse_qs(urlsplit(self.entry).query).get("target", [""])[0]
        target = self._aim or asked or told.get("target")
        return urljoin(self.entry, target) if target else ""

    def _give_up(self) -> Outcome:
        if self.shopper.says_goodbye and self.number is not None:
            answer = self._send("leave")
            self.recorder.room_answered("leave", answer, fine=200 <= answer.status < 400)
        return Outcome.GAVE_UP_WAITING

    def _problem(self, verb: str, answer: Answer) -> None:
        what = answer.fault or f"status {answer.status}"
        self.recorder.problem(f"room {verb}: {what}")


def _aim_of(page: Answer) -> str:
    found = _AIM.search(page.body)
    return str(json.loads(found[1])) if found else ""


def _come_again(told: dict[str, Any], answer: Answer) -> bool:
    return told.get("next_poll_s") is not None or answer.retry_after_s is not None


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
