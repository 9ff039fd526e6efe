"""
The rehearsal of an Oscar shop: a short journey, whose forms are those that Oscar's pages have.

The pages are Oscar 4.2.1's own, with all but their forms taken out.
"""

from pathlib import Path

import pytest

from loadtests.crowd.own import own_of
from loadtests.crowd.streams import Stream
from loadtests.forecast.visits import visits_of
from loadtests.journeys.own import load
from loadtests.measuring.measures import Outcome
from loadtests.scenario.read import read
from loadtests.scenario.spec import Scenario
from tests.loadtests.journeys.story import ROOM, SHOP, Reply, Scene, Told, page, room, to, walk
from tests.source import ROOT
from waiting_room.config import load as configured

OSCAR = ROOT / "examples" / "oscar"
PAGES = Path(__file__).parent / "oscar_pages"
WAY = [
    "GET /catalogue/kite_1/",
    "POST /basket/add/1/",
    "GET /basket/",
    "GET /checkout/",
    "POST /checkout/",
    "GET /checkout/shipping-address/",
    "POST /checkout/shipping-address/",
    "GET /checkout/shipping-method/",
    "GET /checkout/payment-method/",
    "GET /checkout/payment-details/",
    "GET /checkout/preview/",
    "POST /checkout/preview/",
    "GET /checkout/thank-you/",
]


def saved(name: str) -> Reply:
    """
    Return a page as Oscar sends it.
    """
    return page((PAGES / f"{name}.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """
    Return the example's scenario.
    """
    return read(OSCAR / "scenario.toml")


@pytest.fixture
def stream(scenario: Scenario) -> Stream:
    """
    Return those who come.
    """
    (stream,) = scenario.streams
    return stream


def bought_by(stream: Stream, scene: Scene) -> Told:
    """
    Return what came of a guest's visit to Oscar.
    """
    (kind,) = stream.journeys
    own = own_of(kind)
    assert own is not None
    scene.pages |= {
        "GET /catalogue/kite_1/": saved("product"),
        "POST /basket/add/1/": to("/basket/"),
        "GET /basket/": saved("basket"),
        "GET /checkout/": saved("checkout"),
        "POST /checkout/": to("/checkout/shipping-address/"),
        "GET /checkout/shipping-address/": saved("shipping-address"),
        "POST /checkout/shipping-address/": to("/checkout/shipping-method/"),
        "GET /checkout/shipping-method/": to("/checkout/payment-method/"),
        "GET /checkout/payment-method/": to("/checkout/payment-details/"),
        "GET /checkout/payment-details/": page("no payment is needed"),
        "GET /checkout/preview/": saved("preview"),
        "POST /checkout/preview/": to("/checkout/thank-you/"),
        "GET /checkout/thank-you/": page("thank you"),
    }
    return walk(scene, behaviour=stream.behaviour, kind=load(own))


def test_the_journey_has_at_most_forty_lines() -> None:
    """
    That is all that somebody has to write for a shop of their own.
    """
    assert len((OSCAR / "journey.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_journey_buys(stream: Stream) -> None:
    """
    By the forms of Oscar's pages, and by nothing else.
    """
    scene = Scene()

    assert bought_by(stream, scene).outcome is Outcome.BOUGHT
    assert scene.calls() == WAY


def test_every_form_bears_its_own_token_and_what_the_guest_types(stream: Stream) -> None:
    """
    Without the token Django answers 403, and the languages' form stands first on most pages.
    """
    scene = Scene()
    bought_by(stream, scene)
    sent = [request.form or {} for request in scene.asked if request.method == "POST"]

    assert [form["csrfmiddlewaretoken"] for form in sent] == [
        f"token-of-{name}" for name in ("product", "checkout", "shipping-address", "preview")
    ]
    assert sent[0]["quantity"] == "1"
    assert sent[1]["username"].endswith("@rehearsal.example")
    assert sent[2].keys() >= {"first_name", "last_name", "line1", "line4", "postcode"}
    assert sent[3]["action"] == "place_order"


def test_who_waited_buys_what_they_came_for(stream: Stream) -> None:
    """
    The room's own target is the catalogue, on which nothing can be put into a basket.
    """
    scene = room({"state": "admitted", "target": f"{SHOP}/catalogue/"})
    scene.first = {"GET /catalogue/kite_1/": [to(f"{ROOM}?target={SHOP}/catalogue/kite_1/")]}

    assert bought_by(stream, scene).outcome is Outcome.BOUGHT
    assert scene.calls()[3:] == WAY


def test_the_scenario_says_of_the_room_what_the_room_is_set_to(scenario: Scenario) -> None:
    """
    The forecast reads the one file, and the service the other.
    """
    policy = configured(OSCAR / "waiting-room.toml", {}, {}).rooms["oscar"]

    assert scenario.room == {name: getattr(policy, name) for name in scenario.room}
    assert {"rate_per_minute", "capacity"} <= scenario.room.keys()


def test_the_forecast_takes_a_guest_for_a_buyer(stream: Stream) -> None:
    """
    It runs nobody's file; taken for people who only look, they would be told to order nothing.
    """
    assert visits_of(stream, 1, 10.0, stream.journeys).orders == 1
