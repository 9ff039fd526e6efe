"""
The sharer: buys one pass by waiting, and hands it to others.

Two sorts of others come. Friends have been to the waiting page themselves, and put the pass beside their own identity:
for them it must not count. Copies come with the pass alone, or with all of its owner's cookies; they cannot be told
from the owner's second window, and share the one seat. They must not get a seat of their own from it, nor more orders
than the seat was for, and must be out when it is given back.
"""

from collections.abc import Sequence
from typing import Final

from loadtests.journeys.browser import Browser
from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.errand import Errand
from loadtests.journeys.hostile.means import HEARS_S, Door, Held, Means, behind, told_cookies, told_headers
from loadtests.journeys.hostile.tokens import claims_of, room_of
from loadtests.journeys.stay import entry_of
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

FRIENDS: Final = 2
COPIES: Final = 2
SHARED: Final = "a copy of a pass was served on its owner's seat, as one more window of theirs"
"""What the report says of copies while the seat lasts: no seat more, and nothing that a room could tell apart."""


class Sharer:
    """
    Walk one sharer and those who are handed the pass.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)

    def walk(self) -> Outcome:
        """
        Return whether anybody gained by it.
        """
        means = self._means
        held = means.enter()
        if held is not None and held.admission:
            for _ in range(FRIENDS):
                self._be_friend(held)
            copies = [means.cast.new_browser() for _ in range(COPIES)]
            self._shop_together(held, copies)
        return means.end()

    def _be_friend(self, held: Held) -> None:
        """
        Come with an identity of one's own, and the pass and ticket of the sharer.
        """
        means, friend = self._means, self._means.cast.new_browser()
        answer = means.shop(means.checkout, browser=friend)
        entry = entry_of(answer, means.checkout)
        if entry is None:
            # Nobody waits, so a friend needs no pass of anybody's; without one the checkout must not be served.
            means.judge(answer, means.checkout)
            return
        door = Door.of(entry)
        means.page(door.page, browser=friend)
        own = Held.by(friend).visitor
        for headers in (
            told_cookies(door.room, visitor=own, admission=held.admission),
            told_headers(visitor=own, admission=held.admission),
        ):
            means.tried()
            means.judge(means.shop(means.checkout, browser=friend, headers=headers), means.checkout)
        means.tried()
        told = means.room(door, "claim", browser=friend, headers=told_headers(visitor=own, ticket=held.ticket))
        if told.get("state") in ("called", "admitted"):
            means.gained(Gain.PLACE)

    def _shop_together(self, held: Held, copies: Sequence[Browser]) -> None:
        means = self._means
        alone = told_headers(admission=held.admission)
        room = room_of(held.admission)
        whole = told_cookies(room, visitor=held.visitor, ticket=held.ticket, admission=held.admission)
        for headers in (alone, whole):
            means.tried()
            answer = means.shop(means.checkout, browser=copies[0], headers=headers)
            if behind(answer, means.checkout):
                self._look_at_seat(Held.by(copies[0]).admission, held)
                means.note(SHARED)
        # Whoever is first uses up the seat; it is for one order, whoever of them makes it.
        orders = 0
        for browser, headers in ((copies[0], alone), (means.browser, {}), *((copy, alone) for copy in copies[1:])):
            means.tried()
            errand = Errand(means, browser, headers)
            if not errand.bought() or errand.own_pass:
                continue
            orders += 1
            if orders == 1:
                means.rest(HEARS_S)
            else:
                means.gained(Gain.ORDER)
        if orders:
            self._come_again(copies, alone)

    def _look_at_seat(self, fresh: str, held: Held) -> None:
        if fresh and claims_of(fresh).get("s") != claims_of(held.admission).get("s"):
            self._means.gained(Gain.SEAT)

    def _come_again(self, copies: Sequence[Browser], headers: dict[str, str]) -> None:
        means = self._means
        for browser in copies:
            means.tried()
            means.judge(means.shop(means.checkout, browser=browser, headers=headers), means.checkout)
