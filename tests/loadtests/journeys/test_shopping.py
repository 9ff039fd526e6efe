"""
Shoppers walk as people do: look, think, buy; reload what fails; give up when they have had enough.
"""

from dataclasses import replace

import pytest

from loadtests.crowd.shoppers import Behaviour
from loadtests.journeys.browser import Request
from loadtests.journeys.shopping import Shopping
from loadtests.journeys.table import draw_path
from loadtests.journeys.tables import WINDOW
from loadtests.measuring.measures import Outcome
from tests.loadtests.journeys.story import (
    BROKEN,
    BUYER,
    ROOM,
    SHOP,
    SHOP_PAGES,
    SLOW,
    TAKES_S,
    Reply,
    Scene,
    page,
    room,
    to,
    walk,
)

STRANGER = "http://stranger.example"


def sent(scene: Scene, call: str) -> Request:
    """
    Return the request that was sent for *call*.
    """
    return scene.asked[scene.calls().index(call)]


def test_buyer_goes_all_the_way() -> None:
    """
    A buyer opens every page of the shop in its order, and has bought.
    """
    scene = Scene()

    assert walk(scene).outcome is Outcome.BOUGHT
    assert scene.calls() == [
        "GET /",
        "GET /product/kite",
        "POST /basket",
        "GET /basket",
        "GET /checkout",
        "POST /checkout",
        "GET /payment/5",
        "POST /payment/5",
        "GET /order/5",
    ]


def test_forms_are_sent_with_their_hidden_fields() -> None:
    """
    What the shop hid in its forms comes back, beside what a person types.
    """
    scene = Scene()
    walk(scene)

    assert sent(scene, "POST /basket").form == {"product": "kite", "quantity": "1"}
    assert sent(scene, "POST /checkout").form == {
        "token": "t1",
        "name": "Shopper 0",
        "email": "shopper0@rehearsal.example",
        "street": "Prosta 1",
        "city": "Warszawa",
    }
    assert sent(scene, "POST /payment/5").form == {"token": "t2"}


def test_window_shopper_buys_nothing() -> None:
    """
    Who only looks opens products, each by the next taste, and goes.
    """
    scene = Scene()
    looker = next(who for i in range(99) if len(draw_path(WINDOW, (who := replace(BUYER, who=str(i))).who).steps) == 3)

    assert walk(scene, looker, kind="window").outcome is Outcome.BROWSED
    assert scene.calls() == ["GET /", "GET /product/kite", "GET /product/boat"]


def test_order_is_counted_when_its_number_is_seen() -> None:
    """
    One confirmation seen is one order.
    """
    assert sum(second.orders_seen for second in walk(Scene()).measures.seconds) == 1


def test_record_bears_what_the_pages_took_together() -> None:
    """
    Each page that came counts with its service time, and one that failed does not.
    """
    failed = Scene(first={"GET /checkout": [BROKEN]})

    for scene in (Scene(), failed):
        record = walk(scene).record
        assert record.pages == 9
        assert record.served_ms == pytest.approx(9 * TAKES_S * 1000)


def test_slow_page_is_abandoned_and_reloaded() -> None:
    """
    A page beyond the shopper's patience is tried again after a pause, and the visit goes on.
    """
    scene = Scene(first={"GET /product/kite": [SLOW]})

    assert walk(scene).outcome is Outcome.BOUGHT
    pause_s = scene.times_s[2] - scene.times_s[1] - BUYER.page_patience_s
    assert pause_s == pytest.approx(Behaviour().reload_pause_s * BUYER.haste[0])


def test_pauses_between_reloads_double() -> None:
    """
    Each further reload waits twice as long, by the shopper's own haste.
    """
    scene = Scene(first={"GET /": [BROKEN, BROKEN, BROKEN]})
    walk(scene, replace(BUYER, haste=(1.0, 1.0, 1.0)))
    pauses = [after - before - TAKES_S for before, after in zip(scene.times_s, scene.times_s[1:4], strict=False)]

    assert pauses == pytest.approx([1.0, 2.0, 4.0])


@pytest.mark.parametrize("failure", [SLOW, BROKEN, page("busy", 503), page("late", 504), page("many", 429)])
def test_page_that_fails_again_and_again_ends_the_visit(failure: tuple[int, str, dict[str, str]]) -> None:
    """
    After as many reloads as the behaviour grants, the shopper gives the shop up.
    """
    scene = Scene(first={"GET /checkout": [failure] * 9})
    told = walk(scene, behaviour=Behaviour(reloads=3))

    assert told.outcome is Outcome.GAVE_UP_SHOP
    assert scene.calls().count("GET /checkout") == 4
    assert told.measures.shop_errors == 4


def test_sold_out_ends_the_visit() -> None:
    """
    A conflict means that there is nothing left; it is an answer and no error.
    """
    told = walk(Scene(first={"POST /checkout": [page("none left", 409)]}))

    assert told.outcome is Outcome.SOLD_OUT
    assert told.measures.shop_errors == 0


def test_unknown_page_is_an_error_with_a_word() -> None:
    """
    What no overload explains is told in the problems.
    """
    told = walk(Scene(first={"GET /checkout": [page("what?", 404)]}))

    assert told.outcome is Outcome.ERROR
    assert told.measures.problems == {"checkout: status 404": 1}


def test_payment_that_leads_elsewhere_is_no_order() -> None:
    """
    Only the order's page confirms an order.
    """
    told = walk(Scene(first={"POST /payment/5": [to("/basket")]}))

    assert told.outcome is Outcome.ERROR
    assert sum(second.orders_seen for second in told.measures.seconds) == 0


def test_shop_without_products_is_an_error() -> None:
    """
    A home page that links to nothing cannot be shopped at, and says so.
    """
    told = walk(Scene(first={"GET /": [page("<h1>Hello</h1>")]}))

    assert told.measures.problems == {"the product page leads to no product": 1}


class Script(Shopping):
    """
    Let a script of the home page call another host.
    """

    table = WINDOW

    def home(self) -> None:
        """
        Call it.
        """
        self.call(f"{STRANGER}/prices", {})


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ({"GET /": to(f"{STRANGER}/")}, "buyer"),
        ({"GET /": page(f'<a href="{STRANGER}/product/kite">Kite</a>')}, "buyer"),
        ({"GET /product/kite": page(f'<form method="post" action="{STRANGER}/basket"></form>')}, "buyer"),
        ({"POST /basket": to(f"{STRANGER}/basket")}, "buyer"),
        ({"GET /": to(f"{STRANGER}{ROOM}?target=/")}, "buyer"),
        ({}, Script),
    ],
    ids=["redirect", "link", "form", "redirect of a form", "room", "call"],
)
def test_visit_ends_where_the_shop_leads_to_a_host_that_must_not_be_loaded(
    pages: dict[str, Reply], kind: str | type[Shopping]
) -> None:
    """
    However it leads there; and the report says where to.
    """
    told = walk(Scene(pages={**SHOP_PAGES, **pages}), kind=kind)

    assert told.outcome is Outcome.ERROR
    assert told.measures.problems == {"the shop leads to stranger.example, which no --allow-host names": 1}


def test_redirects_without_end_are_an_error() -> None:
    """
    Pages that lead in circles do not hold a shopper for ever.
    """
    scene = Scene()
    scene.pages["GET /checkout"] = to("/checkout")

    assert walk(scene).outcome is Outcome.ERROR


def test_next_page_is_due_after_the_think_time() -> None:
    """
    Think times begin when the page has come.
    """
    scene = Scene()
    walk(scene, thinks=True)

    assert scene.times_s[1] == pytest.approx(TAKES_S + BUYER.browse_thinks_s[0])


def test_late_waking_counts_from_the_intended_instant() -> None:
    """
    If the generator wakes late, the page is measured from when it was meant to be asked for.
    """
    scene = Scene(lateness_s=lambda: 2.0)
    measures = walk(scene, thinks=True).measures

    assert measures.shop_p95_ms == pytest.approx(2100, rel=0.01)
    assert measures.shop_service_p95_ms == pytest.approx(100, rel=0.01)


def test_abandoned_pages_count_with_the_time_until_then() -> None:
    """
    An abandoned request stands in the latency as a lower bound, not as a hole.
    """
    told = walk(Scene(first={"GET /": [SLOW] * 9}))

    assert told.measures.latency.percentile_ms(100) == pytest.approx(BUYER.page_patience_s * 1000, rel=0.01)


def test_broken_connections_are_errors_without_a_latency() -> None:
    """
    A connection that breaks at once does not make the shop look fast.
    """
    measures = walk(Scene(first={"GET /": [BROKEN] * 9})).measures

    assert (measures.error_ratio, measures.shop_p95_ms) == (1.0, None)


def test_way_to_the_room_is_no_page_of_the_shop() -> None:
    """
    A redirect into the room is a fine request, but in no latency.
    """
    measures = walk(room("admitted")).measures

    assert measures.pages["GET home"].to_room == 1
    assert measures.shop_errors == 0
    assert measures.latency.count == measures.shop_requests - 1


def test_form_sent_to_the_room_is_sent_again_after_it() -> None:
    """
    Who is sent to wait with a form in hand returns to the shop and sends it again.
    """
    scene = room("admitted")
    scene.first["POST /checkout"] = scene.first.pop("GET /")
    told = walk(scene)

    assert told.outcome is Outcome.BOUGHT
    assert scene.calls()[5:10] == [
        "POST /checkout",
        f"GET {ROOM}?target=/",
        f"POST {ROOM}/join",
        "GET /",
        "POST /checkout",
    ]


def test_room_that_leads_to_a_stranger_is_not_followed() -> None:
    """
    A target outside of the shop is never asked: a rehearsal loads nobody else.
    """
    stranger = '{"target": "http://stranger.example/"}'
    scene = room({"state": "admitted", "target": "http://stranger.example/"}, **{f"GET {ROOM}": page(stranger)})

    assert walk(scene).outcome is Outcome.BOUGHT
    assert all(request.url.startswith(SHOP) for request in scene.asked)


def test_refused_pass_means_waiting_again() -> None:
    """
    A pass that the shop no longer takes leads back into the room, and is counted.
    """
    scene = room("admitted", "admitted")
    scene.first["GET /checkout"] = [to(f"{ROOM}?target=/checkout")]
    told = walk(scene)

    assert (told.outcome, told.record.passes_refused) == (Outcome.BOUGHT, 1)


def test_shop_and_room_that_play_ball_are_an_error() -> None:
    """
    A shopper whom shop and room send to each other without end is released.
    """
    scene = room(*["admitted"] * 20)
    scene.pages["GET /"] = to(f"{ROOM}?target=/")

    assert walk(scene).outcome is Outcome.ERROR
