"""
The replayer: keeps a pass that is used up, and shops on with it.

Some give their seat back at the waiting page (those who say goodbye), the others by an order. A gate hears of the first
only once the pass is used again, with its next report; so they knock, wait until it has heard, and then try.
"""

from collections.abc import Mapping
from typing import Final

from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.errand import Errand, address_of
from loadtests.journeys.hostile.means import HEARS_S, Door, Held, Means, behind, told_cookies, told_headers
from loadtests.journeys.hostile.tokens import claims_of, room_of
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

LATE_FORM: Final = "a form was taken after its seat had been given back at the waiting page (grace_s)"
"""What the report says of it: the gate takes it for a form of one who was idle for too long."""


class Replayer:
    """
    Walk one replayer.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)

    def walk(self) -> Outcome:
        """
        Return whether a used pass was good for anything.
        """
        means = self._means
        met = means.knock()
        held = means.wait(met) if isinstance(met, Door) else met
        if held is None or not held.admission:
            return means.end()
        ordered = not means.cast.shopper.says_goodbye and Errand(means, means.browser).bought()
        if not ordered:
            if not isinstance(met, Door):
                return means.end()  # nobody waits, so a seat that was given back is to be had again for the asking
            means.room(met, "leave")
        self._replay(held, ordered=ordered)
        if isinstance(met, Door):
            self._claim_again(met, held)
        return means.end()

    def _replay(self, held: Held, *, ordered: bool) -> None:
        means = self._means
        whole = told_cookies(
            room_of(held.admission), visitor=held.visitor, ticket=held.ticket, admission=held.admission
        )
        alone = told_headers(admission=held.admission)
        means.shop(means.checkout, headers=whole)
        means.rest(HEARS_S)
        for headers in (whole, alone):
            means.tried()
            means.judge(means.shop(means.checkout, headers=headers), means.checkout)
            self._send_form(headers, ordered=ordered)

    def _send_form(self, headers: Mapping[str, str], *, ordered: bool) -> None:
        means = self._means
        means.tried()
        answer = means.shop(means.checkout, form=address_of(means.cast.shopper.i), headers=headers)
        if ordered:
            means.judge(answer, means.checkout)
        elif behind(answer, means.checkout) and not answer.sets_pass:
            means.note(LATE_FORM)

    def _claim_again(self, door: Door, held: Held) -> None:
        means = self._means
        for verb in ("claim", "status"):
            means.tried()
            told = means.room(door, verb, headers=told_headers(visitor=held.visitor, ticket=held.ticket))
            if told.get("state") != "admitted":
                continue
            # The seat of a ticket is one, however often it is claimed; it must not come back once it was given back.
            seat = claims_of(str(told.get("pass") or "")).get("s")
            means.gained(Gain.SEAT if seat else Gain.PLACE)
