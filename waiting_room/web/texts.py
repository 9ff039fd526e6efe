"""
What visitors are told: a heading, a sentence and a next step for every reason, and a wait in plain words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Final

from waiting_room.core.reasons import Longer, Reason
from waiting_room.web.languages import Language


@dataclass(frozen=True, slots=True)
class Saying:
    """
    Tell what is the matter (*heading*), why (*sentence*), and what to do or expect (*next_step*).
    """

    heading: str
    sentence: str
    next_step: str

    def into(self, language: Language) -> "Saying":
        """
        Return the same in *language*.
        """
        return Saying(language.text(self.heading), language.text(self.sentence), language.text(self.next_step))


def mark(message: str) -> str:
    """
    Return *message* unchanged: the name tells the extractor that it is one to translate.
    """
    return message


_YOUR_TURN: Final = mark("It is your turn")
_BREATH: Final = mark("The queue is catching its breath")
_STAY: Final = mark("Your place is kept. Stay on this page; it goes on by itself.")
_KEPT: Final = mark("Stay on this page; it goes on by itself, and a place once given is kept.")
_JOIN_AGAIN: Final = mark("Join the queue again to get a new place.")
_PLAIN_JOIN: Final = mark("You may join the queue like everybody else, where it is open to all.")

SAYINGS: Final[Mapping[Reason, Saying]] = MappingProxyType({
    Reason.QUEUE_WAIT: Saying(
        mark("You are in the queue"),
        mark("Your place is kept, and you go in as soon as it is your turn."),
        mark("There is nothing you need to do: this page goes on by itself."),
    ),
    Reason.PREQUEUE: Saying(
        mark("The doors are not open yet"),
        mark("Everybody who is here before the opening takes part in a draw: it does not matter when you came."),
        mark("Stay on this page; at the opening it goes on by itself and tells you your place."),
    ),
    Reason.YOUR_TURN: Saying(
        _YOUR_TURN,
        mark("We are opening the door for you."),
        mark("One moment, please."),
    ),
    Reason.SEATS_FULL: Saying(
        _YOUR_TURN,
        mark("Just now every place in the shop is taken."),
        mark("You go in as soon as one is free. Stay on this page; it goes on by itself."),
    ),
    Reason.RATE_REACHED: Saying(
        _YOUR_TURN,
        mark("We let people in one after another, so that the shop stays quick for everybody."),
        mark("A moment more. Stay on this page; it goes on by itself."),
    ),
    Reason.RECOVERING: Saying(
        _BREATH,
        mark("It was interrupted, and everybody is being put back in their place."),
        _KEPT,
    ),
    Reason.STORE_AWAY: Saying(
        _BREATH,
        mark("We are waiting for a part of it to answer."),
        _KEPT,
    ),
    Reason.ROOM_PAUSED: Saying(
        mark("The queue is paused"),
        mark("Nobody is being let in for the moment."),
        _STAY,
    ),
    Reason.TECHNICAL_BREAK: Saying(
        mark("A short technical break"),
        mark("The shop is being looked after, and nobody is being let in meanwhile."),
        _STAY,
    ),
    Reason.ROOM_DRAINING: Saying(
        mark("The queue takes no more visitors"),
        mark("Those who are in it already will still go in; nobody new can join."),
        mark("Have a look at the shop later."),
    ),
    Reason.ROOM_CLOSED: Saying(
        mark("The waiting room is closed"),
        mark("It is letting nobody in at present."),
        mark("See the shop's own pages for news, or check again later."),
    ),
    Reason.SOLD_OUT: Saying(
        mark("Sold out"),
        mark("Everything in this sale has been sold, so we have closed the queue instead of letting you wait in vain."),
        mark("Those who are inside can still finish. If anything comes back, the shop will open the queue again."),
    ),
    Reason.NETWORK_BUSY: Saying(
        mark("One moment, please"),
        mark("Many people are joining the queue from your network just now, so places are given one after another."),
        mark("Stay on this page: in a moment it asks again by itself. There is nothing you need to do."),
    ),
    Reason.NO_TICKET: Saying(
        mark("You have no place in the queue yet"),
        mark("Your browser has sent us no ticket."),
        mark("Join the queue; it takes a moment."),
    ),
    Reason.NO_VISITOR: Saying(
        mark("We need a cookie to keep your place"),
        mark("Your browser has not sent back our cookie, and without it we cannot know you again."),
        mark("Allow cookies for this site, then try again. They hold a random number and your place, nothing else."),
    ),
    Reason.TICKET_INVALID: Saying(
        mark("We do not recognise your ticket"),
        mark("It was changed on its way, or it was never issued here."),
        _JOIN_AGAIN,
    ),
    Reason.TICKET_FOREIGN: Saying(
        mark("Your ticket is for another queue"),
        mark("A place in one queue does not count in another."),
        mark("Join this queue to get a place in it."),
    ),
    Reason.TICKET_EXPIRED: Saying(
        mark("Your ticket has expired"),
        mark("It was issued too long ago to count any more."),
        _JOIN_AGAIN,
    ),
    Reason.TICKET_USED: Saying(
        mark("Your visit has ended"),
        mark("You have already gone in with this ticket, and your place in the shop has since gone to somebody else."),
        mark("If you would like to go on shopping, join the queue again."),
    ),
    Reason.TICKET_OTHER_VISITOR: Saying(
        mark("This ticket belongs to somebody else"),
        mark("Each place is for the browser that joined the queue, and for no other."),
        mark("Join the queue in this browser to get a place of your own."),
    ),
    Reason.PASS_INVALID: Saying(
        mark("We do not recognise your pass"),
        mark("It was changed on its way, or it was never issued here."),
        _JOIN_AGAIN,
    ),
    Reason.PASS_EXPIRED: Saying(
        mark("Your visit has ended"),
        mark("It has reached the longest time that a visit may last."),
        mark("If you would like to go on shopping, join the queue again."),
    ),
    Reason.PASS_ENDED: Saying(
        mark("Your visit has ended"),
        mark("Your place in the shop was given back, or stood unused for a while and went to the next person."),
        mark("If you would like to go on shopping, join the queue again."),
    ),
    Reason.REVOKED: Saying(
        mark("Your visit was ended by the shop"),
        mark("The shop has closed this visit, and this browser cannot join the queue for the time being."),
        mark("If you think that this is a mistake, please get in touch with the shop."),
    ),
    Reason.INVITATION_NEEDED: Saying(
        mark("This queue is for invited guests"),
        mark("To join it you need an invitation from the shop."),
        mark("If you have one, open the link in it with this browser."),
    ),
    Reason.INVITATION_USED: Saying(
        mark("Your invitation has been used already"),
        mark("As many people as it is for have joined the queue with it."),
        _PLAIN_JOIN,
    ),
    Reason.INVITATION_EXPIRED: Saying(
        mark("Your invitation has expired"),
        mark("It was good for a limited time, and that time is over."),
        _PLAIN_JOIN,
    ),
    Reason.INVITATION_INVALID: Saying(
        mark("We do not recognise your invitation"),
        mark("The link may be cut off, or it is for another queue."),
        mark(
            "Open the link in your invitation once more. "
            "You may also join the queue like everybody else, where it is open to all."
        ),
    ),
    Reason.TARGET_REFUSED: Saying(
        mark("That page is not part of this shop"),
        mark("The address you wanted to go on to is not one of this shop's."),
        mark("You will go on to the shop's own page instead."),
    ),
    Reason.BAD_REQUEST: Saying(
        mark("We did not understand that"),
        mark("Something in the request is missing or malformed."),
        mark("Go back to the shop and follow its link once more."),
    ),
    Reason.ROOM_UNKNOWN: Saying(
        mark("There is no such queue here"),
        mark("Its address may be mistyped, or the promotion is over."),
        mark("Go back to the shop and follow its link once more."),
    ),
})  # fmt: skip

LONGER: Final[Mapping[Longer, str]] = MappingProxyType({
    Longer.SEATS_LOWERED: mark("Fewer people may be in the shop at once than before."),
    Longer.STOCK_LOW: mark("Little is left to sell, and no more people are let in than can still buy."),
    Longer.RATE_LOWERED: mark("Fewer people are let in each minute than before."),
    Longer.SHOP_SLOW: mark("The shop is slower than expected, and fewer people are let in so that it stays usable."),
    Longer.SHOP_DOWN: mark("The shop has trouble answering, and people go in again as soon as it has recovered."),
    Longer.WAS_PAUSED: mark("The queue was paused, and nobody was let in meanwhile."),
    Longer.INTERRUPTED: mark("The queue was interrupted, and nobody was let in meanwhile."),
    Longer.LANES_AHEAD: mark("Others are being let in as well, such as invited guests, who have a queue of their own."),
    Longer.VISITS_LONGER: mark("People are staying in the shop longer than expected."),
    Longer.FEWER_LEAVE: mark("More people than expected are waiting for their turn, and fewer are giving up."),
})  # fmt: skip
SLOWER: Final = mark("People are going in more slowly than expected.")


def longer_words(longer: Longer | None, language: Language) -> str:
    """
    Return why a wait has become longer than was told, as one sentence; a plain one where nobody knows.
    """
    return language.text(SLOWER if longer is None else LONGER[longer])


ENTERING: Final = Saying(
    mark("We are taking a place for you"),
    mark("In a moment you will see where you stand."),
    mark("If nothing happens within a few seconds, press “Check my place now”."),
)
LEFT: Final = Saying(
    mark("You have left the queue"),
    mark("Your place has been given back."),
    mark("You are welcome to join again at any time; you will then get a new place at the end."),
)
ADMITTED: Final = Saying(
    mark("You may go in"),
    mark("A place in the shop is reserved for you."),
    mark("Go on to the shop."),
)


def say(reason: Reason, language: Language) -> Saying:
    """
    Return what to tell about *reason* in *language*.
    """
    return SAYINGS[reason].into(language)


@dataclass(frozen=True, slots=True)
class PlainWait:
    """
    Give a wait as a plain number or range of one unit, both rounded up; *low* equals *high* where they fall together.
    """

    unit: str  # "moment" (below a minute), "minutes" or "hours"
    low: int
    high: int


def plain_wait(low_s: float, high_s: float, *, known: bool = False) -> PlainWait:
    """
    Return a range in seconds as people say it: the longer, the coarser, and always rounded up.

    Whole minutes up to ten, then steps of five up to an hour, of fifteen up to two hours, then whole hours. A promise
    of half an hour that ends at 25 minutes pleases, one that ends at 35 does not; hence upwards. A time that is
    *known* is told to the minute.
    """
    if high_s <= 60:
        return PlainWait("moment", 1, 1)
    low, high = max(1, ceil(low_s / 60)), ceil(high_s / 60)
    if high > 120:
        return PlainWait("hours", max(1, ceil(low / 60)), ceil(high / 60))
    return PlainWait("minutes", low, high) if known else PlainWait("minutes", _coarse(low), _coarse(high))


def _coarse(minutes: int) -> int:
    step = 1 if minutes <= 10 else 5 if minutes <= 60 else 15
    return ceil(minutes / step) * step


def wait_words(low_s: float, high_s: float, language: Language, *, known: bool = False) -> str:
    """
    Return the wait between *low_s* and *high_s* seconds in plain words; to the minute where it is *known*.
    """
    wait = plain_wait(low_s, high_s, known=known)
    if wait.unit == "moment":
        return language.text("less than a minute")
    low = language.number(wait.low)
    if wait.unit == "minutes":
        if wait.low == wait.high:
            return language.plural("about %(n)s minute", "about %(n)s minutes", wait.high)
        return language.plural("%(low)s–%(n)s minute", "%(low)s–%(n)s minutes", wait.high, low=low)
    if wait.low == wait.high:
        return language.plural("about %(n)s hour", "about %(n)s hours", wait.high)
    return language.plural("%(low)s–%(n)s hour", "%(low)s–%(n)s hours", wait.high, low=low)


def resume_words(resumes_in_s: float, language: Language) -> str:
    """
    Return how long a break still takes.
    """
    return language.text("Until it goes on: %(wait)s.", wait=wait_words(resumes_in_s, resumes_in_s, language))


def opening_words(opens_in_s: float | None, language: Language) -> str:
    """
    Return how long it is until the opening.
    """
    if opens_in_s is None:
        return language.text("The time of the opening is not known yet")
    if opens_in_s <= 0:
        return language.text("The doors open at any moment")
    return language.text("The doors open in %(wait)s", wait=wait_words(opens_in_s, opens_in_s, language, known=True))


def wait_forms(language: Language) -> dict[str, object]:
    """
    Return the unfilled texts of `wait_words`, for the page's script.
    """
    return {
        "moment": language.text("less than a minute"),
        "minutes": [
            language.forms("about %(n)s minute", "about %(n)s minutes"),
            language.forms("%(low)s–%(n)s minute", "%(low)s–%(n)s minutes"),
        ],
        "hours": [
            language.forms("about %(n)s hour", "about %(n)s hours"),
            language.forms("%(low)s–%(n)s hour", "%(low)s–%(n)s hours"),
        ],
    }


def ahead_words(ahead: int, language: Language) -> str:
    """
    Return how many people go in before this visitor.
    """
    if ahead <= 0:
        return language.text("You are next")
    return language.plural("%(n)s person is ahead of you", "%(n)s people are ahead of you", ahead)


def speed_words(per_minute: int, language: Language) -> str:
    """
    Return how fast people go in.
    """
    return language.plural("about %(n)s person a minute", "about %(n)s people a minute", per_minute)
