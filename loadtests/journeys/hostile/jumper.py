"""
The jumper: tries every way in front of the others, and every way out of the shop.

Claims before being called, edits the number, goes straight to the checkout, spells its address otherwise, posts the
order without ever having been inside, and asks to be led to another host.
"""

from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from loadtests.journeys.browser import Answer
from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.errand import address_of
from loadtests.journeys.hostile.means import Door, Held, Means, told_cookies, told_headers
from loadtests.journeys.hostile.tokens import altered
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

CLAIMS: Final = 4
CLAIM_PAUSE_S: Final = 0.25
STALE_S: Final = 2.0
"""How old what a worker of the room knows may be: a position that it tells may have been called meanwhile."""
SLACK: Final = 5
"""Places beyond that before a claim counts as early: those before one may leave at any moment."""
SPELLINGS: Final = (
    "/checkout/",
    "/CHECKOUT",
    "//checkout",
    "/./checkout",
    "/basket/../checkout",
    "/assets/../checkout",
    "/%63heckout",
    "/checkout%2f",
    "/checkout;x=1",
    "/checkout?x=/assets/",
    "/favicon.ico/../checkout",
    "/payment/1",
)
"""The checkout in other words, and the page behind it: what some servers or proxies take for the same."""
ELSEWHERE: Final = "elsewhere.example"
TARGETS: Final = (
    f"https://{ELSEWHERE}/",
    f"//{ELSEWHERE}/",
    f"/\\{ELSEWHERE}/",
    f"https:{ELSEWHERE}",
    f"https://shop@{ELSEWHERE}/",
    f"/.//{ELSEWHERE}/",
    f"/%0d%0aLocation:%20https://{ELSEWHERE}/",
)
"""Ways on that lead to another host in the hands of some browser; the name is reserved (RFC 2606), nobody is there."""


class Jumper:
    """
    Walk one jumper.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)

    def walk(self) -> Outcome:
        """
        Return whether there was a way past the queue, or out of the shop.
        """
        means = self._means
        met = means.knock()
        if isinstance(met, Door):
            self._walk_in(met)
            self._jump(met)
            held = means.wait(met)
            if held is not None:
                self._ask_for_elsewhere(met)
            means.room(met, "leave")
        return means.end()

    def _walk_in(self, door: Door) -> None:
        """
        Go to the checkout without a pass, by every spelling, and post the order's forms.
        """
        means, nothing = self._means, told_cookies(door.room)
        for spelling in SPELLINGS:
            url = means.shop_url + spelling
            self._judge(means.shop(url, headers=nothing), url)
        address = address_of(means.cast.shopper.i)
        for path, form in (("/basket", {"quantity": "1"}), ("/checkout", address), ("/payment/1", {"method": "card"})):
            url = means.shop_url + path
            self._judge(means.shop(url, form=form, headers=nothing), url)

    def _judge(self, answer: Answer, url: str) -> None:
        means = self._means
        means.tried()
        if means.judge(answer, url):
            means.note(f"served without a pass: {urlsplit(url).path}")

    def _jump(self, door: Door) -> None:
        """
        Claim again and again from the moment of the join, and with a better number.
        """
        means = self._means
        means.page(door.page)
        joined_s = means.now_s()
        told = means.room(door, "join")
        held = Held.by(means.browser)
        for _ in range(CLAIMS):
            means.tried()
            if self._is_early(told, means.room(door, "claim?seen=1"), means.now_s() - joined_s, door):
                means.gained(Gain.EARLY)
            means.rest(CLAIM_PAUSE_S)
        better = {**told_cookies(door.room), **told_headers(visitor=held.visitor, ticket=altered(held.ticket, n=1))}
        for verb in ("status?seen=1", "claim?seen=1"):
            means.tried()
            if means.room(door, verb, headers=better).get("state") in ("waiting", "called", "admitted"):
                means.gained(Gain.PLACE)

    def _is_early(self, told: dict[str, Any], claimed: dict[str, Any], for_s: float, door: Door) -> bool:
        """
        Tell whether a claim brought a pass although more were before than the room's rate can have called meanwhile.
        """
        position = told.get("position")
        if claimed.get("state") != "admitted" or told.get("state") != "waiting" or not isinstance(position, int):
            return False
        rate = self._means.room(door, "state.json").get("rate_per_minute")
        per_s = rate / 60 if isinstance(rate, (int, float)) else 0.0
        return position > per_s * (for_s + STALE_S) + SLACK

    def _ask_for_elsewhere(self, door: Door) -> None:
        """
        Ask the room, whose word now leads to the shop, for a way on to another host.
        """
        means = self._means
        for target in TARGETS:
            means.tried()
            address = door.leading_to(target)
            answer = means.page(address)
            if answer.redirects and _host(urljoin(address, answer.location)).endswith(ELSEWHERE):
                means.gained(Gain.WAY_OUT)


def _host(address: str) -> str:
    # As a browser reads it: a backslash is a slash.
    return urlsplit(address.replace("\\", "/")).hostname or ""
