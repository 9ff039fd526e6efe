"""
Passes are verified offline, and a remembered signature never outlives its pass.
"""

from unittest.mock import patch

import pytest

from tests.gates.makings import HARD_END_MS, KEYRING, NOW_MS, ROOM, admission, pass_text, visitor_text
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.gates.passes import PassBook
from waiting_room.tokens import Keyring, Ticket, Visitor


def _book(size: int = 10, grace_ms: int = 0) -> PassBook:
    return PassBook(KEYRING, ROOM, grace_ms, size)


def _reason(book: PassBook, text: str, visitor: str = "", now_ms: int = NOW_MS) -> str:
    with pytest.raises(TokenError) as caught:
        book.read(text, visitor, now_ms)
    return caught.value.reason


def test_good_pass_is_told_with_its_claims() -> None:
    """
    What comes back is the pass itself, not a yes.
    """
    assert _book().read(pass_text(), visitor_text(), NOW_MS) == admission()


def test_known_pass_is_not_verified_again() -> None:
    """
    The second look costs no signature.
    """
    book = _book()
    book.read(pass_text(), "", NOW_MS)

    with patch.object(Keyring, "admission", side_effect=AssertionError("verified again")):
        assert book.read(pass_text(), "", NOW_MS) == admission()


def test_known_pass_is_refused_from_its_hard_end_on() -> None:
    """
    That a pass was good a moment ago does not make it good now.
    """
    book = _book()
    book.read(pass_text(), "", HARD_END_MS - 1)

    assert _reason(book, pass_text(), now_ms=HARD_END_MS) == Reason.PASS_EXPIRED
    assert len(book) == 0


def test_number_of_remembered_passes_is_bounded() -> None:
    """
    However many passes come, the memory stays as it was; the one unused for longest goes.
    """
    book = _book(size=3)
    texts = [pass_text(seat=f"standard.{number}") for number in range(4)]
    for text in (*texts[:3], texts[0], texts[3]):
        book.read(text, "", NOW_MS)

    with patch.object(Keyring, "admission", side_effect=AssertionError("verified again")):
        assert book.read(texts[0], "", NOW_MS).seat == "standard.0"
    assert len(book) == 3


def test_refused_passes_are_not_remembered() -> None:
    """
    Nobody can fill the memory with forgeries.
    """
    book = _book()
    for number in range(5):
        _reason(book, pass_text() + str(number))

    assert len(book) == 0


def test_pass_of_another_visitor_is_refused() -> None:
    """
    A pass that was passed on does not go with the identity of who took it.
    """
    assert _reason(_book(), pass_text(), visitor_text("ben")) == Reason.TICKET_OTHER_VISITOR


def test_binding_is_looked_at_for_known_passes_too() -> None:
    """
    That its owner used a pass before does not open it for others.
    """
    book = _book()
    book.read(pass_text(), visitor_text("anna"), NOW_MS)

    assert _reason(book, pass_text(), visitor_text("ben")) == Reason.TICKET_OTHER_VISITOR


@pytest.mark.parametrize("visitor", ["", "rubbish", "wr1.visitor.k1.e30.x"])
def test_pass_goes_without_identity(visitor: str) -> None:
    """
    An app may send the pass alone.
    """
    assert _book().read(pass_text(), visitor, NOW_MS) == admission()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        pass_text()[:-1],
        pass_text()[:-3] + "abc",
        pass_text().replace(".k1.", ".k2."),
        pass_text(room="other"),
        "Ł" * 10,
        "a" * 5000,
        KEYRING.sign(Ticket(ROOM, "standard", 7, "anna", NOW_MS)),
        KEYRING.sign(Visitor("anna")),
        Keyring(("k1:" + "t" * 32,)).sign(admission()),
    ],
)
def test_anything_else_is_no_pass(text: str) -> None:
    """
    Forged, cut, foreign and other kinds of tokens are refused as invalid.
    """
    assert _reason(_book(), text) == Reason.PASS_INVALID


def test_pass_is_told_within_the_grace_time_and_not_after() -> None:
    """
    The caller may still judge a pass that has just ended.
    """
    book = _book(grace_ms=1000)

    assert book.read(pass_text(), "", HARD_END_MS + 999) == admission()
    assert _reason(book, pass_text(), now_ms=HARD_END_MS + 1000) == Reason.PASS_EXPIRED
