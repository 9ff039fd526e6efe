"""
The bot: keeps no cookies, so that each join is a new visitor; polls some of its places, and shops with what it gets.

A room cannot tell it from so many people, unless it asks for invitations or bounds what one address is given. What must
hold is that no place of it is served before an older one of somebody else's, and that places which nobody polls get
nothing and cost nobody anything.
"""

from dataclasses import dataclass
from typing import Any, Final

from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.errand import Errand
from loadtests.journeys.hostile.means import Door, Means, told_cookies, told_headers
from loadtests.journeys.stay import TRY_AGAIN_S
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome
from waiting_room import wire
from waiting_room.core.reasons import Reason

PLACES: Final = 8
POLLED: Final = 3
"""Of those places, how many are asked about as a page would: the others show what a place is worth without."""
JOIN_PAUSE_S: Final = 0.5


@dataclass(slots=True)
class Place:
    """
    Hold one of the bot's places.

    Args:
        visitor, ticket: what it was given, to be sent back as headers.
        position: where it stood last.
        due_s: when to ask again; None where nobody asks.
        claims: whether it has been called.
        number, joined_s, waiting_s, called_s: what the order of the queue is judged by: its number, when it was given,
            when the last request was sent that was answered with `waiting`, and when it was first called.
    """

    visitor: str
    ticket: str
    number: int | None
    joined_s: float
    waiting_s: float | None = None
    called_s: float | None = None
    position: int | None = None
    due_s: float | None = None
    claims: bool = False


class Bot:
    """
    Walk one bot.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)
        self._places: list[Place] = []
        self._joins = 0
        self._seats = 0
        self._sent_s = 0.0
        self._join_s = 0.0
        self._invitation = self._means.invitation

    def walk(self) -> Outcome:
        """
        Return whether it got more than one seat.
        """
        means = self._means
        door = self._walk_in()
        if door is not None:
            self._hold(door)
            for place in self._places[POLLED:]:
                self._claim(door, place)
            for place in self._places[:1]:
                self._account_for(place)
            for place in self._places:
                means.room(door, "leave", headers=self._tokens(door, place))
        return means.end()

    def _walk_in(self) -> Door | None:
        """
        Go to the checkout as somebody new, again and again while it is open, and return where it sends one then.
        """
        means = self._means
        for _ in range(PLACES):
            browser = means.cast.new_browser()
            met = means.knock(browser)
            if met is None or isinstance(met, Door):
                return met
            self._joins += 1
            means.tried()
            self._seat()
            Errand(means, browser).bought()
        return None

    def _hold(self, door: Door) -> None:
        """
        Join until there are enough places, and ask about those that are polled, until each is in or patience ends.
        """
        means = self._means
        self._join_s = means.now_s()
        while means.now_s() < means.until_s:
            due = [place.due_s for place in self._places if place.due_s is not None]
            if self._joins < PLACES:
                due.append(self._join_s)
            if not due:
                return
            means.browser.rest_until(min(*due, means.until_s))
            if self._joins < PLACES and means.now_s() >= self._join_s:
                self._join(door)
            for place in self._places:
                if place.due_s is not None and place.due_s <= means.now_s():
                    self._ask(door, place)

    def _join(self, door: Door) -> None:
        means = self._means
        self._sent_s = means.now_s()
        means.tried()
        invited = {wire.INVITATION_HEADER: self._invitation} if self._invitation else {}
        told = means.room(door, "join", headers={**told_cookies(door.room), **invited})
        again_s = told.get("next_poll_s") if told.get("reason") == Reason.NETWORK_BUSY else None
        self._join_s = means.now_s() + (again_s or JOIN_PAUSE_S)
        if again_s is not None:
            return
        self._joins += 1
        self._invitation = ""
        number = told.get("number")
        place = Place(
            str(told.get("visitor") or ""),
            str(told.get("ticket") or ""),
            number if isinstance(number, int) else None,
            means.now_s(),
        )
        if not place.ticket:
            return
        if len(self._places) < POLLED:
            place.due_s = means.now_s()
        self._places.append(place)
        self._hear(place, told)

    def _ask(self, door: Door, place: Place) -> None:
        means = self._means
        seen = "" if place.position is None else f"?seen={place.position}"
        verb = ("claim" if place.claims else "status") + seen
        self._sent_s = means.now_s()
        self._hear(place, means.room(door, verb, headers=self._tokens(door, place)))

    def _claim(self, door: Door, place: Place) -> None:
        """
        Claim a place that nobody has asked about since the join.
        """
        means = self._means
        means.tried()
        self._hear(place, means.room(door, "claim", headers=self._tokens(door, place)))

    def _hear(self, place: Place, told: dict[str, Any]) -> None:
        means = self._means
        state, position, pause_s = told.get("state"), told.get("position"), told.get("next_poll_s")
        if isinstance(position, int):
            place.position = position
        if state in ("waiting", "paused"):
            place.waiting_s = self._sent_s
        elif state in ("called", "admitted") and place.called_s is None:
            place.called_s = means.now_s()
        if state == "admitted":
            place.due_s = None
            self._account_for(place)
            self._shop(str(told.get("pass") or ""))
            return
        if state in ("refused", "closed"):
            place.due_s = None
            return
        at_once = state == "called" and not place.claims
        place.claims = state == "called"
        if place.due_s is not None:
            wait_s = 0.0 if at_once else pause_s if isinstance(pause_s, (int, float)) else TRY_AGAIN_S
            place.due_s = means.now_s() + wait_s

    def _account_for(self, place: Place) -> None:
        # The order of the queue is judged by one place of a visitor: of a bot's, by the one that was let in first.
        visit = self._means.cast.visit
        visit.joined(place.joined_s, place.number, place.ticket)
        if place.waiting_s is not None:
            visit.told(place.waiting_s, place.waiting_s, None, None)
        if place.called_s is not None:
            visit.called(place.called_s)

    def _shop(self, admission: str) -> None:
        means = self._means
        means.cast.recorder.admitted(means.cast.visit, means.now_s(), admission)
        self._seat()
        Errand(means, means.cast.new_browser(), told_headers(admission=admission)).bought()

    def _seat(self) -> None:
        self._seats += 1
        if self._seats > 1:
            self._means.gained(Gain.SEAT)

    def _tokens(self, door: Door, place: Place) -> dict[str, str]:
        return {**told_cookies(door.room), **told_headers(visitor=place.visitor, ticket=place.ticket)}
