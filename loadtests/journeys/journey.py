"""
One shopper's way through the shop: look, think, fill the basket, check out, pay; wait in the room if sent there.

The same code runs with the room and without it. Nothing here knows Locust, the clock or the network: a `Browser` does.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from loadtests.crowd.shoppers import Behaviour, Shopper, pick
from loadtests.journeys.browser import ABANDONED, Answer, Browser, Request
from loadtests.journeys.forms import form_to, links
from loadtests.journeys.stay import Stay, Way, entry_of
from loadtests.journeys.visit import Visit
from loadtests.measuring.cells import Result
from loadtests.measuring.measures import Outcome
from loadtests.measuring.recorder import Recorder

MAX_HOPS: Final = 5
MAX_STAYS: Final = 10
"""A shopper whom shop and room have sent to each other so often meets a mistake, not a queue."""
_KINDS: Final = ("home", "product", "basket", "checkout", "payment", "order")


@dataclass(frozen=True, slots=True)
class Page:
    """
    Hold a page that has come, with its address.
    """

    url: str
    answer: Answer

    @property
    def kind(self) -> str:
        """
        Return which of the shop's pages it is.
        """
        return kind_of(self.url)


def kind_of(url: str) -> str:
    """
    Return which kind of page stands at *url*, from a closed set.
    """
    first = urlsplit(url).path.strip("/").partition("/")[0] or "home"
    return first if first in _KINDS else "other"


class Journey:
    """
    Walk one shopper through the shop.

    Args:
        browser: the shopper's own browser.
        recorder, visit: where it is taken down.
        shopper: who walks.
        behaviour: what the crowd has in common.
        shop_url: the shop's address.
        thinks: whether think times are kept; without them the shop is measured, not the people.
    """

    def __init__(
        self,
        browser: Browser,
        recorder: Recorder,
        visit: Visit,
        shopper: Shopper,
        behaviour: Behaviour,
        shop_url: str,
        *,
        thinks: bool,
    ) -> None:
        self._browser = browser
        self._recorder = recorder
        self._visit = visit
        self._shopper = shopper
        self._behaviour = behaviour
        self._shop_url = shop_url.rstrip("/")
        self._thinks = thinks
        self._due_s = visit.arrival_s
        self._thoughts = 0
        self._stays = 0
        self._waiting_left_s = shopper.room_patience_s
        self._products: tuple[str, ...] = ()
        self._page: Page | None = None

    def walk(self) -> Outcome:
        """
        Return how the visit ended.
        """
        steps = [self._home, *([self._look] * self._shopper.looks)]
        if self._shopper.buys:
            steps += [self._fill_basket, self._check_out, self._send_address, self._pay]
        for step in steps:
            outcome = step()
            if outcome is not None:
                return outcome
        return Outcome.BOUGHT if self._shopper.buys else Outcome.BROWSED

    def _home(self) -> Outcome | None:
        page = self._visit_page(f"{self._shop_url}/")
        if isinstance(page, Outcome):
            return page
        found = self._behaviour.products or links(page.answer.text(), "/product/")
        self._products = tuple(urljoin(page.url, path) for path in found)
        if not self._products:
            return self._lost("the home page links to no /product/")
        return None

    def _look(self) -> Outcome | None:
        self._think(self._shopper.browse_thinks_s)
        taste = self._shopper.tastes[self._thoughts % len(self._shopper.tastes)]
        wanted = self._products[pick(taste, len(self._products), self._behaviour.popularity)]
        return self._go(self._visit_page(wanted))

    def _fill_basket(self) -> Outcome | None:
        assert self._page is not None
        self._think(self._shopper.browse_thinks_s)
        slug = urlsplit(self._page.url).path.rstrip("/").rpartition("/")[2]
        form = form_to(self._page.answer.text(), "/basket")
        fields = {"product": slug, **(form.fields if form else {}), "quantity": str(self._behaviour.quantity)}
        target = urljoin(self._page.url, form.action if form else "/basket")
        return self._go(self._submit(target, fields))

    def _check_out(self) -> Outcome | None:
        self._think(self._shopper.browse_thinks_s)
        return self._go(self._visit_page(f"{self._shop_url}/checkout"), "checkout")

    def _send_address(self) -> Outcome | None:
        i = self._shopper.i
        address = {
            "name": f"Shopper {i}",
            "email": f"shopper{i}@rehearsal.example",
            "street": f"Prosta {i % 90 + 1}",
            "city": "Warszawa",
        }
        return self._fill_in("/checkout", address, "payment")

    def _pay(self) -> Outcome | None:
        outcome = self._fill_in("/payment/", {}, "order")
        if outcome is None:
            self._recorder.order_seen(self._browser.now_s())
        return outcome

    def _fill_in(self, part: str, wishes: dict[str, str], leads_to: str) -> Outcome | None:
        assert self._page is not None
        self._think(self._shopper.form_thinks_s)
        form = form_to(self._page.answer.text(), part)
        target = urljoin(self._page.url, form.action if form and form.action else self._page.url)
        return self._go(self._submit(target, form.filled(wishes) if form else wishes), leads_to)

    def _go(self, page: Page | Outcome, expected: str = "") -> Outcome | None:
        if isinstance(page, Outcome):
            return page
        if expected and page.kind != expected:
            return self._lost(f"a page of kind {page.kind} came where {expected} was due")
        self._page = page
        return None

    def _lost(self, what: str) -> Outcome:
        self._recorder.problem(what)
        return Outcome.ERROR

    def _think(self, thinks_s: tuple[float, ...]) -> None:
        if self._thinks:
            self._due_s += thinks_s[self._thoughts % len(thinks_s)]
            self._browser.rest_until(self._due_s)
        self._thoughts += 1

    def _visit_page(self, url: str) -> Page | Outcome:
        """
        Open *url* and follow where it leads.
        """
        for _ in range(MAX_HOPS):
            page = self._open("GET", url, None)
            if isinstance(page, Outcome) or not page.answer.redirects:
                return page
            url = urljoin(page.url, page.answer.location)
        return self._lost(f"more than {MAX_HOPS} redirects one after another")

    def _submit(self, url: str, fields: dict[str, str]) -> Page | Outcome:
        """
        Send a form and follow where the answer leads.
        """
        page = self._open("POST", url, fields)
        if isinstance(page, Outcome) or not page.answer.redirects:
            return page
        return self._visit_page(urljoin(page.url, page.answer.location))

    def _open(self, method: str, url: str, fields: dict[str, str] | None) -> Page | Outcome:
        """
        Ask the shop until it answers, waiting in the room where sent there and reloading what fails.
        """
        failures = 0
        while True:
            name = f"{method} {kind_of(url)}"
            answer = self._browser.ask(Request(name, method, url, self._shopper.page_patience_s, fields))
            entry = entry_of(answer, url)
            result = Result.TO_ROOM if entry else _judged(answer)
            self._recorder.shop_answered(name, result, self._due_s, answer)
            self._due_s = answer.ended_s
            if entry is not None:
                way = self._wait(entry)
                if isinstance(way, Outcome):
                    return way
                if method == "GET":
                    url = self._onward(way, url)
                elif isinstance(back := self._visit_page(self._onward(way, self._shop_url + "/")), Outcome):
                    return back
                continue
            if result is Result.FINE:
                self._visit.served(answer.ended_s - answer.sent_s)
                return self._arrived(url, answer)
            self._recorder.problem(f"{name}: {answer.fault or f'status {answer.status}'}")
            if failures == self._behaviour.reloads:
                return Outcome.GAVE_UP_SHOP
            self._pause(failures)
            failures += 1

    def _arrived(self, url: str, answer: Answer) -> Page | Outcome:
        if answer.sets_pass and self._visit.admitted_s is None:
            # Straight through: the gate itself brought the pass, and no waiting page was seen.
            self._recorder.admitted(self._visit, answer.ended_s, self._browser.cookie("wr_pass_"))
        if answer.status in (409, 410):
            return Outcome.SOLD_OUT
        if answer.status >= 400:
            return self._lost(f"{kind_of(url)}: status {answer.status}")
        return Page(url, answer)

    def _wait(self, entry: str) -> Way | Outcome:
        if self._visit.admitted_s is not None:
            self._visit.passes_refused += 1
        self._stays += 1
        if self._stays > MAX_STAYS:
            return self._lost(f"the shop sent a shopper to the waiting room more than {MAX_STAYS} times")
        since_s = self._browser.now_s()
        stay = Stay(
            self._browser, self._recorder, self._visit, self._shopper, entry, since_s + max(0.0, self._waiting_left_s)
        )
        self._recorder.entered_room(self._visit)
        way = stay.wait()
        self._recorder.left_room(self._visit)
        self._due_s = self._browser.now_s()
        self._waiting_left_s -= self._due_s - since_s
        return way

    def _onward(self, way: Way, otherwise: str) -> str:
        # A room only leads back to the shop that sent us; anything else would be load on a stranger.
        same_shop = urlsplit(way.url).netloc == urlsplit(self._shop_url).netloc
        return way.url if same_shop else otherwise

    def _pause(self, failures: int) -> None:
        haste = self._shopper.haste[failures % len(self._shopper.haste)]
        self._due_s += self._behaviour.reload_pause_s * 2.0**failures * haste
        self._browser.rest_until(self._due_s)


def _judged(answer: Answer) -> Result:
    if answer.fault == ABANDONED:
        return Result.ABANDONED
    if answer.status == 0 or answer.status >= 500 or answer.status in (408, 429):
        return Result.ERROR
    return Result.FINE
