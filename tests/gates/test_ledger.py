"""
The gate's books: nothing that must be told is lost, and nothing grows without end.
"""

import pytest

from waiting_room.gates.ledger import LATENCY_BOUNDS_MS, MOST_SEATS, GateAnswer, Ledger, read_answer

END = 10_000


def _answer(*gone: str, straight: bool = True, degraded: bool = False) -> GateAnswer:
    return GateAnswer("open", straight, gone, 5, degraded)


def test_seat_is_told_once_however_often_it_was_used() -> None:
    """
    Ten page views of a second make one entry.
    """
    ledger = Ledger(0)
    for _ in range(10):
        ledger.touch("a", END)

    assert ledger.take(1).touched == {"a": END}
    assert ledger.take(2).touched == {}


def test_failed_report_is_told_again() -> None:
    """
    Seats, releases and health survive a service that did not answer.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    ledger.release("b", END, 0)
    ledger.served(30, error=True)

    ledger.put_back(ledger.take(1000))
    ledger.served(10, error=False)
    body = ledger.take(2000).body("g")

    assert body["touched"] == {"a": END}
    assert body["released"] == ["b"]
    assert (body["health"]["window_ms"], body["health"]["requests"], body["health"]["errors"]) == (2000, 2, 1)


def test_release_is_told_until_it_was_heard() -> None:
    """
    A seat that was given back is told in every report up to the first that was answered.
    """
    ledger = Ledger(0)
    ledger.release("a", END, 0)

    assert ledger.take(1).released == ("a",)
    batch = ledger.take(2)
    ledger.heard(batch, _answer(), 2)

    assert batch.released == ("a",)
    assert ledger.take(3).released == ()


def test_released_seat_is_not_touched_any_more() -> None:
    """
    A seat is either in use or given back.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    ledger.release("a", END, 0)

    assert ledger.take(1).touched == {}


def test_release_during_a_lost_report_wins() -> None:
    """
    A touch that comes back from a failed report does not revive a seat that was given back meanwhile.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    batch = ledger.take(1)
    ledger.release("a", END, 1)
    ledger.put_back(batch)

    assert ledger.take(2).touched == {}


def test_released_seat_is_gone_at_once() -> None:
    """
    The gate itself does not wait for the service to refuse a pass that was given back.
    """
    ledger = Ledger(0)
    ledger.release("a", END, 7)

    assert ledger.state.gone["a"].released


def test_gone_seat_is_remembered_until_its_pass_ends() -> None:
    """
    After the hard end the pass is refused anyway, and the entry goes.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    ledger.heard(ledger.take(1), _answer("a"), 50)
    assert ledger.state.gone["a"].since_ms == 50

    ledger.heard(ledger.take(2), _answer(), END - 1)
    assert "a" in ledger.state.gone

    ledger.heard(ledger.take(3), _answer(), END)
    assert not ledger.state.gone


def test_seat_that_was_never_told_cannot_be_gone() -> None:
    """
    A confused service cannot fill the memory with seats.
    """
    ledger = Ledger(0)
    ledger.heard(ledger.take(1), _answer("x", "y"), 2)

    assert not ledger.state.gone


def test_gone_seat_keeps_its_first_moment() -> None:
    """
    Being told once more does not lengthen the time in which forms are kept.
    """
    ledger = Ledger(0)
    for now_ms in (50, 60):
        ledger.touch("a", END)
        ledger.heard(ledger.take(now_ms), _answer("a"), now_ms)

    assert ledger.state.gone["a"].since_ms == 50


def test_degraded_answer_is_no_receipt() -> None:
    """
    While the service's store is away, it has only heard, not written down: seats are told again.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    ledger.release("b", END, 0)
    ledger.heard(ledger.take(1), _answer(degraded=True), 1)
    again = ledger.take(2)

    assert again.touched == {"a": END}
    assert again.released == ("b",)
    assert not ledger.state.down


def test_report_is_bounded_and_the_rest_follows() -> None:
    """
    A shop full of people is told in several reports, none of them too large for the service.
    """
    ledger = Ledger(0)
    for number in range(MOST_SEATS + 1):
        ledger.touch(f"s{number}", END)

    assert len(ledger.take(1).touched) == MOST_SEATS
    assert len(ledger.take(2).touched) == 1


def test_less_may_be_taken_at_a_time() -> None:
    """
    Whoever tells it in the same process takes slices; all of it is told, each seat once.
    """
    ledger = Ledger(0)
    for number in range(5):
        ledger.touch(f"s{number}", END)
    slices = [tuple(ledger.take(1, 2).touched) for _ in range(3)]

    assert slices == [("s0", "s1"), ("s2", "s3"), ("s4",)]
    assert (ledger.pending, ledger.seats_seen) == (0, 5)


def test_one_lost_report_is_no_outage() -> None:
    """
    Two in a row are.
    """
    ledger = Ledger(0)
    ledger.heard(ledger.take(1), _answer(), 1)

    ledger.put_back(ledger.take(2))
    assert (ledger.state.down, ledger.state.straight) == (False, False)

    ledger.put_back(ledger.take(3))
    assert ledger.state.down

    ledger.heard(ledger.take(4), _answer(), 4)
    assert (ledger.state.down, ledger.state.straight) == (False, True)


def test_service_that_never_answered_is_down() -> None:
    """
    A shop started during an outage knows that there is one.
    """
    ledger = Ledger(0)
    assert not ledger.state.down

    ledger.put_back(ledger.take(1))
    assert ledger.state.down


def test_newcomer_who_had_to_wait_closes_the_way_straight_in() -> None:
    """
    Others do not try in vain until the next report says otherwise.
    """
    ledger = Ledger(0)
    ledger.heard(ledger.take(1), _answer(), 1)
    ledger.crowded()

    assert not ledger.state.straight


def test_health_counts_latencies_below_each_bound() -> None:
    """
    Buckets are cumulative, and a request on a bound is within it.
    """
    ledger = Ledger(0)
    for latency_ms in (1, LATENCY_BOUNDS_MS[0], LATENCY_BOUNDS_MS[0] + 1, LATENCY_BOUNDS_MS[-1] + 1):
        ledger.served(latency_ms, error=False)
    ledger.in_flight = 3
    health = ledger.take(1500).body("g")["health"]

    buckets = list(health["latency_buckets"].values())
    assert buckets[:2] == [2, 3]
    assert buckets[-1] == 3
    assert (health["requests"], health["in_flight"], health["window_ms"]) == (4, 3, 1500)
    assert health["latency_ms_sum"] == sum((1, 10, 11, LATENCY_BOUNDS_MS[-1] + 1))


def test_seats_count_as_seen_for_a_minute() -> None:
    """
    The gauge shows people, not page views of the last second.
    """
    ledger = Ledger(0)
    ledger.touch("a", END)
    ledger.take(1000)
    ledger.touch("b", END)
    ledger.take(2000)
    assert ledger.seats_seen == 2

    ledger.take(61_000)
    assert ledger.seats_seen == 1


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"phase": "open", "straight": True, "gone": []},
        {"phase": "open", "straight": 1, "gone": [], "now_ms": 1},
        {"phase": "open", "straight": True, "gone": [1], "now_ms": 1},
        {"phase": "open", "straight": True, "gone": "abc", "now_ms": 1},
        {"phase": None, "straight": True, "gone": [], "now_ms": 1},
        {"phase": "open", "straight": True, "gone": [], "now_ms": "1"},
    ],
)
def test_answer_that_is_none_is_refused(document: object) -> None:
    """
    Something else that listens at the service's address is not believed.
    """
    with pytest.raises(ValueError, match="lacks"):
        read_answer(document)


def test_answer_may_say_more() -> None:
    """
    A newer service may add to its answer.
    """
    document = {"phase": "open", "straight": False, "gone": ["a"], "now_ms": 3, "rate": 5}

    assert read_answer(document) == GateAnswer("open", straight=False, gone=("a",), now_ms=3)


def test_stage_is_told_once_and_again_after_a_failed_report() -> None:
    """
    What the shop says last counts, also over what comes back from a report that was lost.
    """
    ledger = Ledger(0)
    ledger.enter("a", "basket")
    ledger.enter("b", "payment")
    batch = ledger.take(1)
    ledger.enter("b", "basket")
    ledger.put_back(batch)

    assert batch.body("g")["stages"] == {"a": "basket", "b": "payment"}
    assert ledger.take(2).stages == {"a": "basket", "b": "basket"}
    assert ledger.take(3).stages == {}


def test_stage_of_a_degraded_answer_is_told_again() -> None:
    """
    A service without its store has written nothing down.
    """
    ledger = Ledger(0)
    ledger.enter("a", "payment")
    ledger.heard(ledger.take(1), _answer(degraded=True), 1)

    assert ledger.take(2).stages == {"a": "payment"}


def test_seat_that_was_given_back_has_no_stage() -> None:
    """
    Neither before the release nor after it.
    """
    ledger = Ledger(0)
    ledger.enter("a", "payment")
    ledger.release("a", END, 0)
    ledger.enter("a", "basket")

    assert ledger.take(1).stages == {}


def test_the_shadow_is_believed_until_the_service_says_otherwise() -> None:
    """
    Reports that fail change nothing: a room that only watches keeps nobody out when it is away.
    """
    ledger = Ledger(0)
    document = {"phase": "open", "straight": True, "gone": [], "now_ms": 3, "shadow": True}
    ledger.heard(ledger.take(1), read_answer(document), 1)
    for tick in (2, 3, 4):
        ledger.put_back(ledger.take(tick))

    assert (ledger.state.shadow, ledger.state.down) == (True, True)
    ledger.heard(ledger.take(5), read_answer(document | {"shadow": False}), 5)
    assert not ledger.state.shadow


def test_stock_and_sold_out_are_told_once() -> None:
    """
    The operator may have opened the room since.
    """
    ledger = Ledger(0)
    ledger.stock(7)
    ledger.sold_out()
    first, second = ledger.take(1000).body("shop"), ledger.take(2000).body("shop")

    assert (first["stock"], first["sold_out"]) == (7, True)
    assert not {"stock", "sold_out"} & set(second)


def test_stock_that_was_not_heard_is_told_again_unless_it_changed() -> None:
    """
    The newer word counts.
    """
    ledger = Ledger(0)
    ledger.stock(7)
    ledger.sold_out()
    batch = ledger.take(1000)
    ledger.stock(9)
    ledger.put_back(batch)
    body = ledger.take(2000).body("shop")

    assert (body["stock"], body["sold_out"]) == (9, True)


def test_what_is_to_be_told_of_one_seat_goes_alone() -> None:
    """
    A word that cannot wait takes its own seat out, and leaves the others to the next report.
    """
    ledger, end_ms = Ledger(0), 1_000
    for seat in ("standard.1", "standard.2"):
        ledger.touch(seat, end_ms)
        ledger.enter(seat, "payment")
    ledger.release("standard.3", end_ms, 0)
    alone, released, none = (ledger.take_of(f"standard.{rank}", 1) for rank in (1, 3, 9))

    assert (alone.touched, alone.stages, alone.released) == ({"standard.1": end_ms}, {"standard.1": "payment"}, ())
    assert (released.touched, released.released) == ({}, ("standard.3",))
    assert (none.touched, none.stages, none.released) == ({}, {}, ())
    rest = ledger.take(2)
    assert (rest.touched, rest.stages, rest.released) == (
        {"standard.2": end_ms},
        {"standard.2": "payment"},
        ("standard.3",),
    )
