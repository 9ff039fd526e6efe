"""
``waiting-room draw verify``: anybody checks a place from what was published.
"""

import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.cli.command import Ran, run
from waiting_room.core.draw import Draw, Order, commitment
from waiting_room.tokens import Keyring, Ticket, Visitor

SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
PROMISE = commitment(SEED)
RANK_OF_7 = Order(Draw(SEED, PROMISE, "8e5c1b", "standard", 1, 1000)).rank_of(7)
STATE: dict[str, Any] = {
    "room": "sale",
    "draws": [
        {
            "commitment": PROMISE,
            "seed": SEED,
            "beacon_source": "drand quicknet 4711000",
            "beacon": "8e5c1b",
            "lanes": {"standard": {"first": 1, "size": 1000}, "loyal": {"first": 1, "size": 10}},
        }
    ],
}
OPTIONS = ("--seed", SEED, "--commitment", PROMISE, "--size", "1000", "--beacon", "8e5c1b")
verify = partial(run, "draw", "verify")


@pytest.fixture
def published(tmp_path: Path) -> str:
    """
    Return a file that holds what a room said after its opening.
    """
    return saved(tmp_path, STATE)


def saved(folder: Path, document: object) -> str:
    """
    Write *document* into a file and return its name.
    """
    file = folder / "state.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return str(file)


def faults(done: Ran) -> list[str]:
    """
    Return where the faults are that a failed check told machines.
    """
    assert (done.code, done.json["ok"]) == (1, False)
    return [fault["where"] for fault in done.json["faults"]]


def test_a_place_is_worked_out_from_what_was_published(published: str) -> None:
    """The rank is data, the sentence is for people."""
    done = verify(published, "--number", "7")

    assert (done.code, done.out) == (0, f"{RANK_OF_7}\n")
    assert done.err == (
        f"Number 7 in the lane standard was drawn to place {RANK_OF_7} of 1000; "
        "the seed is the promised one, mixed with the value of the beacon that was announced: drand quicknet 4711000.\n"
    )


def test_options_alone_will_do() -> None:
    """Nobody needs the room any more."""
    done = verify(*OPTIONS, "--number", "7", "--json")

    assert done.code == 0
    assert done.json == {
        "ok": True,
        "lane": "standard",
        "number": 7,
        "rank": RANK_OF_7,
        "drawn": True,
        "first": 1,
        "size": 1000,
        "beacon_source": None,
        "beacon": "8e5c1b",
        "faults": [],
    }


def test_a_ticket_bears_its_number_and_lane(published: str) -> None:
    """What the browser holds is enough."""
    ticket = Keyring(["k1:" + "s" * 32]).sign(Ticket("sale", "loyal", 3, "v", 0))

    done = verify(published, "--ticket", ticket, "--json")

    assert (done.json["lane"], done.json["number"], done.json["size"]) == ("loyal", 3, 10)


def test_a_late_number_stands_behind_the_draw(published: str) -> None:
    """Its rank is the number."""
    done = verify(published, "--number", "1001")

    assert (done.code, done.out) == (0, "1001\n")
    assert "came after the 1000 who were drawn" in done.err


def test_the_promise_that_was_noted_counts_before_the_published_one(published: str) -> None:
    """Who noted another hash before the opening finds out."""
    done = verify(published, "--number", "7", "--commitment", "0" * 64, "--json")

    assert faults(done) == ["commitment"]


def test_a_draw_that_does_not_hold_together_is_told_in_words(published: str) -> None:
    """With the place of the fault and what to do."""
    done = verify(published, "--number", "7", "--seed", "f" * 64)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("The draw does not verify:\n  commitment: is not the hash of the seed")


def test_before_the_opening_there_is_nothing_to_verify(tmp_path: Path) -> None:
    """The seed is secret until then."""
    source = saved(tmp_path, {"room": "sale", "draws": [{"commitment": PROMISE, "seed": None, "lanes": None}]})

    assert faults(verify(source, "--number", "7", "--json")) == ["seed"]


def test_a_lane_that_was_not_drawn_is_told(published: str) -> None:
    """A lane's size is published with the seed."""
    assert faults(verify(published, "--number", "7", "--lane", "vip", "--json")) == ["size"]


def test_a_ticket_of_another_room_is_told(published: str) -> None:
    """Its number means nothing in this draw."""
    ticket = Keyring(["k1:" + "s" * 32]).sign(Ticket("outlet", "standard", 3, "v", 0))

    assert faults(verify(published, "--ticket", ticket, "--json")) == ["ticket"]


def test_values_of_the_wrong_kind_are_told_at_once(tmp_path: Path) -> None:
    """A file may hold anything."""
    draw = {"seed": 7, "commitment": [], "lanes": {"standard": {"first": "one", "size": "many"}}}
    source = saved(tmp_path, {"draws": [draw]})

    assert faults(verify(source, "--number", "1", "--json")) == ["seed", "commitment", "first", "size"]


def of_beacon(source: object, value: object, seed: str | None = SEED) -> dict[str, Any]:
    """
    Return a state whose draw announced *source* and mixed in *value*.
    """
    return {"draws": [STATE["draws"][0] | {"beacon_source": source, "beacon": value, "seed": seed}]}


@pytest.mark.parametrize(
    ("source", "value", "options", "said"),
    [
        ("drand 7", None, (), "beacon: was announced (drand 7) and never mixed in: whoever knew the seed"),
        ("drand 7", None, ("--beacon", "8e5c1b"), "beacon: was announced (drand 7) and never mixed in"),
        (None, "8e5c1b", (), "beacon: was not announced beforehand"),
        (None, None, ("--beacon", "8e5c1b"), "beacon: was not announced beforehand"),
        ("drand 7", "8e5c1b", ("--beacon", "ffff"), "beacon: is 'ffff' as you give it, and the room mixed in '8e5c1b'"),
        ("drand 7", 7, (), "beacon: is 7"),
        ("\x1b[2J", "8e5c1b", (), "beacon_source: is '\\x1b[2J'"),
        (7, "8e5c1b", (), "beacon_source: is 7"),
    ],
)
def test_a_beacon_that_is_not_the_announced_one_is_a_fault(
    tmp_path: Path, source: object, value: object, options: tuple[str, ...], said: str
) -> None:
    """The seed is the promised one, and yet the draw is not the promised one."""
    done = verify(saved(tmp_path, of_beacon(source, value)), "--number", "7", *options)

    assert (done.code, done.out) == (1, "")
    assert f"  {said}" in done.err


def test_where_no_beacon_was_mixed_in_it_is_said(tmp_path: Path) -> None:
    """The operator could know every place beforehand, and whoever checks should know that."""
    done = verify(saved(tmp_path, of_beacon(None, None)), "--number", "7")

    assert (done.code, done.err.endswith("the promised one, and no beacon was mixed in.\n")) == (0, True)
    assert "no beacon was mixed in" in verify(*OPTIONS[:-2], "--number", "7").err


def test_what_was_noted_before_the_opening_may_be_completed(tmp_path: Path) -> None:
    """A state from before has neither seed nor value; both are given."""
    noted = saved(tmp_path, of_beacon("drand 7", None, None))

    assert verify(noted, *OPTIONS, "--number", "7").out == f"{RANK_OF_7}\n"


@pytest.mark.parametrize("size", [10**9 + 1, 10**15, 10**24])
def test_a_size_that_no_crowd_has_is_a_fault(tmp_path: Path, size: int) -> None:
    """Its tables would take all memory; as an option and as published."""
    state = {"draws": [STATE["draws"][0] | {"lanes": {"standard": {"first": 1, "size": size}}}]}

    assert faults(verify(saved(tmp_path, state), "--number", "7", "--json")) == ["size"]
    assert faults(verify(*OPTIONS, "--size", str(size), "--number", "7", "--json")) == ["size"]


def test_each_number_is_checked_against_the_draw_it_took_part_in(tmp_path: Path) -> None:
    """A room may have drawn before, and may be about to again."""
    second = {"commitment": commitment("ab" * 32), "seed": "ab" * 32, "lanes": {"standard": {"first": 1501, "size": 9}}}
    coming = {"commitment": "0" * 64, "seed": None, "lanes": None}
    held = saved(tmp_path, STATE | {"draws": [*STATE["draws"], second]})

    assert verify(held, "--number", "7").out == f"{RANK_OF_7}\n"
    assert 1501 <= verify(held, "--number", "1505", "--json").json["rank"] < 1510
    assert "came before the 9 who were drawn" in verify(held, "--number", "1200").err
    later = saved(tmp_path, STATE | {"draws": [*STATE["draws"], coming]})
    assert faults(verify(later, "--number", "1200", "--json")) == ["seed"]


@pytest.mark.parametrize("document", [[], {"draws": None}, {"draws": []}, {"draws": [1]}, {"room": "sale"}], ids=str)
def test_a_source_without_a_draw_is_told(tmp_path: Path, document: object) -> None:
    """As is one that is no JSON, or not there."""
    done = verify(saved(tmp_path, document), "--number", "1")

    assert done.code == 1
    assert "no draw is published there" in done.err


def test_a_source_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file and an address where nobody listens."""
    for source in (str(tmp_path / "none.json"), "http://127.0.0.1:1/state.json"):
        done = verify(source, "--number", "1")
        assert (done.code, source in done.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (OPTIONS, "--number N"),
        (("--number", "7", "--seed", SEED), "--commitment and --size as well"),
        ((*OPTIONS, "--ticket", "x", "--number", "7"), "give it alone"),
        ((*OPTIONS, "--ticket", "abc"), "--ticket: it has 1 of the 5 parts of a token"),
        ((*OPTIONS, "--ticket", "wr1.ticket.k1.abc.sig"), "--ticket: its payload, the part before the last dot"),
        ((*OPTIONS, "--ticket", Keyring(["k1:" + "s" * 32]).sign(Visitor("v"))), "no ticket"),
        ((*OPTIONS, "--number", "0"), "--number"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, and what is missing."""
    done = verify(*arguments)

    assert (done.code, said in done.err) == (2, True)


class Answering(BaseHTTPRequestHandler):
    """
    Answer every GET with the state of the room.
    """

    def do_GET(self) -> None:
        """
        Send the state.
        """
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(STATE).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """
        Stay silent.
        """


@pytest.fixture
def address() -> Iterator[str]:
    """
    Return where a room answers.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/waiting-room/sale/state.json"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_address_of_a_room_is_a_source(address: str) -> None:
    """As long as the room stands, its state.json is enough."""
    assert verify(address, "--number", "7").out == f"{RANK_OF_7}\n"
