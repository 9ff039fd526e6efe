"""
Signed tokens, and all that is not one.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.reasons import Reason
from waiting_room.errors import ConfigError, TokenError
from waiting_room.tokens import (
    MAX_LENGTH,
    GateCredential,
    Invitation,
    Keyring,
    Pass,
    PaymentStage,
    Ticket,
    Visitor,
    peek,
)

NEW, OLD = "k2:" + "n" * 32, "k1:" + "o" * 32
KEYS = Keyring([NEW, OLD])
ROOM, NOW_MS = "toys", 1_800_000_000_000
VISITOR = Visitor("anna")
TICKET = Ticket(ROOM, "standard", 7, "anna", NOW_MS)
PASS = Pass(ROOM, "standard", 7, "anna", "standard.7", NOW_MS, NOW_MS + 60_000)
GATE = GateCredential(ROOM, "shop-1", NOW_MS + 60_000)
STAGE = PaymentStage(ROOM, "standard.7", NOW_MS)
INVITE = Invitation(ROOM, "loyal", "x7", 3, NOW_MS + 60_000)
TOKENS: dict[str, Any] = {
    "visitor": VISITOR,
    "ticket": TICKET,
    "pass": PASS,
    "stage": STAGE,
    "invite": INVITE,
    "gate": GATE,
}
READERS: dict[str, Callable[[str], Any]] = {
    "visitor": KEYS.visitor,
    "ticket": lambda text: KEYS.ticket(text, ROOM),
    "pass": lambda text: KEYS.admission(text, ROOM, NOW_MS),
    "stage": lambda text: KEYS.stage(text, ROOM),
    "invite": lambda text: KEYS.invitation(text, ROOM),
    "gate": lambda text: KEYS.gate(text, ROOM, NOW_MS),
}


def refusal(read: Callable[[str], Any], text: str) -> str:
    """
    Return the reason for which *text* is refused.
    """
    with pytest.raises(TokenError) as caught:
        read(text)
    return caught.value.reason


def forged(kind: str, payload: bytes) -> str:
    """
    Return a token of *payload* that is signed as ours are.
    """
    signed = f"wr1.{kind}.k2.{urlsafe_b64encode(payload).rstrip(b'=').decode()}"
    return f"{signed}.{_sign(kind, signed)}"


def _sign(kind: str, signed: str) -> str:
    import hmac  # noqa: PLC0415 - the test signs by hand, from the words of the format alone

    key = hmac.digest(b"n" * 32, f"wr1.{kind}".encode(), "sha256")
    return urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256")).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", TOKENS)
def test_what_was_signed_is_read(kind: str) -> None:
    """Every kind of token comes back as it was."""
    assert READERS[kind](KEYS.sign(TOKENS[kind])) == TOKENS[kind]


@pytest.mark.parametrize("kind", TOKENS)
def test_the_signature_is_that_of_the_description(kind: str) -> None:
    """HMAC-SHA256 over all before it, by a key derived for this type: anybody could write a second implementation."""
    text = KEYS.sign(TOKENS[kind])
    signed, _, signature = text.rpartition(".")

    assert signature == _sign(kind, signed)
    assert signed.startswith(f"wr1.{kind}.k2.")


@pytest.mark.parametrize("kind", TOKENS)
def test_an_altered_byte_is_refused_wherever_it_stands(kind: str) -> None:
    """Each character in turn, replaced, left out or doubled."""
    text = KEYS.sign(TOKENS[kind])
    for at, character in enumerate(text):
        other = "A" if character != "A" else "B"
        for altered in (
            text[:at] + other + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + character + text[at:],
        ):
            if altered != text:
                refusal(READERS[kind], altered)


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("other", TOKENS)
def test_no_kind_stands_for_another(kind: str, other: str) -> None:
    """Nor does renaming it help: the key is derived for the type."""
    text = KEYS.sign(TOKENS[other])
    renamed = text.replace(f".{other}.", f".{kind}.", 1)
    if kind == other:
        assert READERS[kind](text) == TOKENS[kind]
        return

    refusal(READERS[kind], text)
    refusal(READERS[kind], renamed)


def test_a_foreign_room_is_told_apart() -> None:
    """The holder has a place, only not here."""
    text = KEYS.sign(TICKET)

    assert refusal(lambda token: KEYS.ticket(token, "books"), text) == Reason.TICKET_FOREIGN
    assert refusal(lambda token: KEYS.admission(token, "books", NOW_MS), KEYS.sign(PASS)) == Reason.PASS_INVALID
    assert refusal(lambda token: KEYS.stage(token, "books"), KEYS.sign(STAGE)) == Reason.PASS_INVALID
    assert refusal(lambda token: KEYS.invitation(token, "books"), KEYS.sign(INVITE)) == Reason.INVITATION_INVALID
    assert refusal(lambda token: KEYS.gate(token, "books", NOW_MS), KEYS.sign(GATE)) == Reason.BAD_REQUEST


def test_a_pass_ends_at_its_hard_end() -> None:
    """The last millisecond counts, the end does not."""
    text = KEYS.sign(PASS)

    assert KEYS.admission(text, ROOM, PASS.hard_end_ms - 1) == PASS
    assert refusal(lambda token: KEYS.admission(token, ROOM, PASS.hard_end_ms), text) == Reason.PASS_EXPIRED


def test_a_gate_s_credential_ends() -> None:
    """And the log says to look at the clocks."""
    with pytest.raises(TokenError, match="clocks"):
        KEYS.gate(KEYS.sign(GATE), ROOM, GATE.expires_ms)


def test_an_older_key_still_verifies() -> None:
    """Rotation: the first signs, all verify."""
    before = Keyring([OLD]).sign(TICKET)

    assert KEYS.ticket(before, ROOM) == TICKET
    assert KEYS.sign(TICKET).split(".")[2] == "k2"


def test_a_key_that_was_taken_away_verifies_no_more() -> None:
    """The end of a rotation."""
    assert refusal(lambda text: Keyring([NEW]).ticket(text, ROOM), Keyring([OLD]).sign(TICKET)) == Reason.TICKET_INVALID


def test_the_same_key_id_with_another_secret_is_refused() -> None:
    """The id is a hint, never a proof."""
    stranger = Keyring(["k2:" + "x" * 32])

    assert refusal(READERS["ticket"], stranger.sign(TICKET)) == Reason.TICKET_INVALID


@pytest.mark.parametrize(
    "text",
    ["", ".", "....", "wr1", "wr1.ticket.k2.e30", "wr2.ticket.k2.e30.x", "wr1.ticket..e30.x", "wr1.ticket.k2..",
     "a" * 5000, "wr1.ticket.k2.e30." + "ż" * 43, "\ud800", "wr1.ticket.k2.\x00.x", " ", "null",
     "wr1.ticket.k2.e30.x.y"],
)  # fmt: skip
@pytest.mark.parametrize("kind", TOKENS)
def test_rubbish_is_refused_and_nothing_else_happens(kind: str, text: str) -> None:
    """No text that a browser can send raises anything but the refusal."""
    reason = refusal(READERS[kind], text)

    told = {"pass": Reason.PASS_INVALID, "stage": Reason.PASS_INVALID, "invite": Reason.INVITATION_INVALID}
    assert reason == told.get(kind, Reason.TICKET_INVALID)


def test_what_is_too_long_is_refused_unread() -> None:
    """Even where its signature is right."""
    long = KEYS.sign(Visitor("x" * MAX_LENGTH))

    assert refusal(KEYS.visitor, long) == Reason.TICKET_INVALID


@pytest.mark.parametrize(
    "payload", [b"[]", b"7", b"null", b"{", b"\xff", b"", b"{}", b'{"v":7,"r":"toys","l":"x","n":1,"i":1}']
)
def test_a_signed_payload_that_is_no_token_is_refused(payload: bytes) -> None:
    """A key that signs something else one day breaks nothing."""
    refusal(READERS["ticket"], forged("ticket", payload))
    refusal(READERS["visitor"], forged("visitor", payload))


@pytest.mark.parametrize("number", [-1, 1.5, "7", True, None, [7]])
def test_a_number_is_a_whole_one(number: object) -> None:
    """A ticket for anything else is none."""
    claims = {"r": ROOM, "l": "standard", "n": number, "v": "anna", "i": NOW_MS}

    assert refusal(READERS["ticket"], forged("ticket", json.dumps(claims).encode())) == Reason.TICKET_INVALID


TEXTS = st.text(max_size=30)
WHOLES = st.integers(0, 2**53)
ANY = st.one_of(
    st.builds(Visitor, TEXTS),
    st.builds(Ticket, TEXTS, TEXTS, WHOLES, TEXTS, WHOLES),
    st.builds(Pass, TEXTS, TEXTS, WHOLES, TEXTS, TEXTS, WHOLES, st.integers(1, 2**53)),
    st.builds(PaymentStage, TEXTS, TEXTS, WHOLES),
    st.builds(Invitation, TEXTS, TEXTS, TEXTS, WHOLES, WHOLES),
    st.builds(GateCredential, TEXTS, TEXTS, st.integers(1, 2**53)),
)


@given(ANY)
def test_every_token_comes_back(token: Any) -> None:
    """Whatever names and numbers it holds."""
    text = KEYS.sign(token)
    match token:
        case Visitor():
            back: Any = KEYS.visitor(text)
        case Ticket():
            back = KEYS.ticket(text, token.room)
        case Pass():
            back = KEYS.admission(text, token.room, 0)
        case PaymentStage():
            back = KEYS.stage(text, token.room)
        case Invitation():
            back = KEYS.invitation(text, token.room)
        case _:
            back = KEYS.gate(text, token.room, 0)

    assert back == token


@given(ANY, ANY)
def test_no_two_tokens_share_their_signed_bytes(one: Any, other: Any) -> None:
    """What is signed says exactly one thing."""
    assert (KEYS.sign(one) == KEYS.sign(other)) == (one == other)


@given(st.text(max_size=200))
def test_peeking_reads_or_refuses(text: str) -> None:
    """Nothing but a refusal comes of rubbish."""
    with suppress(TokenError):
        assert isinstance(peek(text), dict)


def test_peeking_needs_no_key() -> None:
    """For reports and logs."""
    assert peek(KEYS.sign(TICKET)) == {"r": ROOM, "l": "standard", "n": 7, "v": "anna", "i": NOW_MS}


def test_peeking_into_an_abyss_is_refused() -> None:
    """A payload nested without end is no reason to crash."""
    deep = urlsafe_b64encode(b"[" * 100_000).decode()

    assert refusal(peek, f"wr1.ticket.k2.{deep}.x") == Reason.TICKET_INVALID


def test_all_faults_of_the_keys_come_at_once() -> None:
    """Each with its place, and never with the secret."""
    secret = "s" * 31
    with pytest.raises(ConfigError) as caught:
        Keyring(["k1:" + "a" * 32, "no-colon", f"k2:{secret}", "k1:" + "b" * 32, ":" + "c" * 32, "ż:" + "d" * 32])

    assert [fault.where for fault in caught.value.faults] == [f"server.secret_keys[{at}]" for at in (1, 2, 3, 4, 5)]
    assert secret not in str(caught.value)


def test_no_key_at_all_is_a_fault() -> None:
    """A service without a key could sign nothing."""
    with pytest.raises(ConfigError, match="no key"):
        Keyring([])
