"""
Buying without a thought: the pages of an order one after another, as a program sends them.
"""

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from loadtests.crowd.shoppers import pick
from loadtests.journeys.browser import Answer, Browser
from loadtests.journeys.forms import form_to, links
from loadtests.journeys.hostile.means import Means, behind
from loadtests.journeys.stay import entry_of

MAX_HOPS = 4


class Errand:
    """
    Buy one thing with a browser, as far as the gate lets it.

    Args:
        means: who asks.
        browser: what with: its cookies hold the basket.
        headers: what every request bears besides, such as a pass of somebody else's.
    """

    def __init__(self, means: Means, browser: Browser, headers: Mapping[str, str] | None = None) -> None:
        self._means = means
        self._browser = browser
        self._headers = headers or {}
        self._url = ""
        self._text = ""
        self.own_pass = False
        """Whether the gate let it straight in on the way: it then shops by its own right."""

    def bought(self) -> bool:
        """
        Return whether an order was confirmed.
        """
        steps = (self._basket, self._checkout, self._payment)
        return all(step() for step in steps)

    def _basket(self) -> bool:
        means = self._means
        if not self._open(f"{means.shop_url}/"):
            return False
        products = means.cast.behaviour.products or links(self._text, "/product/")
        if not products:
            return False
        shopper, behaviour = means.cast.shopper, means.cast.behaviour
        wanted = products[pick(shopper.tastes[0], len(products), behaviour.popularity)]
        if not self._open(urljoin(self._url, wanted)):
            return False
        slug = urlsplit(self._url).path.rstrip("/").rpartition("/")[2]
        return self._send("/basket", {"product": slug, "quantity": str(behaviour.quantity)})

    def _checkout(self) -> bool:
        return self._open(self._means.checkout) and self._send("/checkout", address_of(self._means.cast.shopper.i))

    def _payment(self) -> bool:
        # Whoever has got so far stands at the page of a payment; a shop that sent them elsewhere took no order.
        if not urlsplit(self._url).path.startswith("/payment") or not self._send("/payment/", {}):
            return False
        if not urlsplit(self._url).path.startswith("/order"):
            return False
        self._means.cast.recorder.order_seen(self._means.now_s())
        return True

    def _open(self, url: str) -> bool:
        return self._follow(url, self._ask(url))

    def _send(self, part: str, wishes: Mapping[str, str]) -> bool:
        form = form_to(self._text, part)
        url = urljoin(self._url, form.action if form else self._url)
        fields = form.filled(wishes) if form else wishes
        return self._follow(url, self._ask(url, fields))

    def _ask(self, url: str, form: Mapping[str, str] | None = None) -> Answer:
        answer = self._means.shop(url, browser=self._browser, form=form, headers=self._headers)
        self.own_pass |= answer.sets_pass
        return answer

    def _follow(self, url: str, answer: Answer) -> bool:
        hops = MAX_HOPS
        while answer.redirects and hops and entry_of(answer, url) is None and behind(answer, url):
            url, hops = urljoin(url, answer.location), hops - 1
            answer = self._ask(url)
        self._url, self._text = url, answer.text()
        return entry_of(answer, url) is None and 200 <= answer.status < 300


def address_of(i: int) -> dict[str, str]:
    """
    Return what is typed into the form of the checkout; the address marks the order as a rehearsal's.
    """
    return {
        "name": f"Shopper {i}",
        "email": f"shopper{i}@rehearsal.example",
        "street": f"Prosta {i % 90 + 1}",
        "city": "Warszawa",
    }
