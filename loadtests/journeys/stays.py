"""
Other ways to wait than to look at the page: reloading it by hand, in several tabs, in a hidden tab, in an app, in vain.
"""

import random
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from loadtests.journeys.browser import Answer
from loadtests.journeys.stay import Stay, Way
from loadtests.measuring.measures import Outcome
from waiting_room import wire

_VERB: Final = re.compile(r'"verb":\s*"(join|status|claim)"')
_POLL: Final = re.compile(r'"poll_s":\s*([\d.]+)')


@dataclass(slots=True)
class Refreshing(Stay):
    """
    Reload the waiting page by hand, long before it asks by itself; each time its script begins anew.
    """

    _draw: random.Random = field(init=False)
    _reload_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._draw = random.Random(f"refresh:{self.shopper.who}")
        self._reload_s = self.browser.now_s() + self._pause_s()

    def rest(self) -> Way | Outcome | None:
        """
        Wait until the next call is due; return where to go on to or how the visit ended, if it did meanwhile.
        """
        while self._reload_s < self.next_s:
            next_s, self.next_s = self.next_s, self._reload_s
            if (end := super(Refreshing, self).rest()) is not None:
                return end
            page = self._page()
            if not isinstance(page, Answer):
                return page
            self._resume(page, next_s)
            self._reload_s = page.ended_s + self._pause_s()
        return super(Refreshing, self).rest()

    def _resume(self, page: Answer, next_s: float) -> None:
        """
        Do next what the reloaded page's script would do, or what was due anyway where it does not say.
        """
        text = page.text()
        verb, poll = _VERB.search(text), _POLL.search(text)
        self.next_s = next_s
        if verb is not None and poll is not None:
            self._verb = verb[1]
            self.next_s = page.ended_s + (0.0 if self._verb == "claim" else float(poll[1]))

    def _pause_s(self) -> float:
        return self._draw.expovariate(1 / self.behaviour.refresh_s)


@dataclass(slots=True)
class Hidden(Stay):
    """
    Wait in a hidden tab, which the browser wakes seldom; awake, it claims as soon as it hears of its turn.

    Only where the shopper `hides`. Nobody polls as told then, so that what is lost by it is no fault of the room.
    """

    def _due_s(self, answer: Answer, told: dict[str, Any], *, at_once: bool) -> float:
        due_s = super(Hidden, self)._due_s(answer, told, at_once=at_once)
        if not self.shopper.hides:
            return due_s
        self._late = True
        return due_s if at_once else max(due_s, answer.sent_s + self.behaviour.hidden_poll_s)

    def rest(self) -> Way | Outcome | None:
        """
        Wait until the next call is due; return where to go on to or how the visit ended, if it did meanwhile.
        """
        late = self._late
        end = super(Hidden, self).rest()
        self._late |= late and self.shopper.hides
        return end


@dataclass(slots=True)
class InApp(Stay):
    """
    Wait in an app: it joins at once, and opens no page; from an invitation's link it takes the invitation.
    """

    def open(self) -> Way | Outcome | None:
        """
        Be ready to join.
        """
        self._find()
        for invitation in parse_qs(urlsplit(self.entry).query).get(wire.INVITATION_FIELD, ())[:1]:
            self.browser.keep(self.entry, f"{wire.invitation_cookie(self._room)}={invitation}")
        return None


@dataclass(slots=True)
class NoShow(Stay):
    """
    Wait to the end, and do not come when called.
    """

    def _end(self, told: dict[str, Any], answer: Answer) -> Way | Outcome | None:
        end = super(NoShow, self)._end(told, answer)
        return Outcome.NO_SHOW if told["state"] == "called" else end


@dataclass(slots=True)
class Tabs(Stay):
    """
    Have the waiting page open in several tabs of one browser: one visitor, and so one place and one seat.
    """

    def wait(self) -> Way | Outcome:
        """
        Return where to go on to, or how the visit ended, as the first of the tabs learned it.
        """
        tabs: list[Stay] = []
        for _ in range(self.behaviour.tabs):
            tab = Stay(self.browser, self.recorder, self.visit, self.shopper, self.entry, self.until_s, self.behaviour)
            if (end := tab.open()) is not None:
                return end
            tabs.append(tab)
        while True:
            tab = min(tabs, key=lambda each: each.next_s)
            end = tab.rest() or tab.ask()
            if len({each.number for each in tabs} - {None}) > 1:
                self.visit.number_changed = True
            if end is not None:
                self._catch_up(tabs, tab, end)
                return end

    def _catch_up(self, tabs: list[Stay], first: Stay, end: Way | Outcome) -> None:
        # The other tabs ask once more before they notice; a second pass that came of it would be a second seat.
        if isinstance(end, Way):
            for tab in tabs:
                if tab is not first and tab.number is not None:
                    tab.ask()
