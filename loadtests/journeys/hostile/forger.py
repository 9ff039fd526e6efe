"""
The forger: alters what was given, makes up the rest, and brings another's ticket.
"""

import random
from collections.abc import Iterator
from typing import Final

from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.means import Door, Held, Means, told_cookies, told_headers
from loadtests.journeys.hostile.tokens import (
    Forgery,
    claims_of,
    forged_copies,
    forged_passes,
    forged_tickets,
    room_of,
)
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

PAUSE_S: Final = 0.1
"""Between two attempts: a forger tries tens of them, and is not there to load the shop."""
_TAKEN: Final = ("waiting", "called", "admitted")


class Forger:
    """
    Walk one forger.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)
        self._draw = random.Random(f"forger:{cast.visit.seed}:{cast.visit.i}")

    def walk(self) -> Outcome:
        """
        Return whether anything made up was taken for good.
        """
        means = self._means
        met = means.knock()
        if isinstance(met, Held):
            # Nobody waits: a pass is to be had for the asking, and all that is left to make is a better one.
            self._show(room_of(met.admission), met, forged_copies(met.admission, self._draw))
        elif met is not None:
            held = self._join(met)
            self._show(met.room, held, forged_passes(held.ticket, self._draw))
            self._claim(met, held, forged_tickets(held.ticket, self._draw))
            self._borrow(met, held)
            means.room(met, "leave")
        return means.end()

    def _join(self, door: Door) -> Held:
        self._means.page(door.page)
        told = self._means.room(door, "join")
        held = Held.by(self._means.browser)
        return held if held.ticket else Held(held.visitor, str(told.get("ticket") or ""), "")

    def _show(self, room: str, held: Held, forgeries: Iterator[Forgery]) -> None:
        """
        Show the gate each of them, as a cookie and as a header.
        """
        means = self._means
        for forgery in forgeries:
            for headers in (
                told_cookies(room, visitor=held.visitor, admission=forgery.text),
                {**told_cookies(room, visitor=held.visitor), **told_headers(admission=forgery.text)},
            ):
                means.tried()
                answer = means.shop(means.checkout, headers=headers)
                if means.judge(answer, means.checkout):
                    means.note(f"the gate took {forgery.name} for a pass")
                means.rest(PAUSE_S)

    def _claim(self, door: Door, held: Held, forgeries: Iterator[Forgery]) -> None:
        """
        Show the room each of them, and see whether it takes it for a place.
        """
        means = self._means
        for forgery in forgeries:
            shown = {**told_cookies(door.room), **told_headers(visitor=held.visitor, ticket=forgery.text)}
            for verb in ("status", "claim"):
                means.tried()
                if means.room(door, verb, headers=shown).get("state") in _TAKEN:
                    means.gained(Gain.PLACE)
                    means.note(f"the room took {forgery.name} for a place")
            means.rest(PAUSE_S)

    def _borrow(self, door: Door, held: Held) -> None:
        """
        Bring the ticket of another visitor with an identity of one's own.
        """
        means = self._means
        told = means.room(door, "join", headers=told_cookies(door.room))
        ticket = str(told.get("ticket") or "")
        if not ticket or claims_of(ticket).get("v") == claims_of(held.ticket).get("v"):
            return
        for headers in (
            told_cookies(door.room, visitor=held.visitor, ticket=ticket),
            {**told_cookies(door.room), **told_headers(visitor=held.visitor, ticket=ticket)},
        ):
            for verb in ("status", "claim"):
                means.tried()
                if means.room(door, verb, headers=headers).get("state") in _TAKEN:
                    means.gained(Gain.PLACE)
        means.room(door, "leave", headers={**told_cookies(door.room), **told_headers(ticket=ticket)})
