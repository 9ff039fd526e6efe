"""
What the service's answer to a newcomer's join is worth.
"""

from typing import Any

import pytest

from tests.gates.makings import KEYRING, NOW_MS, ROOM, admission, pass_text, settings
from waiting_room import wire
from waiting_room.errors import TokenError
from waiting_room.gates.core import (
    GateCore,
)
from waiting_room.tokens import Keyring


def _core() -> GateCore:
    return GateCore(settings(), KEYRING)


def test_join_that_admits_gives_a_verified_pass() -> None:
    """
    The service's word is good for a pass that its key has signed.
    """
    joined = _core().joined(
        {"state": "admitted", "pass": pass_text(), "ticket": "t"}, "", has_place=True, now_ms=NOW_MS
    )

    assert joined.admission == admission()
    assert joined.tokens == {wire.pass_cookie(ROOM): pass_text(), wire.ticket_cookie(ROOM): "t"}


@pytest.mark.parametrize("state", ["waiting", "called", "paused", "closed", "refused", "anything"])
def test_join_that_does_not_admit_gives_no_pass(state: str) -> None:
    """
    Only one state is an admission, even if a pass lies beside it.
    """
    joined = _core().joined({"state": state, "pass": pass_text(), "ticket": "t"}, "", has_place=False, now_ms=NOW_MS)

    assert joined.admission is None
    assert joined.tokens == {wire.ticket_cookie(ROOM): "t"}


def test_place_is_not_given_up_for_a_worse_one() -> None:
    """
    Who waits already keeps their ticket.
    """
    assert _core().joined({"state": "waiting", "ticket": "t"}, "", has_place=True, now_ms=NOW_MS).tokens == {}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "admitted",
        {},
        {"state": None},
        {"state": 1},
        {"state": "admitted"},
        {"state": "admitted", "pass": None},
        {"state": "admitted", "pass": 5},
        {"state": "admitted", "pass": "x"},
        {"state": "admitted", "pass": pass_text(room="other")},
        {"state": "admitted", "pass": pass_text(hard_end_ms=NOW_MS)},
        {"state": "admitted", "pass": Keyring(("k1:" + "t" * 32,)).sign(admission())},
        {"state": "waiting", "ticket": "x\r\nSet-Cookie: a=b"},
        {"state": "waiting", "ticket": "x; Domain=evil"},
    ],
)
def test_answer_without_meaning_admits_nobody(answer: Any) -> None:
    """
    A broken or foreign service cannot open the gate, nor write headers.
    """
    with pytest.raises((ValueError, TokenError)):
        _core().joined(answer, "", has_place=False, now_ms=NOW_MS)
