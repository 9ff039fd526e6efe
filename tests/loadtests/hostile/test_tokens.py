"""
What is made of tokens without a key, held against the room's own verification.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.journeys.hostile.tokens import (
    Forgery,
    altered,
    claims_of,
    forged_copies,
    forged_passes,
    forged_tickets,
    room_of,
)
from tests.loadtests.hostile.town import HOUR_MS, KEYS, ROOM
from waiting_room.errors import TokenError
from waiting_room.tokens import Pass, Ticket

TICKET = KEYS.sign(Ticket(ROOM, "standard", 7, "v1", 5))
PASS = KEYS.sign(Pass(ROOM, "standard", 7, "v1", "standard.7", 5, HOUR_MS))


@given(st.integers())
def test_no_forged_ticket_is_a_ticket(seed: int) -> None:
    """
    Whatever bytes are drawn, the signature tells.
    """
    for forgery in forged_tickets(TICKET, random.Random(seed)):
        with pytest.raises(TokenError):
            KEYS.ticket(forgery.text, ROOM)


@given(st.integers())
def test_no_forged_pass_is_a_pass(seed: int) -> None:
    """
    Neither out of a ticket nor out of a pass that was good.
    """
    draw = random.Random(seed)
    for forgery in (*forged_passes(TICKET, draw), *forged_copies(PASS, draw)):
        with pytest.raises(TokenError):
            KEYS.admission(forgery.text, ROOM, 10)


def test_what_is_forged_is_what_its_name_says() -> None:
    """
    A pass with a later end says so in all but the signature, which is the old one.
    """
    made = {forgery.name: forgery.text for forgery in forged_copies(PASS, random.Random(1))}

    assert claims_of(made["a pass with a later end"]) == {**claims_of(PASS), "e": 4_102_444_800_000}
    assert made["a pass with a later end"].split(".")[-1] == PASS.split(".")[-1]
    assert made["an unknown key"].split(".")[2] == "unknown"
    assert made["an empty signature"] == PASS.rpartition(".")[0] + "."


def test_forgeries_differ_from_each_other_and_from_what_was_given() -> None:
    """
    None is the token itself, which would be no forgery; a ticket shown as a pass is meant to be.
    """
    draw = random.Random(1)
    texts = [forgery.text for forgery in (*forged_tickets(TICKET, draw), *forged_copies(PASS, draw))]

    assert len({*texts, TICKET, PASS}) == len(texts) + 2
    assert Forgery("a ticket sent as it is", TICKET) in set(forged_passes(TICKET, draw))


def test_both_formats_of_a_pass_can_be_read() -> None:
    """
    The room and the seat stand in either.
    """
    made = {forgery.name: forgery.text for forgery in forged_passes(TICKET, random.Random(1))}
    token = made["a JSON Web Token by none"]

    assert (room_of(PASS), claims_of(PASS)["s"]) == (ROOM, "standard.7")
    assert (room_of(token), claims_of(token)["s"]) == (ROOM, "standard.7")


@given(st.text())
def test_what_is_no_token_says_nothing_and_can_be_altered(text: str) -> None:
    """
    A shop may send anything; whoever reads it goes on.
    """
    assert isinstance(claims_of(text), dict)
    assert isinstance(room_of(text), str)
    assert altered(text, n=1) != text
