"""
Each honest kind does what its name says, and gets one place, one seat and one outcome by it.
"""

import json
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.crowd.kinds import KINDS
from loadtests.crowd.lines import Pace
from loadtests.crowd.shoppers import Behaviour, draw_shopper
from loadtests.journeys.browser import Request
from loadtests.journeys.catalogue import WALKS
from loadtests.measuring.measures import Outcome, Outcomes
from tests.loadtests.engine import stub
from tests.loadtests.journeys.story import BUYER, ROOM, SHOP, TAKES_S, Reply, Scene, page, room, to, walk

HONEST = [kind for kind, about in KINDS.items() if about.honest]


def waiting(position: int = 5, number: int = 9, **more: Any) -> dict[str, Any]:
    """
    Return the room's answer to one who waits.
    """
    return {"state": "waiting", "number": number, "position": position, "next_poll_s": 10.0, **more}


CALLED = {"state": "called", "number": 9, "position": 0, "next_poll_s": 1.0}
ADMITTED = {"state": "admitted", "number": 9, "pass": stub.token("pass", i=77, n=9)}


def polls(scene: Scene) -> list[float]:
    """
    Return when the room was asked for the status.
    """
    return [at_s for at_s, call in zip(scene.times_s, scene.calls(), strict=True) if f"{ROOM}/status" in call]


def test_every_kind_there_is_can_walk() -> None:
    """
    What a stream may name, the load generator knows.
    """
    assert set(WALKS) == set(KINDS)


def test_refresher_reloads_the_page_between_two_polls() -> None:
    """
    The page is opened again and again before its script would ask, and the place stays.
    """
    scene = room(waiting(), waiting(4), waiting(3), CALLED, ADMITTED)
    told = walk(scene, behaviour=Behaviour(refresh_s=2.0), kind="refresher")

    assert told.outcome is Outcome.BOUGHT
    assert scene.calls().count(f"GET {ROOM}?target=/") > 5
    assert not told.record.number_changed


def test_refresher_does_next_what_the_reloaded_page_would() -> None:
    """
    A page that says that it is called claims at once, and asks for no status before.
    """
    scene = room(waiting(next_poll_s=50.0), ADMITTED)
    scene.first[f"GET {ROOM}"] = [page("wait"), page('{"verb": "claim", "poll_s": 1.0}')]
    told = walk(scene, behaviour=Behaviour(refresh_s=2.0), kind="refresher")

    assert told.outcome is Outcome.BOUGHT
    assert scene.calls()[2:5] == [f"POST {ROOM}/join", f"GET {ROOM}?target=/", f"POST {ROOM}/claim"]


def test_refresher_who_is_put_off_joins_when_the_reloaded_page_says() -> None:
    """
    The page of one who is put off joins again in so many seconds, and not at once.
    """
    busy = page(json.dumps({"state": "refused", "reason": "network_busy", "next_poll_s": 50.0}), 429)
    scene = room(busy, waiting(), CALLED, ADMITTED)
    scene.first[f"GET {ROOM}"] = [page("wait"), page('{"verb": "join", "poll_s": 3.0}')]
    told = walk(scene, behaviour=Behaviour(refresh_s=2.0), kind="refresher")
    _, again_s = (at_s for at_s, call in zip(scene.times_s, scene.calls(), strict=True) if call.endswith("/join"))
    reloaded_s = [at_s for at_s, call in zip(scene.times_s, scene.calls(), strict=True) if call.startswith("GET /w")][1]

    assert told.outcome is Outcome.BOUGHT
    assert again_s == pytest.approx(reloaded_s + 3.0 + TAKES_S)


def test_refresher_goes_on_where_the_reloaded_page_leads() -> None:
    """
    A reload that is answered with the way into the shop is an admission.
    """
    scene = room(waiting(next_poll_s=50.0))
    scene.first[f"GET {ROOM}"] = [page("wait"), to("/")]

    assert walk(scene, behaviour=Behaviour(refresh_s=2.0), kind="refresher").outcome is Outcome.BOUGHT


def test_tabs_of_one_browser_have_one_place_and_one_seat() -> None:
    """
    All tabs join and hear the same number; the first that is called claims, and the others notice.
    """
    scene = room(waiting(), waiting(), waiting(), CALLED, ADMITTED, ADMITTED, ADMITTED)
    told = walk(scene, behaviour=Behaviour(tabs=3), kind="many-tabs")

    assert told.outcome is Outcome.BOUGHT
    assert scene.calls().count(f"GET {ROOM}?target=/") == 3
    assert scene.calls().count(f"POST {ROOM}/join") == 3
    assert sum(second.admitted for second in told.measures.seconds) == 1
    assert (told.record.number_changed, told.record.later_passes_ms) == (False, ())


def test_tabs_that_get_two_places_are_noticed() -> None:
    """
    A second number for the same browser is a place changed.
    """
    scene = room(waiting(number=9), waiting(number=10), waiting(number=9), CALLED, ADMITTED, ADMITTED, ADMITTED)

    assert walk(scene, behaviour=Behaviour(tabs=3), kind="many-tabs").record.number_changed


def test_tabs_that_get_two_seats_are_noticed() -> None:
    """
    A second pass for the same browser is told beside the first.
    """
    second = {**ADMITTED, "pass": stub.token("pass", i=78, n=9)}
    scene = room(waiting(), waiting(), CALLED, ADMITTED, second)

    assert walk(scene, behaviour=Behaviour(tabs=2), kind="many-tabs").record.later_passes_ms == (78,)


def test_tabs_lose_patience_together() -> None:
    """
    It is one person who gives up, and one who says goodbye.
    """
    scene = room(*[waiting()] * 60)
    told = walk(scene, replace(BUYER, says_goodbye=True), Behaviour(tabs=3), kind="many-tabs")

    assert told.outcome is Outcome.GAVE_UP_WAITING
    assert scene.calls().count(f"POST {ROOM}/leave") == 1


def test_abandoner_leaves_a_full_basket() -> None:
    """
    Whatever page they leave at, something is in the basket and nothing was bought.
    """
    for who in range(40):
        scene = Scene()
        assert walk(scene, replace(BUYER, who=str(who)), kind="abandoner").outcome is Outcome.LEFT_BASKET
        assert "POST /basket" in scene.calls()
        assert "GET /order/5" not in scene.calls()


def test_returning_shopper_orders_twice_and_may_wait_twice() -> None:
    """
    The seat went back with the first order: the second wait is no pass refused.
    """
    scene = room("admitted", "admitted")
    scene.first["GET /"] = [*scene.first["GET /"], page(stub.HOME), to(f"{ROOM}?target=/")]
    told = walk(scene, kind="returning")

    assert told.outcome is Outcome.BOUGHT
    assert sum(second.orders_seen for second in told.measures.seconds) == 2
    assert scene.calls().count(f"POST {ROOM}/join") == 2
    assert told.record.passes_refused == 0


def test_second_wait_of_one_who_passed_straight_in_is_not_judged_as_the_first() -> None:
    """
    The first visit had no place in the line; the number of the second one was not called back then.
    """
    scene = room(waiting(number=87), CALLED, "admitted")
    scene.cookies = {"wr_pass_sale": stub.token("pass", i=77)}
    scene.first["GET /"] = [(200, stub.HOME, {"sets_pass": True}), to(f"{ROOM}?target=/")]
    record = walk(scene, kind="returning").record

    assert (record.outcome, record.number, record.joined_s) == (Outcome.BOUGHT, None, None)


def test_slow_phone_asks_for_everything_uncompressed_over_its_line() -> None:
    """
    Each request goes over the behaviour's line.
    """
    scene = Scene()
    walk(scene, behaviour=Behaviour(line_kbit_s=200, line_delay_ms=300), kind="slow-phone")

    assert {request.pace for request in scene.asked} == {Pace(200, 0.3)}
    assert {request.headers["Accept-Encoding"] for request in scene.asked} == {"identity"}


def test_bytes_take_their_time_over_a_line() -> None:
    """
    50 kB over 400 kbit/s take a second.
    """
    assert Pace(400, 0.4).takes_s(50_000) == pytest.approx(1.0)


def test_slow_phone_reads_slowly() -> None:
    """
    It thinks half as long again as others.
    """
    scene = Scene()
    walk(scene, thinks=True, kind="slow-phone")

    assert scene.times_s[1] == pytest.approx(TAKES_S + 1.5 * BUYER.browse_thinks_s[0])


def test_hidden_tab_asks_once_a_minute_at_most() -> None:
    """
    Told to come in ten seconds, it comes in sixty; the claim needs no timer, and follows the call at once.
    """
    scene = room(waiting(), waiting(4), waiting(3), CALLED, ADMITTED)
    hidden = replace(BUYER, hides=True, room_patience_s=900.0)
    told = walk(scene, hidden, kind="slow-phone")
    claim_s = scene.times_s[scene.calls().index(f"POST {ROOM}/claim")]

    assert told.outcome is Outcome.BOUGHT
    assert all(after - before > 59.9 for before, after in pairwise(polls(scene)))
    assert claim_s - polls(scene)[-1] == pytest.approx(TAKES_S)


def test_place_lost_in_a_hidden_tab_is_not_the_rooms() -> None:
    """
    Who does not poll as told cannot hold the room to its word.
    """
    scene = room(waiting(), waiting(number=10), CALLED, ADMITTED)
    hidden = replace(BUYER, hides=True, room_patience_s=900.0)

    assert not walk(scene, hidden, kind="slow-phone").record.number_changed


def test_phone_in_the_hand_polls_as_told() -> None:
    """
    Only a hidden tab is throttled.
    """
    scene = room(waiting(), waiting(4), waiting(3), CALLED, ADMITTED)
    walk(scene, kind="slow-phone")

    assert all(after - before < 11 for before, after in pairwise(polls(scene)))


def test_app_sends_the_rooms_tokens_as_headers_and_keeps_none_as_cookies() -> None:
    """
    Visitor, ticket and pass are read from the answers and sent back by name.
    """
    joined = waiting(visitor="v1", ticket=stub.token("ticket", l="loyal"))
    scene = room(joined, CALLED, ADMITTED)
    scene.cookies = {"wr_visitor": "of a browser", "shop_session": "s1"}
    told = walk(scene, kind="app")
    headers = [request.headers for request in scene.asked]

    assert told.outcome is Outcome.BOUGHT
    assert headers[-1]["Waiting-Room-Pass"] == ADMITTED["pass"]
    assert headers[-1]["Waiting-Room-Ticket"] == joined["ticket"]
    assert headers[-1]["Waiting-Room-Visitor"] == "v1"
    assert scene.cookies == {"shop_session": "s1"}
    assert (told.record.lane, told.record.pass_issued_ms) == ("loyal", 77)


def test_app_joins_without_opening_the_page() -> None:
    """
    It has a waiting screen of its own.
    """
    scene = room("admitted")
    walk(scene, kind="app")

    assert scene.calls()[:2] == ["GET /", f"POST {ROOM}/join"]


def test_app_keeps_a_pass_that_came_with_a_page() -> None:
    """
    Where nobody waits the gate brings the pass as a cookie; the app sends it as a header from then on.
    """
    scene = Scene(first={"GET /": [(200, stub.HOME, {"sets_pass": True})]})
    scene.cookies = {"wr_pass_sale": "p1"}
    walk(scene, kind="app")

    assert scene.asked[1].headers["Waiting-Room-Pass"] == "p1"


def test_no_show_waits_and_does_not_claim() -> None:
    """
    Called, they are gone.
    """
    scene = room(waiting(), CALLED)
    told = walk(scene, kind="no-show")

    assert told.outcome is Outcome.NO_SHOW
    assert scene.calls()[-1].startswith(f"GET {ROOM}/status")
    assert told.record.called_s is not None


def test_no_show_who_need_not_wait_buys() -> None:
    """
    Interest is lost while waiting, and nobody waited.
    """
    assert walk(Scene(), kind="no-show").outcome is Outcome.BOUGHT


def test_visit_that_ran_out_of_time_has_expired() -> None:
    """
    Whose pass ended before the order, and who has no patience for a second wait, was not simply impatient.
    """
    scene = room("admitted", *[waiting()] * 20)
    scene.first["POST /checkout"] = [to(f"{ROOM}?target=/checkout")]
    told = walk(scene)

    assert told.outcome is Outcome.EXPIRED
    assert told.record.passes_refused == 1


def test_mistake_in_a_journey_is_one_error_with_a_word() -> None:
    """
    Whatever is raised on the way ends the visit once, and is told.
    """
    scene = Scene()
    del scene.pages["GET /checkout"]
    told = walk(scene)

    assert told.outcome is Outcome.ERROR
    assert told.measures.problems == {"the journey failed: KeyError: 'GET /checkout'": 1}


class Chance(Scene):
    """
    Answer anything to anything, or break: by a seed.
    """

    def __init__(self, seed: int, trouble: float) -> None:
        super().__init__()
        self.draw = random.Random(seed)
        self.trouble = trouble

    def ask(self, request: Request) -> Any:
        """
        Answer as chance has it.
        """
        if self.draw.random() < self.trouble / 20:
            raise RuntimeError("no such luck")
        key = f"{request.method} {request.url.removeprefix(SHOP).partition('?')[0]}"
        self.first[key] = [self._reply(key)]
        self.room = [self._reply(key)] if ROOM in key else []
        return super().ask(request)

    def _reply(self, key: str) -> Reply:
        usual = self.pages.get(key, page(json.dumps({"state": "admitted"})))
        if self.draw.random() > self.trouble:
            return usual
        state = self.draw.choice(["waiting", "called", "admitted", "refused", "closed", "paused", "odd"])
        told = {"state": state, "number": self.draw.randint(1, 9), "next_poll_s": self.draw.choice([None, 1.0, 9])}
        status = self.draw.choice([200, 404, 409, 429, 500])
        odd: list[Reply] = [
            page(json.dumps(told)),
            page("\x00<form method=post action=http://[>", status),
            to(f"{ROOM}?target=/"),
            to(self.draw.choice(["/", "/order/5", "http://[", "http://stranger.example/"])),
            (0, "", {"fault": "abandoned"}),
            (429, "", {"location": f"{ROOM}?target=/", "retry_after_s": 3.0}),
        ]
        return self.draw.choice(odd)


@given(kind=st.sampled_from(HONEST), seed=st.integers(0, 10**6), trouble=st.floats(0, 1))
def test_every_visit_has_exactly_one_outcome(kind: str, seed: int, trouble: float) -> None:
    """
    Against a shop and a room that answer anything, or nothing, each visit ends, and is counted once.
    """
    shopper = draw_shopper(Behaviour(room_patience_s=60.0), f"7:{seed}", 0)
    told = walk(Chance(seed, trouble), shopper, kind=kind)

    assert told.measures.outcomes == Outcomes(**{told.outcome.value: 1})
    assert told.measures.arrivals == 1
