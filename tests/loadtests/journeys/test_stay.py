"""
In the waiting room a shopper does what the page does, and keeps account of what it is told.
"""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from loadtests.journeys.visit import NOTED, EtaReservoir
from loadtests.measuring.measures import EtaSample, Outcome, ShopperRecord
from tests.loadtests.engine import stub
from tests.loadtests.journeys.story import BROKEN, BUYER, ROOM, SHOP, TAKES_S, page, room, to, walk


def waiting(position: int = 5, number: int = 9, **more: Any) -> dict[str, Any]:
    """
    Return the room's answer to one who waits.
    """
    return {"state": "waiting", "number": number, "position": position, "next_poll_s": 2.0, **more}


def called(number: int = 9) -> dict[str, Any]:
    """
    Return the room's answer to one whose turn it is.
    """
    return {"state": "called", "number": number, "position": 0, "next_poll_s": 1.0, "reason": "your_turn"}


def test_stay_is_join_poll_claim_and_on_to_the_target() -> None:
    """
    The page's calls, in its order, each poll bearing the position that was shown.
    """
    scene = room(waiting(5), waiting(3), called(), {"state": "admitted", "number": 9, "target": f"{SHOP}/"})

    assert walk(scene).outcome is Outcome.BOUGHT
    assert scene.calls()[:7] == [
        "GET /",
        f"GET {ROOM}?target=/",
        f"POST {ROOM}/join",
        f"GET {ROOM}/status?seen=5",
        f"GET {ROOM}/status?seen=3",
        f"POST {ROOM}/claim",
        "GET /",
    ]


def test_stay_leads_on_to_the_page_that_was_asked_for() -> None:
    """
    The room's answer names the room's own target, which would be the wrong page to a shopper who came for a product.
    """
    kite, home = f"{SHOP}/product/kite", {"state": "admitted", "target": f"{SHOP}/"}
    scene = room(waiting(), called(), home)
    scene.first = {"GET /product/kite": [to(f"{ROOM}?target={kite}")]}

    assert walk(scene).outcome is Outcome.BOUGHT
    assert scene.calls()[5:8] == ["POST /waiting-room/sale/claim", "GET /product/kite", "POST /basket"]


def test_stay_leads_on_to_where_the_page_does() -> None:
    """
    The room may refuse what was asked for; the address is written as a template writes it for a script.
    """
    shown = page('<script type="application/json">{"room": "sale", "target": "/product/boat?a=1\\u0026b=2"}</script>')
    scene = room({"state": "admitted", "target": f"{SHOP}/"}, **{f"GET {ROOM}": shown})
    scene.first = {"GET /product/kite": [to(f"{ROOM}?target=/product/kite")]}
    walk(scene)

    assert scene.calls()[3:5] == ["POST /waiting-room/sale/join", "GET /product/boat?a=1&b=2"]


def test_polls_come_exactly_when_told() -> None:
    """
    The next poll is sent next_poll_s after the answer.
    """
    scene = room(waiting(), waiting(next_poll_s=7.5), called(), "admitted")
    walk(scene)
    joined, first, second = scene.times_s[2:5]

    assert first - joined == pytest.approx(2.0 + TAKES_S)
    assert second - first == pytest.approx(7.5 + TAKES_S)


def test_claim_follows_the_call_at_once_and_is_repeated_as_told() -> None:
    """
    A claim that must be repeated waits as long as the answer says.
    """
    scene = room(waiting(), called(), {**called(), "reason": "seats_full"}, "admitted")
    walk(scene)
    status, claim, again = scene.times_s[3:6]

    assert claim - status == pytest.approx(TAKES_S)
    assert again - claim == pytest.approx(1.0 + TAKES_S)


def test_record_tells_the_wait() -> None:
    """
    Joined and called by the end of answers, last waiting by the start of the request: safe for judging the order.
    """
    scene = room(waiting(), waiting(), called(), "admitted")
    scene.cookies = {
        "wr_ticket_sale": stub.token("ticket", l="loyal"),
        "wr_pass_sale": stub.token("pass", i=1234, n=9),
    }
    record = walk(scene).record

    assert (record.number, record.lane, record.polls) == (9, "loyal", 2)
    assert record.joined_s == pytest.approx(3 * TAKES_S)
    assert record.last_waiting_s == pytest.approx(3 * TAKES_S + 2.0)
    assert record.called_s == pytest.approx(5 * TAKES_S + 4.0)
    assert record.admitted_s == pytest.approx(6 * TAKES_S + 4.0)
    assert record.waited_s == pytest.approx(3 * TAKES_S + 4.0)
    assert record.pass_issued_ms == 1234


def test_patience_ends_without_a_word() -> None:
    """
    Most who give up vanish: nothing is sent.
    """
    scene = room(*[waiting()] * 50)
    told = walk(scene, replace(BUYER, room_patience_s=9.0))

    assert told.outcome is Outcome.GAVE_UP_WAITING
    assert scene.now_s() == pytest.approx(9.0 + TAKES_S)
    assert scene.calls()[-1].startswith(f"GET {ROOM}/status")


def test_polite_shopper_says_goodbye() -> None:
    """
    Some tell the room that they leave.
    """
    scene = room(*[waiting()] * 50)
    walk(scene, replace(BUYER, room_patience_s=9.0, says_goodbye=True))

    assert scene.calls()[-1] == f"POST {ROOM}/leave"


def test_closed_room_refuses() -> None:
    """
    A closed room ends the visit.
    """
    assert walk(room("closed")).outcome is Outcome.REFUSED


def test_refusal_for_good_ends_the_visit() -> None:
    """
    A refusal without a time to come again is final, and its reason is told.
    """
    told = walk(room({"state": "refused", "reason": "room_draining"}))

    assert told.outcome is Outcome.REFUSED
    assert told.measures.problems == {"the room refused: room_draining": 1}


def test_refusal_for_now_is_tried_again() -> None:
    """
    A refusal with a time to come again is repeated then.
    """
    scene = room({"state": "refused", "reason": "store_away", "next_poll_s": 3.0}, "admitted")

    assert walk(scene).outcome is Outcome.BOUGHT
    assert scene.times_s[3] - scene.times_s[2] == pytest.approx(3.0 + TAKES_S)


@pytest.mark.parametrize("status", [409, 429, 503])
def test_retry_after_is_kept(status: int) -> None:
    """
    Whatever refuses with a Retry-After is asked again then, and not before.
    """
    later = (status, json.dumps({"status": status, "reason": "bad_request"}), {"retry_after_s": 4.0})
    scene = room(waiting(), later, called(), "admitted")

    assert walk(scene).outcome is Outcome.BOUGHT
    assert scene.times_s[4] - scene.times_s[3] == pytest.approx(4.0 + TAKES_S)


BUSY = (429, json.dumps({"state": "refused", "reason": "network_busy", "next_poll_s": 6.0}), {"retry_after_s": 6.0})


def test_one_who_is_put_off_asks_again_when_told_and_has_waited_meanwhile() -> None:
    """
    It is no error, and the place is the one that came in the end.
    """
    told = walk(room(BUSY, BUSY, waiting(), called(), "admitted"))
    record = told.record

    assert (told.outcome, told.measures.room_errors, told.measures.problems) == (Outcome.BOUGHT, 0, {})
    assert record.put_off_s == pytest.approx(2 * (6.0 + TAKES_S))
    assert record.in_line_s == pytest.approx((record.admitted_s or 0) - (record.joined_s or 0))
    assert record.waited_s == pytest.approx(record.put_off_s + (record.in_line_s or 0))


def test_one_who_goes_while_put_off_gave_up_waiting() -> None:
    """
    The wait is as long as their patience was after the first answer.
    """
    told = walk(room(*[BUSY] * 9), shopper=replace(BUYER, room_patience_s=20.0))

    assert told.outcome is Outcome.GAVE_UP_WAITING
    assert told.record.joined_s is None
    assert told.record.waited_s == told.record.put_off_s == pytest.approx(20.0 - 2 * TAKES_S)


def test_an_invitations_link_is_opened_before_anything_and_leads_into_the_shop() -> None:
    """
    The room takes the invitation out of the address, and the shopper joins at the page to which it leads.
    """
    scene = room(waiting(), called(), "admitted", **{f"GET {ROOM}": page("please wait")})
    scene.first = {f"GET {ROOM}": [to(ROOM)]}

    assert walk(scene, invitation=f"{SHOP}{ROOM}?invite=abc").outcome is Outcome.BOUGHT
    assert scene.calls()[:3] == [f"GET {ROOM}?invite=abc", f"GET {ROOM}", f"POST {ROOM}/join"]
    assert scene.calls()[3:6] == [f"GET {ROOM}/status?seen=5", f"POST {ROOM}/claim", "GET /"]


def test_an_app_sends_its_invitation_until_it_has_a_place() -> None:
    """
    As a header with the join, and not with what comes after.
    """
    scene = room({**waiting(), "ticket": "t"}, called(), "admitted")
    scene.first = {}
    walk(scene, kind="app", invitation=f"{SHOP}{ROOM}?invite=abc")
    join, *later = scene.asked

    assert (join.method, join.headers["Waiting-Room-Invitation"]) == ("POST", "abc")
    assert not any("Waiting-Room-Invitation" in request.headers for request in later)


def test_changed_number_is_a_place_lost() -> None:
    """
    A number that changes while its holder polls as told is noted.
    """
    assert walk(room(waiting(number=9), waiting(number=10), called(10), "admitted")).record.number_changed


def test_kept_number_is_no_place_lost() -> None:
    """
    The same number until the end is what was promised.
    """
    record = walk(room(waiting(), waiting(), called(), "admitted")).record

    assert not record.number_changed
    assert not record.vanished


def test_unknown_place_is_noted_and_joined_again() -> None:
    """
    A room that forgot the ticket has lost the place; the shopper joins again.
    """
    lost = page(json.dumps({"type": "about:blank", "status": 404, "reason": "no_ticket"}), 404)
    scene = room(waiting(), lost, waiting(number=20), called(20), "admitted")
    record = walk(scene).record

    assert record.vanished
    assert scene.calls()[4] == f"POST {ROOM}/join"


def test_place_lost_by_our_own_lateness_is_not_the_rooms() -> None:
    """
    If the generator itself polled late, a new number proves nothing.
    """
    scene = room(waiting(number=9), waiting(number=10), called(10), "admitted")
    scene.lateness_s = lambda: 5.0

    assert not walk(scene).record.number_changed


def test_rising_position_is_counted() -> None:
    """
    The position promised never to go up is watched.
    """
    assert walk(room(waiting(5), waiting(4), waiting(6), called(), "admitted")).record.position_rises == 1


def test_room_that_fails_is_asked_again() -> None:
    """
    A failing room costs time, not the place: the same is asked again, and the failure is counted.
    """
    scene = room(waiting(), page("oops", 500), BROKEN, waiting(4), called(), "admitted")
    told = walk(scene)

    assert told.outcome is Outcome.BOUGHT
    assert told.measures.room_errors == 2
    assert not told.record.vanished


def test_page_that_fails_is_reloaded() -> None:
    """
    Without the waiting page nobody can join; it is loaded again.
    """
    scene = room("admitted")
    scene.first[f"GET {ROOM}"] = [page("oops", 502)]

    assert walk(scene).outcome is Outcome.BOUGHT


def test_page_that_leads_straight_through_is_followed() -> None:
    """
    A room without a crowd answers the page with the way on.
    """
    scene = room()
    scene.pages[f"GET {ROOM}"] = to("/")
    scene.cookies = {"wr_pass_sale": stub.token("pass", i=77, n=3, l="standard")}
    told = walk(scene)

    assert told.outcome is Outcome.BOUGHT
    assert (told.record.pass_issued_ms, told.record.number, told.record.waited_s) == (77, 3, 0.0)


def test_gate_that_lets_straight_through_is_noted() -> None:
    """
    A pass that comes with the shop's own page is an admission without a wait.
    """
    scene = room()
    scene.first["GET /"] = [(200, stub.HOME, {"sets_pass": True})]
    scene.cookies = {"wr_pass_sale": stub.token("pass", i=77, n=3, l="standard")}
    record = walk(scene).record

    assert (record.pass_issued_ms, record.waited_s, record.joined_s) == (77, 0.0, None)


def test_json_answer_for_programs_leads_to_the_room_too() -> None:
    """
    A 429 that names the room is understood like a redirect.
    """
    scene = room("admitted")
    scene.first["GET /"] = [(429, "{}", {"location": f"{ROOM}?target=/"})]

    assert walk(scene).outcome is Outcome.BOUGHT


def test_announced_wait_is_compared_with_the_true_one() -> None:
    """
    The sample is a moment of the wait, with the range shown then and what remained.
    """
    told = waiting(eta_low_s=2.0, eta_high_s=8.0)
    eta = walk(room(told, told, called(), "admitted")).record.eta

    assert eta is not None
    assert (eta.low_s, eta.high_s) == (2.0, 8.0)
    assert 0 <= eta.remaining_s <= 4.2


def test_each_moment_of_the_wait_is_equally_likely_to_be_judged() -> None:
    """
    An answer shown for 9 of 10 seconds is drawn nine times as often as one shown for 1.
    """
    drawn = []
    for seed in range(4000):
        reservoir = EtaReservoir(str(seed))
        reservoir.show(0.0, 1.0, 1.0)
        reservoir.show(1.0, 2.0, 2.0)
        sample = reservoir.called(10.0)
        assert sample is not None
        drawn.append(sample)

    assert sum(sample.low_s == 2.0 for sample in drawn) / 4000 == pytest.approx(0.9, abs=0.02)
    assert sum(sample.at_s for sample in drawn) / 4000 == pytest.approx(5.0, abs=0.15)


def test_true_remaining_time_belongs_to_the_drawn_moment() -> None:
    """
    Moment and remaining time add up to the call.
    """
    reservoir = EtaReservoir("any")
    reservoir.show(2.0, 1.0, 30.0)
    sample = reservoir.called(12.0)

    assert sample == EtaSample(sample.at_s, 2.0, 1.0, 30.0, 12.0 - sample.at_s) if sample else False


def test_wait_without_announcement_is_not_judged() -> None:
    """
    What was never promised cannot be broken.
    """
    reservoir = EtaReservoir("any")
    reservoir.show(0.0, None, None)

    assert reservoir.called(10.0) is None


def test_all_of_a_record_is_noted_on_the_way_or_worked_out_at_its_end() -> None:
    """
    A field that a visit does not note would be told with its default, of everybody.
    """
    worked_out = {"start_lag_ms", "outcome", "pass_issued_ms", "later_passes_ms", "waited_s", "ended_s"}

    assert {item.name for item in fields(ShopperRecord)} == worked_out | set(NOTED)
