"""
From an outcome to what the page shows: which mood, which words, which numbers, and when to look again.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Final

from waiting_room.core.outcomes import Admitted, Called, Closed, Early, Outcome, Paused, Refused, Waiting
from waiting_room.core.reasons import Longer, Reason
from waiting_room.web.journey import Journey, go_on, shown_wait
from waiting_room.web.languages import Language
from waiting_room.web.problems import Problem
from waiting_room.web.texts import ADMITTED, ENTERING, LEFT, Saying, ahead_words, opening_words, say

LONGEST_REFRESH_S: Final = 300
"""A page that is closed until an opening looks again by then: its time may be changed."""
REFRESH_MIN_S: Final = 5
"""Without a script the whole page comes anew, so never more often than this; a place is safe for 15 s of silence."""
AWAY: Final = frozenset({Reason.RECOVERING, Reason.STORE_AWAY})
JOIN_HELPS: Final = frozenset({
    Reason.NO_TICKET,
    Reason.TICKET_INVALID,
    Reason.TICKET_FOREIGN,
    Reason.TICKET_EXPIRED,
    Reason.TICKET_USED,
    Reason.TICKET_OTHER_VISITOR,
    Reason.PASS_INVALID,
    Reason.PASS_EXPIRED,
    Reason.PASS_ENDED,
    Reason.INVITATION_USED,
    Reason.INVITATION_EXPIRED,
    Reason.INVITATION_INVALID,
})  # fmt: skip
"""Refusals after which the visitor may take a new place."""


class Mood(StrEnum):
    """
    Name what the page is about; the drawing and the script follow it.
    """

    ENTERING = "entering"
    EARLY = "early"
    WAITING = "waiting"
    CALLED = "called"
    PAUSED = "paused"
    AWAY = "away"
    CLOSED = "closed"
    REFUSED = "refused"
    COOKIES = "cookies"
    LEFT = "left"
    ADMITTED = "admitted"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Hold the numbers of somebody who has a place; *wait_s* is None while the wait is unknown. *grew*: the wait has
    become longer than was told, *longer* says why, where that is known.
    """

    journey: Journey
    wait_s: tuple[float, float] | None
    grew: bool
    longer: Longer | None = None

    @property
    def ahead(self) -> int:
        """
        Return how many people go in before this visitor.
        """
        return self.journey.last - 1


@dataclass(frozen=True, slots=True)
class View:
    """
    Say what to show.

    *verb* is what the page's script does first (``join``, ``status``, ``claim`` or nothing), after *poll_s* seconds;
    *refresh_s* is when a page without a script comes anew (None: not by itself). *joins* offers a new place.
    *resumes_s*: in how many seconds a break is over (None: there is none, or nobody knows).
    *early* is the number of one who waits for the opening (else 0), and *opens_in_s* how long that is, where known.
    """

    mood: Mood
    saying: Saying
    title: str
    place: Place | None = None
    verb: str = ""
    poll_s: float = 0.0
    refresh_s: int | None = None
    joins: bool = False
    resumes_s: float | None = None
    early: int = 0
    opens_in_s: float | None = None


def entering(language: Language) -> View:
    """
    Show a first visit: the cookie is on its way, and the next request will join.
    """
    said = ENTERING.into(language)
    return View(Mood.ENTERING, said, said.heading, verb="join", refresh_s=1)


def cookies_missing(language: Language) -> View:
    """
    Explain what the cookie is for to a browser that does not send it back.
    """
    said = say(Reason.NO_VISITOR, language)
    return View(Mood.COOKIES, said, said.heading, joins=True)


def left(language: Language) -> View:
    """
    Confirm that the place was given back.
    """
    said = LEFT.into(language)
    return View(Mood.LEFT, said, said.heading, joins=True)


def of_problem(problem: Problem, language: Language) -> View:
    """
    Show a person what went wrong.
    """
    said = problem.saying.into(language)
    return View(Mood.PROBLEM, said, said.heading)


def of_outcome(outcome: Outcome, before: Journey | None, now_s: float, language: Language) -> View:
    """
    Show *outcome* to somebody who was told *before*.
    """
    match outcome:
        case Waiting(number, position, eta, next_poll_ms, reason, longer):
            journey = go_on(before, number, position, eta.high_s if eta else None, now_s)
            wait = shown_wait(journey, eta.low_s, eta.high_s, now_s) if eta else None
            place = Place(journey, wait, journey.tells_growth(now_s), longer)
            said = say(reason, language)
            mood = Mood.AWAY if reason in AWAY else Mood.WAITING
            title = f"{ahead_words(place.ahead, language)} · {said.heading}"
            return _polling(View(mood, said, title, place, "status"), next_poll_ms)
        case Early(number, opens_in_ms, next_poll_ms, reason):
            said = say(reason, language)
            mood = Mood.AWAY if reason in AWAY else Mood.PAUSED if reason is Reason.ROOM_PAUSED else Mood.EARLY
            opens_in_s = None if opens_in_ms is None else opens_in_ms / 1000
            title = f"{opening_words(opens_in_s, language)} · {said.heading}"
            view = View(mood, said, title, verb="status", early=number, opens_in_s=opens_in_s)
            return _polling(view, next_poll_ms)
        case Paused(number, position, next_poll_ms, reason, resumes_in_ms):
            said = say(reason, language)
            paused = Place(go_on(before, number, position, None, now_s), None, grew=False) if number else None
            mood = Mood.AWAY if reason in AWAY else Mood.PAUSED
            resumes_s = None if resumes_in_ms is None else resumes_in_ms / 1000
            verb = "status" if number else "join"
            return _polling(View(mood, said, said.heading, paused, verb, resumes_s=resumes_s), next_poll_ms)
        case Called(_, next_poll_ms, reason):
            said = say(reason, language)
            mood = Mood.AWAY if reason in AWAY else Mood.CALLED
            return _polling(View(mood, said, said.heading, None, "claim"), next_poll_ms)
        case Admitted():
            said = ADMITTED.into(language)
            return View(Mood.ADMITTED, said, said.heading)
        case Closed(reason, opens_in_ms):
            said = say(reason, language)
            if opens_in_ms is None:
                return View(Mood.CLOSED, said, said.heading)
            said = replace(said, next_step=f"{opening_words(opens_in_ms / 1000, language)}.")
            again_s = min(LONGEST_REFRESH_S, max(REFRESH_MIN_S, ceil(opens_in_ms / 1000)))
            return View(Mood.CLOSED, said, said.heading, refresh_s=again_s)
        case Refused(reason, retry_ms):
            return _refused(reason, retry_ms, language)


def _refused(reason: Reason, retry_ms: int | None, language: Language) -> View:
    said = say(reason, language)
    if retry_ms is not None:
        return _polling(View(Mood.AWAY, said, said.heading, verb="join"), retry_ms)
    mood = Mood.AWAY if reason in AWAY else Mood.REFUSED
    return View(mood, said, said.heading, joins=reason in JOIN_HELPS)


def _polling(view: View, next_poll_ms: int) -> View:
    poll_s = next_poll_ms / 1000
    return replace(view, poll_s=poll_s, refresh_s=max(REFRESH_MIN_S, ceil(poll_s)))
