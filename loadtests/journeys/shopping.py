"""
The base class of every honest journey: pages opened one after another by a table, with the waiting room in between.

A shop of one's own needs a subclass with a method for each page of its table; everything that people do beside opening
pages is here: thinking, losing patience, reloading, going to the waiting room and coming back. The same code runs with
the room and without it. Nothing here knows Locust, the clock or the network: a `Browser` does.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from loadtests.crowd.shoppers import Shopper, choice
from loadtests.journeys.browser import ABANDONED, Answer, Browser, Request, Strayed
from loadtests.journeys.cast import Cast
from loadtests.journeys.forms import Form, form_to, links
from loadtests.journeys.stay import Stay, Way, entry_of
from loadtests.journeys.table import Edge, Table, Thought, draw_path, page_of, planned, thought_s
from loadtests.journeys.tables import BUYER
from loadtests.measuring.cells import Result
from loadtests.measuring.measures import Outcome

MAX_HOPS: Final = 5
MAX_STAYS: Final = 10
"""A shopper whom shop and room have sent to each other so often meets a mistake, not a queue."""
ADDRESSES: Final = 4_096
"""So many links are followed by working out once where they lead to."""


@lru_cache(maxsize=ADDRESSES)
def joined(base: str, address: str) -> str:
    """
    Return where *address* leads to from the page at *base*; a crowd follows the same links again and again.
    """
    return urljoin(base, address)


class Ended(Exception):  # noqa: N818 - a visit that ends is no error
    """
    End the visit from wherever it is; caught by `Shopping.walk` and nowhere else.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


class Page(NamedTuple):
    """
    Hold a page that has come, with its address.
    """

    url: str
    answer: Answer

    @property
    def text(self) -> str:
        """
        Return the page's HTML.
        """
        return self.answer.text()

    def links(self, part: str = "", *, marked: str = "") -> tuple[str, ...]:
        """
        Return the absolute addresses of the page's links that contain *part*, each once, in its order.

        Args:
            part: of the address.
            marked: only links whose tag contains this text count, such as a class.
        """
        return tuple(joined(self.url, address) for address in links(self.text, part, marked))

    def form(self, part: str) -> Form | None:
        """
        Return the first form that is posted to an address that contains *part*, else the first that has a field of
        that name, else one posted to the page itself.
        """
        return form_to(self.text, part)


class Shopping:
    """
    Walk one shopper through a shop; subclass it for a shop of your own.

    A subclass has one method per page of its `table`, which opens that page with `open`, `send` and `choose`. Such a
    method just returns when the page has come; whatever else happens (the shop fails, the room refuses, the shopper has
    had enough) ends the visit from within, with the right outcome, so there is nothing to check and nothing to catch.

    Args:
        cast: who walks where, and where it is taken down.
    """

    table: ClassVar[Table] = BUYER
    """Which page follows which."""
    waits: ClassVar[type[Stay]] = Stay
    """What is done in the waiting room."""
    sold_out: ClassVar[tuple[str, ...]] = ()
    """Words on a page that say that there is nothing left, beside the statuses 409 and 410."""
    email: ClassVar[str] = "shopper{i}@rehearsal.example"
    """Marks the orders as a rehearsal's: nobody has an address at that domain (RFC 2606)."""

    def __init__(self, cast: Cast) -> None:
        self.shopper: Final[Shopper] = cast.shopper
        self.behaviour: Final = cast.behaviour
        self.shop_url: Final = cast.shop_url.rstrip("/")
        self.page: Page | None = None
        self.state = ""
        self._browser = self.equip(cast.browser)
        self._recorder = cast.recorder
        self._visit = cast.visit
        self._thinks = cast.thinks
        self._due_s = cast.visit.arrival_s
        self._thoughts = 0
        self._looks = 0
        self._stays = 0
        self._has_pass = False
        self._waiting_left_s = cast.shopper.room_patience_s
        self._invitation = cast.invitation

    def walk(self) -> Outcome:
        """
        Return how the visit ended: exactly one outcome, whatever happened.
        """
        try:
            return self._walk()
        except Ended as ended:
            return ended.outcome
        except Strayed as strayed:
            self._recorder.problem(str(strayed))
            return Outcome.ERROR
        except Exception as error:  # noqa: BLE001 - a mistake in a journey costs one shopper, and is told in the report
            self._recorder.problem(f"the journey failed: {type(error).__name__}: {error}"[:300])
            return Outcome.ERROR

    def open(self, path: str) -> Page:
        """
        Open *path* (or an absolute address) as a link would, and return the page that it leads to.
        """
        self.page = self._visit_page(joined(f"{self.shop_url}/", path))
        return self.page

    def send(self, to: str, fields: Mapping[str, object] | None = None, *, leads_to: str = "") -> Page:
        """
        Send the form of this page that goes to *to*, and return the page that it leads to.

        Hidden fields are sent as they stand; a page without such a form has *fields* sent to *to* all the same.

        Args:
            to: a part of the form's address, such as "/cart", or the name of one of its fields.
            fields: what the shopper types, by the fields' names.
            leads_to: the visit is an error if the address of the page that comes does not contain this.
        """
        here = self.page.url if self.page else f"{self.shop_url}/"
        form = self.page.form(to) if self.page else None
        wishes = {name: str(value) for name, value in (fields or {}).items()}
        target = joined(here, (form.action or here) if form else to)
        self.page = self._submit(target, form.filled(wishes) if form else wishes)
        if leads_to:
            self.expect(leads_to)
        return self.page

    def call(self, path: str, document: Mapping[str, Any]) -> Any:
        """
        Send *document* as JSON, as a script of the page would, and return the JSON of the answer; the page stays.
        """
        answer = self._ask("POST", joined(f"{self.shop_url}/", path), None, document).answer
        try:
            return json.loads(answer.body)
        except ValueError:
            self.fail(f"the answer to {self.name_of(path)} is no JSON")

    def keep(self, cookie: str) -> None:
        """
        Keep *cookie*, written as in a Set-Cookie header, as if a script of the shop had set it.
        """
        self._browser.keep(f"{self.shop_url}/", cookie)

    def expect(self, part: str) -> None:
        """
        End the visit as an error if the address of this page does not contain *part*.
        """
        path = urlsplit(self.page.url).path if self.page else ""
        if part not in path:
            self.fail(f"a page at {path} came where {part} was due")

    def choose(self, found: tuple[str, ...]) -> str:
        """
        Return which of the addresses *found* the shopper wants next: by the behaviour's popularity and hot products.

        The products that the scenario names come before those found.
        """
        among = self.behaviour.products or found
        if not among:
            self.fail(f"the {page_of(self.state)} page leads to no product")
        self._looks += 1
        return among[choice(self.shopper, self.behaviour, self._looks - 1, len(among))]

    def contact(self) -> dict[str, str]:
        """
        Return a made-up person with an address, by the names of the demo shop's form; it marks a rehearsal's orders.
        """
        i = self.shopper.i
        return {
            "name": f"Shopper {i}",
            "email": self.email.format(i=i),
            "street": f"Prosta {i % 90 + 1}",
            "city": "Warszawa",
        }

    def ordered(self) -> None:
        """
        Note that the page shows an order's confirmation, and that the seat went back to the room with it.
        """
        self._recorder.order_seen(self._browser.now_s())
        self._has_pass = False

    def end(self, outcome: Outcome) -> NoReturn:
        """
        End the visit here, with *outcome*.
        """
        raise Ended(outcome)

    def fail(self, what: str) -> NoReturn:
        """
        End the visit here: something came that no overload explains; *what* is told in the report.
        """
        self._recorder.problem(what)
        raise Ended(Outcome.ERROR)

    def equip(self, browser: Browser) -> Browser:
        """
        Return what the shopper browses with, made of a plain browser.
        """
        return browser

    def name_of(self, url: str) -> str:
        """
        Return what requests to *url* are called in statistics, from a small closed set: as a rule the table's page.
        """
        del url
        return page_of(self.state)

    def _walk(self) -> Outcome:
        walks, kind = self._recorder.walks, self._visit.kind
        walks.begin(kind, lambda: planned(self.table))
        path = draw_path(self.table, self.shopper.who)
        if self._invitation:
            self._wait(self._invitation)
        for step in path.steps:
            before, self.state = self.state, step.state
            walks.step(kind, before, step.state)
            if step.edge is not None and step.edge.thought is not Thought.NONE:
                self._think(step.edge)
            getattr(self, page_of(step.state))()
        walks.step(kind, self.state, path.end)
        return path.end

    def _think(self, edge: Edge) -> None:
        if self._thinks:
            self._due_s += thought_s(edge, self.shopper, self._thoughts)
            self._browser.rest_until(self._due_s)
        self._thoughts += 1

    def _visit_page(self, url: str) -> Page:
        """
        Open *url* and follow where it leads.
        """
        for _ in range(MAX_HOPS):
            page = self._ask("GET", url, None)
            if not page.answer.redirects:
                break
            url = joined(page.url, page.answer.location)
        else:
            self.fail(f"more than {MAX_HOPS} redirects")
        return page

    def _submit(self, url: str, fields: dict[str, str]) -> Page:
        """
        Send a form and follow where the answer leads.
        """
        page = self._ask("POST", url, fields)
        if not page.answer.redirects:
            return page
        return self._visit_page(joined(page.url, page.answer.location))

    def _ask(
        self, method: str, url: str, fields: dict[str, str] | None, document: Mapping[str, Any] | None = None
    ) -> Page:
        """
        Ask the shop until it answers, waiting in the room where sent there and reloading what fails.
        """
        failures = 0
        while True:
            name = f"{method} {self.name_of(url)}"
            answer = self._browser.ask(
                Request(name, method, url, self.shopper.page_patience_s, fields, document=document)
            )
            entry = entry_of(answer, url)
            result = Result.TO_ROOM if entry else _judged(answer)
            self._recorder.shop_answered(name, result, self._due_s, answer)
            self._due_s = answer.ended_s
            if entry is not None:
                way = self._wait(entry)
                if method == "GET":
                    url = self._onward(way, url)
                else:
                    self._visit_page(self._onward(way, f"{self.shop_url}/"))
                continue
            if result is Result.FINE:
                self._visit.served(answer.ended_s - answer.sent_s)
                return self._arrived(url, answer)
            self._recorder.problem(f"{name}: {answer.fault or f'status {answer.status}'}")
            if failures == self.behaviour.reloads:
                raise Ended(Outcome.GAVE_UP_SHOP)
            self._pause(failures)
            failures += 1

    def _arrived(self, url: str, answer: Answer) -> Page:
        if answer.sets_pass and not self._has_pass:
            # Straight through: the gate itself brought the pass, and no waiting page was seen.
            self._has_pass = True
            self._recorder.admitted(self._visit, answer.ended_s, self._browser.cookie("wr_pass_"))
        if answer.status in (409, 410) or any(words.encode() in answer.body for words in self.sold_out):
            raise Ended(Outcome.SOLD_OUT)
        if answer.status >= 400:
            self.fail(f"{self.name_of(url)}: status {answer.status}")
        return Page(url, answer)

    def _wait(self, entry: str) -> Way:
        expired = self._has_pass
        self._visit.passes_refused += expired
        self._has_pass = False
        self._stays += 1
        if self._stays > MAX_STAYS:
            self.fail(f"the shop sent a shopper to the waiting room more than {MAX_STAYS} times")
        since_s = self._browser.now_s()
        until_s = since_s + max(0.0, self._waiting_left_s)
        stay = self.waits(self._browser, self._recorder, self._visit, self.shopper, entry, until_s, self.behaviour)
        self._recorder.entered_room(self._visit)
        way = stay.wait()
        self._recorder.left_room(self._visit)
        self._due_s = self._browser.now_s()
        self._waiting_left_s -= self._due_s - since_s
        if isinstance(way, Outcome):
            raise Ended(Outcome.EXPIRED if expired and way is Outcome.GAVE_UP_WAITING else way)
        self._has_pass = True
        return way

    def _onward(self, way: Way, otherwise: str) -> str:
        # A room only leads back to the shop that sent us; anything else would be load on a stranger.
        same_shop = urlsplit(way.url).netloc == urlsplit(self.shop_url).netloc
        return way.url if same_shop else otherwise

    def _pause(self, failures: int) -> None:
        haste = self.shopper.haste[failures % len(self.shopper.haste)]
        self._due_s += self.behaviour.reload_pause_s * 2.0**failures * haste
        self._browser.rest_until(self._due_s)


def _judged(answer: Answer) -> Result:
    if answer.fault == ABANDONED:
        return Result.ABANDONED
    if answer.status == 0 or answer.status >= 500 or answer.status in (408, 429):
        return Result.ERROR
    return Result.FINE
