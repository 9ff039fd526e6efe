"""
A shop and a room played in memory, on a clock that only moves when somebody waits: for the pure journey.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour, Shopper, draw_shopper
from loadtests.crowd.streams import Stream
from loadtests.engine.plan import RunPlan
from loadtests.journeys.browser import Answer, Request, Strayed
from loadtests.journeys.cast import Cast, Walk
from loadtests.journeys.catalogue import WALKS
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.measuring.recorder import Recorder, Unobserved
from tests.loadtests.engine import stub

SHOP = "http://shop.example"
ROOM = "/waiting-room/sale"
TAKES_S = 0.1

Reply = tuple[int, str, dict[str, Any]]


def page(text: str, status: int = 200) -> Reply:
    """
    Return a page.
    """
    return status, text, {}


def to(location: str, **more: Any) -> Reply:
    """
    Return a redirect.
    """
    return 303, "", {"location": location, **more}


SLOW = (0, "", {"fault": "abandoned"})
BROKEN = (0, "", {"fault": "ConnectionRefusedError: nobody there"})

SHOP_PAGES: dict[str, Reply] = {
    "GET /": page(stub.HOME),
    "GET /product/kite": page(stub.PRODUCT.format(slug="kite")),
    "GET /product/boat": page(stub.PRODUCT.format(slug="boat")),
    "POST /basket": to("/basket"),
    "GET /basket": page("basket"),
    "GET /checkout": page(stub.CHECKOUT),
    "POST /checkout": to("/payment/5"),
    "GET /payment/5": page(stub.PAYMENT),
    "POST /payment/5": to("/order/5"),
    "GET /order/5": page("thank you"),
}


@dataclass
class Scene:
    """
    Be the browser: answer from *first* (once each, in order) or *pages*, and from *room* whatever the room is asked.

    Every answer takes TAKES_S.
    """

    pages: dict[str, Reply] = field(default_factory=lambda: dict(SHOP_PAGES))
    first: dict[str, list[Reply]] = field(default_factory=dict)
    room: list[Reply] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    time_s: float = 0.0
    lateness_s: Callable[[], float] = lambda: 0.0

    def now_s(self) -> float:
        """
        Return the scene's time.
        """
        return self.time_s

    def rest_until(self, at_s: float) -> None:
        """
        Let time pass.
        """
        self.time_s = max(self.time_s, at_s) + self.lateness_s()

    def ask(self, request: Request) -> Answer:
        """
        Play the answer that the script has for the request; no other host than the shop's may be loaded.
        """
        if (host := str(urlsplit(request.url).hostname)) != urlsplit(SHOP).hostname:
            raise Strayed(host)
        self.asked.append(request)
        self.times_s.append(self.time_s)
        key = f"{request.method} {request.url.removeprefix(SHOP).partition('?')[0]}"
        replies = self.room if ROOM + "/" in key else self.first.get(key)
        status, body, more = replies.pop(0) if replies else self.pages[key]
        sent_s = self.time_s
        self.time_s += request.patience_s if more.get("fault") == "abandoned" else TAKES_S
        return Answer(status, sent_s, self.time_s, body.encode(), **more)

    def cookie(self, prefix: str) -> str | None:
        """
        Return a cookie.
        """
        return next((value for name, value in self.cookies.items() if name.startswith(prefix)), None)

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep a cookie.
        """
        assert url.startswith(SHOP)
        name, _, value = cookie.partition(";")[0].partition("=")
        self.cookies[name] = value

    def forget(self, prefix: str) -> None:
        """
        Drop cookies.
        """
        self.cookies = {name: value for name, value in self.cookies.items() if not name.startswith(prefix)}

    def calls(self) -> list[str]:
        """
        Return what was asked, as "GET /path?query".
        """
        return [f"{request.method} {request.url.removeprefix(SHOP)}" for request in self.asked]


@dataclass(frozen=True)
class Told:
    """
    Hold what came of a walk.
    """

    outcome: Outcome
    record: ShopperRecord
    measures: Measures


PLAN = RunPlan("with_room", "open", SHOP, 7, (Stream("crowd", Rate(((0.0, 1.0), (60.0, 1.0)))),))
BUYER = replace(
    draw_shopper(Behaviour(), 7, 0), tastes=(0.0, 0.99), room_patience_s=60.0, says_goodbye=False, hides=False
)


def walk(
    scene: Scene,
    shopper: Shopper = BUYER,
    behaviour: Behaviour | None = None,
    *,
    thinks: bool = False,
    kind: str | Callable[[Cast], Walk] = "buyer",
    invitation: str = "",
) -> Told:
    """
    Walk one shopper through the scene.
    """
    recorder = Recorder(PLAN, Unobserved())
    name, walks = (kind, WALKS[kind]) if isinstance(kind, str) else ("own", kind)
    visit = recorder.arrived(shopper.i, scene.time_s, scene.time_s, "crowd", name)
    cast = Cast(
        browser=scene,
        new_browser=lambda: scene,
        dial=lambda _url: None,
        recorder=recorder,
        visit=visit,
        shopper=shopper,
        behaviour=behaviour or Behaviour(),
        shop_url=SHOP,
        thinks=thinks,
        invitation=invitation,
    )
    outcome = walks(cast).walk()
    recorder.ended(visit, outcome, scene.now_s())
    measures = recorder.take(started_at_ms=0, duration_s=60, scheduled=1, cpu_share=0, interrupted=False)
    return Told(outcome, measures.shoppers[0], measures)


def room(*answers: str | dict[str, Any] | Reply, **pages: Reply) -> Scene:
    """
    Return a scene whose home page leads into the room once; the room then gives *answers* in their order.

    An answer is a state, the JSON of one, or a whole reply; whatever verb is asked gets the next.
    """
    scene = Scene(first={"GET /": [to(f"{ROOM}?target=/")]})
    scene.pages |= {f"GET {ROOM}": page("please wait")} | pages
    scene.room = [_reply(answer) for answer in answers]
    return scene


def _reply(answer: str | dict[str, Any] | Reply) -> Reply:
    match answer:
        case str():
            return page(json.dumps({"state": answer}))
        case dict():
            return page(json.dumps(answer))
    return answer
